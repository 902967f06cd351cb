"""The terminal's key in a TPM: a real driver, real libraries, a software TPM, a real central."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from kiosk.activation.identity import make_key_store
from kiosk.codes import Code
from kiosk.errors import IdentityError, SettingsError
from kiosk.settings import load
from tests.support.swtpm import running_swtpm

KEY_FILE, NEXT_FILE = "terminal-key.tpm", "terminal-key.next.tpm"


@pytest.fixture
def tpm(tmp_path: Path):
    with running_swtpm(tmp_path / "tpm") as running:
        yield running


@pytest.fixture
def opened(tmp_path: Path):
    """Opens the store of a folder; all of them let go of the TPM in the end."""
    from kiosk.activation.tpm_keystore import TpmKeyStore

    made = []

    def open_store(tcti: str, folder: Path = tmp_path):
        made.append(TpmKeyStore(folder, TpmKeyStore.Settings(tcti=tcti)))
        return made[-1]

    yield open_store
    for one in made:
        one.close()


@pytest.fixture
def store(tpm, opened):
    made = opened(tpm.tcti)
    made.make()
    return made


def verify(public: bytes, signature: bytes, message: bytes) -> None:
    """Raises InvalidSignature."""
    assert len(signature) == 64
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + public)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))


def code_of(call, *arguments) -> Code:
    with pytest.raises(IdentityError) as raised:
        call(*arguments)
    return raised.value.code


def test_signatures_verify(store):
    public = store.public()
    for n in range(20):
        message = bytes(n) * 100
        verify(public, store.sign(message), message)
    with pytest.raises(InvalidSignature):
        verify(public, store.sign(b"a"), b"b")


def test_a_key_is_made_once_and_is_there_after_a_power_cut(tpm, opened, store):
    public = store.public()
    store.make()
    assert store.public() == public
    tpm.cut_power()
    verify(public, store.sign(b"the same store"), b"the same store")
    tpm.cut_power()
    fresh = opened(tpm.tcti)
    verify(public, fresh.sign(b"another"), b"another")


def test_the_key_does_not_leave_the_tpm(tpm, opened, store, tmp_path: Path):
    """Another TPM, with the same files: not the key, not a signature, not the secret."""
    with running_swtpm(tmp_path / "thief") as other:
        thief = opened(other.tcti)
        assert code_of(thief.public) is Code.IDENTITY_MISSING
        assert code_of(thief.sign, b"x") is Code.IDENTITY_MISSING
        assert code_of(thief.secret, "challenges") is Code.IDENTITY_MISSING
        thief.close()
    verify(store.public(), store.sign(b"x"), b"x")


def test_the_tpm_exports_the_key_to_no_other(store, tmp_path: Path):
    from tpm2_pytss import TPM2B_PUBLIC, TPMA_OBJECT

    from kiosk.activation.tpm_keystore import _read

    keys = _read(tmp_path / KEY_FILE)
    bound = TPMA_OBJECT.FIXEDTPM | TPMA_OBJECT.FIXEDPARENT | TPMA_OBJECT.SENSITIVEDATAORIGIN
    for key in (keys.signing, keys.secret):
        public, _ = TPM2B_PUBLIC.unmarshal(key.public)
        assert public.publicArea.objectAttributes & bound == bound


def test_a_tpm_that_was_cleared_has_no_key(tpm, store):
    from tpm2_pytss import ESAPI, ESYS_TR

    store.close()
    with ESAPI(tpm.tcti) as owner:
        owner.clear(ESYS_TR.LOCKOUT)
    assert code_of(store.public) is Code.IDENTITY_MISSING


def test_without_a_tpm(tpm, store):
    tpm.stop()
    for call in (store.public, store.make_next):
        assert code_of(call) is Code.IDENTITY_MISSING
    assert code_of(store.sign, b"x") is Code.IDENTITY_MISSING
    tpm.start()
    assert store.public()


def test_the_secret_belongs_to_key_and_purpose(tpm, opened, store):
    secret = store.secret("challenges")
    assert len(secret) == 32
    tpm.cut_power()
    assert opened(tpm.tcti).secret("challenges") == secret
    assert store.secret("other") != secret
    store.make_next()
    assert store.secret("challenges") == secret
    store.adopt_next()
    assert store.secret("challenges") != secret


def test_the_next_key(tpm, opened, store):
    present = store.public()
    assert store.next_public() is None
    following = store.make_next()
    assert store.make_next() == store.next_public() == following != present
    verify(following, store.sign_next(b"x"), b"x")
    verify(present, store.sign(b"x"), b"x")
    tpm.cut_power()
    fresh = opened(tpm.tcti)
    assert (fresh.public(), fresh.next_public()) == (present, following)
    fresh.adopt_next()
    assert (fresh.public(), fresh.next_public()) == (following, None)
    verify(following, store.sign(b"x"), b"x")  # a running terminal takes what staff exchanged


def test_several_threads_and_two_programs(tpm, opened, store):
    other, public = opened(tpm.tcti), store.public()
    messages = [bytes([n]) for n in range(24)]
    with ThreadPoolExecutor(4) as threads:
        signatures = list(threads.map(lambda m: (other if m[0] % 3 else store).sign(m), messages))
    for message, signature in zip(messages, signatures, strict=True):
        verify(public, signature, message)


def test_more_keys_than_a_tpm_has_places_for(store):
    """What is not in use is unloaded: a TPM without a resource manager holds three."""
    store.make_next()
    for _ in range(5):
        assert store.sign(b"x") != store.sign_next(b"x")
        assert store.secret("challenges")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\x00", "not the TPM's", "exchanged", "cut"])
def test_a_spoilt_file(store, tmp_path: Path, content):
    file = tmp_path / KEY_FILE
    keys = json.loads(file.read_bytes())
    changed = {
        "not the TPM's": {"signing": {"public": "AAAA", "private": "AAAA"}, "secret": keys["secret"]},
        "exchanged": {"signing": keys["secret"], "secret": keys["signing"]},
        "cut": keys | {"signing": keys["signing"] | {"private": keys["signing"]["private"][:40]}},
    }
    file.write_bytes(content if isinstance(content, bytes) else json.dumps(changed[content]).encode())
    assert code_of(store.sign, b"x") is Code.IDENTITY_MISSING
    assert code_of(store.public) is Code.IDENTITY_MISSING


def test_a_missing_and_an_exposed_file(store, tmp_path: Path):
    file = tmp_path / KEY_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    assert code_of(store.sign, b"x") is Code.IDENTITY_EXPOSED
    file.unlink()
    assert code_of(store.sign, b"x") is Code.IDENTITY_MISSING
    assert code_of(store.sign_next, b"x") is Code.IDENTITY_MISSING


def test_without_the_extra_the_terminal_does_not_start(tmp_path: Path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tpm2_pytss", None)
    for name in ("kiosk.activation.tpm", "kiosk.activation.tpm_keystore"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    file = tmp_path / "settings.toml"
    file.write_text('[terminal_key]\ndriver = "tpm"\n')
    with pytest.raises(SettingsError, match="'tpm' is not installed"):
        make_key_store(load(file))
