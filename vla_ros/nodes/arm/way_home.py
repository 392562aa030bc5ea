# SPDX-License-Identifier: Apache-2.0
"""Take a robot home through control: arms up and clear of the table first, then along a planned, checked way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from std_srvs.srv import SetBool

from controllers.chunks.chunk import ActionChunk
from controllers.errors import VlaError
from vla_ros.nodes.arm.client import ArmClient
from vla_ros.nodes.arm.homing import joints_chunk, raise_chunk
from vla_ros.nodes.arm.surroundings import Surroundings
from vla_ros.nodes.scheduling import yield_processor
from vla_ros.nodes.spinning import Spinner
from vla_ros.robots.groups import ArmGroup, JointGroup

if TYPE_CHECKING:
    from vla_ros.planning.problem import Plan
    from vla_ros.planning.scene import CollisionScene

RAISE_BY = 0.15  # [m] the tool goes up by this before it goes home …
# [m] … when it is lower than that above where scenes are put down: `workplace: origin`, else the base.
RAISE_BELOW = 0.35
HOME_TOLERANCE = 0.05  # [rad]
JOINTS_WITHIN_S = 5.0  # [s] a busy machine takes to match a new subscription
NEWS_WITHIN_S = 2.0  # [s] a busy machine takes to say how control is
RESTS_WITHIN_S = 5.0  # [s] in which what moves comes to rest, and says so on a busy machine
STALLED_S = 5.0  # [s] without progress
NICENESS = 3  # of a plan's thread: the world need not slow down for it, nor wait for it for long
ACCEPTED_WITHIN_S = 1.0  # [s] after which a chunk that control does not execute never will be


class ControlRefused(VlaError):
    """Control did not do as it was asked."""


class WayHome:
    """Speak to control, one request at a time, spinning the node meanwhile."""

    def __init__(self, node: ArmClient, spinner: Spinner) -> None:
        self._node, self._spinner = node, spinner
        self._sequence = 0

    def call_enable(self, wanted: bool) -> None:
        """Enable or disable control; for the latter it waits although it is asked to stop.

        Raises ControlRefused with the reason.
        """
        future = self._node.enable.call_async(SetBool.Request(data=wanted))
        if not self.spin_until(future.done, 3.0, to_the_end=not wanted):
            raise ControlRefused("interrupted" if self._spinner.stop else "control does not answer control/enable")
        response = future.result()
        if not response.success:
            raise ControlRefused(f"control cannot be enabled: {response.message}")

    @contextmanager
    def in_charge(self, ready: Callable[[], bool], timeout: float) -> Iterator[None]:
        """Wait for control until `ready`, at most `timeout` [s]; have it enabled for as long as this lasts.

        Raises ControlRefused with the reason.
        """
        if not self.spin_until(ready, timeout):
            raise ControlRefused("no control node answers here: is a job running?")
        if self._node.progress.estop:
            raise ControlRefused("the e-stop is latched: release it first (vla recover)")
        try:
            self.call_enable(True)  # where it stands; from now on the planner has the lease
            for _ in range(2):  # what moved comes to rest first, and the news that is heard next may be of before
                self._hear_progress()
            if not self.spin_until(lambda: not self._node.progress.held, RESTS_WITHIN_S):
                raise ControlRefused(f"control is held: {self._node.progress.held or 'interrupted'}")
            yield
        finally:  # whether the answer came or not: a request that is out enables control a while later
            self.call_enable(False)

    def go(self) -> float:
        """Take all groups home; return how far from it a joint came to rest at most [rad], [m]; inf when none is heard.

        The way of all arms at once is planned around what the cameras see and around the rest of the robot. Raises
        ControlRefused, the arms raised and at rest, when there is none.
        """
        with self._node.measuring_joints():
            return self._go()

    def _go(self) -> float:
        node = self._node
        self.spin_until(lambda: node.joints is not None, JOINTS_WITHIN_S)
        if node.joints is None:
            return float("inf")
        for name, T in tuple(node.commanded.items()):
            if self._is_low(T) and self._away(node.embodiment.arm(name)) > HOME_TOLERANCE:
                self._raise(name, T)
        self._take_arms_home()
        for group in node.embodiment.joint_groups:
            self._take_joints_home(group)
        return max(map(self._away, node.embodiment.driven_groups))

    def _is_low(self, T_base_ee: np.ndarray) -> bool:
        """Say whether a tool may be among what stands on the table."""
        workplace = self._node.embodiment.workplace
        origin = 0.0 if workplace is None else workplace.origin[2]  # [m] that tables stand about
        return bool(T_base_ee[2, 3] - origin < RAISE_BELOW)

    def _away(self, group: ArmGroup | JointGroup) -> float:
        """Return how far from home the joint of a group is that is furthest from it [rad], [m]."""
        measured = self._node.measured
        return float(max(abs(measured[name] - home) for name, home in zip(group.joints, group.home, strict=True)))

    def _raise(self, arm: str, T_base_ee: np.ndarray) -> None:
        frame = self._node.embodiment.base_frame
        self.execute(lambda stamp, number: raise_chunk(stamp, frame, arm, T_base_ee, RAISE_BY, number))

    def _take_joints_home(self, group: JointGroup) -> None:
        frame, measured = self._node.embodiment.base_frame, self._node.measured
        start = np.array([measured[name] for name in group.joints])
        self.execute(lambda stamp, number: joints_chunk(stamp, frame, group, start, group.home, number))

    def _take_arms_home(self) -> None:
        node, measured = self._node, self._node.measured
        limits = {
            joint: (low, high)
            for arm in node.embodiment.arms
            for joint, low, high in zip(arm.joints, arm.lower, arm.upper, strict=True)
        }
        # A measured joint may stand a hair outside.
        q = np.array([np.clip(measured[joint], *ends) for joint, ends in limits.items()])
        others = {name: value for name, value in measured.items() if name not in limits}
        self._follow(self._plan(q, others, Surroundings(node).perceive(self.spin_until)))

    def _plan(self, q: np.ndarray, others: Mapping[str, float], scene: CollisionScene | None) -> Plan:
        # Imported when it is needed: planning costs half a second and 80 MB that most of a run has no use for.
        from vla_ros.planning.backends import make_planner
        from vla_ros.planning.errors import PlanningError
        from vla_ros.planning.home import plan_home

        def plan() -> Plan:
            return plan_home(make_planner(self._node.embodiment, others=others), q, scene)

        # A second or two of a core, for which the world need not slow down: everything stands still meanwhile.
        with ThreadPoolExecutor(1, "planning", initializer=partial(yield_processor, NICENESS)) as pool:
            planned = pool.submit(plan)
            if not self.spin_until(planned.done, float("inf")):
                raise ControlRefused("interrupted")
            try:
                return planned.result()
            except PlanningError as error:
                raise ControlRefused(f"no way home: {error}") from error

    def _follow(self, plan: Plan) -> None:
        from vla_ros.planning.chunk import plan_chunk

        # A chunk needs today's stamp, and the first that is heard may be an old one.
        for _ in range(2):
            self._hear_progress()
        frame = self._node.embodiment.base_frame
        self.execute(lambda stamp, number: plan_chunk(plan, stamp, frame, number))

    def _hear_progress(self) -> None:
        old = self._node.progress.stamp
        self.spin_until(lambda: self._node.progress.stamp != old, NEWS_WITHIN_S)

    def spin_until(self, done: Callable[[], bool], timeout: float, to_the_end: bool = False) -> bool:
        """Spin until `done`, for at most `timeout` [s] and until asked to stop; return whether it is done.

        `to_the_end`: not less long where it is asked to stop.
        """
        end = time.monotonic() + timeout
        while not done():
            if time.monotonic() > end or (self._spinner.stop and not to_the_end):
                return False
            self._spinner.once(0.05)
        return True

    def execute(self, make: Callable[[float, int], ActionChunk]) -> None:
        """Send a chunk and wait until it is executed, or will never be."""
        node = self._node
        self._sequence += 1
        chunk = make(node.progress.stamp, self._sequence)
        node.plan(chunk)
        sent = advanced = time.monotonic()
        done_s = -1.0

        def executed() -> bool:
            nonlocal advanced, done_s
            progress, now = node.progress, time.monotonic()
            if progress.source != "planner" or progress.sequence != chunk.sequence:
                return now - sent > ACCEPTED_WITHIN_S
            if progress.executed_s != done_s:
                advanced, done_s = now, progress.executed_s
            return not progress.moving or now - advanced > STALLED_S

        # A busy machine slows simulated time: what counts is whether the chunk advances.
        self.spin_until(executed, 20.0 * chunk.duration + 10.0)
