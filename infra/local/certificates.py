"""Certificates for a deployment: an authority of its own, and one certificate for the brokers, Redis and each service.

A certificate says who its holder is to Kafka (its common name is the principal), and serves HTTP as well. Whoever has the
authority's key can make more of them: keep `ca.key` offline. On Kubernetes Strimzi makes these instead.
"""

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shared.contract.rights import BROKER, FOUNDER, PRINCIPALS
from shared.runtime.kafka.connection import Identity

AUTHORITY: Final = "ca"
REDIS: Final = "valkey"
HOLDERS: Final = (BROKER, REDIS, FOUNDER, *PRINCIPALS)
DAYS: Final = 825
"""How long a certificate is valid: what browsers accept at most from an authority that was added by hand."""
OWN_HOSTS: Final = ("localhost", "127.0.0.1")


def identity(folder: Path, holder: str) -> Identity:
    """Return the files of a holder."""
    return Identity(folder / f"{AUTHORITY}.crt", folder / f"{holder}.crt", folder / f"{holder}.key")


def make_certificates(
    folder: Path, now: datetime, hosts: Iterable[str] = (), holders: Iterable[str] = HOLDERS
) -> list[Path]:
    """Make the authority and every holder's certificate where they are missing; return the certificates made.

    Each is valid for its holder's own name, this machine, and `hosts`: names or addresses. `NAME.pem` holds key and
    certificate together, as Kafka takes them. Keys are for their owner's eyes only.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = [] if (folder / f"{AUTHORITY}.crt").exists() else [_make_authority(folder, now)]
    missing = [holder for holder in holders if not (folder / f"{holder}.crt").exists()]
    return made + [_make_holder(folder, now, holder, (holder, *OWN_HOSTS, *hosts)) for holder in missing]


def _make_authority(folder: Path, now: datetime) -> Path:
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("Livecount's own authority")
    certificate = (
        _builder(name, key, now)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    return _write(folder, AUTHORITY, key, certificate)


def _make_holder(folder: Path, now: datetime, holder: str, hosts: Iterable[str]) -> Path:
    authority = x509.load_pem_x509_certificate((folder / f"{AUTHORITY}.crt").read_bytes())
    authority_key = load_pem_private_key((folder / f"{AUTHORITY}.key").read_bytes(), None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _builder(_name(holder), key, now)
        .issuer_name(authority.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, SHA256())
    )
    return _write(folder, holder, key, certificate)


def _builder(name: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1),  # a clock elsewhere may be late
        not_valid_after=now + timedelta(days=DAYS),
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(folder: Path, holder: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Path:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = certificate.public_bytes(Encoding.PEM)
    _write_private(folder / f"{holder}.key", private)
    _write_private(folder / f"{holder}.pem", private + public)
    path = folder / f"{holder}.crt"
    path.write_bytes(public)
    return path


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
