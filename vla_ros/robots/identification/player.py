# SPDX-License-Identifier: Apache-2.0
"""Play an excitation to control, chunk by chunk, and keep what the joints say meanwhile; no clock and no wire here."""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk
from controllers.errors import VlaError
from vla_ros.robots.identification.excitation import Excitation
from vla_ros.robots.identification.recording import ExcitationRecording

CHUNK_EVERY_S = 0.4
HELD_S = 1.0  # [s] control may hold while the arm should move: a chunk takes a moment to arrive
ORIGIN_TOLERANCE = 0.05  # [rad] from where the excitation begins
STATE_GAP_S = 0.5  # [s] between two joint states after which the arm's whereabouts are anyone's guess


class ExcitationPlayer:
    """Takes every joint state, in order; tells which chunk to send now."""

    def __init__(self, excitation: Excitation, robot: str, arm: str, frame_id: str, with_gravity: bool) -> None:
        """Play for the arm `arm` with base `frame_id`; `with_gravity`: its efforts include its own weight."""
        self._excitation, self._frame = excitation, frame_id
        self._names, self._with_gravity = (robot, arm), with_gravity
        self._rows: list[np.ndarray] = []
        self._begin = self._last = self._moving = self._next_chunk = 0.0
        self._sequence = 0

    @property
    def elapsed(self) -> float:
        """Return how long it has been playing [s]."""
        return self._last - self._begin

    @property
    def finished(self) -> bool:
        """Say whether the excitation is over."""
        return bool(self._rows) and self.elapsed >= self._excitation.duration

    @property
    def share(self) -> float:
        """Return how much of it is done, 0 to 1."""
        return min(1.0, self.elapsed / self._excitation.duration)

    def take(
        self, stamp: float, q: np.ndarray, dq: np.ndarray, effort: np.ndarray, hold_reason: str
    ) -> ActionChunk | None:
        """Keep a joint state of `stamp` [s]; return the chunk to send, if it is time. `hold_reason` is control's.

        Raises VlaError when the arm is not where the excitation begins, when control holds it, or states stop.
        """
        if not self._rows:
            self._start(stamp, q)
        elif stamp <= self._last:
            return None
        elif stamp - self._last > STATE_GAP_S:
            raise VlaError(f"no joint state for {stamp - self._last:.1f} s: nothing was recorded")
        self._last = stamp
        self._rows.append(np.concatenate([[self.elapsed], q, dq, effort]))
        if not hold_reason:
            self._moving = stamp
        elif stamp - self._moving > HELD_S and not self.finished:
            raise VlaError(f"control held the arm after {self.elapsed:.1f} s: {hold_reason}")
        if self.finished or self.elapsed < self._next_chunk - 1e-9:
            return None
        self._next_chunk = self.elapsed + CHUNK_EVERY_S
        self._sequence += 1
        return self._excitation.chunk(self.elapsed, stamp, self._frame, self._sequence)

    def recording(self) -> ExcitationRecording:
        """Return what was recorded so far. Raises ConfigError when that is too little."""
        joints = self._excitation.joints
        n = len(joints)
        rows = np.array(self._rows) if self._rows else np.zeros((0, 3 * n + 1))
        time, q, dq, effort = np.split(rows, np.cumsum([1, n, n]), axis=1)
        return ExcitationRecording(*self._names, joints, self._with_gravity, time[:, 0], q, dq, effort)

    def _start(self, stamp: float, q: np.ndarray) -> None:
        away = np.abs(q - self._excitation.origin)
        if away.max() > ORIGIN_TOLERANCE:
            joint = self._excitation.joints[int(away.argmax())]
            raise VlaError(f"joint '{joint}' is {away.max():.2f} rad from where the excitation begins: take the arm "
                           "home first (vla home)")  # fmt: skip
        self._begin = self._last = self._moving = stamp
