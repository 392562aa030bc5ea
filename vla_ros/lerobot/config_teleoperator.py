# SPDX-License-Identifier: Apache-2.0
"""The settings of --teleop.type=vla_ros. LeRobot looks for the class beside them: in teleoperator.py."""

from dataclasses import dataclass

from lerobot.teleoperators import TeleoperatorConfig


@TeleoperatorConfig.register_subclass("vla_ros")
@dataclass(kw_only=True)
class VlaRosTeleoperatorConfig(TeleoperatorConfig):
    """Whose motion, and what it becomes."""

    contract: str  # as the robot's
    leader: str = ""  # namespace of leader arms, such as /leader; empty: the operator of the robot's own graph
    leader_map: str = ""  # what its joints mean: a name of config/leaders or a .yaml file; empty: the arm's names
    domain_id: int = -1  # as the robot's
    namespace: str = ""  # as the robot's
    python: str = ""  # as the robot's
