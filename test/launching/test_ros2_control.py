# SPDX-License-Identifier: Apache-2.0
"""ros2_control's configuration agrees with the robot, its URDF, the topics and the graph that starts it all."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
import yaml
from ament_prefix import install

from controllers.errors import ConfigError
from vla_ros.ament import find_executable, has_package
from vla_ros.launching import ros2_control
from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.graph import Argument, Chosen, Graph, NodeSpec
from vla_ros.launching.jobs import load_job
from vla_ros.launching.parameters import node_words
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.robots.ros2_control.controllers import controllers_yaml, robot_controllers
from vla_ros.robots.ros2_control.description import HARDWARE, MOCK, TOPIC, ros2_control_urdf

FRANKA = "franka_hardware/FrankaHardwareInterface"
# What each controller claims of its joints: ros2_controllers' documentation.
CLAIMS = {
    "panda_arm_controller": "position",
    "panda_effort_controller": "effort",
    "panda_position_controller": "position",
    "panda_hand_position_controller": "position",
}
MANAGERS = {"description", "controller_manager", "spawner"}


@pytest.fixture(scope="module")
def franka() -> Embodiment:
    return load_embodiment("franka")


@pytest.fixture(scope="module")
def controllers() -> dict[str, dict]:
    """Return the parameters of each node in the YAML file, by the node's name without its wildcard namespace."""
    content = yaml.safe_load(controllers_yaml(load_embodiment("franka")))
    assert all(key.startswith("/**/") for key in content), "a namespace would lose these parameters"
    return {key.removeprefix("/**/"): value["ros__parameters"] for key, value in content.items()}


def interfaces(urdf: str, kind: str) -> dict[str, dict[str, set[str]]]:
    """Return the interfaces of each joint of each ros2_control system: {system: {joint: {name, …}}}."""
    return {
        system.get("name"): {
            joint.get("name"): {item.get("name") for item in joint.findall(f"{kind}_interface")}
            for joint in system.findall("joint")
        }
        for system in ElementTree.fromstring(urdf).findall("ros2_control")
    }


def joints_of(systems: dict[str, dict[str, set[str]]]) -> dict[str, set[str]]:
    return {joint: names for system in systems.values() for joint, names in system.items()}


def test_every_controller_is_declared_configured_and_spawned(controllers):
    declared = {name for name, value in controllers["controller_manager"].items() if isinstance(value, dict)}
    assert declared == set(controllers) - {"controller_manager"}
    assert {controller.name for controller in robot_controllers(load_embodiment("franka"))} == declared


def test_controllers_claim_interfaces_that_the_urdf_has(controllers, franka):
    commands = joints_of(interfaces(ros2_control_urdf(franka, "mock"), "command"))
    for name, interface in CLAIMS.items():
        assert all(interface in commands[joint] for joint in controllers[name]["joints"]), name
        assert controllers[name].get("interface_name", interface) == interface
    assert controllers["panda_arm_controller"]["command_interfaces"] == ["position"]
    states = joints_of(interfaces(ros2_control_urdf(franka, "mock"), "state"))
    broadcast = controllers["joint_state_broadcaster"]
    assert all(set(broadcast["interfaces"]) == states[joint] for joint in broadcast["joints"])


def test_active_controllers_do_not_claim_the_same_joints(controllers, franka):
    active = {controller.name: controller.active for controller in robot_controllers(franka)}
    claimed = [joint for name in CLAIMS if active[name] for joint in controllers[name]["joints"]]
    assert len(claimed) == len(set(claimed))


def test_orders_are_those_of_the_robot(controllers, franka):
    arm, gripper = franka.arms[0], franka.grippers[0]
    for name in ("panda_arm_controller", "panda_effort_controller", "panda_position_controller"):
        assert controllers[name]["joints"] == list(arm.joints)
    assert controllers["panda_hand_position_controller"]["joints"] == [gripper.joints[0]]
    assert controllers["joint_state_broadcaster"]["joints"] == [*arm.joints, *gripper.joints]


def test_the_hold_starts_from_the_measured_position(controllers):
    """Else it would take the arm back to where it was held before the torques took over."""
    assert controllers["panda_arm_controller"]["set_last_command_interface_value_as_state_on_activation"] is False


def test_topics_of_the_controllers_are_documented(controllers, root):
    topics = (root / "docs/topics.md").read_text()
    for name in ("panda_effort_controller", "panda_position_controller", "panda_hand_position_controller"):
        assert name in controllers
        assert f"`{name}/commands`" in topics


@pytest.mark.parametrize(
    ("hardware", "plugins"),
    [
        ("topic", {"joints": TOPIC}),
        ("mock", {"panda": MOCK, "panda_hand": MOCK}),
        ("real", {"panda": FRANKA, "panda_hand": TOPIC}),
    ],
)
def test_hardware_puts_its_plugins_into_the_urdf(franka, hardware, plugins):
    urdf = ros2_control_urdf(franka, hardware, robot_ip="172.16.0.2", namespace="/left")
    systems = ElementTree.fromstring(urdf).findall("ros2_control")
    assert {system.get("name"): system.findtext("hardware/plugin") for system in systems} == plugins
    parameters = {item.get("name"): item.text for item in systems[0].findall("hardware/param")}
    if hardware == "topic":
        assert parameters["joint_commands_topic"] == "/left/robot_joint_commands"
        assert parameters["joint_states_topic"] == "/left/robot_joint_states"
    if hardware == "real":
        assert parameters == {"robot_ip": "172.16.0.2"}


@pytest.mark.parametrize("address", ["", "a b", "x;y=1", "<a/>", "$(whoami)"])
def test_an_address_that_is_none_is_refused_before_anything_starts(address):
    arguments = parse_assignments(["hardware:=real", f"robot_ip:={address}"], load_job("franka_grasp").arguments)
    with pytest.raises(ConfigError, match="robot_ip:="):
        load_job("franka_grasp").check(arguments)


@pytest.mark.parametrize("hardware", HARDWARE)
def test_without_ros2_control_one_line_says_what_to_install(monkeypatch, hardware):
    monkeypatch.setenv("AMENT_PREFIX_PATH", "")
    words = [f"hardware:={hardware}", "robot_ip:=fci"]
    arguments = parse_assignments(words, load_job("franka_grasp").arguments)
    with pytest.raises(ConfigError) as error:
        load_job("franka_grasp").check(arguments)
    assert "ros-jazzy-ros2-control" in str(error.value)
    assert "hardware:=sim" in str(error.value)
    assert "\n" not in str(error.value)


def test_only_what_is_missing_is_named(monkeypatch, tmp_path):
    for package in ros2_control.needed_packages(load_embodiment("franka"), "mock"):
        install(tmp_path, package, "ros2_control_node", "spawner")
    monkeypatch.setenv("AMENT_PREFIX_PATH", f"/nowhere:{tmp_path}")
    arguments = parse_assignments(["hardware:=mock"], load_job("franka_grasp").arguments)
    load_job("franka_grasp").check(arguments)
    with pytest.raises(ConfigError, match="but joint_state_topic_hardware_interface is not installed"):
        load_job("franka_grasp").check(arguments | {"hardware": "topic"})
    assert find_executable("controller_manager", "spawner") == tmp_path / "lib/controller_manager/spawner"
    assert not has_package("franka_hardware")


@pytest.mark.parametrize(
    ("hardware", "present", "absent"),
    [
        ("sim", {"sim", "camera", "policy", "episode", "control", "guard"}, MANAGERS),
        ("topic", {"sim", "episode", *MANAGERS}, {"arm_manager"}),
        ("mock", {"control", "guard", "policy", "arm_manager", *MANAGERS}, {"sim", "camera", "episode", "manager"}),
        ("real", {"control", "guard", "policy", "arm_manager", *MANAGERS}, {"sim", "camera", "episode", "manager"}),
    ],
)
def test_the_hardware_decides_which_nodes_start(hardware, present, absent):
    graph = load_job("franka_grasp")
    arguments = parse_assignments([f"hardware:={hardware}"], graph.arguments)
    nodes = {node.name: node.values(arguments) for node in graph.active_nodes(arguments)}
    assert present <= set(nodes)
    assert not absent & set(nodes)
    hold = "sim" if hardware == "sim" else "controller_manager"
    assert nodes["guard"]["hold"] == nodes["control"]["hold"] == hold
    assert nodes["control"]["use_sim_time"] is (hardware in ("sim", "topic"))
    if "sim" in nodes:
        assert nodes["sim"]["interface"] == ("controllers" if hardware == "sim" else "topic_hardware")


def test_a_foreign_program_gets_its_words_its_parameter_files_and_its_names(tmp_path):
    manager = next(node for node in load_job("franka_grasp").nodes if node.name == "controller_manager")
    words = node_words(manager, [tmp_path / "made.yaml", tmp_path / "own.yaml"], "left")
    assert words == [
        "15", "controller_manager", "ros2_control_node", "--ros-args", "-r", "/clock:=sim/clock",
        "--params-file", str(tmp_path / "made.yaml"),
        "--ros-args", "--params-file", str(tmp_path / "own.yaml"), "-r", "__ns:=/left", "-r", "/clock:=clock",
    ]  # fmt: skip
    assert node_words(NodeSpec("sim", "sim_node"), [tmp_path / "own.yaml"], "")[0] == "--ros-args"


@pytest.mark.parametrize("words", [["executable", "0", "fake", "program"], ["launcher_child", "--last", "--foreign"]])
def test_foreign_programs_travel_by_udp_as_control_does(tmp_path, environment, words):
    install(tmp_path, "fake", "program")
    program = tmp_path / "lib/fake/program"
    program.write_text("#!/bin/sh\necho $FASTRTPS_DEFAULT_PROFILES_FILE\n")
    for name in ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE", "FASTDDS_BUILTIN_TRANSPORTS"):
        environment.pop(name, None)
    environment["AMENT_PREFIX_PATH"] = str(tmp_path)
    module, *words = words
    words += [str(program)] if module == "launcher_child" else []
    command = [sys.executable, "-m", f"vla_ros.launching.processes.{module}", *words]
    output = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=20.0, check=True)
    assert output.stdout.strip().endswith("localhost.xml")


def test_a_chosen_value_must_cover_every_word():
    argument = ros2_control.hardware_arguments()[0]
    with pytest.raises(ConfigError, match="needs each 'hardware' once"):
        Graph("job", "", (argument,), (NodeSpec("a", "a_node", {"x": Chosen("hardware", {"sim": 1})}),))
    with pytest.raises(ConfigError, match="does not exist"):
        Graph("job", "", (argument,), (NodeSpec("a", "a_node", when={"hardware": ("simulated",)}),))
    with pytest.raises(ConfigError, match="undeclared argument 'speed'"):
        Graph("job", "", (argument,), (NodeSpec("a", "a_node", {"x": Argument("speed")}),))


def test_only_mock_components_claim_to_know_where_they_are(franka):
    """A hold that starts before the first measurement would take a real arm to the initial value."""
    assert ros2_control_urdf(franka, "mock").count("initial_value") == 9
    assert ros2_control_urdf(franka, "topic").count("initial_value") == 0
    assert ros2_control_urdf(franka, "real", robot_ip="fci").count("initial_value") == 0


def test_a_foreign_program_takes_the_place_of_its_process(tmp_path, environment):
    """Its process id, signals and exit code are the program's own."""
    install(tmp_path, "fake", "program")
    program = tmp_path / "lib/fake/program"
    program.write_text("#!/bin/sh\necho pid $$ words $*\nexit 7\n")
    environment["AMENT_PREFIX_PATH"] = str(tmp_path)
    words = [
        sys.executable,
        "-m",
        "vla_ros.launching.processes.executable",
        "0",
        "fake",
        "program",
        "one",
        "--ros-args",
    ]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    output, _ = process.communicate(timeout=20.0)
    assert output == f"pid {process.pid} words one --ros-args\n"
    assert process.returncode == 7


def test_a_spawner_that_fails_ends_the_node_with_its_exit_code(tmp_path, environment):
    """The inactive controllers come first, and nothing after a failure."""
    install(tmp_path, "controller_manager", "spawner")
    spawner = tmp_path / "lib/controller_manager/spawner"
    environment["AMENT_PREFIX_PATH"] = str(tmp_path)
    words = [sys.executable, "-m", "vla_ros.nodes.spawner_node", "--ros-args", "-r", "__ns:=/left"]
    for code, calls in ((0, 2), (1, 1)):
        spawner.write_text(f'#!/bin/sh\necho "spawner $*"\nexit {code}\n')
        run = subprocess.run(words, env=environment, stdout=subprocess.PIPE, text=True, timeout=30.0, check=False)
        said = run.stdout.splitlines()
        assert run.returncode == code
        assert len(said) == calls
        assert said[0].startswith(
            "spawner panda_effort_controller panda_position_controller --inactive --controller-manager-timeout 60 "
        )
        assert said[-1].endswith("--ros-args -r __ns:=/left")
        if code == 0:
            assert "panda_arm_controller joint_state_broadcaster --controller-manager-timeout" in said[1]
