# SPDX-License-Identifier: Apache-2.0
"""The arm's side of its control interface: a state each millisecond, a torque command for each while a motion runs."""

from __future__ import annotations

import time

import numpy as np

from rig.fci.link import Link
from rig.fci.motion_log import MotionLog
from rig.fci.panda import SimulatedPanda
from rig.fci.wire import (
    MOVE,
    MOVE_EXTERNAL,
    MOVE_JOINT_VELOCITY,
    ROBOT_COMMAND,
    ROBOT_HEADER,
    ROBOT_PORT,
    ROBOT_VERSION,
    MoveStatus,
    RecoveryStatus,
    Request,
    RobotMode,
)

SUCCESS, NOT_POSSIBLE = 0, 1
ABORTED_BY = {RobotMode.USER_STOPPED: MoveStatus.EMERGENCY, RobotMode.REFLEX: MoveStatus.REFLEX}
# [s] that the arm waits for each command: a real one waits for none. Time stands still meanwhile, so that a client on a
# loaded machine loses nothing that it would not lose on a fast one.
PATIENCE = 0.02


class RobotServer:
    """Serve one arm."""

    def __init__(self, address: str, panda: SimulatedPanda, library: bytes, version: int = ROBOT_VERSION) -> None:
        """Listen at `address`."""
        self.panda, self._library = panda, library
        self.link = Link(address, ROBOT_PORT, version, ROBOT_HEADER)
        self._motion: int | None = None  # the number of the request whose motion runs
        self._commanded = False  # whether it has had a command yet
        self.log = MotionLog()

    def tick(self) -> None:
        """Send a state, take the command for it, advance the arm by a millisecond."""
        panda = self.panda
        for request, number, arguments in self.link.requests():
            self._answer(request, number, arguments)
        if panda.moving and not self.link.connected:
            panda.end()  # nobody is there any more
        state = panda.state()
        self.link.send(state)
        arrived = time.monotonic()
        if panda.moving:
            self._take_command(int(state["message_id"]))
            arrived = time.monotonic()
        self.log.add(arrived, 1e-3 * state["message_id"], panda.arm.q, panda.arm.dq, panda.tau, panda.moving)
        panda.step()
        if self._motion is not None and not panda.moving:
            self._end(ABORTED_BY.get(panda.mode, MoveStatus.ABORTED))

    def _take_command(self, message: int) -> None:
        deadline = time.monotonic() + PATIENCE
        while (left := deadline - time.monotonic()) > 0.0:
            command = self.link.command(ROBOT_COMMAND, left)
            if command is None:
                break
            if command["message_id"] < message:
                continue  # to an older state
            self._commanded = True
            if command["motion_generation_finished"]:
                self.panda.end()
                self._end(MoveStatus.SUCCESS)
            else:
                self.panda.command(np.array(command["tau_J_d"]))
            return
        if self._commanded:  # the client may think a while before its first
            self.panda.lose()

    def _end(self, status: MoveStatus) -> None:
        if self._motion is not None:
            self.link.answer(Request.MOVE, self._motion, status)
        self._motion = None

    def _answer(self, request: int, number: int, arguments: bytes) -> None:
        panda = self.panda
        if request == Request.MOVE:
            self._start(number, arguments)
        elif request == Request.STOP_MOVE:
            self.link.answer(request, number, SUCCESS if panda.moving else NOT_POSSIBLE)
            panda.end()
            self._end(MoveStatus.PREEMPTED)
        elif request == Request.AUTOMATIC_ERROR_RECOVERY:
            if panda.mode == RobotMode.USER_STOPPED:
                self.link.answer(request, number, RecoveryStatus.EMERGENCY)
                return
            panda.recover()
            self.link.answer(request, number, RecoveryStatus.SUCCESS)
        elif request == Request.LOAD_MODEL_LIBRARY:
            self.link.answer(request, number, SUCCESS, self._library)
        elif request == Request.GET_CARTESIAN_LIMIT:
            self.link.answer(request, number, SUCCESS, bytes(8 * 19 + 1))
        else:  # settings
            self.link.answer(request, number, NOT_POSSIBLE if panda.moving else SUCCESS)

    def _start(self, number: int, arguments: bytes) -> None:
        wanted = np.frombuffer(arguments, MOVE)[0]
        if wanted["controller"] != MOVE_EXTERNAL or wanted["motion"] != MOVE_JOINT_VELOCITY:
            self.link.answer(Request.MOVE, number, MoveStatus.INVALID)  # a way to move that is not simulated
        elif not self.panda.start():
            self.link.answer(Request.MOVE, number, MoveStatus.NOT_POSSIBLE)
        else:
            self._motion, self._commanded = number, False
            self.link.answer(Request.MOVE, number, MoveStatus.MOTION_STARTED)
