"""The suite SM2-SM4GCM against published examples, so that other programs open what our terminals seal.

SM2: GB/T 32918.5-2017, annex C (GM/T 0003.5-2012): key pair, and the ciphertext of "encryption standard" in
the ASN.1 form of GM/T 0009-2012. SM4-GCM: RFC 8998, appendix A.1. SM3: GB/T 32905-2016, A.1.
"""

import pytest

from central.security import sealing
from central.security.encoding import base64url, from_base64url
from kiosk.activation.messages import SealingKey
from kiosk.activation.sealing import Sealer

gmssl_pyx = pytest.importorskip("gmssl_pyx", reason="the extra 'sm'")

PRIVATE = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
PUBLIC = bytes.fromhex(
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
SEALED = bytes.fromhex(
    "307c"
    "022004ebfc718e8d1798620432268e77feb6415e2ede0e073c0f4f640ecd2e149a73"
    "022100e858f9d81e5430a57b36daab8f950a3c64e6ee6a63094d99283aff767e124df0"
    "042059983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766"
    "041321886ca989ca9c7d58087307ca93092d651efa"
)
GCM = {
    "key": bytes.fromhex("0123456789abcdeffedcba9876543210"),
    "iv": bytes.fromhex("00001234567800000000abcd"),
    "aad": bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2"),
    "ciphertext": bytes.fromhex(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    ),
    "tag": bytes.fromhex("83de3541e4c2b58177e065a9bf7b62ec"),
}
GCM_PLAIN = b"".join(bytes([byte]) * 8 for byte in b"\xaa\xbb\xcc\xdd\xee\xff\xee\xaa")


def test_sm3_matches_the_standard() -> None:
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert bytes(gmssl_pyx.sm3_hash(b"abc")).hex() == expected


def test_sm2_opens_the_ciphertext_of_the_standard_and_no_altered_one() -> None:
    assert bytes(gmssl_pyx.sm2_decrypt(PRIVATE, SEALED)) == b"encryption standard"
    for at in (10, 50, 90, len(SEALED) - 1):
        altered = SEALED[:at] + bytes([SEALED[at] ^ 1]) + SEALED[at + 1 :]
        with pytest.raises((gmssl_pyx.GmsslInnerError, gmssl_pyx.InvalidValueError)):
            gmssl_pyx.sm2_decrypt(PRIVATE, altered)


def test_sm4_gcm_matches_rfc_8998() -> None:
    assert bytes(gmssl_pyx.sm4_gcm_decrypt(**GCM)) == GCM_PLAIN
    content, tag = gmssl_pyx.sm4_gcm_encrypt(GCM["key"], GCM["iv"], GCM["aad"], plaintext=GCM_PLAIN)
    assert (bytes(content), bytes(tag)) == (GCM["ciphertext"], GCM["tag"])


def test_central_opens_what_a_terminal_seals_to_the_standards_key() -> None:
    sealer = Sealer(SealingKey("k", sealing.SM, base64url(PUBLIC)))
    sealed = sealer.seal(b"somebody", "7K2M-Q4XR-09TB-HC5D", "GZ-009")
    opener = sealing.SmOpener(PUBLIC + PRIVATE)
    info = sealing.info("7K2M-Q4XR-09TB-HC5D", "GZ-009", "activation-v2")
    assert opener.open(from_base64url(sealed.data), info) == b"somebody"
    elsewhere = sealing.info("7K2M-Q4XR-09TB-HC5D", "GZ-010", "activation-v2")
    with pytest.raises(ValueError, match="Error"):
        opener.open(from_base64url(sealed.data), elsewhere)
