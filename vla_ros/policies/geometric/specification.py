# SPDX-License-Identifier: Apache-2.0
"""The family `geometric`: grasps and places from depth, by rules, without learning."""

from __future__ import annotations

from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.configuration import build
from vla_ros.policies.actions.single_arm import SingleArmCodec
from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.family import PolicyChoice, PolicyFamily
from vla_ros.policies.families.weights import check_packages
from vla_ros.policies.geometric.config import GeometricConfig
from vla_ros.policies.geometric.grasps.gripper_space import GripperDimensions
from vla_ros.policies.geometric.grasps.judge import GraspJudge
from vla_ros.policies.needs import CameraNeed, Needs
from vla_ros.robots.tools.description import PINCH


class Specification(PolicyFamily):
    """The baseline: every camera with depth and a calibration is looked through."""

    summary = "grasps what the words name, and puts it where they say, from depth and geometry, without learning"

    def __init__(self, choice: PolicyChoice) -> None:
        super().__init__(choice)
        self._config = build(GeometricConfig, dict(choice.settings), choice.where)

    def check(self) -> None:
        """Raise ConfigError for an arm or a gripper that is not described well enough to plan grasps for.

        And for a critic's weights that are missing, of another kind, or have learned no pinches.
        """
        from vla_ros.policies.geometric.grasps.reachability import described_reach

        robot, gives = self.choice.robot, self.gives()
        for arm in gives.arms:
            described_reach(robot.arm(arm))
        for gripper in gives.grippers:
            GripperDimensions.of(robot.gripper(gripper))
        critic = self._config.critic
        if not critic:
            return
        from vla_ros.policies.gam.checkpoint_config import PACKAGES, read_gam_config

        check_packages(self.choice.name, PACKAGES)
        modes = read_gam_config(Path(critic)).modes
        if PINCH not in modes:
            raise ConfigError(f"{critic}: has learned no pinches, but {', '.join(modes)}")

    def needs(self) -> Needs:
        """Return every calibrated camera with depth that watches the robot. Raises ConfigError where none does."""
        robot, gives = self.choice.robot, self.gives()
        seeing = [one for one in map(robot.camera, robot.cameras) if one.depth and one.calibrated]
        if not seeing:
            has = ", ".join(f"{one.name} ({one.gives})" for one in robot.described_cameras) or "no camera"
            raise ConfigError(
                f"policy '{self.choice.name}' needs a camera with depth and a calibration: robot '{robot.name}' has "
                f"{has}"
            )
        cameras = tuple(CameraNeed(one.name, depth=True, calibration=True) for one in seeing)
        return Needs(cameras, groups=(*gives.arms, *gives.grippers))

    def gives(self) -> ActionContract:
        """Return the seven numbers of one arm and its gripper. Raises ConfigError for a robot with more."""
        config = self._config
        return SingleArmCodec.of(self.choice.robot, config.anchor, config.period, config.horizon).action

    def period(self) -> float:
        """Return the time between the points of its chunks [s]."""
        return self._config.period

    def load(self) -> Policy:
        """Return the policy, with the catalogue of objects that it knows."""
        from vla_ros.objects.catalogue import load_catalogue
        from vla_ros.policies.geometric.placing import PlacingGeometricPolicy

        return PlacingGeometricPolicy(
            self.choice.robot, load_catalogue(self.choice.objects), self._config, self._judge()
        )

    def _judge(self) -> GraspJudge | None:
        """Return the critic that is asked of grasps; None where the cost alone counts."""
        if not self._config.critic:
            return None
        self.check()
        import torch

        from vla_ros.policies.gam.checkpoint import load_gam
        from vla_ros.policies.gam.table_critic import TableCritic

        torch.set_num_threads(1)  # several fight with the control loop for two cores
        network, _ = load_gam(Path(self._config.critic))
        return TableCritic(network, GripperDimensions.of(self.choice.robot.gripper(self.gives().grippers[0])))
