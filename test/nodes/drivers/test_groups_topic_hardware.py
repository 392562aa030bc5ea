# SPDX-License-Identifier: Apache-2.0
"""The test robot as topic hardware: each system's joints by name, and its cup by its controller's own commands."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data
from rig.nodes import NodeUnderTest, Operator
from robot_rigs.two_armed_robot import PAIR, empty_scene, pair
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from vla_ros import qos
from vla_ros.nodes.sim.topic_hardware import TopicHardware
from vla_ros.robots.ros2_control.description import ros2_control_urdf
from vla_ros.robots.topics import seal_topic
from vla_ros.sim.world import World

CUP = "right_cup"
TOPIC = f"{CUP}_suction_controller/commands"


def test_a_cup_is_switched_beside_the_joint_commands():
    world = World(empty_scene(), pair(), settle=False)
    hardware = TopicHardware(world)
    assert f"{CUP}_suction" in hardware.active
    assert hardware.receive_part(f"{CUP}_suction", np.array([1.0])) == ""
    hardware.apply()
    assert world.cups[CUP].on
    for wrong in ([], [0.0, 0.0], [np.nan]):
        assert "must be 1 finite number" in hardware.receive_part(f"{CUP}_suction", np.array(wrong))
    hardware.apply()
    assert world.cups[CUP].on, "what is wrong is dropped"
    hardware.receive_part(f"{CUP}_suction", np.array([0.0]))
    hardware.apply()
    assert not world.cups[CUP].on


def test_every_system_is_commanded_over_dds():
    sim = NodeUnderTest("sim", seed=1, robot=str(PAIR), interface="topic_hardware")
    operator = Operator(robot=str(PAIR))
    states: list[JointState] = []
    seals: list[JointState] = []
    node = operator.node
    node.create_subscription(JointState, "robot_joint_states", states.append, qos_profile_sensor_data)
    node.create_subscription(JointState, seal_topic(CUP), seals.append, qos.NEWEST)
    commands = node.create_publisher(JointState, "robot_joint_commands", 1)
    suction = node.create_publisher(Float64MultiArray, TOPIC, qos.STREAM)
    try:
        ready = lambda: states and seals and commands.get_subscription_count() and suction.get_subscription_count()  # noqa: E731
        assert operator.spin_until(ready, 60.0), sim.process.poll()
        fingers = pair().grippers[0].joints
        systems = [(("lift_joint",), [0.15]), (pair().joint_group("head").joints, [0.3, 0.2]), (fingers, [0.02])]

        def there() -> bool:
            for names, values in systems:  # of the fingers the first alone takes a command, the second mimics it
                commands.publish(JointState(name=list(names), position=values))
                operator.spin(0.01)
            at = dict(zip(states[-1].name, states[-1].position, strict=True))
            wanted = {name: value for names, values in systems for name, value in zip(names, values, strict=False)}
            return all(abs(at[name] - value) < 5e-3 for name, value in wanted.items())

        assert operator.spin_until(there, 60.0), states[-1]
        suction.publish(Float64MultiArray(data=[1.0, 1.0]))
        told = lambda: "right_cup_suction command must be 1" in operator.diagnostics.get("sim", {}).get("message", "")  # noqa: E731
        assert operator.spin_until(told, 20.0), operator.diagnostics
        code, output, _ = sim.stop()
        assert code == 0, output
        assert "Traceback" not in output
    finally:
        sim.kill()
        operator.close()


def test_all_joints_come_in_one_message():
    """As the one system of all joints sends it: only the joints that have an interface have a value of it."""
    (system,) = (one for one in tags() if one.get("name") == "joints")
    names = [joint.get("name") for joint in system.findall("joint")]
    takes = {
        interface: [
            joint.get("name")
            for joint in system.findall("joint")
            if interface in {one.get("name") for one in joint.findall("command_interface")}
        ]
        for interface in ("position", "effort")
    }
    world = World(empty_scene(), pair(), settle=False)
    hardware = TopicHardware(world)
    position = [world.data.joint(name).qpos[0] for name in takes["position"]]
    effort = [0.0 if name.startswith("left") else 0.5 for name in takes["effort"]]
    assert hardware.receive(names, position, effort) == ""
    assert {name: arm.mode for name, arm in hardware.arms.items()} == {"left": "position", "right": "effort"}


@pytest.mark.parametrize("group", ["lift", "head", "left_gripper", CUP])
def test_the_tags_that_are_generated_name_what_is_listened_to(group):
    names = (
        {CUP} if group == CUP else {joint for one in pair().jointed_groups if one.name == group for joint in one.joints}
    )
    taken = {
        part.get("name")
        for system in tags()
        for part in (*system.findall("joint"), *system.findall("gpio"))
        if part.get("name") in names and part.find("command_interface") is not None
    }
    hardware = TopicHardware(World(empty_scene(), pair(), settle=False))
    listened = set(hardware._accepted["position"]) | {
        one.removesuffix("_suction") for one in hardware.active if one.endswith("_suction")
    }
    assert taken
    assert taken <= listened


def tags() -> list[ElementTree.Element]:
    return ElementTree.fromstring(ros2_control_urdf(pair(), "topic")).findall("ros2_control")
