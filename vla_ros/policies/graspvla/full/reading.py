# SPDX-License-Identifier: Apache-2.0
"""What a form of the network is given and what its numbers mean: pictures and states in, boxes, grasp, targets out.

Shape legend: V views, S pixels a side, H actions, D = 7 numbers an action, M states, K points of a chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from torch import Tensor

from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.graspvla.full.config import FullConfig
from vla_ros.policies.graspvla.full.decoding import Chain, reason
from vla_ros.policies.graspvla.full.network import GraspVlaNetwork
from vla_ros.policies.graspvla.full.pose_numbers import pose_matrix, state_numbers
from vla_ros.policies.graspvla.full.square_image import box_pixels, square_image
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.observation import Observation


class Reading(Protocol):
    """The two forms' common interface."""

    def picture(self, color: np.ndarray) -> Tensor:
        """Return what the towers see (3, S, S) uint8 of a picture (height, width, 3) uint8 RGB."""
        ...

    def states(self, states: Sequence[SingleArmState], seen: SingleArmObservation) -> np.ndarray:
        """Return normalised proprioception (M, 7)."""
        ...

    def reason(self, images: Tensor, words: Tensor, word_mask: Tensor, states: Tensor, clock: StageClock) -> Chain:
        """Return boxes, grasp and prefix of one sample."""
        ...

    def boxes(self, chain: Chain, seen: SingleArmObservation) -> dict[str, np.ndarray]:
        """Return each camera's box (4,) [px] of its whole picture."""
        ...

    def T_base_grasp(self, chain: Chain) -> np.ndarray:
        """Return the pose (4, 4) of the robot's tool where the gripper is meant to close."""
        ...

    def targets(self, actions: np.ndarray, observation: Observation) -> np.ndarray:
        """Return absolute targets (H, C) of normalised actions (H, D)."""
        ...

    def actions(self, chunk: ActionChunk, observation: Observation) -> np.ndarray:
        """Return the normalised actions (K, D) that lead from the observation's anchor through a chunk."""
        ...


class PaperReading:
    """The paper's form: the largest centred square, tables of its own for boxes and poses, widths in metres."""

    def __init__(self, config: FullConfig, network: GraspVlaNetwork) -> None:
        self._config, self._network, self._codec = config, network, config.codec()
        self._actions = config.action_statistics.normaliser()
        self._states = config.state_statistics.normaliser()

    def picture(self, color: np.ndarray) -> Tensor:
        """Return the picture's centre."""
        return square_image(color, self._config.vision.image_size)

    def states(self, states: Sequence[SingleArmState], seen: SingleArmObservation) -> np.ndarray:
        """Return the tool's pose numbers and the measured width."""
        return self._states.normalise(np.stack([state_numbers(state, self._config.grasp.home) for state in states]))

    def reason(self, images: Tensor, words: Tensor, word_mask: Tensor, states: Tensor, clock: StageClock) -> Chain:
        """Return what decoding.py does."""
        return reason(self._network, images, words, word_mask, states.float(), clock)

    def boxes(self, chain: Chain, seen: SingleArmObservation) -> dict[str, np.ndarray]:
        """Return them out of the square."""
        cameras = self._config.cameras
        fractions = self._config.box_quantiser().decode(chain.boxes[0].cpu().numpy().reshape(len(cameras), -1))
        return {
            name: box_pixels(box, *seen.cameras[name].color.shape[:2])
            for name, box in zip(cameras, fractions, strict=True)
        }

    def T_base_grasp(self, chain: Chain) -> np.ndarray:
        """Return the pose of the bins' centres."""
        numbers = self._config.grasp.quantiser().decode(chain.grasp[0].cpu().numpy())
        return pose_matrix(numbers, self._config.grasp.home)

    def targets(self, actions: np.ndarray, observation: Observation) -> np.ndarray:
        """Compose deltas onto the observation's anchor."""
        return self._codec.encoding.decode(self._actions.restore(actions), self._codec.anchor(observation))

    def actions(self, chunk: ActionChunk, observation: Observation) -> np.ndarray:
        """Return the deltas between a chunk's points."""
        return self._actions.normalise(self._codec.rows(chunk, self._codec.anchor(observation)))
