# SPDX-License-Identifier: Apache-2.0
"""Governance and permissions as the XML of DDS-Security 1.1 (sections 9.4.1.2 and 9.4.1.3), written and read."""

from __future__ import annotations

import datetime
import email
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from controllers.errors import ConfigError
from vla_ros.security.interface import DdsTopics

DOCUMENT_MAX = 4 << 20  # [bytes]
_SCHEMA = "http://www.omg.org/spec/DDS-SECURITY/20170901/omg_shared_ca_{}.xsd"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation"
_DOMAIN = {  # of the whole domain: nobody without a certificate joins, and nothing is said in the clear
    "allow_unauthenticated_participants": "false",
    "enable_join_access_control": "true",
    "discovery_protection_kind": "ENCRYPT",
    "liveliness_protection_kind": "ENCRYPT",
    "rtps_protection_kind": "ENCRYPT",
}
_TOPICS = {  # of every topic
    "topic_expression": "*",
    "enable_discovery_protection": "true",
    "enable_liveliness_protection": "true",
    "enable_read_access_control": "true",
    "enable_write_access_control": "true",
    "metadata_protection_kind": "ENCRYPT",
    "data_protection_kind": "ENCRYPT",
}


@dataclass(frozen=True)
class Grant:
    """What a permissions document allows its one subject; all else is denied."""

    enclave: str
    topics: DdsTopics
    domain: int
    begins: datetime.datetime
    ends: datetime.datetime


def governance(domain: int) -> bytes:
    """Return the rules of a ROS domain, as ros2 security makes them: all of it authenticated and encrypted."""
    root = _root("governance")
    rule = SubElement(SubElement(root, "domain_access_rules"), "domain_rule")
    _domains(rule, domain)
    _texts(rule, _DOMAIN)
    _texts(SubElement(SubElement(rule, "topic_access_rules"), "topic_rule"), _TOPICS)
    return _bytes(root)


def permissions(grant: Grant) -> bytes:
    """Return the document of one enclave."""
    root = _root("permissions")
    element = SubElement(SubElement(root, "permissions"), "grant", name=grant.enclave)
    _texts(element, {"subject_name": f"CN={grant.enclave}"})
    validity = SubElement(element, "validity")
    _texts(validity, {"not_before": grant.begins.isoformat(), "not_after": grant.ends.isoformat()})
    rule = SubElement(element, "allow_rule")
    _domains(rule, grant.domain)
    for name, topics in zip(DdsTopics._fields, grant.topics, strict=True):
        listed = SubElement(SubElement(rule, name), "topics")
        for topic in sorted(topics):
            SubElement(listed, "topic").text = topic
    _texts(element, {"default": "DENY"})
    return _bytes(root)


def governed_domains(signed: bytes) -> list[int]:
    """Return the ROS domains that a signed governance document is for. Raises ConfigError."""
    return _domain_ids(_read(signed).iterfind("domain_access_rules/domain_rule/domains/id"))


def granted(signed: bytes) -> Grant:
    """Return what signed permissions of one grant allow; whether the signature is right is not looked at here.

    Raises ConfigError for what is no such document, or has rules of other kinds.
    """
    grants = _read(signed).findall("permissions/grant")
    rules = [rule for grant in grants for rule in grant if rule.tag in ("allow_rule", "deny_rule")]
    domains = _domain_ids(rules[0].iterfind("domains/id")) if len(rules) == 1 else []
    if len(grants) != 1 or len(domains) != 1 or rules[0].tag != "allow_rule":
        raise ConfigError("does not hold one grant with one rule for one domain, as `vla secure` writes it")
    if grants[0].findtext("default") != "DENY":
        raise ConfigError("allows by default what it does not name")
    publish, subscribe = (
        frozenset(topic.text or "" for topic in rules[0].iterfind(f"{name}/topics/topic")) for name in DdsTopics._fields
    )
    try:
        ends = [
            datetime.datetime.fromisoformat(grants[0].findtext(f"validity/{n}", ""))
            for n in ("not_before", "not_after")
        ]
    except ValueError:
        raise ConfigError("says no times of validity") from None
    begins, end = (one if one.tzinfo else one.replace(tzinfo=datetime.UTC) for one in ends)
    subject = grants[0].findtext("subject_name", "").removeprefix("CN=")
    return Grant(subject, DdsTopics(publish, subscribe), domains[0], begins, end)


def _domain_ids(elements: Iterable[Element]) -> list[int]:
    texts = [element.text or "" for element in elements]
    return [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 4]


def _read(signed: bytes) -> Element:
    """Return the document inside of S/MIME. Raises ConfigError."""
    if len(signed) > DOCUMENT_MAX:
        raise ConfigError(f"is larger than {DOCUMENT_MAX >> 20} MB")
    message = email.message_from_bytes(signed)
    parts = [part for part in message.walk() if not part.is_multipart()]
    text = parts[0].get_payload() if parts else None
    if message.get_content_type() != "multipart/signed" or not isinstance(text, str) or not text.strip():
        raise ConfigError("is no signed document (S/MIME)")
    if "<!DOCTYPE" in text:
        raise ConfigError("holds a <!DOCTYPE>")
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        raise ConfigError("holds no XML") from None


def _root(kind: str) -> Element:
    return Element("dds", {_XSI: _SCHEMA.format(kind)})


def _domains(parent: Element, domain: int) -> None:
    SubElement(SubElement(parent, "domains"), "id").text = str(domain)


def _texts(parent: Element, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = text


def _bytes(root: Element) -> bytes:
    ElementTree.register_namespace("xsi", "http://www.w3.org/2001/XMLSchema-instance")
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"
