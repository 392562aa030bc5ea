# SPDX-License-Identifier: Apache-2.0
"""A LeRobot checkpoint as a policy: what is seen in its dataset's terms to LeRobot's process, its rows to a chunk.

Shape legend: T observations, oldest first, S numbers of the state, H rows of a chunk, D numbers of an action.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from controllers.chunks.chunk import ActionChunk
from controllers.errors import VlaError
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.actions.contract_state import contract_values
from vla_ros.policies.contract import DataContract
from vla_ros.policies.image_fit import fit_image
from vla_ros.policies.lerobot.checkpoint import LeRobotCheckpoint
from vla_ros.policies.lerobot.process import LeRobotProcess
from vla_ros.policies.lerobot.processors import STATE
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment

Seen = TypeVar("Seen")


class LeRobotPolicy:
    """Ask LeRobot's process; what goes wrong there is a VlaError in one line, and no chunk."""

    def __init__(
        self,
        process: LeRobotProcess,
        checkpoint: LeRobotCheckpoint,
        contract: DataContract,
        codec: ActionCodec,
        robot: Embodiment,
    ) -> None:
        """`codec`: of the contract's actions, as many rows as are executed; the robot says how far grippers open."""
        self._process, self._checkpoint, self._contract, self.codec = process, checkpoint, contract, codec
        action = contract.action
        first = codec.size - len(action.absolute_channels)
        self._widths = slice(first, first + len(action.grippers))
        self._width_max = np.array([robot.gripper(name).width_max for name in action.grippers])
        self.reset()

    def reset(self) -> None:
        """Count from the start; LeRobot's process remembers nothing."""
        self._sequence = 0

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the chunk. Raises VlaError where there is none: the arm is held for it."""
        started = time.perf_counter()
        rows = self._process.actions(self.seen(observation), observation.instruction, self.codec.horizon)
        if rows.ndim != 2 or rows.shape[1] != self.codec.size or not 1 <= len(rows) <= self.codec.horizon:
            raise VlaError(f"LeRobot's chunk is of shape {rows.shape}: rows of {self.codec.size} are expected")
        if not np.isfinite(rows).all():
            raise VlaError("LeRobot's chunk holds numbers that are not finite")
        actions = rows.astype(np.float64)
        actions[:, self._widths] = np.clip(actions[:, self._widths], 0.0, self._width_max)
        self._sequence += 1
        spent = time.perf_counter() - started
        return self.codec.chunk(observation, actions, sequence=self._sequence, inference_s=spent)

    def seen(self, observation: Observation) -> dict[str, np.ndarray]:
        """Return what LeRobot's process is sent: pictures (T, height, width, 3) uint8 and states (T, S) float32."""
        arrays = {}
        for name, key in self._checkpoint.keys.items():
            views = self._last((*observation.camera_history.get(name, ()), observation.cameras[name]))
            stream = self._contract.cameras[name]
            arrays[key] = np.stack([fit_image(view.color, stream, name) for view in views])
        if self._checkpoint.state_size:
            states = self._last((*observation.history, observation.state))
            rows = [contract_values(self._contract, state.values, self._contract.state) for state in states]
            arrays[STATE] = np.array(rows, dtype=np.float32)
        return arrays

    def close(self) -> None:
        """End LeRobot's process."""
        self._process.close()

    def _last(self, found: Sequence[Seen]) -> list[Seen]:
        """Return the last T of what there is, the oldest again where there are fewer, as lerobot begins an episode."""
        steps = self._checkpoint.observation_steps
        kept = list(found[-steps:])
        return [kept[0]] * (steps - len(kept)) + kept
