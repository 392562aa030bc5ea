# SPDX-License-Identifier: Apache-2.0
"""Start the drivers of a robot's grippers that are nodes of their own, where they do not run already.

With the parameters of the robot's file: with franka_gripper's own a hand lets go of what is not as wide as the goal.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from rclpy.node import Node

from vla_ros.ament import find_executable
from vla_ros.nodes.enclave import enclave_words
from vla_ros.nodes.parameters import declare, declare_robot
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.ros2_control.gripper import GripperActionConfig

_STOP_WITHIN_S = 1.0


class GripperDriversNode(Node):
    """What to start: the drivers that the robot's file names."""

    def __init__(self) -> None:
        super().__init__("gripper_drivers_node")
        robot = load_embodiment(declare_robot(self))
        self.robot_ip = declare(self, "robot_ip", "", "address of the robot")
        self.discovery = declare(
            self, "discovery_s", 3.0, "after which whoever offers an action already is known [s]", 0.1, 60.0
        )
        self.configs = [config for config in robot.ros2_control.grippers if config.driver is not None]

    def absent(self) -> list[GripperActionConfig]:
        """Return those whose action nobody offers."""
        missing = []
        for config in self.configs:
            # Servers alone: gripper_action_node is a client of it.
            if self.count_services(self.resolve_service_name(f"{config.action}/_action/send_goal")):
                self.get_logger().info(f"{config.action} is there already: its parameters are up to whoever started it")
            else:
                missing.append(config)
        return missing

    def command(self, config: GripperActionConfig, folder: Path) -> list[str]:
        """Return the command line of a driver; its parameters are written into `folder`."""
        driver = config.driver
        assert driver is not None
        path = folder / f"{config.gripper}.yaml"
        path.write_text(yaml.safe_dump({"/**": {"ros__parameters": driver.told(self.robot_ip)}}))
        names = [word for rule in (f"__node:={driver.name}", f"__ns:={self.get_namespace()}") for word in ("-r", rule)]
        program = str(find_executable(driver.package, driver.executable))
        return [program, "--ros-args", *enclave_words(), *names, "--params-file", str(path)]


def serve(stop: StopRequest) -> int:
    """Run the drivers until asked to stop; when one ends by itself, so does this, and says so."""
    node = GripperDriversNode()
    if not node.configs:
        return 0
    spinner, known = Spinner(node, stop), time.monotonic() + node.discovery
    spinner.until(lambda: time.monotonic() > known)
    running: dict[str, subprocess.Popen[bytes]] = {}
    ended = lambda: [name for name, process in running.items() if process.poll() is not None]  # noqa: E731
    with tempfile.TemporaryDirectory(prefix="vla_ros_grippers_") as folder:
        try:
            for config in node.absent() if not stop else ():
                running[config.gripper] = subprocess.Popen(node.command(config, Path(folder)))
            spinner.until(lambda: bool(ended()))
            for gripper in ended() if not stop else ():
                text = f"the driver of gripper '{gripper}' ended with code {running[gripper].returncode}"
                print(text, file=sys.stderr, flush=True)
                return 1
        finally:
            _end(list(running.values()))
    return 0


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> int:
    """Run the node."""
    return run_node("gripper_drivers", serve)


if __name__ == "__main__":
    raise SystemExit(main())
