# SPDX-License-Identifier: Apache-2.0
"""Keystores as others read them: openssl, the schema of DDS Security 1.1, rmw's layout."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from controllers.errors import ConfigError
from vla_ros.security.authority import common_name
from vla_ros.security.checks import check_graph, enclave_problem, excess, signature_problem
from vla_ros.security.interface import DdsTopics, interface
from vla_ros.security.keystore import ENCLAVE_FILES, Keystore
from vla_ros.security.policy_documents import granted

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)
TOPICS = DdsTopics(frozenset({"rt/a", "rr/b/getReply"}), frozenset({"rq/b/getRequest", "rt/*"}))
FEWER = DdsTopics(frozenset({"rt/a"}), frozenset({"rt/c"}))
DOMAIN = 7
# What the two schemas ask of the order and number of children, and of values.
CHILDREN = {
    "permissions": {
        "dds": ["permissions"],
        "permissions": ["grant"],
        "grant": ["subject_name", "validity", "allow_rule", "default"],
        "validity": ["not_before", "not_after"],
        "allow_rule": ["domains", "publish", "subscribe"],
        "domains": ["id"],
        "publish": ["topics"],
        "subscribe": ["topics"],
    },
    "governance": {
        "dds": ["domain_access_rules"],
        "domain_access_rules": ["domain_rule"],
        "domain_rule": [
            "domains",
            "allow_unauthenticated_participants",
            "enable_join_access_control",
            "discovery_protection_kind",
            "liveliness_protection_kind",
            "rtps_protection_kind",
            "topic_access_rules",
        ],
        "domains": ["id"],
        "topic_access_rules": ["topic_rule"],
        "topic_rule": [
            "topic_expression",
            "enable_discovery_protection",
            "enable_liveliness_protection",
            "enable_read_access_control",
            "enable_write_access_control",
            "metadata_protection_kind",
            "data_protection_kind",
        ],
    },
}


@pytest.fixture
def store(tmp_path: Path) -> Keystore:
    store = Keystore.make(tmp_path / "keys", DOMAIN, NOW)
    store.add("/control", TOPICS, DOMAIN, NOW, 30)
    return store


def openssl(*words: str | Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, check=False)


def signed_text(store: Keystore, file: str) -> bytes:
    """Return what openssl says was signed by the permissions CA."""
    ca = store.folder / "public/permissions_ca.cert.pem"
    done = openssl("smime", "-verify", "-text", "-in", store.folder / file, "-CAfile", ca)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("kind", "file"),
    [("governance", "enclaves/governance.p7s"), ("permissions", "enclaves/control/permissions.p7s")],
)
def test_openssl_verifies_what_is_signed_and_it_has_the_schemas_form(store, kind, file):
    text = signed_text(store, file)
    assert text.replace(b"\r\n", b"\n") == (store.folder / file).with_suffix(".xml").read_bytes()
    root = ElementTree.fromstring(text)
    for element in root.iter():
        expected = CHILDREN[kind].get(element.tag)
        if element.tag == "topics":
            assert {child.tag for child in element} == {"topic"}
        elif expected is None:
            assert len(element) == 0
            assert element.text
            assert element.text.strip()
        else:
            assert [child.tag for child in element] == expected


def test_the_domain_is_closed_to_strangers_and_all_of_it_is_encrypted(store):
    root = ElementTree.fromstring(signed_text(store, "enclaves/governance.p7s"))
    rule = {element.tag: element.text for element in root.iter()}
    assert rule["id"] == "7"
    assert (rule["allow_unauthenticated_participants"], rule["enable_join_access_control"]) == ("false", "true")
    assert {value for tag, value in rule.items() if tag.endswith("_kind")} == {"ENCRYPT"}
    assert {value for tag, value in rule.items() if tag.endswith(("access_control", "_protection"))} == {"true"}


def test_an_enclave_may_do_what_it_is_given_and_is_denied_the_rest(store):
    root = ElementTree.fromstring(signed_text(store, "enclaves/control/permissions.p7s"))
    for way, topics in zip(("publish", "subscribe"), TOPICS, strict=True):
        found = [topic.text for topic in root.iterfind(f"permissions/grant/allow_rule/{way}/topics/topic")]
        assert found == sorted(topics)
    assert root.findtext("permissions/grant/default") == "DENY"
    assert root.findtext("permissions/grant/subject_name") == "CN=/control"
    assert store.grant("/control").topics == TOPICS


def test_certificates_chain_to_the_authority(store):
    ca, certificate = store.folder / "public/identity_ca.cert.pem", store.path("/control") / "cert.pem"
    assert openssl("verify", "-CAfile", ca, certificate).returncode == 0
    text = openssl("x509", "-in", certificate, "-noout", "-text").stdout.decode()
    assert "prime256v1" in text
    assert "CA:TRUE" not in text
    other = Keystore.make(store.folder.parent / "other", DOMAIN, NOW)
    assert openssl("verify", "-CAfile", other.folder / "public/ca.cert.pem", certificate).returncode != 0


def test_the_layout_is_rmws_and_nobody_else_may_read_it(store):
    assert all((store.path("/control") / name).is_file() for name in ENCLAVE_FILES)
    for path in store.folder.rglob("*"):
        if path.is_symlink():
            assert not Path(path.readlink()).is_absolute()  # the folder may be moved
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    shutil.move(store.folder, store.folder.parent / "moved")
    moved = Keystore(store.folder.parent / "moved")
    assert check_graph(moved, {"/control": TOPICS}, DOMAIN, NOW) == ""
    (moved.path("/control") / "key.pem").chmod(0o640)
    assert list(moved.open_files()) == ["enclaves/control/key.pem"]


@pytest.mark.parametrize("change", [(b"rt/a<", b"rt/b<"), (b"<default>DENY", b"<default>ALLOW")])
def test_altered_permissions_are_refused(store, change):
    file = store.path("/control") / "permissions.p7s"
    file.write_bytes(file.read_bytes().replace(*change))
    assert "not as this keystore's permissions CA signed it" in signature_problem(store, ["/control"])
    assert enclave_problem(store, "/control", TOPICS, DOMAIN, NOW)


def test_permissions_of_another_keystore_are_refused(store):
    other = Keystore.make(store.folder.parent / "other", DOMAIN, NOW)
    other.add("/control", TOPICS, DOMAIN, NOW, 30)
    assert signature_problem(store, ["/control"]) == ""
    for name in ("cert.pem", "key.pem", "permissions.p7s"):
        shutil.copy(other.path("/control") / name, store.path("/control") / name)
    assert (
        enclave_problem(store, "/control", TOPICS, DOMAIN, NOW)
        == "cert.pem is not signed by this keystore's identity CA"
    )
    assert signature_problem(store, ["/control"]).startswith("enclaves/control/permissions.p7s")


def test_what_does_not_fit_is_named(store):
    assert enclave_problem(store, "/control", FEWER, DOMAIN, NOW) == ""  # rt/* covers it
    assert "may publish rr/b/getReply, which its node does not" in excess(store, "/control", FEWER)
    more = DdsTopics(TOPICS.publish | {"rt/estop"}, TOPICS.subscribe)
    assert enclave_problem(store, "/control", more, DOMAIN, NOW) == "may not publish rt/estop"
    assert enclave_problem(store, "/guard", TOPICS, DOMAIN, NOW) == "is not there"
    assert "for /control on ROS domain 7, not 8" in enclave_problem(store, "/control", TOPICS, 8, NOW)
    assert check_graph(store, {"/control": TOPICS}, 8, NOW) == "its governance is for ROS domain 7, not 8"
    assert "expired on" in enclave_problem(store, "/control", TOPICS, DOMAIN, NOW + 31 * DAY)
    assert "not valid before" in enclave_problem(store, "/control", TOPICS, DOMAIN, NOW - DAY)
    (store.path("/control") / "permissions.p7s").unlink()
    assert enclave_problem(store, "/control", TOPICS, DOMAIN, NOW) == "permissions.p7s is not there"


def test_renewing_keeps_the_key(store):
    key, certificate = store.key("/control"), store.certificate("/control")
    store.renew("/control", FEWER, DOMAIN, NOW + 20 * DAY, 30)
    assert store.key("/control").private_numbers() == key.private_numbers()
    assert store.certificate("/control").not_valid_after_utc > certificate.not_valid_after_utc
    assert store.grant("/control").topics == FEWER
    assert common_name(store.certificate("/control")) == "/control"
    assert signature_problem(store, ["/control"]) == ""


def test_no_enclave_outlives_its_authority(store):
    store.add("/late", TOPICS, DOMAIN, NOW + 3600 * DAY, 365)
    assert store.certificate("/late").not_valid_after_utc == store.issuer().not_valid_after_utc


def test_without_the_private_part_nothing_is_signed(store):
    shutil.rmtree(store.folder / "private")
    assert check_graph(store, {"/control": TOPICS}, DOMAIN, NOW) == ""
    with pytest.raises(ConfigError, match=r"private/identity_ca.key.pem is not there: put it back"):
        store.add("/guard", TOPICS, DOMAIN, NOW, 30)
    assert store.enclaves() == ["/control"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 99, b"MIME-Version: 1.0\n\nx", b"<dds/>", b"\xff" * 50, b"Content-Type: multipart/signed\n\n"],
)
def test_what_is_no_signed_document_is_said_to_be_none(store, content):
    with pytest.raises(ConfigError, match="is no signed document"):
        granted(content)


def test_a_document_with_entities_is_not_parsed(store):
    signed = (store.path("/control") / "permissions.p7s").read_bytes()
    with pytest.raises(ConfigError, match="DOCTYPE"):
        granted(signed.replace(b"<dds", b'<!DOCTYPE d [<!ENTITY a "b">]><dds', 1))


def test_services_and_actions_become_the_topics_that_rmw_gives_them():
    topics = interface(["a"], ["/b"], ["s"], ["c"], ["grip"]).dds_topics("left")
    assert topics.publish >= {
        "rt/left/a",
        "rr/left/sReply",
        "rq/left/cRequest",
        "rq/left/grip/_action/send_goalRequest",
    }
    assert topics.subscribe >= {"rt/b", "rq/left/sRequest", "rr/left/cReply", "rt/left/grip/_action/feedback"}
    assert "ros_discovery_info" in topics.publish & topics.subscribe
    executed = interface(executes=["grip"]).dds_topics()
    asked = interface(commands=["grip"]).dds_topics()
    assert (executed.publish, executed.subscribe) == (asked.subscribe, asked.publish)
