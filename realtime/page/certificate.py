"""The page's own certificate, for https in a local network: browsers give cameras to secure pages only."""

from __future__ import annotations

import datetime
import hashlib
import importlib.util
import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from realtime.core.errors import SinkError, UsageError
from realtime.core.installed import install_command

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

_DAYS = 820  # Apple's systems take certificates of up to 825 days (support.apple.com/103769)
_LEAST_DAYS = 10  # with fewer left a new one is made


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key, in two files, and the SHA-256 that browsers show of it."""

    file: Path
    key: Path
    fingerprint: str


def certificate_folder() -> Path:
    """Say where the certificate lies; the folder need not exist."""
    return platformdirs.user_state_path("realtime") / "page-certificate"


def own_certificate(names: Sequence[str], folder: Path | None = None) -> Certificate:
    """Give the certificate of this machine, made on first use, and anew when it is about to expire.

    Args:
        names: What browsers call this machine: names and IP addresses.
        folder: Where it lies; by default in the user's state folder.

    Returns:
        The certificate.

    Raises:
        UsageError: The package that makes certificates is not installed.
        SinkError: The files cannot be read or written.
    """
    if importlib.util.find_spec("cryptography") is None:
        raise UsageError(f"https needs a package that is not installed: {install_command('lan')}")
    folder = folder or certificate_folder()
    file, key = folder / "certificate.pem", folder / "key.pem"
    try:
        if not _usable(file, key):
            folder.mkdir(parents=True, exist_ok=True)
            _make(names, file, key)
        os.chmod(key, 0o600)
        der = ssl.PEM_cert_to_DER_cert(file.read_text("ascii"))
    except (OSError, ValueError) as error:
        raise SinkError(
            f"the page's certificate in {folder} can neither be read nor made ({error}); remove the folder, or make it"
            " one that can be written to"
        ) from error
    digest = hashlib.sha256(der).hexdigest().upper()
    return Certificate(file, key, ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)))


def _usable(file: Path, key: Path) -> bool:
    from cryptography import x509

    if not (file.is_file() and key.is_file()):
        return False
    found = x509.load_pem_x509_certificate(file.read_bytes())
    left = found.not_valid_after_utc - datetime.datetime.now(datetime.timezone.utc)
    return left > datetime.timedelta(days=_LEAST_DAYS)


def _make(names: Sequence[str], file: Path, key: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "realtime")])
    now = datetime.datetime.now(datetime.timezone.utc)
    public = private.public_key()
    made = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))  # a phone's clock may be behind
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.unlink(missing_ok=True)
    with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(secret)
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _name(name: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
