# SPDX-License-Identifier: Apache-2.0
"""What a contract stores of a simulated arm: its columns out of moments, its pictures and boxes out of full ones.

Shape legend: T frames, N objects.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from controllers.chunks.chunk import pose_channels
from vla_ros.data.datasets.features import ACTION, ANCHOR, STATE
from vla_ros.data.image_fit import fit_boxes, fit_image, fit_intrinsics
from vla_ros.policies.action_encoding import ActionEncoding, one_sided
from vla_ros.policies.contract import DataContract
from vla_ros.policies.single_arm import SingleArmState
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.scenes.scene import SceneCamera
from vla_ros.training.generation.annotations import calibration, pose_numbers


@dataclasses.dataclass(frozen=True, eq=False)
class ArmMoment:
    """What an arm does at one frame."""

    state: SingleArmState
    T_base_ee_commanded: np.ndarray  # (4, 4)
    width_commanded: float  # [m]


class ContractColumns:
    """Turn moments of a simulated arm with one gripper into a contract's columns; settings.py says of which."""

    def __init__(self, contract: DataContract, robot: Embodiment) -> None:
        self.contract, self._joints = contract, robot.only_arm.joints
        self._arm, self._gripper = robot.only_arm.name, robot.only_gripper.name
        self._encoding = ActionEncoding(contract.action, contract.quaternion_side)

    def columns(self, moments: Sequence[ArmMoment]) -> dict[str, np.ndarray]:
        """Return state, action and, where it is stored, anchor (T, …); action k is what is wanted at frame k + 1."""
        action = self.contract.action
        # The last frame holds.
        after = [moments[min(k + 1, len(moments) - 1)] for k in range(len(moments))]
        start = np.array([self._moved(moment, action.anchor) for moment in moments])
        targets = np.array([[*self._moved(m, action.target), *self._widths(m, action.width_target)] for m in after])
        stored = self._encoding.stored_reference
        rows = [self._encoding.encode(row[None], anchor, stored)[0] for row, anchor in zip(targets, start, strict=True)]
        columns = {STATE: np.array([self.state(moment.state) for moment in moments]), ACTION: np.array(rows)}
        if action.stores_anchor:
            columns[ANCHOR] = start
        return columns

    def state(self, state: SingleArmState) -> np.ndarray:
        """Return the contract's state (S,)."""
        known = {f"{joint}/position": value for joint, value in zip(self._joints, state.q, strict=True)}
        known |= {f"{joint}/velocity": value for joint, value in zip(self._joints, state.dq, strict=True)}
        known |= dict(zip(pose_channels(self._arm), self._pose(state.T_base_ee), strict=True))
        known[f"{self._gripper}/width"] = state.gripper_width
        return np.array([known[channel] for channel in self.contract.state])

    def picture(self, camera: str, color: np.ndarray) -> np.ndarray:
        """Return a camera's picture as it is stored."""
        return fit_image(color, self.contract.cameras[camera], camera)

    def boxes(self, camera: SceneCamera, boxes: np.ndarray) -> np.ndarray:
        """Return boxes (…, N, 5) of a full picture in the stored one."""
        return fit_boxes(boxes, camera.size, self.contract.cameras[camera.name])

    def calibration(self, camera: SceneCamera) -> np.ndarray:
        """Return the published calibration (11,) of the stored picture."""
        numbers = calibration(camera)
        stream = self.contract.cameras[camera.name]
        return np.concatenate(
            [fit_intrinsics(np.array([*numbers[:4], *camera.size]), stream, camera.name), numbers[4:]]
        )

    def _moved(self, moment: ArmMoment, whose: str) -> np.ndarray:
        action, parts = self.contract.action, []
        T = moment.state.T_base_ee if whose == "measured" else moment.T_base_ee_commanded
        parts += [self._pose(T) for _ in action.arms]
        q = dict(zip(self._joints, moment.state.q, strict=True))
        parts.append(np.array([q[joint] for joint in action.joints]))
        return np.concatenate(parts)

    def _widths(self, moment: ArmMoment, whose: str) -> list[float]:
        width = moment.width_commanded if whose == "commanded" else moment.state.gripper_width
        return [width for _ in self.contract.action.grippers]

    def _pose(self, T: np.ndarray) -> np.ndarray:
        numbers = pose_numbers(T)
        side = np.array(self.contract.quaternion_side)
        return np.concatenate([numbers[:3], one_sided(numbers[None, 3:], side)[0]])
