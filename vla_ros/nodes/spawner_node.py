# SPDX-License-Identifier: Apache-2.0
"""Have controller_manager's spawner load the controllers, those that stay inactive first; then this node ends.

In that order, and the joint_state_broadcaster last of all: whoever hears joint states may enable control, and the
controllers that control switches must be there by then. Two spawners side by side come in any order.
"""

from __future__ import annotations

import subprocess

from rclpy.node import Node

from vla_ros.ament import find_executable
from vla_ros.nodes.enclave import enclave_words
from vla_ros.nodes.parameters import declare, declare_robot
from vla_ros.nodes.spinning import StopRequest, run_node
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.ros2_control.controllers import robot_controllers
from vla_ros.robots.ros2_control.description import HARDWARE

_TIMEOUTS = ("controller-manager", "switch", "service-call")
_POLL_S, _STOP_WITHIN_S = 0.1, 1.0


class SpawnerNode(Node):
    """What to load: the controllers of the robot."""

    def __init__(self) -> None:
        super().__init__("spawner_node")
        robot = load_embodiment(declare_robot(self))
        hardware = declare(self, "hardware", "mock", "what ros2_control drives", choices=HARDWARE)
        self._controllers = robot_controllers(robot, hardware)
        # The manager's first cycle waits for the clock, and a scene takes its time to come to rest.
        self.timeout = declare(self, "timeout_s", 60.0, "how long one step may take [s]", 1.0, 600.0)

    def commands(self) -> list[list[str]]:
        """Return the spawner's command lines, one after the other."""
        spawner = str(find_executable("controller_manager", "spawner"))
        timeouts = [word for what in _TIMEOUTS for word in (f"--{what}-timeout", f"{self.timeout:g}")]
        namespace = ["--ros-args", "-r", f"__ns:={self.get_namespace()}", *enclave_words()]
        commands = []
        for active, options in ((False, ["--inactive"]), (True, [])):
            names = [one.name for one in self._controllers if one.active is active]
            if names:
                commands.append([spawner, *names, *options, *timeouts, *namespace])
        return commands


def serve(stop: StopRequest) -> int:
    """Run one spawner after the other; return the exit code of the first that fails."""
    for command in SpawnerNode().commands():
        process = subprocess.Popen(command)
        code = _wait(process, stop)
        if code != 0:
            return abs(code)
    return 0


def _wait(process: subprocess.Popen[bytes], stop: StopRequest) -> int:
    while True:
        try:
            return process.wait(_POLL_S)
        except subprocess.TimeoutExpired:
            if not stop:
                continue
        process.terminate()
        try:
            return process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()


def main() -> int:
    """Run the node."""
    return run_node("spawner", serve)


if __name__ == "__main__":
    raise SystemExit(main())
