# SPDX-License-Identifier: Apache-2.0
"""The released form: what its network is given and what its numbers mean (`serve.py` and `preprocess.py` there).

Proprioception is position [m] and roll, pitch, yaw [rad] of its own tool, then 1 where the gripper is told to be open
and 0 where closed, each between the least and the greatest of the data. An action is a step [m], a turn as roll, pitch,
yaw [rad] about the base's axes, and the gripper: below 0.4 it closes, above 0.6 it opens, between it stays. The
released server halves each step and sends both at 10 Hz; here one point in 0.2 s says the same.

Shape legend: V views, S pixels a side, H actions, M states, K points of a chunk.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation
from torch import Tensor

from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.actions.encoding import continuous
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.graspvla.full.config import BOX_SIZE, POSE_SIZE, FullConfig
from vla_ros.policies.graspvla.full.decoding import Chain
from vla_ros.policies.graspvla.full.pose_numbers import pose_matrix, pose_numbers
from vla_ros.policies.graspvla.full.released.decoding import reason_released
from vla_ros.policies.graspvla.full.released.form import ABSOLUTE, ReleasedForm
from vla_ros.policies.graspvla.full.released.network import ReleasedNetwork
from vla_ros.policies.graspvla.full.released.number_words import NumberWords
from vla_ros.policies.graspvla.full.released.pictures import released_box_pixels, released_picture
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.observation import Observation

CLOSES, OPENS = 0.4, 0.6  # of an action's last number


class ReleasedReading:
    """One checkpoint's."""

    def __init__(self, config: FullConfig, form: ReleasedForm, network: ReleasedNetwork) -> None:
        self._config, self._form, self._network, self._codec = config, form, network, config.codec()
        self._numbers = NumberWords(form.vocabulary, config.box_bins)
        self._actions = config.action_statistics.normaliser()
        self._states = config.state_statistics.normaliser()
        self._T_tool = np.eye(4)  # of the model's tool in the robot's
        self._T_tool[:3, 3] = form.tool

    def picture(self, color: np.ndarray) -> Tensor:
        """Return the picture in its square."""
        return released_picture(color, self._config.vision.image_size, self._form.fit)

    def states(self, states: Sequence[SingleArmState], seen: SingleArmObservation) -> np.ndarray:
        """Return normalised proprioception (M, 7); the gripper's is what it is told now, for all."""
        is_open = float(_told_width(seen) >= sum(self._form.gripper) / 2.0)
        rows = [np.append(pose_numbers(state.T_base_ee @ self._T_tool, ABSOLUTE), is_open) for state in states]
        return self._states.normalise(np.stack(rows))

    def reason(self, images: Tensor, words: Tensor, word_mask: Tensor, states: Tensor, clock: StageClock) -> Chain:
        """Return boxes and grasp as words."""
        return reason_released(self._network, images, words, word_mask, states, clock)

    def boxes(self, chain: Chain, seen: SingleArmObservation) -> dict[str, np.ndarray]:
        """Return each camera's box [px]."""
        fractions = (self._numbers.decode(chain.boxes[0].cpu().numpy().reshape(-1, BOX_SIZE)) + 1.0) / 2.0
        size, fit = self._config.vision.image_size, self._form.fit
        return {
            name: released_box_pixels(box, seen.cameras[name].color.shape, size, fit)
            for name, box in zip(self._config.cameras, fractions, strict=True)
        }

    def T_base_grasp(self, chain: Chain) -> np.ndarray:
        """Return the pose of the robot's tool."""
        return pose_matrix(self.grasp_numbers(chain), ABSOLUTE) @ np.linalg.inv(self._T_tool)

    def grasp_numbers(self, chain: Chain) -> np.ndarray:
        """Return position [m] and angles [rad] (6,) of the model's tool: between the bounds of proprioception."""
        low, high = np.array(self._config.grasp.low), np.array(self._config.grasp.high)
        shares = (self._numbers.decode(chain.grasp[0].cpu().numpy()) + 1.0) / 2.0
        return low + shares * (high - low)

    def targets(self, actions: np.ndarray, observation: Observation) -> np.ndarray:
        """Return poses and widths (H, 8), steps from where the tool is commanded to be."""
        seen = self._codec.view(observation)
        T = self._codec.T_base_anchor(seen) @ self._T_tool
        closed, opened = self._form.gripper
        width = _told_width(seen)
        poses, widths = [], []
        for row in self._actions.restore(actions):
            T = T.copy()
            T[:3, 3] += row[:3]
            T[:3, :3] = Rotation.from_euler("xyz", row[3:POSE_SIZE]).as_matrix() @ T[:3, :3]
            poses.append(T @ np.linalg.inv(self._T_tool))
            width = closed if row[-1] < CLOSES else opened if row[-1] > OPENS else width
            widths.append(width)
        targets = self._codec.targets(poses, widths)
        targets[:, 3:7] = continuous(targets[:, 3:7])
        return targets

    def actions(self, chunk: ActionChunk, observation: Observation) -> np.ndarray:
        """Return the normalised actions (K, 7) that lead through a chunk; a width counts as the nearer of the two."""
        T = self._codec.T_base_anchor(self._codec.view(observation)) @ self._T_tool
        widths = chunk.values[:, chunk.channels.index(f"{self._codec.gripper}/width")]
        poses = zip(chunk.positions(self._codec.arm), chunk.quaternions(self._codec.arm), strict=True)
        rows = []
        for (position, orientation), width in zip(poses, widths, strict=True):
            ahead = np.eye(4)
            ahead[:3, 3], ahead[:3, :3] = position, Rotation.from_quat(orientation).as_matrix()
            ahead = ahead @ self._T_tool
            turn = Rotation.from_matrix(ahead[:3, :3] @ T[:3, :3].T).as_euler("xyz")
            rows.append([*(ahead[:3, 3] - T[:3, 3]), *turn, float(width >= sum(self._form.gripper) / 2.0)])
            T = ahead
        return self._actions.normalise(np.array(rows))


def _told_width(seen: SingleArmObservation) -> float:
    """Return the width [m] that the gripper is told; the measured one where nobody has told it any."""
    told = seen.gripper_width_commanded
    return seen.state.gripper_width if told is None else told
