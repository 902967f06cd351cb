"""A throw-away certificate authority and a server certificate for 127.0.0.1."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


class Certificates:
    """`ca` and `server` (certificate and key in one file) are paths of PEM files in `folder`."""

    def __init__(self, folder: Path, host: str = "127.0.0.1", days: tuple[int, int] = (-3, 2)) -> None:
        """`days`: from when until when they are valid, from today."""
        folder.mkdir(parents=True, exist_ok=True)
        ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        ca = _certificate("test authority", ca_key.public_key(), None, ca_key, days, host, True)
        server = _certificate("test central", server_key.public_key(), ca, ca_key, days, host, False)
        self.ca = folder / "ca.pem"
        self.server = folder / "server.pem"
        self.ca.write_bytes(ca.public_bytes(_PEM))
        self.server.write_bytes(
            server.public_bytes(_PEM)
            + server_key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )


def _certificate(name, key, issuer, issuer_key, days, host, is_ca):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    usage = x509.KeyUsage(not is_ca, False, False, False, False, is_ca, is_ca, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )
    if not is_ca:
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(issuer_key, hashes.SHA256())
