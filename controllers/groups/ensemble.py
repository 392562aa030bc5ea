# SPDX-License-Identifier: Apache-2.0
"""All groups of a robot, tick by tick: each by a drive of its own, or all by one programme."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from controllers.chunks.base_motion import BaseMotion
from controllers.chunks.motion import Motion
from controllers.groups.driven_group import DrivenGroup
from controllers.whole_body.drive import WholeBodyDrive

PROGRAMME = "whole-body programme"


class Ensemble:
    """Groups with their parts of q. What returns a name met a command of it that is not finite, or "" where none is."""

    def __init__(self, groups: Sequence[DrivenGroup], body: WholeBodyDrive | None = None) -> None:
        """Take the groups in the order of q; `body` is what they share where one programme drives them."""
        self.groups = tuple(groups)
        self.body = body
        self.joints = tuple(name for group in self.groups for name in group.joints)
        if body is not None:
            body.check_joints(self.joints)
        ends = np.cumsum([len(group.joints) for group in self.groups]).tolist()
        self.parts = [slice(end - len(group.joints), end) for group, end in zip(self.groups, ends, strict=True)]
        self._carried = [
            (group, [self.joints.index(name) for name in group.carriers]) for group in self.groups if group.carriers
        ]

    def __iter__(self) -> Iterator[DrivenGroup]:
        return iter(self.groups)

    @property
    def progress(self) -> float:
        """Return at which share of their own speed paths may go on."""
        return 1.0 if self.body is None else self.body.progress

    @property
    def blocked(self) -> str:
        """Return why the motion must end, or ""."""
        return "" if self.body is None else self.body.blocked

    @property
    def base_twist(self) -> np.ndarray | None:
        """Return how the base is to move (3,) [m/s, m/s, rad/s] where that is part of the programme, else None."""
        return None if self.body is None else self.body.base_twist

    @property
    def at_rest(self) -> bool:
        """Say whether all have come to rest."""
        return all([group.drive.at_rest for group in self.groups])

    def begin(self, q: np.ndarray, dq: np.ndarray, base: BaseMotion, now: float) -> None:
        """Take all groups over at q, dq (N,), the base where odometry says it is at `now` [s]."""
        self._carry(q)
        for group, own in zip(self.groups, self.parts, strict=True):
            group.begin(q[own], dq[own])
        if self.body is not None:
            self.body.observe(q, base, now)
            self.body.begin()

    def update(self, q: np.ndarray, dq: np.ndarray, base: BaseMotion, now: float) -> None:
        """Take what is measured at `now` [s]."""
        self._carry(q)
        for group, own in zip(self.groups, self.parts, strict=True):
            group.update(q[own], dq[own])
        if self.body is not None:
            self.body.observe(q, base, now)

    def enter(self, motion: Motion) -> None:
        """Have every group follow its track of `motion`."""
        for group, track in zip(self.groups, motion.tracks, strict=True):
            group.drive.enter(track)
        if self.body is not None and not motion.holding:
            self.body.external_wrenches.heeded = True

    def hold(self) -> np.ndarray:
        """Command where all came to rest; return the path's value that means it."""
        return np.concatenate([group.hold() for group in self.groups])

    def follow(
        self, targets: Sequence[np.ndarray], base: np.ndarray | None, dt: float, elbows: Mapping[str, float]
    ) -> str:
        """Move all on by dt [s] towards what was sampled, the base as it is told (3,), None: where that helps.

        `elbows` [rad] by arm are where those are asked to be.
        """
        wrong = ""
        for group, target in zip(self.groups, targets, strict=True):
            wrong = self._checked(group, group.drive.follow(target, dt)) or wrong
        if self.body is not None and not self.body.follow(dt, base, elbows):
            return PROGRAMME
        return wrong

    def come_to_rest(self, dt: float) -> str:
        """Take the speed out of all for dt [s]."""
        wrong = ""
        for group in self.groups:
            wrong = self._checked(group, group.drive.come_to_rest(dt)) or wrong
        if self.body is not None and not self.body.come_to_rest(dt):
            return PROGRAMME
        return wrong

    def idle(self, dt: float) -> str:
        """Be harmless for dt [s] while nobody may move the robot."""
        wrong = ""
        for group in self.groups:
            wrong = self._checked(group, group.drive.idle(dt)) or wrong
        if self.body is not None:
            self.body.idle()
        return wrong

    def without_state(self, dt: float) -> None:
        """Be harmless for dt [s] while the joints are not known."""
        for group in self.groups:
            group.drive.without_state(dt)
        if self.body is not None:
            self.body.without_state(dt)

    def _carry(self, q: np.ndarray) -> None:
        for group, columns in self._carried:
            group.carry(q[columns])

    @staticmethod
    def _checked(group: DrivenGroup, finite: bool) -> str:
        return "" if finite else group.drive.command
