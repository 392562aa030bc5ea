# SPDX-License-Identifier: Apache-2.0
"""The family `act`: action chunking with transformers, a learned baseline that is trained on the same data."""

from __future__ import annotations

from vla_ros.policies.act.config import KIND, ActConfig, read_act_config
from vla_ros.policies.backbone.checkpoint_config import PACKAGES
from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.contract_checks import check_checkpoint, check_state
from vla_ros.policies.families.family import LearnedFamily
from vla_ros.policies.families.learning import Learning
from vla_ros.policies.needs import CameraNeed, Needs, groups_of


class Specification(LearnedFamily):
    """A checkpoint of ACT."""

    summary = "ACT: colour views, words and the robot's state to a chunk at once; train it first"
    packages, remedy = PACKAGES, "none are shipped, train it (vla train act_small)"
    checkpoint_kind = KIND
    train = Learning("vla_ros.training.act.learning:train_act", "act_small", ("generate",))

    def check(self) -> None:
        """Raise ConfigError for a file that is missing, another robot, and a column that this robot does not have."""
        self._config()

    def needs(self) -> Needs:
        """Return the checkpoint's views in colour, and the groups whose channels it reads or moves."""
        config = self._config()
        groups = groups_of((*config.state, *config.action.channels), self.choice.robot)
        return Needs(tuple(map(CameraNeed, config.cameras)), groups=groups)

    def gives(self) -> ActionContract:
        """Return the checkpoint's actions."""
        return self._config().action

    def load(self) -> Policy:
        """Return the policy."""
        self._check_files()
        from vla_ros.policies.act.checkpoint import load_act

        return load_act(self._weights.folder, self.choice.robot)

    def _config(self) -> ActConfig:
        """Return what the checkpoint says of itself. Raises ConfigError when it cannot be served on this robot."""
        self._check_files()
        folder, robot = self._weights.folder, self.choice.robot
        config = read_act_config(folder)
        check_checkpoint(folder, config, robot)
        check_state(folder, config.state, robot)
        return config
