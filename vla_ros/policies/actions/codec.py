# SPDX-License-Identifier: Apache-2.0
"""A policy's rows of numbers to a chunk of absolute targets and back, for one robot.

Shape legend: H rows in time, D numbers of an action, C absolute channels (contract.channels), A anchor channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

import numpy as np

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus, instruction_hash
from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.observation import Observation, RobotState

Value = TypeVar("Value")


class StampedInstruction(Protocol):
    """When something was observed, and what was requested then."""

    @property
    def stamp(self) -> float:
        """Return the time of exposure [s]."""

    @property
    def instruction(self) -> str:
        """Return the words."""


class ActionCodec:
    """What one policy's actions mean: its action contract, in the frame of a robot's base, one row a `period`.

    Raises ConfigError for a period that is not positive.
    """

    def __init__(self, action: ActionContract, frame_id: str, period: float) -> None:
        """Take the robot's base frame and the time between rows [s]."""
        if period <= 0.0:
            raise ConfigError(f"action period must be > 0 s, got {period}")
        self.action, self.frame_id, self.period = action, frame_id, period
        self.encoding = ActionEncoding(action)
        self.channels = (*action.channels, STATUS_CHANNEL)

    @property
    def horizon(self) -> int:
        """Return the rows of a chunk."""
        return self.action.horizon

    @property
    def size(self) -> int:
        """Return the numbers of a row."""
        return self.encoding.size

    def anchor(self, observation: Observation) -> np.ndarray:
        """Return the values (A,) that a chunk of this observation starts from.

        Raises ConfigError that names the first channel the robot does not have.
        """
        measured = self.action.anchor != "commanded"
        return state_values(observation.state if measured else observation.commanded, self.action.anchor_channels)

    def chunk(
        self,
        observation: Observation,
        rows: np.ndarray,
        status: TaskStatus = TaskStatus.ONGOING,
        sequence: int = 0,
        inference_s: float = 0.0,
    ) -> ActionChunk:
        """Resolve rows (H, D) at the observation into an absolute chunk, its first point one period ahead."""
        targets = self.encoding.decode(rows, self.anchor(observation))
        return self.chunk_of_targets(observation, targets, status, sequence, inference_s)

    def chunk_of_targets(
        self,
        said: StampedInstruction,
        targets: np.ndarray,
        status: TaskStatus = TaskStatus.ONGOING,
        sequence: int = 0,
        inference_s: float = 0.0,
    ) -> ActionChunk:
        """Return absolute targets (H, C) as a chunk."""
        return ActionChunk(
            stamp=said.stamp,
            frame_id=self.frame_id,
            channels=self.channels,
            times=self.period * np.arange(1, len(targets) + 1),
            values=np.column_stack([targets, np.full(len(targets), float(status.value))]),
            sequence=sequence,
            instruction=instruction_hash(said.instruction),
            inference_s=inference_s,
            riding=bool(self.action.base),  # a recording has poses in the base of their own time
        )

    def rows(self, chunk: ActionChunk, anchor: np.ndarray) -> np.ndarray:
        """Recover the rows (H, D) of a chunk from the values (A,) that it started from.

        Raises ConfigError that names the first channel the chunk does not have.
        """
        columns = dict(zip(chunk.channels, chunk.values.T, strict=True))
        return self.encoding.encode(np.column_stack(_by_name(columns, self.action.channels)), anchor)


def state_values(state: RobotState, channels: tuple[str, ...]) -> np.ndarray:
    """Return what a state says of some channels, in their order. Raises ConfigError for one it does not have."""
    return np.array(_by_name(state.values, channels))


def _by_name(known: Mapping[str, Value], channels: tuple[str, ...]) -> list[Value]:
    for channel in channels:
        if channel not in known:
            raise ConfigError(unknown_name("channel", channel, known))
    return [known[channel] for channel in channels]
