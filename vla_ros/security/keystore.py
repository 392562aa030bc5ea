# SPDX-License-Identifier: Apache-2.0
"""A keystore as `ros2 security` lays it out: public/, private/, enclaves/ with a folder for each participant.

The signed files and what rmw reads are the same as those of sros2's tools, so each extends the other's keystores.
"""

from __future__ import annotations

import datetime
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from controllers.errors import ConfigError
from vla_ros.new_file import PRIVATE, replace_file
from vla_ros.security.authority import (
    Authority,
    make_authority,
    make_key,
    pem,
    read_authority,
    read_certificate,
    read_key,
)
from vla_ros.security.interface import DdsTopics
from vla_ros.security.policy_documents import DOCUMENT_MAX, Grant, governance, granted, permissions

T = TypeVar("T")
AUTHORITY_DAYS = 3650
PRIVATE_FOLDER = 0o700
IDENTITY, PERMISSIONS = "identity_ca", "permissions_ca"
GOVERNANCE = "enclaves/governance.p7s"
ENCLAVE_FILES = (
    "cert.pem", "key.pem", "governance.p7s", "permissions.p7s", "identity_ca.cert.pem", "permissions_ca.cert.pem"
)  # fmt: skip
_PUBLIC = (f"public/{IDENTITY}.cert.pem", f"public/{PERMISSIONS}.cert.pem", GOVERNANCE)


class Keystore:
    """One folder of keys; whoever can read private/ can let anybody in."""

    def __init__(self, folder: Path) -> None:
        """Open one. Raises ConfigError for a folder that is none."""
        self.folder = folder
        missing = [name for name in _PUBLIC if not (folder / name).is_file()]
        if missing:
            raise ConfigError(f"keystore {folder}: is none ({missing[0]} is not there): name another folder")

    @classmethod
    def make(cls, folder: Path, domain: int, now: datetime.datetime) -> Keystore:
        """Make one for a ROS domain in a folder that is empty, or not there yet. Raises ConfigError."""
        try:
            if folder.is_dir() and any(folder.iterdir()):
                return cls(folder)  # which says what is missing
            for part in (folder, folder / "public", folder / "private", folder / "enclaves"):
                part.mkdir(PRIVATE_FOLDER, parents=part == folder, exist_ok=True)
                part.chmod(PRIVATE_FOLDER)
            authority = make_authority(now, AUTHORITY_DAYS)
            for file, own in (("public/{}.cert.pem", authority.certificate), ("private/{}.key.pem", authority.key)):
                shared = folder / file.format("ca")
                replace_file(shared, pem(own), PRIVATE)
                for name in (IDENTITY, PERMISSIONS):
                    (folder / file.format(name)).symlink_to(shared.name)
            rules = governance(domain)
            replace_file(folder / "enclaves/governance.xml", rules, PRIVATE)
            replace_file(folder / GOVERNANCE, authority.sign(rules), PRIVATE)
        except OSError as error:
            raise ConfigError(f"keystore {folder}: cannot be made ({error.strerror})") from None
        return cls(folder)

    def enclaves(self) -> list[str]:
        """Name the enclaves, such as /control, in alphabetical order."""
        root = self.folder / "enclaves"
        names = [key.parent.relative_to(root).as_posix() for key in root.rglob("key.pem")]
        return sorted(f"/{name}" for name in names if not name.rpartition("/")[2].startswith("."))  # else half-made

    def path(self, enclave: str) -> Path:
        """Return the folder of an enclave."""
        return self.folder / "enclaves" / enclave.strip("/")

    def add(self, enclave: str, topics: DdsTopics, domain: int, now: datetime.datetime, days: int) -> None:
        """Make an enclave with a key of its own, whole or not at all. Raises ConfigError."""
        final = self.path(enclave)
        making = final.with_name(f".{final.name}.new")
        try:
            final.parent.mkdir(PRIVATE_FOLDER, parents=True, exist_ok=True)
            shutil.rmtree(making, ignore_errors=True)  # of a run that was interrupted
            making.mkdir(PRIVATE_FOLDER)
            key = make_key()
            replace_file(making / "key.pem", pem(key), PRIVATE)
            certificate = self.authority(IDENTITY).certify(enclave, key.public_key(), now, days)
            for name in (f"public/{IDENTITY}.cert.pem", f"public/{PERMISSIONS}.cert.pem", GOVERNANCE):
                (making / Path(name).name).symlink_to(os.path.relpath(self.folder / name, final))
            self._permit(making, enclave, certificate, topics, domain)
            making.rename(final)
        except OSError as error:
            raise ConfigError(f"keystore {self.folder}: {enclave} cannot be made ({error.strerror})") from None

    def renew(self, enclave: str, topics: DdsTopics, domain: int, now: datetime.datetime, days: int) -> None:
        """Sign certificate and permissions of an enclave anew; its key stays. Raises ConfigError."""
        key = self.key(enclave).public_key()
        certificate = self.authority(IDENTITY).certify(enclave, key, now, days)
        try:
            self._permit(self.path(enclave), enclave, certificate, topics, domain)
        except OSError as error:
            raise ConfigError(f"keystore {self.folder}: {enclave} cannot be signed anew ({error.strerror})") from None

    def authority(self, name: str) -> Authority:
        """Return IDENTITY or PERMISSIONS with its private key. Raises ConfigError where that is kept elsewhere."""
        certificate, key = f"public/{name}.cert.pem", f"private/{name}.key.pem"
        if not (self.folder / key).is_file():
            raise ConfigError(f"keystore {self.folder}: {key} is not there: put it back to sign anything")
        try:
            return read_authority(self.read(certificate), self.read(key))
        except ConfigError as error:
            raise ConfigError(f"keystore {self.folder}: {name}: {error}") from None

    def issuer(self) -> x509.Certificate:
        """Return the certificate that signs identities. Raises ConfigError."""
        return self._named(read_certificate, f"public/{IDENTITY}.cert.pem")

    def certificate(self, enclave: str) -> x509.Certificate:
        """Return the certificate of an enclave. Raises ConfigError."""
        return self._named(read_certificate, f"enclaves{enclave}/cert.pem")

    def key(self, enclave: str) -> ec.EllipticCurvePrivateKey:
        """Return the private key of an enclave. Raises ConfigError."""
        return self._named(read_key, f"enclaves{enclave}/key.pem")

    def grant(self, enclave: str) -> Grant:
        """Return what the permissions of an enclave say. Raises ConfigError."""
        return self._named(granted, f"enclaves{enclave}/permissions.p7s")

    def read(self, name: str) -> bytes:
        """Return a file's content. Raises ConfigError for one that is not there, or too large."""
        try:
            with (self.folder / name).open("rb") as file:
                data = file.read(DOCUMENT_MAX + 1)
        except OSError as error:
            raise ConfigError(f"{name}: cannot be read ({error.strerror})") from None
        if len(data) > DOCUMENT_MAX:
            raise ConfigError(f"{name}: is larger than {DOCUMENT_MAX >> 20} MB")
        return data

    def open_files(self) -> Iterator[str]:
        """Yield the private keys that others may read, or that are another user's."""
        for path in (*self.folder.glob("private/*.pem"), *self.folder.glob("enclaves/**/key.pem")):
            status = path.stat()
            if status.st_mode & 0o077 or status.st_uid != os.geteuid():
                yield str(path.relative_to(self.folder))

    def _permit(
        self, folder: Path, enclave: str, certificate: x509.Certificate, topics: DdsTopics, domain: int
    ) -> None:
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        document = permissions(Grant(enclave, topics, domain, begins, ends))
        signed = self.authority(PERMISSIONS).sign(document)
        replace_file(folder / "cert.pem", pem(certificate), PRIVATE)
        replace_file(folder / "permissions.xml", document, PRIVATE)
        replace_file(folder / "permissions.p7s", signed, PRIVATE)

    def _named(self, read: Callable[[bytes], T], name: str) -> T:
        data = self.read(name)
        try:
            return read(data)
        except ConfigError as error:
            raise ConfigError(f"{name}: {error}") from None
