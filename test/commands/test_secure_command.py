# SPDX-License-Identifier: Apache-2.0
"""`vla secure`: made, extended, checked, signed anew; and the launch that takes a keystore or says why not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from controllers.errors import ConfigError
from vla_ros.cli import main
from vla_ros.launching import security
from vla_ros.launching.checks import check_launch
from vla_ros.launching.environment import node_environment
from vla_ros.launching.jobs import load_job
from vla_ros.launching.ros_launch import node_settings
from vla_ros.nodes.enclave import enclave_words
from vla_ros.runtime.running import RunningGraph

NODES = ("sim", "camera", "state", "policy", "control", "guard", "episode", "manager", "recorder", "view", "tf")
OUTSIDE = ("home", "operator", "observer")
JOB = ("--job", "franka_grasp", "policy:=geometric")


@pytest.fixture
def secure(capsys, tmp_path, monkeypatch):
    """Return what runs the command on a keystore of this test, and gives exit code and words."""
    monkeypatch.delenv("ROS_DOMAIN_ID", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*words: str, job: tuple[str, ...] = JOB) -> tuple[int, str]:
        code = main(["secure", "keys", *job, *words])
        streams = capsys.readouterr()
        return code, streams.out + streams.err

    return call


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_job_gets_an_enclave_for_each_node(secure, tmp_path):
    code, text = secure("--domain", "5")
    assert code == 0
    lines = text.splitlines()
    assert {line.split()[0] for line in lines if line.startswith("/")} == {f"/{name}" for name in (*NODES, *OUTSIDE)}
    assert all(line.endswith("made") for line in lines if line.startswith("/"))
    assert "keys: ROS domain 5; its CA is valid until " in lines[-1]
    assert all((tmp_path / "keys/enclaves" / name / "permissions.p7s").is_file() for name in NODES)


def test_a_keystore_is_extended_and_what_is_there_stays(secure, tmp_path):
    secure()
    before = content(tmp_path / "keys")
    code, text = secure(job=("--job", "franka_teleop"))
    after = content(tmp_path / "keys")
    assert "/bridge" in text
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[1] for name in after.keys() - before.keys()} == {"bridge"}
    assert code == 1  # the manager's are for other nodes
    assert "/manager: may not publish rq/vr_bridge_node/change_stateRequest" in text


def test_what_does_not_fit_is_signed_anew_when_asked(secure, tmp_path):
    secure()
    keys = {name: data for name, data in content(tmp_path / "keys").items() if name.endswith("key.pem")}
    code, text = secure("--check", "cameras:=front", "--robot", "franka")
    assert code == 1
    assert "! /camera: may publish rt/cameras/side/" in text
    assert secure("--update", "cameras:=front")[0] == 0
    assert secure("--check", "cameras:=front")[0] == 0
    assert {name: data for name, data in content(tmp_path / "keys").items() if name.endswith("key.pem")} == keys


def test_check_writes_nothing_and_names_what_expires(secure, tmp_path):
    assert secure("--check")[0] == 2
    assert not (tmp_path / "keys").exists()
    secure("--days", "20")
    before = content(tmp_path / "keys")
    assert secure("--check")[0] == 0
    assert content(tmp_path / "keys") == before
    code, text = secure("--update")  # they end within 30 days
    assert code == 0
    assert text.count("signed anew") == len(NODES) + len(OUTSIDE)


ADVICE = "--update signs anew"


def test_update_is_advised_where_it_helps(secure, tmp_path, monkeypatch):
    secure()
    permissions = tmp_path / "keys/enclaves/state/permissions.p7s"
    permissions.write_bytes(permissions.read_bytes().replace(b"<not_before>20", b"<not_before>19"))
    code, text = secure("--check")
    assert code == 1
    assert "permissions.p7s" in text
    assert ADVICE in text
    assert secure("--update")[0] == 0
    assert secure("--check")[0] == 0
    key = tmp_path / "keys/enclaves/state/key.pem"
    key.chmod(0o644)
    code, text = secure("--check")
    assert code == 1
    assert "chmod 600" in text
    assert ADVICE not in text
    key.chmod(0o600)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, text = secure("--check")
    assert code == 1
    assert "! signatures are not looked at: openssl is not installed: install it" in text
    assert ADVICE not in text


def test_namespaces_share_a_keystore(secure):
    secure()
    code, text = secure("namespace:=left")
    assert code == 0
    assert "/left/control" in text
    assert "not of this job: /camera, /control" in text


def test_what_cannot_be_is_one_line(secure, tmp_path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/notes.txt").write_text("mine")
    wrong = [((), "keystore keys: is none (public/identity_ca.cert.pem is not there): name another folder")]
    wrong += [(("--days", "0"), "--days 0: give 1 to 3650"), (("--domain", "999"), "domain_id:=999: out of range")]
    wrong += [(("--check", "--update"), "give one of the two"), (("namespace:=1a",), "namespace:=1a: ")]
    for words, expected in wrong:
        code, text = secure(*words)
        assert code == 2
        assert expected in text
        assert len(text.splitlines()) == 1
    assert content(tmp_path / "keys") == {"notes.txt": b"mine"}


def test_another_domain_is_refused(secure):
    secure("--domain", "5")
    code, text = secure("--domain", "6")
    assert code == 2
    assert "its governance is for ROS domain 5, not 6" in text


# -- the launch ------------------------------------------------------------------------------------------------------
@pytest.mark.skipif(not Path(sys.prefix, "lib/libfastrtps.so").exists(), reason="not the pip home")
def test_the_pip_home_refuses_in_a_line_with_the_remedy(secure, capsys):
    secure()
    code = main(["launch", "franka_grasp", "policy:=geometric", "security:=keys"])
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2
    assert "built without the security plug-ins" in line
    assert "on a full ROS 2 Jazzy, whose packages have them, ros2 launch and vla-ros launch take it" in line


def words(*more: str) -> list[str]:
    return ["policy:=geometric", "security:=keys", *more]


@pytest.fixture
def plugins(monkeypatch):
    """Have a DDS with its security plug-ins, as a full ROS 2 has."""
    monkeypatch.setattr(security, "missing_plugins", lambda: "")


def test_a_launch_refuses_a_keystore_that_does_not_fit(secure, plugins):
    graph = load_job("franka_grasp")
    with pytest.raises(ConfigError, match="keystore keys: is none"):
        check_launch(graph, words())
    secure("--domain", "5")
    with pytest.raises(ConfigError, match="is for ROS domain 5, not 0: vla secure keys --job franka_grasp"):
        check_launch(graph, words())
    check_launch(graph, words("domain_id:=5"))
    with pytest.raises(ConfigError, match="/camera: may not publish rt/cameras/wrist/"):
        check_launch(graph, words("domain_id:=5", "cameras:=front,side,wrist"))


def test_a_launch_gives_each_node_its_enclave(secure, plugins, tmp_path):
    secure("namespace:=left")
    graph = load_job("franka_grasp")
    arguments = check_launch(graph, words("namespace:=left"))
    for environment in (node_environment(arguments, colored=False) | security.security_environment(arguments),
                        node_settings(arguments, {})):  # fmt: skip
        assert environment["ROS_SECURITY_KEYSTORE"] == str(tmp_path / "keys")
        assert (environment["ROS_SECURITY_ENABLE"], environment["ROS_SECURITY_STRATEGY"]) == ("true", "Enforce")
    assert node_environment(arguments, colored=False)["ROS_DOMAIN_ID"] == "0"  # that the keys are for, not any free one
    control = next(node for node in graph.nodes if node.name == "control")
    assert security.enclave_words(control, arguments) == ["--enclave", "/left/control"]
    assert security.enclave_words(control, arguments | {"security": ""}) == []
    assert security.security_environment({"security": ""}) == {}
    looking_on = {"ROS_SECURITY_ENCLAVE_OVERRIDE": "/left/observer"}
    assert security.observer_environment(arguments) == security.security_environment(arguments) | looking_on
    assert security.observer_environment(arguments | {"security": ""}) == {}


def test_commands_beside_a_secured_job_have_an_operators_keys():
    graph = RunningGraph(1, "job", 5, "LOCALHOST", "", "", "left", keystore="/keys")
    assert graph.environment["ROS_SECURITY_ENCLAVE_OVERRIDE"] == "/left/operator"
    assert graph.environment["ROS_SECURITY_KEYSTORE"] == "/keys"
    assert not any("SECURITY" in name for name in RunningGraph(1, "job", 5, "LOCALHOST", "", "").environment)


def test_what_a_node_starts_is_in_an_enclave_too():
    started = ["vr_bridge_node", "--ros-args", "--enclave", "/left/bridge", "-r", "__ns:=/left"]
    assert enclave_words("", started) == ["--enclave", "/left/bridge"]
    assert enclave_words("home", started) == ["--enclave", "/left/home"]
    assert enclave_words("home", ["vr_bridge_node", "--ros-args", "--enclave"]) == []


@pytest.mark.parametrize(
    ("rmw", "file", "content", "problem"),
    [
        ("rmw_fastrtps_cpp", "libfastrtps.so.2.14", b"..DDS:Auth:PKI-DH:1.0..", ""),
        ("rmw_fastrtps_cpp", "libfastrtps.so.2.14", b"....", "built without the security plug-ins"),
        ("rmw_cyclonedds_cpp", "x86_64-linux-gnu/libdds_security_auth.so", b"", ""),
        ("rmw_cyclonedds_cpp", "libddsc.so", b"", "is in no folder of this installation"),
        ("rmw_zenoh_cpp", "libzenoh.so", b"", "it is not known whether rmw_zenoh_cpp has"),
    ],
)
def test_plug_ins_are_looked_for_in_the_packages(tmp_path, monkeypatch, rmw, file, content, problem):
    library = tmp_path / "ros/lib" / file
    library.parent.mkdir(parents=True)
    library.write_bytes(content)
    monkeypatch.setattr(security, "prefixes", lambda: [tmp_path / "ros"])
    monkeypatch.setattr(security.sysconfig, "get_path", lambda name: str(tmp_path / "venv/lib/python3/site-packages"))
    found = security.missing_plugins({"RMW_IMPLEMENTATION": rmw})
    assert (found == "") if not problem else (problem in found)
