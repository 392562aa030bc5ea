# SPDX-License-Identifier: Apache-2.0
"""A real controller_manager with our description, controllers and spawner, and a node beside it."""

from __future__ import annotations

import contextlib
import importlib
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from controllers.errors import ConfigError
from rig.nodes import ARM, FULL_RATES, GRIPPER, NodeUnderTest, Operator
from vla_ros import qos
from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.environment import module_environment
from vla_ros.launching.jobs import load_job
from vla_ros.launching.parameters import node_words, write_node_parameters
from vla_ros.launching.ros2_control import check_hardware
from vla_ros.nodes.arm.manager_hold import ControllerManagerHold
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.ros2_control.controllers import robot_controllers
from vla_ros.robots.ros2_control.names import command_controller, hold_controller

POSITION, EFFORT, HOLD = command_controller(ARM, "position"), command_controller(ARM, "effort"), hold_controller(ARM)
HAND = command_controller(GRIPPER, "position")
TASKS = {"agilex": "handover", "bytemini": "bussing", "ldt01": "flip"}  # whose scene a robot stands in; else grasping's


def why_not(hardware: str, robot: str = "franka") -> str:
    """Return why the real ros2_control cannot be run here with this hardware, or ""."""
    graph = load_job("policy")
    try:
        check_hardware(parse_assignments([f"hardware:={hardware}", f"robot:={robot}"], graph.arguments))
        importlib.import_module("controller_manager_msgs.srv")
    except (ConfigError, ImportError) as error:
        return str(error)
    return ""


class Foreign:
    """One program of the graph, as the launcher starts it."""

    def __init__(self, name: str, hardware: str, folder: Path, robot: str) -> None:
        graph = load_job("policy")
        arguments = parse_assignments([f"hardware:={hardware}", f"robot:={robot}"], graph.arguments)
        spec = next(node for node in graph.nodes if node.name == name)
        files = write_node_parameters(folder, spec, arguments)
        self.log = (folder / f"{name}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", spec.module, *node_words(spec, files, "")],
            env=module_environment(),
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def output(self) -> str:
        """Return what it has said."""
        self.log.seek(0)
        return self.log.read()

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=5.0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class ControlledRobot:
    """ros2_control over mock components or over the simulator's topics, with every controller loaded."""

    def __init__(self, hardware: str, folder: Path, robot: str = "franka", command: str = "") -> None:
        """Have `command` drive the arms of `robot`, "" for the usual."""
        self.hardware, self.robot = hardware, load_embodiment(robot)
        self.kinds = self.robot.command_modes(command)
        self.services = importlib.import_module("controller_manager_msgs.srv")
        self.nodes = [NodeUnderTest("description", hardware=hardware, robot=robot)]
        if hardware == "topic":
            told = {"robot": robot, "task": TASKS.get(robot, "grasping")} | ({"command": command} if command else {})
            self.nodes.append(NodeUnderTest("sim", seed=1, interface="topic_hardware", **told, **FULL_RATES["sim"]))
        self.manager = Foreign("controller_manager", hardware, folder, robot)
        self.spawner = Foreign("spawner", hardware, folder, robot)
        self.operator = Operator(robot=robot)
        node = self.operator.node
        self.states: list[JointState] = []
        node.create_subscription(JointState, "joint_states", self.states.append, qos.NEWEST)
        self.hold = ControllerManagerHold(node, self.kinds)
        self.driving = [command_controller(arm, kind) for arm, kind in self.kinds.items()]
        self.holding = [hold_controller(arm) for arm in self.kinds]
        self._list = node.create_client(self.services.ListControllers, "controller_manager/list_controllers")
        self._switch = node.create_client(self.services.SwitchController, "controller_manager/switch_controller")
        self._commands = {
            name: node.create_publisher(Float64MultiArray, f"{name}/commands", qos.STREAM)
            for name in self.expected()
            if not name.endswith("broadcaster") and name not in self.holding
        }

    def start(self) -> None:
        """Wait until the spawner is done and joint states come."""
        self.operator.spin_until(lambda: self.spawner.process.poll() is not None, 60.0)
        assert self.spawner.process.poll() == 0, self.spawner.output()
        assert self.operator.spin_until(lambda: self.states, 30.0), self.manager.output()

    def expected(self) -> dict[str, str]:
        """Return the state of every controller as the spawner leaves it."""
        return {one.name: "active" if one.active else "inactive" for one in robot_controllers(self.robot)}

    def controllers(self) -> dict[str, str]:
        """Return the state of every controller."""
        response = self._call(self._list, self.services.ListControllers.Request())
        return {controller.name: controller.state for controller in response.controller}

    def switch(self, on: list[str], off: list[str]) -> bool:
        """Switch controllers, all or none."""
        request = self.services.SwitchController.Request(activate_controllers=on, deactivate_controllers=off)
        request.strictness = request.STRICT
        return self._call(self._switch, request).ok

    def serve(self, service: str, name: str) -> bool:
        """Have the manager load, configure or unload the controller `name`: LoadController, …"""
        kind = getattr(self.services, service)
        words = service.removesuffix("Controller").lower()
        client = self.operator.node.create_client(kind, f"controller_manager/{words}_controller")
        return self._call(client, kind.Request(name=name)).ok

    def refusal_of_hold(self, held: bool) -> str:
        """Switch as control and guard do; return what is said against it."""
        future = self.hold.switch(held)
        assert future is not None
        assert self.operator.spin_until(future.done, 30.0)
        return self.hold.refusal(future)

    def set_hold(self, held: bool) -> bool:
        """Switch as control and guard do."""
        return not self.refusal_of_hold(held)

    def command(self, controller: str, values: np.ndarray | list[float], seconds: float = 0.0) -> None:
        """Publish a command, again and again for a while."""
        self.command_all({controller: values}, seconds)

    def command_all(self, commands: Mapping[str, np.ndarray | list[float]], seconds: float = 0.0) -> None:
        """Publish a command to each of some controllers, again and again for a while."""
        told = {name: Float64MultiArray(data=[float(value) for value in values]) for name, values in commands.items()}
        for _ in range(max(1, round(seconds / 0.002))):
            for name, message in told.items():
                self._commands[name].publish(message)
            self.operator.spin(0.002)

    def measured(self, joints: Sequence[str], field: str = "position") -> np.ndarray:
        """Return what the newest joint state has of `joints`."""
        self.operator.spin(0.02)
        state = self.states[-1]
        values = dict(zip(state.name, getattr(state, field), strict=True))
        return np.array([values[name] for name in joints])

    def joints(self, field: str = "position") -> np.ndarray:
        """Return the arm's joints as the broadcaster has them: its order is part of what is tested."""
        self.operator.spin(0.02)
        return np.array(getattr(self.states[-1], field))[:7]

    def _call(self, client, request):
        assert client.wait_for_service(10.0)
        future = client.call_async(request)
        assert self.operator.spin_until(future.done, 30.0), "controller_manager does not answer"
        return future.result()

    def close(self) -> None:
        """End everything."""
        for foreign in (self.spawner, self.manager):
            foreign.stop()
        for node in self.nodes:
            node.kill()
        self.operator.close()


Robot = TypeVar("Robot", bound=ControlledRobot)


@contextlib.contextmanager
def started(robot: Robot) -> Iterator[Robot]:
    """Start a robot; at the end close it and show what its controller_manager said last."""
    try:
        robot.start()
        yield robot
    finally:
        robot.close()
        print(robot.manager.output()[-4000:])
