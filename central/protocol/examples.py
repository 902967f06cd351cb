"""One example of each message, for OpenAPI, `resources/protocol/examples` and the tests.

The person is made up: region 990001 is not assigned. Long keys and sealed data are shortened here;
`resources/protocol/vectors.json` has real ones.
"""

from typing import Any

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
        "required": {"right": 5, "llr": 8.517},
    },
    {
        "check": "lips",
        "answer": "pass",
        "code": "ok",
        "measured": {"moved": 5, "seen": 6},
        "required": {"moved": 3, "rise": 0.04, "chance": 1.0},
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
        "required": {"max_repeats": 2},
    },
]

_REVIEW: dict[str, Any] = {
    "code": "face.uncertain",
    "decision": "approve",
    "reason": "looks_changed",
    "overruled": ["face.uncertain"],
    "first": {"clerk": "700124", "role": "clerk", "at_unix": 1784512331.5},
    "second": None,
    "asked_unix": 1784512320.0,
}

ALL: dict[str, dict[str, Any]] = {
    "enrolment-request": {
        "terminal": "GZ-009",
        "code": "5QTM-8W2H-CXRA",
        "public_key": {"kty": "OKP", "crv": "Ed25519", "x": X},
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
                "pin": "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0c2E$aGFzaA",
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
        "consent": {"language": "zh-Hans", "text_sha256": "e3" * 32, "picture": True},
        "verdicts": _VERDICTS,
        "way": "voice",
        "reviews": [_REVIEW],
        "purpose": "open",
        "versions": {"kiosk": "0.1.0", "face_engine": "sface", "recogniser": "embedded"},
        "sealed": {
            "key": "9c1185a5c5e9fc54",
            "algorithm": "HPKE-X25519-SHA256-AES256GCM",
            "data": "c2VhbGVk",
        },
    },
    "person": {
        "number": "990001199001010013",
        "name": "张三",
        "phone": "13900000000",
        "password": "20486173",
        "picture": None,
        "way": "voice",
        "reviews": [_REVIEW],
        "purpose": "open",
    },
    "receipt": {
        "id": VISIT,
        "status": "PENDING",
        "code": "person.not_yet_visible",
        "credential": None,
        "recheck_unix": 1784512406.0,
        "at_unix": 1784512346.0,
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
    "heartbeat": {
        "versions": {"kiosk": "0.1.0"},
        "waiting": 2,
        "oldest_s": 41.5,
        "sealing": "HPKE-X25519-SHA256-AES256GCM",
        "lost": [],
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
    },
    "health": {"status": "ok", "simulation": False, "time_unix": 1784512000.0, "version": "0.1.0"},
    "problem": {"code": "request.key_reused", "detail": "this number came before with another body"},
}
