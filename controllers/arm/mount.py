# SPDX-License-Identifier: Apache-2.0
"""What carries an arm: joints of other groups below it, such as a lift's. They move its root, and not its dynamics.

An arm's inertia, seen by its own joints, depends on these alone, so the arm is modelled where its carriers stand at
their locked positions; the mount says where it has come to since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pinocchio as pin

from controllers.errors import ConfigError


class Mount:
    """The way from the root of an arm, its carriers locked, to where that is now; shared by all models of the arm."""

    def __init__(self, model: pin.Model, joints: Sequence[str], locked: Mapping[str, float]) -> None:
        """Find the carriers of `joints` in `model`, the whole robot's.

        Raises ConfigError for a carrier that would tilt the arm: it would bear its weight otherwise.
        """
        first = model.getJointId(joints[0])
        supports = [int(joint) for joint in model.supports[first] if joint and model.names[joint] not in joints]
        self.carriers = tuple(model.names[joint] for joint in supports)
        self.moved = False  # from where the carriers are locked
        self.T = np.eye(4)
        self.rotation = self.T[:3, :3]
        if not supports:
            return
        others = [joint for joint in range(1, model.njoints) if joint not in supports]
        self._model = pin.buildReducedModel(model, others, pin.neutral(model))
        self._data = self._model.createData()
        self._joint = self._model.njoints - 1
        self._locked = np.array([locked.get(name, 0.0) for name in self.carriers])
        pin.forwardKinematics(self._model, self._data, self._locked)
        self._back = self._data.oMi[self._joint].inverse()
        self._refuse_tilting()

    def place(self, q: np.ndarray) -> None:
        """Have the carriers at q (K,) [rad], [m]; an arm without any stays."""
        if not self.carriers:
            return
        pin.forwardKinematics(self._model, self._data, q)
        # A new one each time: chunks are checked in another thread, and must not see half of it.
        self.T = T = (self._data.oMi[self._joint] * self._back).homogeneous
        self.rotation = T[:3, :3]
        self.moved = True

    def _refuse_tilting(self) -> None:
        for name, joint in zip(self.carriers, self._model.joints[1:], strict=True):
            middle = self._locked.copy()
            middle[joint.idx_q] += 0.1
            pin.forwardKinematics(self._model, self._data, middle)
            T = self._data.oMi[self._joint] * self._back
            if abs(T.rotation[2, 2] - 1.0) > 1e-6:
                raise ConfigError(f"joint '{name}' would tilt the arm that it carries: only lifts and turntables may")
