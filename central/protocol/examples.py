"""One example of each message, for OpenAPI, `resources/protocol/examples` and the tests.

The person is made up: region 990001 is not assigned. Long keys and sealed data are shortened here;
`resources/protocol/vectors.json` has real ones.
"""

from typing import Any

from central.protocol.consents import ConsentText, shipped

VISIT = "7K2M-Q4XR-09TB-HC5D"
CHALLENGE = "0f2d6a4be1c84b7f9a3b5c6d7e8f9012"
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
"""The public key of RFC 8037, appendix A."""

_VERDICTS: list[dict[str, Any]] = [
    {
        "check": "card",
        "answer": "pass",
        "code": "ok",
        "measured": {"kind": "resident", "days_valid": 2210},
        "required": {"min_age": 18, "min_age_guarded": 14},
    },
    {
        "check": "phone",
        "answer": "pass",
        "code": "ok",
        "measured": {"well_formed": True},
        "required": {"well_formed": True},
    },
    {
        "check": "face",
        "answer": "pass",
        "code": "ok",
        "measured": {"likeness_mean": 0.61, "frames_good": 12},
        "required": {"accept": 0.45, "review": 0.363, "min_frames": 5},
    },
    {
        "check": "liveness",
        "answer": "pass",
        "code": "ok",
        "measured": {"live_median": 0.93},
        "required": {"min_live": 0.1, "required": True},
    },
    {
        "check": "digits",
        "answer": "pass",
        "code": "ok",
        "measured": {"right": 6, "of": 6, "llr": 12.4},
        "required": {"right": 5, "llr": 8.517, "early_s": 0.1, "late_s": 0.6},
    },
    {
        "check": "lips",
        "answer": "pass",
        "code": "ok",
        "measured": {"moved": 5, "seen": 6, "chance": 0.01},
        "required": {"moved": 3, "rise": 0.04, "chance": 0.05, "before_s": 0.35, "after_s": 0.35},
    },
    {
        "check": "light",
        "answer": "pass",
        "code": "ok",
        "measured": {"colours": "BAGAGBAGRABGB", "gain": 0.09, "fit": 0.94, "steps": 12, "beaten": 1.0},
        "required": {"gain": 0.03, "fit": 0.8, "steps": 6, "beaten": 1.0},
    },
    {
        "check": "continuity",
        "answer": "pass",
        "code": "ok",
        "measured": {"frames": 140, "longest_gap_s": 0.2, "compared": 6},
        "required": {"max_gap_s": 1.0, "compared": 1},
    },
    {
        "check": "stream",
        "answer": "pass",
        "code": "ok",
        "measured": {"frames": 900, "repeated": 0},
        "required": {
            "max_repeats": 2,
            "min_noise": 0.15,
            "max_still_s": 4.0,
            "max_fps": 130.0,
            "min_jitter_ms": 0.005,
        },
    },
]

_SALT = "qDkrUq5yWAnHo0rfmpL9Hg"
# Of 张三 below with that salt.
_COMMITMENT = "bf9a010c79dfd36c3cd17ade8d1f9937e828266d260a3939743b383011a99d51"
_REVIEW: dict[str, Any] = {
    "code": "face.uncertain",
    "challenge": None,
    "persons": [_COMMITMENT],
    "decision": "approve",
    "reason": "looks_changed",
    "overruled": ["face.uncertain"],
    "first": {
        "clerk": "700124",
        "role": "clerk",
        "at_unix": 1784512331.5,
        # Verified by GVqPW2dXXlHN6EvpsHSW4qgq3-gKm-dJGqwCr-1308M.
        "signature": "_hyJd44MGtcK-Q-QNw0eDD9UooWNwuaKauCOd9ynOrBvka-AqSCAlM3b41vhhL1Cr9L991kCO_njQFeeNmCDBA",
    },
    "second": None,
    "asked_unix": 1784512320.0,
}

_KEY: dict[str, Any] = {
    "public": "M6614cUTN1DETX7asDqWeLTHZlKRMB5GmYeSuWsaTnE",
    # The PIN is 730518.
    "wrapped": "eDd7UldXtJRCf4kB0wKQmyVP-73nOXuiNnbN4IMLNrpsoXc1PqFmsgb_3lIkZSCosXOpKOtKudaic3e8",
    "salt": "Y0ea1poJCyWCd-yPum-ZQQ",
    "memory_kib": 65_536,
    "passes": 2,
    "lanes": 1,
}
_SEALED = {"key": "9f86d081884c7d65", "algorithm": "HPKE-X25519-SHA256-AES256GCM", "data": "c2VhbGVk"}
_READER = {"sam": "05.01-20240101-0001234567-0007654321", "socket": "0000:00:14.0-1.2"}

ALL: dict[str, dict[str, Any]] = {
    "enrolment-request": {
        "terminal": "GZ-009",
        "code": "5QTM-8W2H-CXRA",
        "public_key": {"kty": "OKP", "crv": "Ed25519", "x": X},
        "reader": _READER,
    },
    "enrolment": {
        "terminal": "GZ-009",
        "place": "广州市海珠区富全街1号之一美宜佳（富全街店）",
        "challenge_key": {"kty": "OKP", "crv": "Ed25519", "x": X},
        "sealing": {
            "key": "9c1185a5c5e9fc54",
            "algorithm": "HPKE-X25519-SHA256-AES256GCM",
            "public": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo",
        },
        "reader": _READER,
    },
    "challenges-request": {"count": 25},
    "challenges": {"challenges": ["eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJjZW50cmFsIn0.c2lnbmF0dXJl"]},
    "challenge-claims": {
        "iss": "central",
        "aud": "GZ-009",
        "jti": CHALLENGE,
        "digits": [4, 1, 7, 0, 9, 3],
        "gaps_s": [1.12, 0.95, 1.41, 1.3, 0.97, 1.2],
        "iat": 1784512000,
        "exp": 1785116800,
    },
    "roster": {"roster": "eyJ0eXAiOiJyb3N0ZXIrand0In0.eyJpc3MiOiJjZW50cmFsIn0.c2lnbmF0dXJl"},
    "roster-claims": {
        "iss": "central",
        "aud": "GZ-009",
        "iat": 1784512000.25,
        "exp": 1785116800.25,
        "members": [
            {
                "number": "204817",
                "role": "supervisor",
                "key": _KEY,
                "unlocked_unix": 0.0,
            }
        ],
    },
    "activation-request": {
        "id": VISIT,
        "terminal": "GZ-009",
        "at_unix": 1784512345.5,
        "began_unix": 1784512290.25,
        "simulated": False,
        "challenge": CHALLENGE,
        "consent": {
            "language": "zh-Hans",
            "text_sha256": shipped()[ConsentText.FACE]["zh-Hans"],
            "picture": True,
        },
        "verdicts": _VERDICTS,
        "way": "voice",
        "reviews": [_REVIEW],
        "purpose": "open",
        "reader": _READER,
        "versions": {"kiosk": "0.1.0", "face_engine": "sface", "recogniser": "embedded"},
        "sealed": {
            "key": "9c1185a5c5e9fc54",
            "algorithm": "HPKE-X25519-SHA256-AES256GCM",
            "data": "c2VhbGVk",
        },
        "version": 2,
    },
    "person": {
        "number": "990001199001010013",
        "name": "张三",
        "salt": _SALT,
        "phone": "13900000000",
        # 20486173.
        "password": {
            "salt": "eK0rUnaM4Wr7b8s5qw2HPQ",
            "memory_kib": 65_536,
            "passes": 3,
            "lanes": 1,
            "hash": "L1zC0HPcq7t_QEvccZkiOwP5NPsZ1aBoaWATH7KAosY",
        },
        "picture": None,
        "way": "voice",
        "reviews": [_REVIEW],
        "purpose": "open",
    },
    "phone-number": {"phone": "13900000000"},
    "phone-code-request": {
        "id": VISIT,
        "language": "zh-Hans",
        "sealed": _SEALED,
    },
    "phone-code-reply": {"status": "sent", "valid_s": 300.0, "again_s": 60.0, "required": False},
    "phone-proof-request": {
        "id": VISIT,
        "code": "204861",
        "sealed": _SEALED,
    },
    "phone-proof-reply": {"status": "wrong", "tries_left": 4},
    "receipt": {
        "id": VISIT,
        "status": "PENDING",
        "code": "person.not_yet_visible",
        "credential": None,
        "recheck_unix": 1784512406.0,
        "at_unix": 1784512346.0,
        "erasure": None,
    },
    "visit-state": {
        "id": VISIT,
        "status": "ACTIVATED",
        "code": "ok",
        "purpose": "open",
        "ended": "replaced",
        "recheck_unix": None,
    },
    "usb-request": {
        "id": VISIT,
        "terminal": "GZ-009",
        "body": "eyJpZCI6IjdLMk0ifQ",
        "token": "eyJ0eXAi.e30.c2ln",
    },
    "receipt-claims": {
        "iss": "central",
        "aud": "GZ-009",
        "iat": 1784599999,
        "receipt": {
            "id": VISIT,
            "status": "ACTIVATED",
            "code": "ok",
            "credential": "N3F7-0Q8K-W2XD",
            "recheck_unix": None,
            "at_unix": 1784599990.5,
        },
    },
    "revocation-request": {"id": VISIT, "password": "20486173"},
    "revocation-reply": {"credential": "N3F7-0Q8K-W2XD", "at_unix": 1784599999.0},
    "rotation-request": {
        "public_key": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
        "proof": "A" * 86,
    },
    "rotation-reply": {
        "public_key": {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    },
    "reader-request": {"reader": _READER},
    "reader-reply": {"reader": _READER},
    "heartbeat": {
        "versions": {"kiosk": "0.1.0"},
        "waiting": 2,
        "oldest_s": 41.5,
        "sealing": "HPKE-X25519-SHA256-AES256GCM",
        "lost": [],
        "state": {
            "out_of_service": {"code": "camera.lost", "since_unix": 1784511000.0},
            "devices": {"camera": "camera.lost", "printer": "printer.paper_out"},
            "free_mb": 20480,
        },
        "wants": {"challenges": 1, "roster": "9c1185a5c5e9fc54"},
    },
    "heartbeat-reply": {
        "status": "ok",
        "simulation": False,
        "time_unix": 1784512000.0,
        "version": "0.1.0",
        "versions_known": True,
        "sealing": {
            "key": "9c1185a5c5e9fc54",
            "algorithm": "HPKE-X25519-SHA256-AES256GCM",
            "public": "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo",
        },
        "audit_rewound": False,
        "held": False,
        "given": {
            "challenges": ["eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJjZW50cmFsIn0.c2lnbmF0dXJl"],
            "challenges_code": "ok",
            "roster": None,
        },
    },
    "health": {"status": "ok", "simulation": False, "time_unix": 1784512000.0, "version": "0.1.0"},
    "problem": {
        "code": "request.key_reused",
        "detail": "this number came before with another body",
        "request_id": "4bf92f3577b34da6a3ce929d0e0e4736",
    },
}
