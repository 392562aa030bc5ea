# SPDX-License-Identifier: Apache-2.0
"""The arm of a Franka Panda, driven by efforts or positions at any rate.

One controller of panda-py's runs from the beginning to the end: joint springs at 1 kHz in C++, whose places, stiffness
and damping change. Another one for torques would need the motion ended and begun again, the arm left to itself and its
states out of date between, and it would go on with its last torque when this process hangs (joint_springs.py).
"""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

import numpy as np

from controllers.errors import ConfigError
from vla_ros.hardware.panda import connection
from vla_ros.hardware.panda.joint_springs import Springs
from vla_ros.hardware.panda.position_stream import PositionStream

# Of places. Half as stiff as panda-py's own: through panda-py torques change by 386 N·m/s at most (1 N·m a millisecond,
# then libfranka's 100 Hz filter), and where damping asks for more the arm swings up instead of coming to rest. These
# hold a simulated arm from 2 rad/s on all joints; panda-py's fail from 1.
FIRM = Springs((300.0, 300.0, 300.0, 300.0, 125.0, 75.0, 25.0), (30.0, 30.0, 30.0, 20.0, 8.0, 6.0, 3.0))
# Of torques: soft enough that 2 ms do not matter, stiff enough that a forgotten 10 N·m end 0.07 rad further on.
SOFT = Springs((150.0, 150.0, 150.0, 150.0, 60.0, 40.0, 15.0), (20.0, 20.0, 20.0, 12.0, 6.0, 5.0, 2.5))
SPEED = np.array([2.175] * 4 + [2.61] * 3)  # [rad/s] Franka Control Interface documentation, limits for Panda
NEAR = 0.05  # [rad] from where it was told to be last, up to which that place is held
AHEAD_S = 0.03  # [s] of its motion within which an arm is held: it swings back less
FAULT_PERIOD_S = 0.001  # [s] between looks at an arm that is not held by this driver
DRIVEN_PERIOD_S = 0.02  # [s] between looks whether one that is has failed
AT_REST = 0.01  # [rad/s]
REST_S = 1.0  # [s] for it to come to rest at the end
DRIVEN, FAULT, LOST = "driven", "fault", "lost"


class Moment(NamedTuple):
    """A state, and when it was there."""

    stamp: float  # [s] monotonic
    state: Any  # libfranka's RobotState


class PandaArm:
    """One arm. The thread that drives it never waits: what waits for the network has a thread of its own."""

    def __init__(self, address: str) -> None:
        """Connect, and hold the arm where it is.

        Raises ConfigError where panda-py is not installed, nobody answers, or the arm cannot be moved as it is.
        """
        self.fault = ""
        self._panda = connection.connect(address)
        self._walls = self._panda.get_joint_limits_lower(), self._panda.get_joint_limits_upper()
        self._model = self._panda.get_model()
        self._controller: Any = None
        self._springs = FIRM
        self._stream: PositionStream | None = None
        self._phase = FAULT
        self._recover, self._ends = threading.Event(), threading.Event()
        try:
            self.newest = Moment(time.monotonic(), self._panda.get_state())
            if trouble := connection.trouble(self.newest.state, *self._walls):
                raise ConfigError(f"{address}: the arm cannot be moved: {trouble}")
            self._begin()
        except RuntimeError as error:
            connection.keep(self._panda)
            raise ConfigError(f"{address}: {connection.words(error)}") from None
        self._watcher = threading.Thread(target=self._watch, name="panda", daemon=True)
        self._watcher.start()

    # -- the thread that drives it -------------------------------------------------------------------------------------
    def read(self) -> Moment:
        """Return the newest state; its stamp stands still while the arm is silent."""
        if self._phase == DRIVEN:
            self._take(self._panda.get_state())  # a copy of what the loop had last
            try:
                self._panda.raise_error()
            except RuntimeError as error:
                self._fail(connection.words(error))
        return self.newest

    def weight(self, state: Any) -> np.ndarray:
        """Return the efforts (7,) [N·m] by which the arm holds its own weight and what it knows that it carries."""
        return np.array(self._model.gravity(state))

    def drive(self, kind: str, values: np.ndarray) -> None:
        """Take efforts beyond gravity (7,) [N·m], or positions (7,) [rad]."""
        if self._phase != DRIVEN or not np.isfinite(values).all():
            return
        self.read()
        if self.fault:
            return
        if kind == "effort":
            self._stream = None
            self._soften()
            place, velocity = SOFT.for_effort(values, self._q, self._dq)
        else:
            self._stiffen(self._q)
            now = self.newest.state.time.to_sec()  # the arm's own: a late thread does not make its motion slower
            if self._stream is None:
                self._stream = PositionStream(self._q, now, SPEED)
            # Damping would have the arm trail by D / K, 83 ms, were it not told the stream's velocity.
            place, velocity = self._stream.update(now, values)
        self._controller.set_control(place, velocity)

    def hold(self) -> None:
        """Come to rest and stay there; an arm that positions drove, where they told it to be last."""
        if self._phase != DRIVEN:
            return  # its own controller holds it
        self.read()
        if self.fault:
            return
        told, self._stream = self._stream, None
        place = self._q + AHEAD_S * self._dq
        if told is not None and np.max(np.abs(told.position - self._q)) < NEAR:
            # What pulls it off its place, a load that it does not know, must not pull it further with each hold.
            self._controller.set_control(told.position)
        elif told is not None:
            self._controller.set_control(place)
        else:
            self._stiffen(place)

    def recover(self) -> None:
        """Have an arm at fault clear its errors, as Desk does, and be held again where it is."""
        if self._phase == FAULT:
            self._recover.set()

    def close(self) -> None:
        """Bring the arm to rest, end the motion, let go of the connection."""
        self.hold()
        rest_by = time.monotonic() + REST_S
        while self._phase == DRIVEN and time.monotonic() < rest_by:
            if np.max(np.abs(self.read().state.dq)) < AT_REST:
                break
            time.sleep(0.01)
        self._ends.set()
        self._watcher.join(REST_S + connection.END_S)
        gone = self._phase == LOST or self._watcher.is_alive() or not connection.end_motion(self._panda)
        if gone:
            connection.keep(self._panda)
        # The model holds on to the connection as well.
        self._phase, self._panda, self._model, self._controller = LOST, None, None, None

    @property
    def _q(self) -> np.ndarray:
        return np.array(self.newest.state.q)

    @property
    def _dq(self) -> np.ndarray:
        return np.array(self.newest.state.dq)

    def _soften(self) -> None:
        if self._springs is not SOFT:
            self._controller.set_stiffness(SOFT.stiffness)
            self._controller.set_damping(SOFT.damping)
            self._springs = SOFT

    def _stiffen(self, place: np.ndarray) -> None:
        if self._springs is not FIRM:
            # The place first: stiff springs towards what stood for a torque would be a blow.
            self._controller.set_control(place)
            self._controller.set_damping(FIRM.damping)
            self._controller.set_stiffness(FIRM.stiffness)
            self._springs = FIRM

    def _take(self, state: Any) -> None:
        if state.time.to_msec() != self.newest.state.time.to_msec():
            self.newest = Moment(time.monotonic(), state)

    def _fail(self, why: str, phase: str = FAULT) -> None:
        self._recover.clear()  # what was asked for before is not meant for this
        self.fault, self._phase = why, phase

    # -- the thread that waits for the arm -----------------------------------------------------------------------------
    def _watch(self) -> None:
        while not self._ends.wait(DRIVEN_PERIOD_S if self._phase == DRIVEN else FAULT_PERIOD_S):
            if self._phase == DRIVEN:
                continue
            try:
                self._look()
            except RuntimeError as error:
                self._fail(f"the connection is lost: {connection.words(error)}: start again", LOST)
                return

    def _look(self) -> None:
        """Ask an arm at fault how it is; recover it and hold it again where that is wanted."""
        if self._controller is not None:
            self._panda.stop_controller()  # its loop has ended, and said so: nothing to wait for
            self._controller = None
        recovers = self._recover.is_set()
        self._recover.clear()
        if recovers:
            self._panda.teaching_mode(False)  # ends nothing; recovers, without Python's lock
        self._take(self._panda.get_state())
        if recovers:
            self.fault = connection.trouble(self.newest.state, *self._walls)
            if not self.fault:
                self._begin()

    def _begin(self) -> None:
        """Hold the arm where it is."""
        from panda_py import controllers

        controller = controllers.JointPosition(np.array(FIRM.stiffness), np.array(FIRM.damping))
        self._panda.start_controller(controller)  # its place is the measured one
        self._controller, self._springs, self._stream = controller, FIRM, None
        self._phase = DRIVEN
