# SPDX-License-Identifier: Apache-2.0
"""A Franka Hand behind its control interface: homing, moves, grasps, a thing between the fingers."""

from __future__ import annotations

import numpy as np

from rig.fci.link import Link
from rig.fci.wire import (
    HAND_GRASP,
    HAND_HEADER,
    HAND_MOVE,
    HAND_PORT,
    HAND_STATE,
    HAND_VERSION,
    HandRequest,
    HandStatus,
)

WIDTH_MAX = 0.08  # [m]
PERIOD = 0.02  # [s] of its states: a modelling choice
STEP = 0.001  # [s]


class HandServer:
    """Serve one hand."""

    def __init__(self, address: str) -> None:
        """Listen at `address`, open."""
        self.link = Link(address, HAND_PORT, HAND_VERSION, HAND_HEADER)
        self.width = WIDTH_MAX
        self.thing = 0.0  # [m] across what is between the fingers
        self.grasped = False
        self.goals: list[tuple[str, float, float]] = []  # what was asked, width [m], force [N]
        self._running: tuple[int, int] | None = None  # request and its number
        self._target, self._speed, self._window = WIDTH_MAX, 0.0, (0.0, 0.0)
        self._ticks = 0

    def tick(self) -> None:
        """Advance by a millisecond."""
        for request, number, arguments in self.link.requests():
            self._answer(request, number, arguments)
        if self._running is not None:
            self._move()
        self._ticks += 1
        if self._ticks % round(PERIOD / STEP) == 0:
            state = np.zeros((), HAND_STATE)
            state["message_id"], state["width"], state["max_width"] = self._ticks, self.width, WIDTH_MAX
            state["is_grasped"], state["temperature"] = self.grasped, 30
            self.link.send(state)

    def _move(self) -> None:
        if self._running is None:
            return
        step = np.clip(self._target - self.width, -self._speed * STEP, self._speed * STEP)
        blocked = bool(step < 0.0 and self.width + step < self.thing)
        self.width = max(self.thing, self.width + step) if step < 0.0 else self.width + step
        if not (blocked or abs(self.width - self._target) < 1e-9):
            return
        request, number = self._running
        self._running = None
        status = HandStatus.SUCCESS
        if request == HandRequest.GRASP:
            self.grasped = blocked and bool(self._window[0] <= self.width <= self._window[1])
            if not self.grasped:
                status = HandStatus.UNSUCCESSFUL
        elif blocked and request == HandRequest.MOVE:
            status = HandStatus.UNSUCCESSFUL
        self.link.answer(request, number, status)

    def _answer(self, request: int, number: int, arguments: bytes) -> None:
        if self._running is not None:
            self.link.answer(*self._running, HandStatus.ABORTED)
            self._running = None
        if request == HandRequest.STOP:
            self.goals.append(("stop", self.width, 0.0))
            self.link.answer(request, number, HandStatus.SUCCESS)
            return
        if request == HandRequest.GRASP:
            wanted = np.frombuffer(arguments, HAND_GRASP)[0]
            self._window = (wanted["width"] - wanted["epsilon_inner"], wanted["width"] + wanted["epsilon_outer"])
            self.goals.append(("grasp", float(wanted["width"]), float(wanted["force"])))
        elif request == HandRequest.MOVE:
            wanted = np.frombuffer(arguments, HAND_MOVE)[0]
            self.goals.append(("move", float(wanted["width"]), 0.0))
        else:
            wanted = np.array((WIDTH_MAX, 0.1), HAND_MOVE)
            self.goals.append(("homing", WIDTH_MAX, 0.0))
        self.grasped = False
        self._target, self._speed = float(wanted["width"]), float(wanted["speed"])
        self._running = (request, number)
