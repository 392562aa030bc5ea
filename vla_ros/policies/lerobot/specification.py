# SPDX-License-Identifier: Apache-2.0
"""The family `lerobot`: checkpoints of ACT, Diffusion, SmolVLA, π0 and what else lerobot loads (docs/lerobot.md)."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract, DataContract
from vla_ros.policies.contract_checks import check_robot
from vla_ros.policies.families.family import LearnedFamily
from vla_ros.policies.families.table import CONFIG, LEROBOT_KIND
from vla_ros.policies.families.weights import Weights
from vla_ros.policies.lerobot.checkpoint import LeRobotCheckpoint, read_checkpoint
from vla_ros.policies.lerobot.contract_choice import chosen_contract
from vla_ros.policies.needs import STATE_PERIOD_S, CameraNeed, Needs, groups_of

if TYPE_CHECKING:
    from vla_ros.policies.lerobot.process import LeRobotProcess


@dataclass(frozen=True)
class LeRobotWeights(Weights):
    """config/policies/lerobot.yaml."""

    contract: str = ""  # of its dataset, a name from config/contracts or a .yaml file; empty: the one that fits
    device: str = ""  # cpu, cuda, cuda:1; empty: what its config.json names where that is here
    rows: int = 0  # of a chunk that are executed; 0: the checkpoint's n_action_steps
    load_s: float = 600.0  # [s] for loading the weights
    answer_s: float = 60.0  # [s] for a chunk; after that the process is started again

    def __post_init__(self) -> None:
        if self.rows < 0:
            raise ConfigError(f"rows must be 0 or more, got {self.rows}")
        for name in ("load_s", "answer_s"):
            if not 0.1 <= getattr(self, name) <= 3600.0:
                raise ConfigError(f"{name} must be 0.1 to 3600 s, got {getattr(self, name):g}")


class Specification(LearnedFamily):
    """A specification that the checkpoint's files and a data contract answer for. Its policies share one process."""

    summary = "a checkpoint of LeRobot's (ACT, Diffusion, SmolVLA, π0, …), in LeRobot's own environment"
    settings = LeRobotWeights
    _weights: LeRobotWeights
    packages, remedy = ("safetensors",), "train one with lerobot-train (docs/lerobot.md)"
    checkpoint_kind = LEROBOT_KIND

    def check(self) -> None:
        """Raise ConfigError for a file that is missing, a contract or robot that does not fit, no environment."""
        from vla_ros.policies.lerobot.environment import interpreter

        self._contract()
        interpreter()

    def needs(self) -> Needs:
        """Return the checkpoint's views in colour, and the groups whose channels it reads or moves."""
        contract, checkpoint = self._contract(), self._checkpoint
        older = checkpoint.observation_steps - 1
        cameras = tuple(CameraNeed(name, history=older) for name in checkpoint.cameras)
        groups = groups_of((*contract.state, *contract.action.channels), self.choice.robot)
        return Needs(cameras, groups=groups, history_s=older * STATE_PERIOD_S)

    def gives(self) -> ActionContract:
        """Return the contract's actions, as many rows as are executed. Raises ConfigError for more than a chunk has."""
        most = self._checkpoint.action_steps
        rows = self._weights.rows or most
        if rows > most:
            raise ConfigError(f"{self._weights.folder}: rows is {rows}, and {most} of its chunk are executed "
                              f"(n_action_steps): give 1 to {most}, or raise that in {CONFIG}")  # fmt: skip
        return dataclasses.replace(self._contract().action, horizon=rows)

    def period(self) -> float:
        """Return the time between the contract's actions [s]."""
        return self._contract().period

    @property
    def served_as(self) -> str:
        """Say of what type it is, and which contract is taken, and why."""
        contract, why = self._chosen
        return f"{self._checkpoint.type} of LeRobot, contract {contract.name} ({why}),"

    def load(self) -> Policy:
        """Return the policy; LeRobot's process, one for all policies of this specification, loads the checkpoint."""
        from vla_ros.policies.lerobot.policy import LeRobotPolicy

        contract, robot = self._contract(), self.choice.robot
        codec = ActionCodec(self.gives(), robot.base_frame, contract.period)
        self._process.start()
        return LeRobotPolicy(self._process, self._checkpoint, contract, codec, robot)

    @cached_property
    def _process(self) -> LeRobotProcess:
        from vla_ros.policies.lerobot.process import LeRobotProcess

        weights = self._weights
        return LeRobotProcess(weights.folder, weights.device, weights.load_s, weights.answer_s)

    @cached_property
    def _checkpoint(self) -> LeRobotCheckpoint:
        self._check_files()
        return read_checkpoint(self._weights.folder)

    @cached_property
    def _chosen(self) -> tuple[DataContract, str]:
        return chosen_contract(self._checkpoint, self._weights.contract, self.choice.robot)

    def _contract(self) -> DataContract:
        """Return the contract. Raises ConfigError when it is another robot's, or cannot be served."""
        contract, _ = self._chosen
        check_robot(contract, self.choice.robot)
        older = self._checkpoint.observation_steps - 1
        if older and not math.isclose(contract.period, STATE_PERIOD_S):
            raise ConfigError(f"{self._weights.folder}: looks at {older + 1} observations {contract.period:g} s apart, "
                              f"and those that are kept are {STATE_PERIOD_S:g} s apart: train with n_obs_steps 1"
                              )  # fmt: skip
        return contract
