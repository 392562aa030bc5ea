# SPDX-License-Identifier: Apache-2.0
"""A Franka Hand's connection, in a process of its own: python -m vla_ros.hardware.panda.hand_process ADDRESS.

panda-py reads the hand with Python's lock held until the hand sends its next state, a second where it is silent: beside
an arm at 500 Hz that must not be. Wanted openings [m] come as lines on stdin, measured ones go out on stdout, and when
stdin ends, because whoever started this ended, the hand goes on holding what it holds.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

from vla_ros.hardware.grippers.goals import GRASP, Goal, GripperGoals

SPEED = 0.1  # [m/s] of the opening: the hand's own most
FORCE = 40.0  # [N] of a grasp; the hand can hold 70
PERIOD_S = 0.02  # [s] between looks at the hand
WIDTH_LEAST = 0.01  # [m] that a hand which knows its zero opens at least


class GoalRunner:
    """Have the hand do one goal after another; a new one ends the one that runs."""

    def __init__(self, gripper: Any, goals: GripperGoals, width_max: float) -> None:
        self._gripper, self._goals, self._width_max = gripper, goals, width_max
        self._next: Goal | None = None
        self._runs = False
        self._change = threading.Condition()
        threading.Thread(target=self._run, name="goals", daemon=True).start()

    def start(self, goal: Goal) -> None:
        """Begin a goal as soon as the hand has stopped the one before."""
        with self._change:
            self._next = goal
            runs = self._runs
            self._change.notify()
        if runs:
            self._gripper.stop()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._next is not None)
                goal, self._next, self._runs = self._next, None, True
            assert goal is not None
            try:
                done = self._do(goal)
            except RuntimeError:  # stopped for another goal, or not possible
                done = False
            with self._change:
                self._runs = False
            if not done:
                self._goals.failed(goal)

    def _do(self, goal: Goal) -> bool:
        if goal.kind == GRASP:
            # Whatever is between the fingers is meant: no width is wrong.
            return self._gripper.grasp(goal.width, SPEED, goal.force, self._width_max, self._width_max)
        return self._gripper.move(goal.width, SPEED)


def serve(address: str) -> None:
    """Serve until stdin ends."""
    from panda_py import libfranka

    gripper = libfranka.Gripper(address)
    width_max = gripper.read_once().max_width
    if width_max < WIDTH_LEAST:
        raise RuntimeError("it does not know its zero: have it do its homing in Desk")
    goals = GripperGoals(width_max, FORCE)
    runner = GoalRunner(gripper, goals, width_max)
    wanted: list[float] = []

    def listen() -> None:
        for line in sys.stdin:
            wanted[:] = [float(line)]
        os._exit(0)  # the connection may be busy with a goal, or wait for a hand that is gone: nothing to be tidied up

    threading.Thread(target=listen, name="wanted", daemon=True).start()
    while True:
        width = gripper.read_once().width
        print(f"width {width:.5f}", flush=True)
        if wanted and (goal := goals.update(wanted[0], width, time.monotonic())) is not None:
            runner.start(goal)
        time.sleep(PERIOD_S)


def main() -> None:
    """Serve the hand at the address given; say in one line why that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for whoever started this
    try:
        serve(sys.argv[1])
    except RuntimeError as error:
        print("fault", " ".join(str(error).split()), flush=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
