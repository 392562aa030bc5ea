# SPDX-License-Identifier: Apache-2.0
"""The doctor on machines that lack something, one thing at a time."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from importlib import metadata

import pytest

from controllers.errors import ConfigError
from vla_ros.commands.doctor import command, equipment, machine, messaging, ros
from vla_ros.commands.doctor.check_result import CheckResult, missing, poor
from vla_ros.hardware.cameras.realsense import library
from vla_ros.launching import egl
from vla_ros.launching.environment import domain_ports

Usage = namedtuple("Usage", "total used free")
MIB = 2**20


@pytest.fixture(autouse=True)
def plain_shell(monkeypatch):
    """Take away what the tests themselves set."""
    for name in ("ROS_DOMAIN_ID", "RMW_IMPLEMENTATION", "AMENT_PREFIX_PATH", "FASTDDS_BUILTIN_TRANSPORTS",
                 "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE", "ROS_STATIC_PEERS",
                 "ROS_LOCALHOST_ONLY"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


def without(monkeypatch, *modules: str) -> None:
    """Make modules look as if they were not installed."""
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name in modules else real(name, *rest))


# -- Python, packages, ROS ---------------------------------------------------------------------------------------------
def test_an_old_python_is_fatal(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    finding = ros.check_python()
    assert finding.fatal
    assert "3.10.12" in finding.state
    assert "3.11 or newer" in finding.remedy


def test_missing_packages_are_named_with_the_command_that_installs_them(monkeypatch):
    assert ros.check_packages().ok
    without(monkeypatch, "pinocchio", "ruckig")
    finding = ros.check_packages()
    assert finding.fatal
    assert finding.state == "not installed: pin, ruckig"
    assert "pip install pin ruckig" in finding.remedy


def test_a_wheel_of_another_distribution_is_fatal(monkeypatch):
    monkeypatch.setattr(ros, "installed_ros_wheels", lambda: {"ros-jazzy-rclpy": "7.1.5", "ros-rcl": "10.1.0"})
    finding = ros.check_ros()
    assert finding.fatal
    assert "ros-rcl 10.1.0 (Jazzy has 9.2)" in finding.state


def test_no_ros_at_all_is_fatal(monkeypatch):
    monkeypatch.setattr(ros, "installed_ros_wheels", dict)
    monkeypatch.setitem(sys.modules, "rclpy", None)  # as if it were not there
    finding = ros.check_ros()
    assert finding.fatal
    assert "./vla" in finding.remedy


@pytest.mark.parametrize("variable", ["AMENT_PREFIX_PATH", "PYTHONPATH", "LD_LIBRARY_PATH"])
def test_a_sourced_ros_is_fatal(monkeypatch, variable):
    monkeypatch.setenv(variable, "/opt/ros/jazzy/lib")
    finding = ros.check_mixture()
    assert finding.fatal
    assert f"{variable} holds /opt/ros/jazzy/lib" in finding.state


# -- the machine -------------------------------------------------------------------------------------------------------
def test_no_rendering_is_fatal_with_what_to_install(monkeypatch):
    monkeypatch.setattr(machine, "egl_problem", lambda: "libEGL.so.1: cannot open shared object file")
    monkeypatch.setenv("MUJOCO_GL", "egl")
    finding = machine.check_rendering()
    assert finding.fatal
    assert finding.remedy == egl.REMEDY
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    assert machine.check_rendering().ok


def test_shared_memory_missing_small_or_locked_up(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "SHARED_MEMORY", tmp_path / "shm")
    assert machine.check_shared_memory().fatal
    (tmp_path / "shm").mkdir()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(64 * MIB, 60 * MIB, 4 * MIB))
    small = machine.check_shared_memory()
    assert (small.ok, small.fatal) == (False, False)
    assert "4 MiB free" in small.state
    assert "--shm-size" in small.remedy
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert machine.check_shared_memory().fatal


def test_few_cores_and_little_memory_are_said(monkeypatch, tmp_path):
    monkeypatch.setattr(machine, "CONTROL_GROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3})
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 4 * 2**20}.__getitem__)
    assert machine.check_cores() == CheckResult("machine", "4 cores, 16.0 GiB memory")
    # A container may use less than the machine has.
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert "1.5 cores" in machine.check_cores().state
    assert machine.check_cores().mark == "warn"
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text(f"{2 * 2**30}\n")
    finding = machine.check_cores()
    assert "2.0 GiB" in finding.state
    assert finding.mark == "warn"


def test_real_time_that_is_not_permitted_is_a_note(monkeypatch):
    def refuse(*arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (8 * MIB, 8 * MIB))
    finding = machine.check_real_time()
    assert finding.mark == "note"
    assert "SCHED_FIFO and locked memory" in finding.state
    assert "rtprio" in finding.remedy
    assert "memlock" in finding.remedy


def test_asking_for_real_time_leaves_the_scheduler_as_it_was():
    before = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
    machine.check_real_time()
    assert (os.sched_getscheduler(0), os.sched_getparam(0).sched_priority) == before


@pytest.mark.parametrize(("free", "mark"), [(50, "FAIL"), (500, "warn"), (50_000, "ok")])
def test_a_disk_that_fills_up(monkeypatch, tmp_path, free, mark):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, free * MIB))
    assert machine.check_disk().mark == mark


def test_a_folder_of_somebody_else(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    finding = machine.check_disk()
    assert finding.fatal
    assert str(tmp_path) in finding.state


# -- messages ----------------------------------------------------------------------------------------------------------
def test_settings_that_replace_our_profiles_are_named_with_what_they_do(monkeypatch, tmp_path):
    assert messaging.check_middleware().mark == "ok"
    profile = tmp_path / "mine.xml"
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", str(profile))
    assert messaging.check_middleware().fatal  # Fast DDS would go on with its defaults, and images get lost
    profile.write_text("<profiles/>")
    finding = messaging.check_middleware()
    assert finding.mark == "warn"
    assert f"FASTRTPS_DEFAULT_PROFILES_FILE={profile}" in finding.state
    assert "333 ms" in finding.remedy


@pytest.mark.parametrize(
    ("variable", "value"),
    [("FASTDDS_BUILTIN_TRANSPORTS", "SHM"), ("ROS_STATIC_PEERS", "10.0.0.2"), ("ROS_LOCALHOST_ONLY", "1")],
)
def test_other_overrides_are_named(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    finding = messaging.check_middleware()
    assert finding.mark == "warn"
    assert f"{variable}={value}" in finding.state


def test_another_middleware_is_fatal_where_only_the_wheels_are(monkeypatch):
    monkeypatch.setenv("RMW_IMPLEMENTATION", "rmw_cyclonedds_cpp")
    monkeypatch.setattr(messaging, "installed_ros_wheels", lambda: {"ros-jazzy-rclpy": "7.1.5"})
    assert messaging.check_middleware().fatal
    monkeypatch.setattr(messaging, "installed_ros_wheels", dict)
    assert messaging.check_middleware().mark == "warn"


def test_the_domain_and_its_ports(monkeypatch):
    assert messaging.check_domain().mark == "ok"
    monkeypatch.setenv("ROS_DOMAIN_ID", "three")
    assert messaging.check_domain().fatal
    monkeypatch.setenv("ROS_DOMAIN_ID", "233")
    assert messaging.check_domain().fatal
    monkeypatch.setenv("ROS_DOMAIN_ID", "150")  # among the ports of outgoing connections
    assert messaging.check_domain().mark == "warn"
    monkeypatch.setenv("ROS_DOMAIN_ID", "97")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        before = int(messaging.check_domain().state.split(", ")[2].split()[0])
        other.bind(("127.0.0.1", domain_ports(97)[-2]))
        after = int(messaging.check_domain().state.split(", ")[2].split()[0])
    assert after == before + 1
    monkeypatch.setattr(messaging, "udp_problem", lambda port: "network is down")
    assert messaging.check_domain().fatal


def test_the_viewers_port_and_package(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(messaging, "VIEW_PORT", other.getsockname()[1])
        finding = messaging.check_view_port()
    assert finding.mark == "note"
    assert "already in use" in finding.state
    assert "view_port:=" in finding.remedy
    assert messaging.check_view_port().mark == "ok"
    without(monkeypatch, "foxglove")
    assert "pip install foxglove-sdk" in messaging.check_view_port().remedy


def test_the_operators_port_and_packages(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setattr(messaging, "PAGE_PORT", other.getsockname()[1])
        finding = messaging.check_page_port()
    assert finding.mark == "note"
    assert "already in use" in finding.state
    assert "port:=" in finding.remedy
    assert messaging.check_page_port().mark == "ok"
    without(monkeypatch, "segno")
    assert "pip install segno" in messaging.check_page_port().remedy


# -- equipment ---------------------------------------------------------------------------------------------------------
def test_cameras_are_only_missed_by_those_who_have_one(monkeypatch, tmp_path):
    monkeypatch.setattr(equipment, "DEVICES", tmp_path)
    without(monkeypatch, "pyrealsense2")
    finding = equipment.check_cameras()
    assert finding.mark == "note"
    assert "only for real RealSense cameras" in finding.remedy
    (tmp_path / "video0").touch()
    assert "simulated; video0" in equipment.check_cameras().state
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    closed = equipment.check_cameras()
    assert closed.mark == "warn"
    assert "video0" in closed.state
    assert "group 'video'" in closed.remedy


def test_realsense_cameras_are_listed_by_their_serial_numbers(monkeypatch, tmp_path):
    monkeypatch.setattr(equipment, "DEVICES", tmp_path)
    monkeypatch.setattr(equipment.importlib.util, "find_spec", lambda name: name)
    found = (library.FoundCamera("819112070001", "Intel RealSense D435", "3.2"),)
    monkeypatch.setattr(library, "found_cameras", lambda: found)
    finding = equipment.check_cameras()
    assert finding.mark == "ok"
    assert finding.state.endswith("RealSense: Intel RealSense D435 819112070001 on USB 3.2")

    def refused():
        raise ConfigError("pyrealsense2 cannot be loaded: apt-get install libusb-1.0-0")

    monkeypatch.setattr(library, "found_cameras", refused)
    finding = equipment.check_cameras()
    assert finding.mark == "note"
    assert "apt-get install libusb-1.0-0" in finding.remedy


def test_a_checkpoint_that_a_policy_names_must_be_there(monkeypatch, tmp_path):
    policies = tmp_path / "config" / "policies"
    policies.mkdir(parents=True)
    (policies / "learned.yaml").write_text("horizon: 8\nmodel: {weights: [checkpoints/a.safetensors]}\n")
    monkeypatch.setattr("vla_ros.configuration.share_directory", lambda: tmp_path)
    finding = equipment.check_checkpoints()
    assert finding.mark == "warn"
    assert "checkpoints/a.safetensors (learned.yaml)" in finding.state
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "a.safetensors").touch()
    assert equipment.check_checkpoints().state == "1 of 1 there"
    (policies / "vla.yaml").write_text("checkpoint: checkpoints/vla\n")
    assert "checkpoints/vla (vla.yaml)" in equipment.check_checkpoints().state
    (tmp_path / "checkpoints" / "vla").mkdir()
    (tmp_path / "checkpoints" / "vla" / "model.safetensors").touch()
    assert equipment.check_checkpoints().state == "2 of 2 there"


def test_the_users_own_configuration_is_named_and_what_it_hides(monkeypatch, tmp_path):
    assert equipment.check_configuration().ok
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
    for file in ("robots/mine.yaml", "policies/geometric.yaml"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("")
    state = equipment.check_configuration().state
    assert f"{tmp_path}: policies/geometric.yaml, robots/mine.yaml; then " in state
    assert state.endswith("yours instead of the package's: policies/geometric.yaml")
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path / "none"))
    finding = equipment.check_configuration()
    assert finding.mark == "FAIL"
    assert "is no folder" in finding.state


# -- the command -------------------------------------------------------------------------------------------------------
def doctor(monkeypatch, capsys, *findings: CheckResult, json_wanted: bool = False) -> tuple[int, str]:
    monkeypatch.setattr(command, "CHECKS", tuple((lambda f=f: f) for f in findings))
    code = command.run(argparse.Namespace(json=json_wanted))
    return code, capsys.readouterr().out


def test_only_what_is_needed_fails(monkeypatch, capsys):
    fine, note = CheckResult("Python", "3.11"), CheckResult("cameras", "none", "plug one in")
    code, output = doctor(monkeypatch, capsys, fine, note, poor("disk", "1 GiB free", "free some"))
    assert code == 0
    assert [line.split()[0] for line in output.splitlines()] == ["ok", "note", "->", "warn", "->"]
    code, output = doctor(monkeypatch, capsys, fine, missing("rendering", "no EGL", "install it"))
    assert code == 1
    assert "FAIL  rendering  no EGL" in output
    assert "-> install it" in output


def test_json_has_stable_keys(monkeypatch, capsys):
    everything = (CheckResult("Python", "3.11"), poor("disk", "full", "free some"), missing("rendering", "none", "do"))
    code, output = doctor(monkeypatch, capsys, *everything, json_wanted=True)
    assert code == 1
    report = json.loads(output)
    assert report["ok"] is False
    assert [set(item) for item in report["findings"]] == [{"name", "state", "remedy", "ok", "fatal"}] * 3
    assert report["findings"][1] == {
        "name": "disk", "state": "full", "remedy": "free some", "ok": False, "fatal": False
    }  # fmt: skip


def test_a_check_that_fails_itself_does_not_end_the_others(monkeypatch, capsys):
    def check_of_a_kind():
        raise OSError("strange machine")

    monkeypatch.setattr(command, "CHECKS", (check_of_a_kind, lambda: CheckResult("Python", "3.11")))
    assert command.run(argparse.Namespace(json=False)) == 0
    output = capsys.readouterr().out
    assert "warn  of a kind  cannot be checked: OSError: strange machine" in output
    assert "ok    Python" in output


def test_every_finding_with_something_wrong_says_what_to_do():
    for finding in map(command._examine, command.CHECKS):
        assert finding.ok or finding.remedy, finding


def test_it_works_where_almost_nothing_is_installed(environment):
    """What is missing cannot be imported, and that is just what the doctor is asked about."""
    code = (
        "import sys\n"
        "for name in ('yaml', 'numpy', 'rclpy', 'mujoco', 'pinocchio'): sys.modules[name] = None\n"
        "from vla_ros import cli; sys.exit(cli.main(['doctor', '--json']))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    states = {finding["name"]: finding for finding in report["findings"]}
    assert states["packages"]["fatal"]
    for name in ("numpy", "mujoco", "pin", "PyYAML"):
        assert name in states["packages"]["state"]
    assert len(report["findings"]) == len(command.CHECKS)
    assert metadata.version("numpy")  # this very process has it
