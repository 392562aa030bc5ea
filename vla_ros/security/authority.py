# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates: an authority of its own, an identity for each enclave (DDS-Security 1.1, section 9.3.1)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from controllers.errors import ConfigError

AUTHORITY = "vla_ros CA"
BEFORE = datetime.timedelta(minutes=5)  # clocks of two machines differ


@dataclass(frozen=True)
class Authority:
    """Who signs identities or permissions."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def sign(self, text: bytes) -> bytes:
        """Return a text as S/MIME with a detached signature, as `openssl smime -sign -text` writes it."""
        builder = pkcs7.PKCS7SignatureBuilder().set_data(text)
        signed = builder.add_signer(self.certificate, self.key, hashes.SHA256())
        return signed.sign(
            serialization.Encoding.SMIME, [pkcs7.PKCS7Options.Text, pkcs7.PKCS7Options.DetachedSignature]
        )

    def certify(self, name: str, key: ec.EllipticCurvePublicKey, now: datetime.datetime, days: int) -> x509.Certificate:
        """Return a certificate of `name`, valid for so many days, no longer than the authority's own."""
        return _certificate(
            name, key, self.certificate.subject, self.key, now, _end(self.certificate, now, days), False
        )


def make_authority(now: datetime.datetime, days: int) -> Authority:
    """Return a new authority of so many days."""
    key = make_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY)])
    end = now + datetime.timedelta(days=days)
    return Authority(_certificate(AUTHORITY, key.public_key(), name, key, now, end, True), key)


def make_key() -> ec.EllipticCurvePrivateKey:
    """Return a new private key."""
    return ec.generate_private_key(ec.SECP256R1())


def read_authority(certificate: bytes, key: bytes) -> Authority:
    """Return the authority of two PEM files. Raises ConfigError for what is none, or whose halves do not belong."""
    own, private = read_certificate(certificate), read_key(key)
    if private.public_key() != own.public_key():
        raise ConfigError("its key does not belong to its certificate")
    return Authority(own, private)


def read_certificate(data: bytes) -> x509.Certificate:
    """Return the certificate of a PEM file. Raises ConfigError."""
    try:
        return x509.load_pem_x509_certificate(data)
    except ValueError:
        raise ConfigError("is no certificate (PEM)") from None


def read_key(data: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the private key of a PEM file without a password. Raises ConfigError."""
    try:
        key = serialization.load_pem_private_key(data, None)
    except (ValueError, TypeError):
        raise ConfigError("is no private key (PEM, without a password)") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError("is no key of an elliptic curve")
    return key


def pem(thing: x509.Certificate | ec.EllipticCurvePrivateKey) -> bytes:
    """Return a certificate or a private key as PEM."""
    if isinstance(thing, x509.Certificate):
        return thing.public_bytes(serialization.Encoding.PEM)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return thing.private_bytes(encoding, form, serialization.NoEncryption())


def identity_problem(
    certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate, name: str,
    now: datetime.datetime,
) -> str:  # fmt: skip
    """Return why a certificate does not make a participant `name`, or ""."""
    if common_name(certificate) != name:
        return f"cert.pem is of {common_name(certificate)}"
    if key.public_key() != certificate.public_key():
        return "key.pem does not belong to cert.pem"
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return "cert.pem is not signed by this keystore's identity CA"
    if now < certificate.not_valid_before_utc:
        return f"cert.pem is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    return f"cert.pem expired on {certificate.not_valid_after_utc:%Y-%m-%d}" if expired(certificate, now) else ""


def expired(certificate: x509.Certificate, now: datetime.datetime) -> bool:
    """Say whether a certificate is valid no more."""
    return now >= certificate.not_valid_after_utc


def common_name(certificate: x509.Certificate) -> str:
    """Return whose a certificate is, "" where it does not say."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _end(issuer: x509.Certificate, now: datetime.datetime, days: int) -> datetime.datetime:
    return min(now + datetime.timedelta(days=days), issuer.not_valid_after_utc)


def _certificate(
    name: str, key: ec.EllipticCurvePublicKey, issuer: x509.Name, signer: ec.EllipticCurvePrivateKey,
    now: datetime.datetime, end: datetime.datetime, authority: bool,
) -> x509.Certificate:  # fmt: skip
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - BEFORE).not_valid_after(end)
    limits = x509.BasicConstraints(ca=authority, path_length=1 if authority else None)
    return builder.add_extension(limits, critical=authority).sign(signer, hashes.SHA256())
