# SPDX-License-Identifier: Apache-2.0
"""One kill: what the arm did, who came back, whether the work went on, and what enabled what."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import numpy as np
from rig.arm_observer import REST_SPEED
from rig.launched_job import LaunchedJob
from rig.processes import process_of

from vla_ros.commands.robot.estop import publish_estop
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.runtime.running import RunningGraph

SPEED_MARGIN = 1.02  # of a measured speed over its limit: the simulated encoder's own noise
REST_MAX_S = 1.5  # [s] of simulated time, as in the fault matrix
STOPPED_BY = ("control", "guard")  # after their death only a person lets the arm go on
PERSON_AFTER_S = 6.0  # [s] that a person takes to come: until then nothing may move
SETTLED_S = 3.0  # [s] in which a chunk that was under way comes to its end
BACK_WITHIN_S = 60.0
ON_WITHIN_S = 240.0


@dataclass
class Kill:
    """The outcome of one kill; times in [s]."""

    node: str
    at: float  # since the shift began
    wall: float = 0.0  # since the epoch
    back_s: float = float("nan")  # until another process is there
    rest_s: float = float("nan")  # of simulated time, until the arm rests, where it must
    on_s: float = float("nan")  # until the arm is under way again
    speed_ratio: float = float("nan")  # worst of a joint's limit, until it is under way again
    released: bool = False  # the person had to release the e-stop
    problems: list[str] = field(default_factory=list)

    def require(self, holds: bool, problem: str) -> None:
        """Note a problem unless something holds."""
        if not holds:
            self.problems.append(problem)

    def __str__(self) -> str:
        rest = "" if np.isnan(self.rest_s) else f", at rest after {self.rest_s:.2f} s"
        person = ", a person released the e-stop" if self.released else ""
        found = f"back after {self.back_s:.1f} s{rest}{person}, at work after {self.on_s:.0f} s"
        return f"{self.node} killed: {'; '.join(self.problems) or found}"


def kill_node(graph: LaunchedJob, kill: Kill, module: str) -> None:
    """Kill a node of a running shift, judge what follows, and be the person that it may take."""
    arm, node = graph.arm, kill.node

    def over() -> bool:
        return graph.process.poll() is not None

    before = process_of(graph.run_directory.parent, module)
    arm.forget()
    arm.spin_until(lambda: bool(arm.stamps) or over(), 5.0)
    since = arm.stamps[-1] if arm.stamps else 0.0
    began = time.monotonic()
    graph.kill(node)
    kill.wall = time.time()  # not before: a recorder that is looked for records what comes meanwhile
    arm.spin_until(lambda: _other_process(graph, module, before) or over(), BACK_WITHIN_S)
    kill.require(not over(), "the job ended")
    kill.back_s = time.monotonic() - began
    kill.require(over() or _other_process(graph, module, before), f"{node} did not come back")
    if node in STOPPED_BY:
        _person(graph, kill, since, over)
    # It may have been under way when its policy died: what counts is that it is some time later.
    arm.spin_until(over, SETTLED_S)
    ons = arm.spin_until(lambda: arm.under_way or over(), ON_WITHIN_S)
    if not over() and not arm.under_way and arm.progress.estop:
        kill.problems.append("the e-stop is latched, and nobody of those that latch it was killed")
    kill.require(ons and not over(), "the work does not go on")
    kill.on_s = time.monotonic() - began
    _judge_motion(graph, kill)


def _person(graph: LaunchedJob, kill: Kill, since: float, over: Callable[[], bool]) -> None:
    """See that the arm rests and that nothing enables control; then release the e-stop as `vla recover` does."""
    arm = graph.arm
    enabled: list[float] = []

    def watch() -> bool:
        # The new control speaks, disabled; the old one's last word was that it was enabled.
        if arm.progress.estop and arm.progress.enabled and arm.progress.moving:
            enabled.append(arm.progress.stamp)
        return over()

    arm.spin_until(lambda: arm.progress.estop or over(), BACK_WITHIN_S)
    kill.require(arm.progress.estop, "the e-stop is not latched")
    arm.spin_until(watch, PERSON_AFTER_S)
    kill.rest_s = max(0.0, arm.rest_began - since)
    kill.require(kill.rest_s <= REST_MAX_S, f"{kill.rest_s:.2f} s until rest")
    kill.require(not enabled and not arm.progress.moving, "control moves before a person let it")
    kill.require(arm.progress.estop, "the e-stop was released by itself")
    still = np.abs(np.array(arm.velocities[-100:])).max(initial=0.0) < REST_SPEED
    kill.require(bool(still), "the arm does not rest while it waits for a person")
    running = RunningGraph(0, "soak", graph.domain, "LOCALHOST", "", "")
    for _ in range(5):
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            pool.submit(publish_estop, running, False).result()
        released = arm.spin_until(lambda: not arm.progress.estop or over(), 3.0)
        if released and not arm.spin_until(lambda: arm.progress.estop and not over(), 3.0):  # it stays released
            break
    kill.released = True
    kill.require(not arm.progress.estop, "the e-stop cannot be released")


def _judge_motion(graph: LaunchedJob, kill: Kill) -> None:
    arms = load_embodiment(graph.robot).arms
    q, dq = np.array(graph.arm.positions), np.array(graph.arm.velocities)
    if len(q) < 2:
        return
    lower, upper, limit = (np.concatenate([getattr(a, n) for a in arms]) for n in ("lower", "upper", "velocity"))
    kill.speed_ratio = float((np.abs(dq) / limit).max())
    kill.require(bool(((q >= lower - 1e-3) & (q <= upper + 1e-3)).all()), "a joint left its range")
    kill.require(kill.speed_ratio <= SPEED_MARGIN, f"{kill.speed_ratio:.2f} of a joint's speed limit")


def _other_process(graph: LaunchedJob, module: str, before: int) -> bool:
    try:
        return process_of(graph.run_directory.parent, module) != before
    except ProcessLookupError:
        return False
