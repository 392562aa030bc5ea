# SPDX-License-Identifier: Apache-2.0
"""The command line as a user meets it: a process, its output and its exit code."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import pytest
from assets import PAIR

from vla_ros import cli
from vla_ros.launching.environment import free_domain
from vla_ros.launching.jobs import load_job


@pytest.fixture
def vla(tmp_path, environment):
    def call(*words: str, **variables: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "vla_ros.cli", *words]
        everything = environment | variables
        return subprocess.run(command, cwd=tmp_path, env=everything, capture_output=True, text=True, timeout=60)

    return call


def test_help_lists_the_commands_fast_and_without_heavy_imports(vla):
    done = vla("--help")
    assert done.returncode == 0
    for command in cli.available_commands():
        assert f"\n  {command} " in done.stdout
    code = "import sys; from vla_ros import cli; cli.main(['--help']); print(sorted(sys.modules))"
    modules = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
                             capture_output=True, text=True, check=True).stdout  # fmt: skip
    for heavy in ("numpy", "mujoco", "rclpy", "scipy"):
        assert f"'{heavy}'" not in modules


@pytest.mark.parametrize("name", cli.available_commands())
def test_every_command_has_help_with_an_example(vla, name):
    done = vla(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"usage: vla {name}" in done.stdout
    assert f"\n  vla {name}" in done.stdout.partition("examples:")[2]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["lauch", "franka_grasp"], "did you mean 'launch'"),
        (["launch", "franka_gras"], "did you mean 'franka_grasp'"),
        (["launch", "franka_grasp", "sed:=1"], "did you mean 'seed'"),
        (["launch", "franka_grasp", "seed:=-1"], "from 0 to 2147483647"),
        (["launch", "franka_grasp", "seed:=99999999999"], "from 0 to 2147483647"),
        (["launch", "franka_grasp", "attempts:=-1"], "from 0 to 100"),
        (["launch", "franka_grasp", "time_limit_s:=-5"], "from 0 to 3600"),
        (["launch", "franka_grasp", "speed_scale:=nan"], "from 0.05 to 1"),
        (["launch", "franka_grasp", "robot:=frank"], "did you mean 'franka'"),
        (["launch", "franka_grasp", "policy:=geometrc"], "did you mean 'geometric'"),
        (["launch", "franka_grasp", "set:=basik"], "did you mean 'basic'"),
        (["launch", "franka_grasp", "categories:=ground"], "did you mean 'grounding'"),
        (["launch", "franka_grasp", "objects:=no/such/folder"], "no such folder"),
        (["launch", "franka_grasp", "report:=no/such/folder/r.json"], "does not exist"),
        (["launch", "franka_grasp", "instruction:= "], "blank"),
        (["launch", "franka_grasp", "view:=foxglov"], "did you mean 'foxglove'"),
        (["launch", "franka_grasp", "view:=foxglove", "view_port:=65536"], "from 0 to 65535"),
        (["launch", "franka_grasp", "--fast"], "--fast"),
        (["robots", "show", "frank"], "did you mean 'franka'"),
        (["robots", "paint"], "paint"),
        (["trial"], "are required: FOLDER; see"),  # and no name:=value
        (["secure"], "are required: KEYSTORE; see"),
        (["tools"], "are required: action; see"),
        (["doctor", "everything"], "everything"),
        ([], ""),
    ],
)
def test_bad_input_is_one_line_and_code_2_and_leaves_nothing(tmp_path, monkeypatch, capsys, words, expected):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["vla", *words])
    try:
        code = cli.main()
    except SystemExit as ended:  # argparse's way
        code = ended.code
    errors = capsys.readouterr().err
    assert code == 2
    assert expected in errors
    assert len(errors.splitlines()) == (1 if words else 0)
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert cli.main(["launch", "franka_grasp", "view:=foxglove", f"view_port:={port}"]) == 2
    errors = capsys.readouterr().err
    assert f"view_port:={port}: address already in use" in errors
    assert len(errors.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_watching_without_its_package_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "foxglove" else real(name))
    assert cli.main(["launch", "franka_grasp", "view:=foxglove", "view_port:=0"]) == 2
    assert "pip install foxglove-sdk" in capsys.readouterr().err


def test_no_egl_is_one_line_with_the_remedy(vla, tmp_path):
    done = vla("launch", "franka_grasp", MUJOCO_EGL_DEVICE_ID="99")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "apt-get install libegl1" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_sourced_ros_is_refused(vla):
    done = vla("launch", "franka_grasp", AMENT_PREFIX_PATH="/opt/ros/jazzy")
    assert done.returncode == 2
    assert "cannot be mixed" in done.stderr
    done = vla("doctor", AMENT_PREFIX_PATH="/opt/ros/jazzy")
    assert done.returncode == 1
    assert "FAIL  one ROS only" in done.stdout


def test_doctor_finds_this_machine_well(vla):
    done = vla("doctor")
    assert done.returncode == 0, done.stdout
    for subject in ("Python", "ROS 2", "one ROS only", "rendering", "/dev/shm", "machine"):
        assert f"  {subject}" in done.stdout
    assert "FAIL" not in done.stdout


def test_show_args_names_every_argument_and_starts_nothing(vla, tmp_path):
    done = vla("launch", "franka_grasp", "--show-args")
    assert done.returncode == 0
    for argument in load_job("franka_grasp").arguments:
        assert f"  {argument.name}:=" in done.stdout
        assert argument.description in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_launch_alone_lists_the_jobs_the_users_own_among_them(vla, tmp_path):
    (tmp_path / "jobs").mkdir()
    job = "{description: My own., mover: policy, robot: franka, task: grasping, arguments: {attempts: 7}}"
    (tmp_path / "jobs" / "mine.yaml").write_text(job)
    done = vla("launch", VLA_CONFIG=str(tmp_path))
    assert done.returncode == 2
    for name, words in (("mine", r"My own\."), ("franka_grasp", "A simulated Franka"), ("teleop", "A person")):
        assert re.search(rf"^  {name} +{words}", done.stdout, re.MULTILINE), done.stdout
    assert "attempts:=7" in vla("launch", "mine", "--show-args", VLA_CONFIG=str(tmp_path)).stdout
    done = vla("launch", "mine", "attempts:=-1", VLA_CONFIG=str(tmp_path))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


def test_robots_shows_limits(vla):
    assert "franka" in vla("robots", "list").stdout.split()
    shown = vla("robots", "show", "franka").stdout
    assert "panda_joint7" in shown
    assert "87.0" in shown
    assert vla("robots", "check", "ur5e").stdout.endswith("ur5e: ok\n")
    shown = vla("robots", "show", str(PAIR)).stdout
    assert "suction right_cup on right; commanded by right_cup/suction" in shown
    assert "joint group lift" in shown
    assert "base base_link, holonomic: at most 0.6, 0.4, 1" in shown


def test_a_robot_of_the_users_own_folder_has_a_name(vla, tmp_path, root):
    (tmp_path / "robots").mkdir()
    for name in ("pair.yaml", "pair.urdf.xacro"):
        (tmp_path / "robots" / name).write_text((PAIR.parent / name).read_text())
    listed = dict(line.split() for line in vla("robots", "list", VLA_CONFIG=str(tmp_path)).stdout.splitlines())
    assert listed["pair"] == str(tmp_path / "robots" / "pair.yaml")
    assert listed["franka"] == str(root / "config" / "robots" / "franka.yaml")
    assert "joint group lift" in vla("robots", "show", "pair", VLA_CONFIG=str(tmp_path)).stdout
    done = vla("robots", "list", VLA_CONFIG=str(tmp_path / "none"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "is no folder" in done.stderr


def test_a_file_in_the_working_directory_shadows_nothing(vla, tmp_path, environment):
    (tmp_path / "numpy.py").write_text("raise SystemExit('shadowed')")
    (tmp_path / "vla_ros").mkdir()
    done = vla("robots", "check", "ur5e")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", ["", ":", "/nowhere::"])
def test_an_empty_entry_of_pythonpath_is_not_the_current_directory(root, tmp_path, environment, path):
    if not (root / ".venv" / "installed.txt").exists():
        pytest.skip("./vla would set up an environment first")
    (tmp_path / "numpy.py").write_text("raise SystemExit('shadowed')")
    words = [str(root / "vla"), "robots", "show", "franka"]
    done = subprocess.run(
        words, cwd=tmp_path, env=environment | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "franka"), done.stderr


def test_tests_run_on_a_domain_of_their_own_and_take_pytests_arguments(vla, root, tmp_path):
    module = tmp_path / "test_probe.py"
    module.write_text(
        "import json, os\n"
        "def test_probe(): json.dump(dict(os.environ), open('probe.json', 'w'))\n"
        "def test_other(): raise AssertionError\n"
    )
    done = vla("test", "-k", "probe and not other", "-p", "no:cacheprovider", "test_probe.py", VLA_STARTED_AT="5")
    assert done.returncode == 0, done.stdout
    probe = root / "probe.json"  # tests run in the clone, wherever the command was given
    seen = json.loads(probe.read_text())
    probe.unlink()
    assert seen["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    assert 1 <= int(seen["ROS_DOMAIN_ID"]) <= 100
    assert "VLA_STARTED_AT" not in seen
    assert vla("test", "-k", "other", "-p", "no:cacheprovider", "test_probe.py").returncode == 1


def test_stop_and_recover_reach_a_node_that_listens(environment):
    import rclpy
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.qos import DurabilityPolicy, QoSProfile
    from std_msgs.msg import Bool

    context, domain = rclpy.Context(), free_domain()  # not that of other tests, whose latches may linger
    rclpy.init(context=context, domain_id=domain)
    environment = environment | {"ROS_DOMAIN_ID": str(domain)}
    try:
        node = rclpy.create_node("control_of_a_test", context=context)
        heard: list[bool] = []
        quality = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        node.create_subscription(Bool, "estop", lambda message: heard.append(message.data), quality)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        for command in ("stop", "recover"):
            process = subprocess.Popen(
                [sys.executable, "-m", "vla_ros.cli", command], env=environment, stdout=subprocess.PIPE, text=True
            )
            deadline = time.monotonic() + 20
            while process.poll() is None and time.monotonic() < deadline:
                executor.spin_once(timeout_sec=0.05)
            output, _ = process.communicate(timeout=5)
            assert process.returncode == 0, output
            for _ in range(10):
                executor.spin_once(timeout_sec=0.01)
    finally:
        rclpy.shutdown(context=context)
    assert heard[0] is True
    assert heard[-1] is False
    assert sorted(heard, reverse=True) == heard  # nothing but the stop, then nothing but its end


def test_stop_says_when_nobody_listens(vla):
    done = vla("stop", ROS_DOMAIN_ID="101")
    assert done.returncode == 1
    assert "no node listens to estop on ROS domain 101" in done.stdout


@pytest.mark.parametrize("words", [("launch", "franka_grasp"), ("eval", "--episodes", "1")])
def test_without_egl_one_line_says_what_to_install(vla, words):
    done = vla(*words, __EGL_VENDOR_LIBRARY_FILENAMES="/nowhere.json", MUJOCO_GL="egl")
    assert done.returncode == 2
    assert done.stderr.startswith("vla: no EGL")
    assert "apt-get install libegl1" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_interrupt_at_any_moment_of_the_start_is_quiet(root, tmp_path):
    for delay in (0.02, 0.05, 0.08, 0.12, 0.2, 0.35):
        command = [root / "vla", "launch", "--help"]
        process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert "Traceback" not in errors, (delay, errors[-1000:])
        assert process.returncode in (-signal.SIGINT, 130, 0), (delay, process.returncode)


def test_an_interrupt_that_the_shell_ignores_stays_ignored(root, tmp_path):
    command = f"trap '' INT; '{root / 'vla'}' robots list & sleep 0.1; kill -INT $!; wait $!"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "franka" in done.stdout
