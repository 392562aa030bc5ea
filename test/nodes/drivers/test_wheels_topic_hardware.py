# SPDX-License-Identifier: Apache-2.0
"""ByteMini's wheels as topic hardware: told speeds, they drive the base, and their angles give its odometry back."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from rclpy.qos import qos_profile_sensor_data
from rig.nodes import NodeUnderTest, Operator
from scene_making.drawn_scene import grasping_scene
from sensor_msgs.msg import JointState

from controllers.chunks.base_motion import PlanarPose
from vla_ros.nodes.sim.topic_hardware import TopicHardware
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.groups import BASE_TIMEOUT_S
from vla_ros.robots.ros2_control.description import ros2_control_urdf
from vla_ros.sim.turning_wheels import TurningWheels
from vla_ros.sim.world import World

TWIST = np.array([-0.25, -0.15, 0.4])  # [m/s], [rad/s]: away from the table
ROBOT = load_embodiment("bytemini")


def names_of(interface: str = "") -> list[str]:
    """Name the joints of the one system behind topics, or of those that take commands of an interface."""
    root = ElementTree.fromstring(ros2_control_urdf(ROBOT, "topic"))
    joints = [joint for system in root.findall("ros2_control") for joint in system.findall("joint")]
    taken = {joint.get("name"): {one.get("name") for one in joint.findall("command_interface")} for joint in joints}
    return [name for name, interfaces in taken.items() if not interface or interface in interfaces]


def odometry(angles: np.ndarray, before: np.ndarray, pose: PlanarPose) -> PlanarPose:
    """Return where wheels that have turned on from `before` to `angles` (N,) [rad] say that the base is."""
    return pose.led_on(ROBOT.wheels.twist(angles - before).tolist(), 1.0)


def test_speeds_of_wheels_drive_the_base_and_their_angles_say_where_it_is():
    world = World(grasping_scene(robot="bytemini", seed=1), ROBOT, settle=False)
    hardware, turning = TopicHardware(world), TurningWheels(ROBOT.wheels, world.base)
    assert "base_velocity" in hardware.active
    names, speeds = names_of(), ROBOT.wheels.speeds(TWIST).tolist()
    assert len(names) == 25
    nothing = [float("nan")] * len(names_of("effort"))
    held = [float(world.data.joint(name).qpos[0]) for name in names_of("position")]
    start, seen, before = PlanarPose(*world.base.q), PlanarPose(), turning.angles.copy()
    fastest = 0.0
    for tick in range(1000):
        if tick < 500:  # only the wheels' joints have a value of velocity
            assert hardware.receive(names, held, nothing, speeds) == ""
        elif tick == 500:
            stopped = world.time
            assert world.base.twist == pytest.approx(TWIST, abs=0.01)
            assert turning.speeds == pytest.approx(speeds, abs=0.5)
        hardware.apply()
        world.step(round(0.002 / world.timestep))
        turning.update()
        seen, before = odometry(turning.angles, before, seen), turning.angles.copy()
        if tick >= 500 and world.time - stopped > BASE_TIMEOUT_S + 0.1:
            fastest = max(fastest, float(np.abs(world.base.twist).max()))
    assert fastest < 0.01, "whoever tells the wheels nothing more lets them stand"
    truth = start.inverse() @ PlanarPose(*world.base.q)
    assert np.hypot(truth.x, truth.y) > 0.2
    assert (seen.x, seen.y, seen.yaw) == pytest.approx((truth.x, truth.y, truth.yaw), abs=1e-4)


def test_wheels_that_nobody_commands_stand_and_wrong_commands_are_dropped():
    world = World(grasping_scene(robot="bytemini", seed=1), ROBOT, settle=False)
    hardware = TopicHardware(world)
    names = names_of()
    assert hardware.receive(names, [], [], [float("nan")] * 4) == ""
    assert "velocity command has 3 values for 25 joints, 4 of which take one" in hardware.receive(
        names, [], [], [1.0] * 3
    )
    hardware.apply()
    world.step(50)
    assert np.abs(world.base.twist).max() < 1e-3


def test_wheels_over_dds():
    """The manager's side of the topics: the simulator says nothing of odometry itself, and hears no cmd_vel."""
    sim = NodeUnderTest("sim", seed=1, robot="bytemini", interface="topic_hardware")
    operator = Operator(robot="bytemini")
    states: list[JointState] = []
    operator.node.create_subscription(JointState, "robot_joint_states", states.append, qos_profile_sensor_data)
    commands = operator.node.create_publisher(JointState, "robot_joint_commands", 1)
    wheels = list(ROBOT.wheels.joints)
    told = JointState(name=wheels, velocity=ROBOT.wheels.speeds(TWIST).tolist())
    try:
        assert operator.spin_until(lambda: states and commands.get_subscription_count(), 60.0), sim.process.poll()
        assert states[-1].name[-4:] == wheels
        assert len(states[-1].effort) == len(states[-1].velocity) == len(states[-1].name) == 25

        def rolling() -> bool:
            commands.publish(told)
            operator.spin(0.01)
            return ROBOT.wheels.twist(np.array(states[-1].velocity[-4:])) == pytest.approx(TWIST, abs=0.02)

        began = np.array(states[-1].position[-4:])
        assert operator.spin_until(rolling, 30.0), states[-1].velocity[-4:]
        assert (np.sign(np.array(states[-1].position[-4:]) - began) == np.sign(told.velocity)).all()
        assert operator.spin_until(lambda: np.abs(states[-1].velocity[-4:]).max() < 0.1, 30.0)
        topics = dict(operator.node.get_topic_names_and_types())
        assert "/odom" not in topics
        assert operator.node.count_subscribers("base_controller/cmd_vel") == 0
        code, output, _ = sim.stop()
        assert code == 0, output
        assert "Traceback" not in output
    finally:
        sim.kill()
        operator.close()
