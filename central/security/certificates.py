"""Makes a private certificate authority and one server certificate; terminals trust this authority only.

ECDSA P-256, which every TLS library speaks. The authority's key is needed only to make a new certificate
and is better kept elsewhere once the server runs.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from central.security.keys import KeysError, read_secret, write_secret

AUTHORITY_DAYS = 3650
SERVER_DAYS = 825


def make(folder: Path, hosts: Sequence[str]) -> None:
    """Make `ca.pem`, `ca.key`, `server.pem`, `server.key` in `folder`; existing ones stay. Raises KeysError.

    `hosts`: names and addresses of the server.
    """
    if not (folder / "ca.pem").exists():
        make_authority(folder)
    if not (folder / "server.pem").exists():
        make_server(folder, hosts)


def make_authority(folder: Path) -> None:
    """Make a self-signed certificate authority, `ca.pem` and `ca.key`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("central CA")
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (
        _builder(name, name, key.public_key(), AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    write_secret(folder / "ca.key", _pem(key))
    (folder / "ca.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


def make_server(folder: Path, hosts: Sequence[str]) -> None:
    """Make the server's certificate, `server.pem` and `server.key`. Raises KeysError."""
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    signer = load_pem_private_key(read_secret(folder / "ca.key"), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise KeysError(f"{folder / 'ca.key'}: not an EC key")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.SubjectAlternativeName([_alternative(host) for host in hosts])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    certificate = (
        _builder(_name(hosts[0]), authority.subject, key.public_key(), SERVER_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(subject, critical=False)
        .add_extension(usage, critical=False)
        .add_extension(issuer_key, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    write_secret(folder / "server.key", _pem(key))
    (folder / "server.pem").write_bytes(certificate.public_bytes(Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # a terminal's clock may be a little behind
        .not_valid_after(now + timedelta(days=days))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common[:64])])


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
