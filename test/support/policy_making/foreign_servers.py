# SPDX-License-Identifier: Apache-2.0
"""Servers that speak ZeroMQ as others' do, and observations for them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import zmq

from vla_ros.policies.observation import ArmState, CameraView, EndEffectorState, Observation, RobotState
from vla_ros.robots.embodiment import Embodiment

T_TOOL = np.array([[1.0, 0, 0, 0.5], [0, -1.0, 0, 0.1], [0, 0, -1.0, 0.3], [0, 0, 0, 1]])  # points down


class ZeromqServer:
    """Answer each request by a function of its bytes, in a thread; None is no answer."""

    def __init__(self, answer: Callable[[bytes], bytes | None], kind: int = zmq.REP) -> None:
        self.requests: list[bytes] = []
        self._answer, self._context = answer, zmq.Context()
        self._socket = self._context.socket(kind)
        self._socket.setsockopt(zmq.LINGER, 0)
        self.port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(kind,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def _run(self, kind: int) -> None:
        while not self._ends.is_set():
            if not self._socket.poll(20):
                continue
            *client, data = self._socket.recv_multipart()
            self.requests.append(data)
            reply = self._answer(data)
            if reply is not None:
                self._socket.send_multipart([*client, reply])
            elif kind == zmq.REP:  # it cannot take another request without an answer to this one
                return

    def close(self) -> None:
        self._ends.set()
        self._thread.join(2.0)
        self._socket.close()
        self._context.term()


def observation(robot: Embodiment, stamp: float = 3.0, shade: int = 100, **changes: Any) -> Observation:
    """Return what the arm sees when it points down, its grippers open by half and told to be closed."""

    def state(at: float, share: float, x: float = 0.5) -> RobotState:
        T = T_TOOL.copy()
        T[0, 3] = x
        arms = {arm.name: ArmState(tuple(arm.joints), np.array(arm.home), np.zeros(len(arm.joints)), T)
                for arm in robot.arms}  # fmt: skip
        tools = {one.name: EndEffectorState(one.width_min + share * (one.width_max - one.width_min))
                 for one in robot.grippers}  # fmt: skip
        return RobotState(at, arms, tools)

    names = ("front", "side", "wrist", "head", "left_wrist", "right_wrist")
    color = np.zeros((480, 640, 3), np.uint8)
    color[:, :320] = shade  # the left half
    history = tuple(state(stamp - back, 0.5, 0.5 - back) for back in (0.4, 0.3, 0.2, 0.1))
    values = {"stamp": stamp, "instruction": "pick up the mug", "state": state(stamp, 0.5),
              "commanded": state(stamp, 0.0), "history": history,
              "cameras": {name: CameraView(name, stamp, color) for name in names}}  # fmt: skip
    return Observation(**(values | changes))
