"""The published protocol equals what the server does."""

import json
from pathlib import Path

import jsonschema
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import ValidationError

from central import codes
from central.api import protocol_documents as documents
from central.fleet.signatures import SignedRequest, verify
from central.protocol import examples
from central.protocol.messages import Person, Sealed
from central.security import sealing
from central.security.encoding import from_base64url
from central.settings import Requests
from central.storage.database import Database, migrate
from central.storage.tables import Terminal
from kiosk.codes import Code

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


def test_vector_of_a_sealed_person() -> None:
    vector = VECTORS["sealed"]
    key = X25519PrivateKey.from_private_bytes(from_base64url(vector["private"]))
    sealed = Sealed(key="k", algorithm=sealing.HPKE, data=vector["data"])
    person = sealing.open_sealed(sealed, vector["id"], vector["terminal"], {"k": sealing.HpkeOpener(key)})
    assert person == Person.model_validate_json(vector["plain"])
    assert sealing.info(vector["id"], vector["terminal"]).decode() == vector["info"]


def test_vector_of_a_challenge() -> None:
    vector = VECTORS["challenge"]
    key = Ed25519PrivateKey.from_private_bytes(from_base64url(vector["key"]["d"]))
    assert jwt.encode(vector["claims"], key, algorithm="EdDSA") == vector["token"]
    assert jwt.decode(vector["token"], key.public_key(), ["EdDSA"], options=_ANY_TIME) == vector["claims"]


def test_vector_of_a_sealed_person_with_chinese_algorithms() -> None:
    pytest.importorskip("gmssl_pyx", reason="the extra 'sm'")
    vector = VECTORS["sealed_sm"]
    key = sealing.SmOpener(from_base64url(vector["public"]) + from_base64url(vector["private"]))
    sealed = Sealed(key="k", algorithm=sealing.SM, data=vector["data"])
    person = sealing.open_sealed(sealed, vector["id"], vector["terminal"], {"k": key})
    assert person == Person.model_validate_json(vector["plain"])
    for elsewhere in ((vector["id"], "GZ-010"), ("0000-0000-0000-0000", vector["terminal"])):
        with pytest.raises(sealing.Unsealable):
            sealing.open_sealed(sealed, *elsewhere, {"k": key})


def test_vector_of_a_signed_request(tmp_path: Path) -> None:
    vector = VECTORS["request"]
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    migrate(database.engine)
    with database.write() as session:
        session.add(Terminal(id="GZ-009", state="enrolled", public_key=vector["key"]["x"]))
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    request = SignedRequest("POST", "https://central.example/v1/challenges", headers)
    assert verify(database, request, vector["body"].encode(), 1784512000, Requests()) == "GZ-009"
    database.close()


_ANY_TIME = {"verify_exp": False, "verify_iat": False, "verify_aud": False}


@pytest.mark.parametrize(
    ("number", "taken"),
    [
        ("UTO999978080701", True),  # a foreigner's of 2017: three letters, twelve digits
        ("UT0999978080701", False),
        ("uto999978080701", False),
        ("UTO99997808070", False),
        ("990001199001010014", False),  # wrong check character
        ("９９０００１１９９００１０１００１３", False),
    ],
)
def test_only_valid_id_numbers_are_accepted(number: str, taken: bool) -> None:
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
