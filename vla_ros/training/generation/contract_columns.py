# SPDX-License-Identifier: Apache-2.0
"""What a contract stores of a simulated robot: its columns out of moments, its pictures and boxes out of full ones.

Shape legend: T frames, N objects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from vla_ros.data.datasets.features import ACTION, ANCHOR, STATE
from vla_ros.policies.actions.contract_state import contract_values
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import DataContract
from vla_ros.policies.image_fit import fit_boxes, fit_image, fit_intrinsics
from vla_ros.sim.scenes.scene import SceneCamera
from vla_ros.training.generation.annotations import calibration
from vla_ros.training.generation.moments import RobotMoment


class ContractColumns:
    """Turn moments of a simulated robot into a contract's columns; settings.py says of which."""

    def __init__(self, contract: DataContract) -> None:
        self.contract = contract
        self._encoding = ActionEncoding(contract.action, contract.quaternion_side)

    def columns(self, moments: Sequence[RobotMoment]) -> dict[str, np.ndarray]:
        """Return state, action and, where it is stored, anchor (T, …); action k is what is wanted at frame k + 1."""
        action = self.contract.action
        # The last frame holds.
        after = [moments[min(k + 1, len(moments) - 1)] for k in range(len(moments))]
        start = np.array([self._numbers(one, action.anchor, action.anchor_channels) for one in moments])
        targets = np.array(
            [
                [
                    *self._numbers(one, action.target, action.anchor_channels),
                    *self._numbers(one, action.width_target, action.absolute_channels),
                ]
                for one in after
            ]
        )
        stored = self._encoding.stored_reference
        rows = [self._encoding.encode(row[None], anchor, stored)[0] for row, anchor in zip(targets, start, strict=True)]
        columns = {STATE: np.array([self.state(one.measured) for one in moments]), ACTION: np.array(rows)}
        if action.stores_anchor:
            columns[ANCHOR] = start
        return columns

    def state(self, measured: Mapping[str, float]) -> np.ndarray:
        """Return the contract's state (S,) of what is measured, by channel."""
        return contract_values(self.contract, measured, self.contract.state)

    def _numbers(self, moment: RobotMoment, whose: str, channels: tuple[str, ...]) -> np.ndarray:
        """Return channels (C,) as they are commanded or, for any other word, measured."""
        known = moment.commanded if whose == "commanded" else moment.measured
        return contract_values(self.contract, known, channels)

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
