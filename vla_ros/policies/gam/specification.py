# SPDX-License-Identifier: Apache-2.0
"""The family `gam`: one actor and one critic for any tool, for bins."""

from __future__ import annotations

from dataclasses import replace

from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.family import LearnedFamily, PolicyChoice
from vla_ros.policies.gam.checkpoint_config import KIND, PACKAGES
from vla_ros.policies.gam.perception.cameras import CAMERAS
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.policies.gam.settings import ACTOR, ANALYSIS, BOTH, GamSettings
from vla_ros.policies.needs import CameraNeed, Needs
from vla_ros.robots.tools.mounting import carried_tool


class Specification(LearnedFamily):
    """A checkpoint of GAM's actor and critic."""

    summary = "small GAM: candidates of any tool for what lies in a tote, scored by a prompted critic"
    packages, remedy = PACKAGES, "take checkpoints/gam_small, which is shipped, train your own (vla train gam_small)"
    instead = "leave out checkpoint and what settings say of weights: candidates then come from analysis"
    checkpoint_kind = KIND
    settings = GamSettings
    _weights: GamSettings

    def __init__(self, choice: PolicyChoice) -> None:
        super().__init__(choice)

    def check(self) -> None:
        """Raise ConfigError for missing files, a robot without one arm and one tool, and a mode that it has not."""
        self._weights.mode_of(carried_tool(self.choice.robot))
        if self._weights.asks_network:
            self._check_files()

    def needs(self) -> Needs:
        """Return the three cameras of a cell with two totes."""
        robot = self.choice.robot
        carried_tool(robot)
        cameras = tuple(CameraNeed(name, depth=True, calibration=True) for name in CAMERAS)
        return Needs(
            cameras, groups=(robot.only_arm.name, *(one.name for one in robot.end_effectors)), instruction=False
        )

    def gives(self) -> ActionContract | None:
        """Say that only its chunks say: they move whatever the tool has."""
        return None

    def load(self) -> Policy:
        """Return the policy."""
        self.check()
        from vla_ros.policies.gam.checkpoint import load_gam
        from vla_ros.policies.gam.policy import GamPolicy

        network, settings = None, self._weights
        if self._weights.asks_network:
            import torch

            # Several threads fight with the control loop for two cores: 64 candidates then take ten times as long.
            torch.set_num_threads(1)
            network, config = load_gam(self._weights.folder)
            mode = self._weights.mode_of(carried_tool(self.choice.robot))
            if self._weights.asks_picks and mode not in config.modes:
                raise ConfigError(
                    f"{self._weights.folder}: has learned no picks by {mode}, but {', '.join(config.modes)}: set "
                    f"proposes={ANALYSIS} and ranks={ANALYSIS}"
                )
            if self._weights.places == ACTOR and PLACE not in config.modes:
                raise ConfigError(f"{self._weights.folder}: has learned no placements: set places={ANALYSIS}")
            if self._weights.places == BOTH and PLACE not in config.modes:
                settings = replace(settings, places=ANALYSIS)
        return GamPolicy(network, self.choice.robot, settings)
