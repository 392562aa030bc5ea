# SPDX-License-Identifier: Apache-2.0
"""Whether a keystore fits a graph: what is missing, has expired, was altered, or allows what no node does."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from controllers.errors import ConfigError
from vla_ros.security.authority import identity_problem
from vla_ros.security.interface import DdsTopics
from vla_ros.security.keystore import ENCLAVE_FILES, GOVERNANCE, PERMISSIONS, Keystore
from vla_ros.security.policy_documents import governed_domains

OPENSSL = "openssl"
SHOWN = 3  # topics of a list


def keystore_problem(store: Keystore, domain: int, now: datetime.datetime) -> str:
    """Return what is wrong with what all enclaves share, or ""."""
    try:
        issuer, domains = store.issuer(), governed_domains(store.read(GOVERNANCE))
    except ConfigError as error:
        return str(error)
    if now >= issuer.not_valid_after_utc:
        return f"its identity CA expired on {issuer.not_valid_after_utc:%Y-%m-%d}: make another keystore"
    return "" if domains == [domain] else f"its governance is for ROS domain {_domains(domains)}, not {domain}"


def enclave_problem(store: Keystore, enclave: str, topics: DdsTopics, domain: int, now: datetime.datetime) -> str:
    """Return why an enclave's node could not do what it does, or ""."""
    missing = [name for name in ENCLAVE_FILES if not (store.path(enclave) / name).is_file()]
    if missing:
        return "is not there" if len(missing) == len(ENCLAVE_FILES) else f"{missing[0]} is not there"
    try:
        certificate = store.certificate(enclave)
        problem = identity_problem(certificate, store.key(enclave), store.issuer(), enclave, now)
        grant = store.grant(enclave)
    except ConfigError as error:
        return str(error)
    if problem:
        return problem
    if (grant.enclave, grant.domain) != (enclave, domain):
        return f"permissions.p7s is for {grant.enclave} on ROS domain {grant.domain}, not {domain}"
    if not grant.begins <= now < grant.ends:
        return f"permissions.p7s is valid from {grant.begins:%Y-%m-%d} to {grant.ends:%Y-%m-%d}"
    for verb, needed, given in zip(DdsTopics._fields, topics, grant.topics, strict=True):
        if lacking := [topic for topic in sorted(needed) if not _covered(topic, given)]:
            return f"may not {verb} {_listed(lacking)}"
    return ""


def excess(store: Keystore, enclave: str, topics: DdsTopics) -> str:
    """Return what the permissions of an enclave allow and its node does not do, or "". Raises ConfigError."""
    for verb, needed, given in zip(DdsTopics._fields, topics, store.grant(enclave).topics, strict=True):
        if beyond := sorted(given - needed):
            return f"may {verb} {_listed(beyond)}, which its node does not"
    return ""


def signature_problem(store: Keystore, enclaves: Iterable[str]) -> str:
    """Return which signed file is not as the permissions CA signed it, or "". openssl looks, where there is one."""
    if shutil.which(OPENSSL) is None:
        return "signatures are not looked at: openssl is not installed: install it, then use --check"
    for name in (GOVERNANCE, *map(_permissions_file, enclaves)):
        if not _as_signed(store, name):
            return f"{name}: is not as this keystore's permissions CA signed it"
    return ""


def permissions_altered(store: Keystore, enclave: str) -> bool:
    """Say whether openssl, where there is one, finds an enclave's permissions other than the CA signed them."""
    return shutil.which(OPENSSL) is not None and not _as_signed(store, _permissions_file(enclave))


def _permissions_file(enclave: str) -> str:
    return f"enclaves{enclave}/permissions.p7s"


def _as_signed(store: Keystore, name: str) -> bool:
    authority = store.folder / f"public/{PERMISSIONS}.cert.pem"
    words = [OPENSSL, "smime", "-verify", "-text", "-in", str(store.folder / name), "-CAfile", str(authority)]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def check_graph(store: Keystore, wanted: Mapping[str, DdsTopics], domain: int, now: datetime.datetime) -> str:
    """Return the first thing that keeps the nodes of a graph from working with a keystore, or ""."""
    problem = keystore_problem(store, domain, now)
    for enclave, topics in wanted.items():
        if problem:
            break
        found = enclave_problem(store, enclave, topics, domain, now)
        problem = f"{enclave}: {found}" if found else ""
    return problem


def _covered(topic: str, given: Iterable[str]) -> bool:
    return any(fnmatchcase(topic, expression) for expression in given)


def _domains(domains: Iterable[int]) -> str:
    return ", ".join(map(str, domains)) or "none"


def _listed(topics: list[str]) -> str:
    more = f" and {len(topics) - SHOWN} more" if len(topics) > SHOWN else ""
    return ", ".join(topics[:SHOWN]) + more
