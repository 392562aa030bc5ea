# SPDX-License-Identifier: Apache-2.0
"""Arm and hand in a process of their own, told by lines of JSON: python -m rig.fci.process ADDRESS [key=value ...]."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import sys
import threading
import time

import numpy as np

from controllers.arm.model import ArmModel
from rig.fci import model_library
from rig.fci.hand import HandServer
from rig.fci.panda import DT, SimulatedPanda
from rig.fci.robot_server import RobotServer
from rig.fci.wire import ROBOT_VERSION
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

PRIORITY = 10  # real-time, below control's
LAG_MAX = 0.05  # [s] behind the clock after which lost time is not caught up with
_LATER = object()  # an answer that somebody else gives


class Station:
    """A simulated arm and hand, and what a test may do to them."""

    def __init__(self, address: str, version: int = ROBOT_VERSION) -> None:
        """Listen at `address`."""
        robot = load_embodiment("franka")
        group = robot.arm("panda")
        model = ArmModel(expand_urdf(robot), group.joints, group.tool_frame, armature=group.armature)
        self.panda = SimulatedPanda(model, group)
        self.robot = RobotServer(address, self.panda, model_library.build(), version)
        self.hand = HandServer(address)

    def run(self, orders: queue.SimpleQueue[dict]) -> None:
        """Serve until told to stop, a millisecond each millisecond, or slower where the client is."""
        due = time.monotonic()
        while True:
            with contextlib.suppress(queue.Empty):
                order = orders.get_nowait()
                if order["do"] == "quit":
                    return
                answer = self._obey(**order)
                if answer is not _LATER:
                    print(json.dumps(answer), flush=True)
            self.robot.tick()
            self.hand.tick()
            due += DT
            left = due - time.monotonic()
            if left > 0.0:
                time.sleep(left)
            elif left < -LAG_MAX:
                due = time.monotonic()

    def _obey(self, do: str, **values) -> object:
        panda, hand = self.panda, self.hand
        if do == "reflex":
            panda.fail(values["error"])
        elif do == "reflex_over":
            panda.recover()
        elif do == "user_stop":
            panda.stop_by_user(values["pressed"])
        elif do == "push":
            panda.arm.disturbance = np.array(values["torque"], float)
        elif do == "place":
            panda.arm.q, panda.arm.dq = np.array(values["q"], float), np.zeros(7)
            panda.end()
        elif do == "thing":
            hand.thing = values["width"]
        elif do == "silence":
            self.robot.link.silent = hand.link.silent = values["silent"]
        elif do == "hand_silence":
            hand.link.silent = values["silent"]
        elif do == "version":
            self.robot.link.version = values["version"]
        elif do == "drop":
            self.robot.link.drop()
        elif do == "save":
            # By a thread: while this one writes, the arm stands still, and a client thinks that it is gone.
            threading.Thread(target=_save, args=(self.robot.log.take(), values["path"])).start()
            return _LATER
        elif do == "state":
            return {
                "q": panda.arm.q.tolist(),
                "dq": panda.arm.dq.tolist(),
                "tau": panda.tau.tolist(),
                "mode": panda.mode.name,
                "errors": sorted(panda.errors),
                "width": float(hand.width),
                "grasped": bool(hand.grasped),
                "goals": hand.goals,
            }
        else:
            raise ValueError(do)
        return None


def _save(rows: np.ndarray, path: str) -> None:
    np.save(path, rows)
    print(json.dumps(None), flush=True)


def main() -> None:
    """Serve at the address given."""
    address, *settings = sys.argv[1:]
    station = Station(address, **{key: int(value) for key, _, value in (one.partition("=") for one in settings)})
    orders: queue.SimpleQueue[dict] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            orders.put(json.loads(line))
        orders.put({"do": "quit"})

    threading.Thread(target=listen, daemon=True).start()
    with contextlib.suppress(OSError):  # a real arm has a computer of its own; this one has it where that is allowed
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    print(json.dumps("ready"), flush=True)
    station.run(orders)


if __name__ == "__main__":
    main()
