# SPDX-License-Identifier: Apache-2.0
"""The HTTPS certificate: made at the first run for this machine's own addresses, kept, renewed when they change.

A headset's browser gives hands and WebXR to secure pages only, and a machine in a lab has no public name, so the
certificate is our own: each browser asks once whether to trust it. Page and websocket share one port so that once is
enough.
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from controllers.errors import ConfigError
from vla_ros.teleop.serving.addresses import Address, machine_addresses, machine_names
from vla_ros.teleop.serving.keeping import write_private
from vla_ros.token_file import is_private

LASTS = datetime.timedelta(days=397)  # the longest that browsers take without complaint
RENEWED_BEFORE = datetime.timedelta(days=14)
CERTIFICATE, KEY = "certificate.pem", "key.pem"


def tls_context(folder: Path) -> ssl.SSLContext:
    """Return the server's TLS context, with the certificate in `folder`. Raises ConfigError when there can be none."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    if not _usable(certificate, key):
        make_certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"{certificate}: no certificate to serve with ({error}); delete it to have it made") from None
    return context


def make_certificate(folder: Path) -> None:
    """Make a key and a certificate for this machine's names and addresses. Raises ConfigError."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"vla_ros on {machine_names()[-1]}"[:64])])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # clocks of headsets are off
        .not_valid_after(now + LASTS)
        .add_extension(x509.SubjectAlternativeName(_alternative_names()), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(folder / KEY, private)
    write_private(folder / CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM))


def fingerprint(folder: Path) -> str:
    """Return the certificate's SHA-256, as browsers show it."""
    certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def certified(path: Path) -> tuple[set[str], set[Address], datetime.datetime]:
    """Return names and addresses a certificate is for, and when it ends. Raises ValueError when it is none."""
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = set(names.get_values_for_type(x509.DNSName))
    addresses = {ipaddress.ip_address(str(a)) for a in names.get_values_for_type(x509.IPAddress)}
    return hosts, addresses, certificate.not_valid_after_utc


def _usable(certificate: Path, key: Path) -> bool:
    """Say whether what is kept still fits this machine; a key that others can read does not."""
    try:
        hosts, addresses, ends = certified(certificate)
        private = is_private(key)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    fits = set(machine_names()) <= hosts and set(_all_addresses()) <= addresses
    return private and fits and ends - datetime.datetime.now(datetime.UTC) > RENEWED_BEFORE


def _all_addresses() -> tuple[Address, ...]:
    loopback = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
    return tuple(dict.fromkeys((*machine_addresses(), *loopback)))


def _alternative_names() -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in machine_names()]
    return names + [x509.IPAddress(address) for address in _all_addresses()]
