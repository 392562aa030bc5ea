# SPDX-License-Identifier: Apache-2.0
"""A described cup: it holds by its seal alone, as a weld between its lip and the body that it sealed on.

The weld is there for each cup when the model is built, and points at the body at run time. While it is active lip and
body do not collide: it carries all that goes between them, pull and push, and its force is the cup's load.
"""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.robots.suction.holding import HoldFailure
from vla_ros.robots.suction.seal import SealFailure
from vla_ros.robots.tools.description import Cup as CupDescription
from vla_ros.sim.suction.cup import Cup

_WELD_SCALE = 1.0  # MuJoCo's torquescale: what a radian of error counts beside a metre


class SealingCup(Cup):
    """A cup that a SuctionTool seals and opens."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, name: str, description: CupDescription) -> None:
        super().__init__(name)
        self.description = description
        self.lip = int(model.body(name).id)
        self.let_go = False  # lost what it held: it seals on nothing before it was clear of it
        self.vacuum_share = 0.0  # of the pump's vacuum that leaks leave
        self.pull = 0.0  # [N] along its axis that its weld bears, filtered
        self.utilisation = 0.0  # share of its limits that its load takes
        self._model = model
        # Views, for reading each attribute of MuJoCo's makes a new one.
        self._xpos, self._xmat, self._xquat = data.xpos, data.xmat, data.xquat
        self._active, self._target = data.eq_active, model.eq_obj2id
        self._weld = int(model.equality(name).id)
        self._idle = self._pair(int(model.body_parentid[self.lip]))  # which never collide anyway
        self._axis = np.zeros(3)  # of the surface, into the body, in the lip's frame
        self._on, self._reason = False, ""

    @property
    def on(self) -> bool:
        """Say whether it sucks."""
        return self._on

    @property
    def sealed(self) -> bool:
        """Say whether it holds something."""
        return bool(self._active[self._weld])

    @property
    def reason(self) -> str:
        """Say why it holds nothing: what let go until it seals again, else what kept it from sealing last."""
        return self._reason

    @property
    def body(self) -> int:
        """Return the body that it is sealed on."""
        return int(self._target[self._weld])

    @property
    def position(self) -> np.ndarray:
        """Return (3,) where the lip's centre is [m], world frame."""
        return self._xpos[self.lip]

    @property
    def axis(self) -> np.ndarray:
        """Return (3,) the unit normal of the surface that it is sealed on, into the body, world frame."""
        return self._xmat[self.lip].reshape(3, 3) @ self._axis

    def wrench(self, constraints: list[int], forces: np.ndarray) -> np.ndarray:
        """Return (6,) force [N] and moment [N·m] about the lip's centre that it exerted last, world frame.

        `constraints`, `forces`: the equality of each row of MuJoCo's, and the row's force.
        """
        if self._weld not in constraints:  # sealed since
            return np.zeros(6)
        first = constraints.index(self._weld)
        # Rows are of the lip minus the body. Those of the turn are half the rotation vector, in the body's frame.
        turned = self._xmat[self.body].reshape(3, 3)
        moment = 0.5 * _WELD_SCALE * (turned @ forces[first + 3 : first + 6])
        return -np.concatenate([forces[first : first + 3], moment])

    def seal(self, body: int, axis: np.ndarray, vacuum_share: float) -> None:
        """Hold a body where it is, by a surface of normal `axis` (3,) in the lip's frame."""
        relative, weld = self._model.eq_data, self._weld
        turned = self._xmat[body].reshape(3, 3)
        back, between = np.empty(4), np.empty(4)
        mujoco.mju_negQuat(back, self._xquat[self.lip])
        mujoco.mju_mulQuat(between, back, self._xquat[body])
        self._target[weld] = body
        relative[weld, :3] = turned.T @ (self._xpos[self.lip] - self._xpos[body])
        relative[weld, 3:6] = 0.0
        relative[weld, 6:10] = between
        relative[weld, 10] = _WELD_SCALE
        self._active[weld] = True
        self._exclude(self._idle, self._pair(body))
        self._axis, self.vacuum_share, self._reason = axis, vacuum_share, ""

    def refuse(self, why: SealFailure) -> None:
        """Keep why it does not seal; what it lost something by stays."""
        if not self.let_go:
            self._reason = why.name.lower()

    def open(self, why: HoldFailure = HoldFailure.NONE) -> None:
        """Let go of what it holds: by itself for a reason, or for none."""
        if self.sealed:
            self._active[self._weld] = False
            self._exclude(self._pair(self.body), self._idle)
        self.let_go = why != HoldFailure.NONE
        self._reason = why.name.lower() if self.let_go else ""
        self.pull = self.utilisation = self.vacuum_share = 0.0

    def _switch(self, on: bool) -> None:
        if on != self._on:
            self.open()
        self._on = on

    def _pair(self, body: int) -> int:
        """Return the number by which MuJoCo knows the lip and another body as a pair."""
        low, high = sorted((self.lip, body))
        return (low << 16) + high

    def _exclude(self, former: int, now: int) -> None:
        """Have a pair of bodies not collide instead of another; MuJoCo wants them in order."""
        signatures = self._model.exclude_signature
        signatures[np.flatnonzero(signatures == former)[0]] = now
        signatures.sort()
