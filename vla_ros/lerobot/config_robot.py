# SPDX-License-Identifier: Apache-2.0
"""The settings of --robot.type=vla_ros. LeRobot looks for the class beside them: in robot.py."""

from dataclasses import dataclass

from lerobot.robots import RobotConfig


@RobotConfig.register_subclass("vla_ros")
@dataclass(kw_only=True)
class VlaRosRobotConfig(RobotConfig):
    """Which contract, and which graph."""

    contract: str  # what observations and actions are: a name of config/contracts, or a .yaml file
    domain_id: int = -1  # of the graph; -1: the only one that runs on this machine
    namespace: str = ""  # of the graph, where several robots run
    python: str = ""  # of this stack; empty: its .venv, or the system's with a full ROS 2
