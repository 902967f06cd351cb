"""The published protocol equals what the server does."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import TypeAdapter, ValidationError

from central import codes
from central.activation import review_signatures
from central.api import protocol_documents as documents
from central.fleet.signatures import SignedRequest, TerminalKeys, authenticate
from central.protocol import examples
from central.protocol.examples import ALL
from central.protocol.messages import ActivationRequest, Person, Review, StretchedPassword, TerminalKey
from central.security import sealing
from central.security.encoding import base64url, from_base64url
from central.security.personal_data import PersonalData
from central.security.terminal_keys import stored_form
from central.settings import Requests
from central.storage.database import Database
from central.storage.tables import Terminal
from kiosk.codes import Code
from kiosk.staff.review_key import WrappedKey, unwrap

FOLDER = Path(__file__).parents[2] / "resources" / "protocol"
NAMES = sorted(documents.MESSAGES)


def test_files_are_current() -> None:
    """If this fails, run `make protocol`."""
    for name, text in documents.files().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, name


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_what_the_schemas_say(name: str) -> None:
    schema = json.loads((FOLDER / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    example = json.loads((FOLDER / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(example, schema, cls=jsonschema.Draft202012Validator)
    documents.MESSAGES[name].model_validate(example)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(example | {"unheard_of": 1}, schema, cls=jsonschema.Draft202012Validator)


def test_openapi_shows_an_example_of_every_message() -> None:
    """Examples are complete, with nulls: a receipt without `credential` would be another message."""
    schemas = documents.openapi()["components"]["schemas"]
    for name, message in documents.MESSAGES.items():
        if name not in (
            "person",
            "phone-number",
            "challenge-claims",
            "roster-claims",
            "usb-request",
            "receipt-claims",
        ):  # they travel sealed and as a token
            assert schemas[message.__name__]["examples"] == [examples.ALL[name]], name


def test_every_terminal_route_is_signed() -> None:
    paths = documents.openapi()["paths"]
    for path in (
        "/v1/heartbeat",
        "/v1/terminals/rotation",
        "/v1/challenges",
        "/v1/roster",
        "/v1/activations",
        "/v1/activations/{id}",
    ):
        for operation in paths[path].values():
            assert operation["security"] == [{"terminal": []}], path


def test_the_terminal_knows_every_code() -> None:
    assert {code.value for code in codes.Code} <= {code.value for code in Code}


# ── vectors: another implementation can check itself against these ───────────────────────────────

VECTORS = json.loads((FOLDER / "vectors.json").read_text(encoding="utf-8"))


def request_with(vector: dict[str, Any], algorithm: str, **other: Any) -> ActivationRequest:
    sealed = {"key": "k", "algorithm": algorithm, "data": vector["data"]}
    own = {"id": vector["id"], "terminal": vector["terminal"], "sealed": sealed}
    return ActivationRequest.model_validate(ALL["activation-request"] | own | other)


@pytest.mark.parametrize(
    ("name", "version"), [("sealed", 2), ("sealed_version_1", 1), ("sealed_new_phone", 2), ("sealed_end", 2)]
)
def test_vector_of_a_sealed_person(name: str, version: int) -> None:
    vector = VECTORS[name]
    key = X25519PrivateKey.from_private_bytes(from_base64url(vector["private"]))
    keys = {"k": sealing.HpkeOpener(key)}
    person = sealing.open_sealed(request_with(vector, sealing.HPKE, version=version), keys)
    assert person == Person.model_validate_json(vector["plain"])
    bound_to = sealing.info(vector["id"], vector["terminal"], f"activation-v{version}")
    assert bound_to.decode() == vector["info"]
    with pytest.raises(sealing.Unsealable):
        sealing.open_sealed(request_with(vector, sealing.HPKE, version=3 - version), keys)


def test_vector_of_a_password() -> None:
    """As the terminal stretches it, and as central finds it again."""
    vector = VECTORS["password"]
    password = StretchedPassword.model_validate(vector["stretched"])
    passwords = PersonalData(bytes(32)).passwords
    assert passwords.agrees(vector["typed"], passwords.stored_form(password))


def test_vector_of_a_challenge() -> None:
    vector = VECTORS["challenge"]
    key = Ed25519PrivateKey.from_private_bytes(from_base64url(vector["key"]["d"]))
    assert jwt.encode(vector["claims"], key, algorithm="EdDSA") == vector["token"]
    assert jwt.decode(vector["token"], key.public_key(), ["EdDSA"], options=_ANY_TIME) == vector["claims"]


def test_vector_of_a_review() -> None:
    vector = VECTORS["review"]
    request = ActivationRequest.model_validate(
        ALL["activation-request"] | {"id": vector["id"], "terminal": vector["terminal"]}
    )
    review = Review.model_validate(vector["review"])
    signed = review_signatures.signed_bytes(request, review, review.first, "first")
    assert signed.decode() == vector["first"]
    key = Ed25519PrivateKey.from_private_bytes(from_base64url(vector["key"]["d"]))
    assert base64url(key.sign(signed)) == review.first.signature
    assert review_signatures.is_genuine(review.first, signed, vector["key"]["x"])


def test_vector_of_a_wrapped_key() -> None:
    """As the terminal unwraps it."""
    vector = VECTORS["clerk_key"]
    wrapped = msgspec.convert(vector["key"], WrappedKey)
    key = unwrap(vector["pin"], vector["number"], wrapped)
    assert key is not None
    assert base64url(key.private_bytes_raw()) == vector["private"]
    assert base64url(key.public_key().public_bytes_raw()) == wrapped.public


def test_vector_of_a_sealed_person_with_chinese_algorithms() -> None:
    pytest.importorskip("gmssl_pyx", reason="the extra 'sm'")
    vector = VECTORS["sealed_sm"]
    key = sealing.SmOpener(from_base64url(vector["public"]) + from_base64url(vector["private"]))
    person = sealing.open_sealed(request_with(vector, sealing.SM), {"k": key})
    assert person == Person.model_validate_json(vector["plain"])
    for elsewhere in ({"terminal": "GZ-010"}, {"id": "0000-0000-0000-0000"}):
        with pytest.raises(sealing.Unsealable):
            sealing.open_sealed(request_with(vector | elsewhere, sealing.SM), {"k": key})


@pytest.mark.parametrize("name", ["request", "request_p256"])
def test_vector_of_a_signed_request(database_url: str, name: str) -> None:
    vector = VECTORS[name]
    public = TypeAdapter(TerminalKey).validate_python({k: v for k, v in vector["key"].items() if k != "d"})
    database = Database(database_url)
    with database.write() as session:
        session.add(Terminal(id="GZ-009", state="enrolled", public_key=stored_form(public)))
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    request = SignedRequest("POST", "https://central.example/v1/challenges", headers)
    call = authenticate(TerminalKeys(database), request, vector["body"].encode(), 1784512000, Requests())
    assert call.terminal == "GZ-009"
    database.close()


_ANY_TIME = {"verify_exp": False, "verify_iat": False, "verify_aud": False}


@pytest.mark.parametrize(
    ("number", "taken"),
    [
        ("UTO999978080701", True),  # a foreigner's of 2017: three letters, twelve digits
        ("UT0999978080701", False),
        ("uto999978080701", False),
        ("UTO99997808070", False),
        ("990001199001010014", True),  # wrong check character: `central.activation.numbers` decides
        ("990001900101001", True),  # of fifteen digits, likewise
        ("99000190010100X", False),
        ("９９０００１１９９００１０１００１３", False),
    ],
)
def test_only_what_looks_like_an_id_number_is_accepted(number: str, taken: bool) -> None:
    person = {
        "number": number,
        "name": "样张",
        "phone": "19900000000",
        "password": "31415926",
        "picture": None,
    }
    try:
        Person.model_validate(person)
    except ValidationError:
        assert not taken
    else:
        assert taken
