# SPDX-License-Identifier: Apache-2.0
"""Whole robots for the tests of whole-body control."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from controllers.whole_body.controller import WholeBody
from controllers.whole_body.description import Body, Box
from controllers.whole_body.targets import BodyTarget, HandTarget
from controllers.whole_body_config import WholeBodyConfig
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.whole_body import whole_body

DT = 0.002
TABLE = Box("table", (0.8, 1.6, 0.04), (0.85, 0.0, 0.72))  # before a robot on wheels, [m]


@lru_cache
def described(robot: str = "bytemini", table: bool = False) -> Body:
    """Return a robot, by itself or before a table."""
    return whole_body(load_embodiment(robot), [TABLE] if table else [])


def controlled(robot: str = "bytemini", table: bool = False, **config) -> WholeBody:
    """Return a robot under whole-body control, at home."""
    return WholeBody(described(robot, table), WholeBodyConfig(**config))


def shifted(control: WholeBody, shift, names=(), **options) -> BodyTarget:
    """Return a target for some hands, all where none is named, each so far [m] from where it is now."""
    hands = {}
    for name in names or control.hands:
        T = control.tool_pose(name)
        T[:3, 3] += shift
        hands[name] = HandTarget(T, **options)
    return BodyTarget(hands)


def follow(control: WholeBody, target: BodyTarget, seconds: float) -> None:
    """Hold a target for so long; every tick is solved."""
    for _ in range(round(seconds / DT)):
        assert control.tick(target, DT)


def position_error(control: WholeBody, target: BodyTarget) -> float:
    """Return how far the furthest hand is from its target [m]."""
    return max(
        float(np.linalg.norm(one.T[:3, 3] - control.tool_pose(name)[:3, 3])) for name, one in target.hands.items()
    )
