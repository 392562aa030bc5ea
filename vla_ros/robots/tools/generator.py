# SPDX-License-Identifier: Apache-2.0
"""Other tools than those that are shipped, drawn from a seed: what a policy for any tool learns from and is held to.

Seeds whose remainder by 5 is 4 are held back for evaluation: nothing may be trained on their tools.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import numpy as np

from controllers.errors import ConfigError
from vla_ros.robots.tools.description import Cup, Finger, Tool
from vla_ros.robots.tools.layouts import GAP_MIN, LAYOUTS, draw_layout

PREFIX = "drawn_"
REACH_MAX = 0.1  # [m] of the body: that of the widest tool that is shipped
SEED_MAX = 10**9
_HELD_BACK_EVERY = 5
_CUPS, _BOTH, _FINGERS = "cups", "both", "fingers"
_GRID = 1e-4  # [m] to which lengths are rounded, as in a drawing


def held_back(seed: int) -> bool:
    """Say whether a seed's tool is for evaluation alone."""
    return seed % _HELD_BACK_EVERY == _HELD_BACK_EVERY - 1


def training_seeds() -> Iterator[int]:
    """Yield the seeds that may be trained on, from 0 on."""
    return (seed for seed in itertools.count() if not held_back(seed))


def evaluation_seeds() -> Iterator[int]:
    """Yield the seeds that are held back, from the first on."""
    return (seed for seed in itertools.count() if held_back(seed))


def seed_of(name: str) -> int | None:
    """Return the seed of a drawn tool's name, such as drawn_17; None for another name.

    Raises ConfigError for a seed that is too large.
    """
    found = re.fullmatch(PREFIX + r"(0|[1-9]\d*)", name, re.ASCII)
    if found is None:
        return None
    if len(found[1]) > len(str(SEED_MAX)):  # before int(), which refuses thousands of digits in words of its own
        raise ConfigError(f"tool '{PREFIX}…': the seed has {len(found[1])} digits, it must be 0 to {SEED_MAX}")
    return int(found[1])


def draw_tool(seed: int) -> Tool:
    """Return the tool of a seed, named drawn_<seed>: cups, fingers or both; the same tool on any machine.

    No two elements overlap, all lie within the body's radius, and fingers that close below cups go out beyond them.
    Raises ConfigError for a seed below 0 or above SEED_MAX.
    """
    if not 0 <= seed <= SEED_MAX:
        raise ConfigError(f"tool '{PREFIX}{seed}': the seed must be 0 to {SEED_MAX}")
    random = np.random.default_rng((seed, 0x7001))
    kind = str(random.choice([_CUPS, _BOTH, _FINGERS], p=[0.5, 0.35, 0.15]))
    while True:  # layouts that reach too far are drawn again
        cups = () if kind == _FINGERS else _cups(random)
        fingers = () if kind == _CUPS else _fingers(random, cups)
        elements: list[Cup | Finger] = [*cups, *fingers]
        reach = max(float(np.hypot(one.x, one.y)) + one.radius for one in elements)
        body_radius = _rounded(reach + random.uniform(0.002, 0.01))
        if body_radius <= REACH_MAX:
            break
    mass = (0.25 + 0.1 * len(cups) + 0.2 * len(fingers)) * random.uniform(0.8, 1.2)
    return Tool(
        name=f"{PREFIX}{seed}",
        height=_rounded(random.uniform(0.09, 0.18)),
        mass=round(mass, 3),
        body_radius=body_radius,
        cups=cups,
        fingers=fingers,
        vacuum=float(round(random.uniform(40e3, 80e3), -2)),
    )


def _cups(random: np.random.Generator) -> tuple[Cup, ...]:
    largest = random.uniform(0.008, 0.022)
    places = draw_layout(random, str(random.choice(LAYOUTS)), largest)
    alike = random.random() < 0.8
    stroke = _rounded(random.uniform(0.01, 0.04)) if random.random() < 0.5 else 0.0
    bellows, tilt = _rounded(random.uniform(0.003, 0.008)), round(random.uniform(0.15, 0.35), 3)
    cups = []
    for number, (x, y) in enumerate(places, start=1):
        radius = largest if alike else largest * random.uniform(0.6, 1.0)
        place = _rounded(x), _rounded(y)
        cups.append(Cup(f"cup_{number}", *place, _rounded(radius), stroke=stroke, bellows=bellows, tilt=tilt))
    return tuple(cups)


def _fingers(random: np.random.Generator, cups: tuple[Cup, ...]) -> tuple[Finger, ...]:
    """Return two or three fingers around the cups, at the least distance from the axis that leaves the cups free."""
    count = 2 if random.random() < 0.75 else 3
    first = random.uniform(0.0, 2.0 * np.pi) if random.random() < 0.3 else 0.5 * np.pi * random.integers(0, 4)
    angles = first + 2.0 * np.pi * np.arange(count) / count
    radius = _rounded(random.uniform(0.006, 0.014))
    away = random.uniform(0.025, 0.07) if not cups else radius + random.uniform(0.0, 0.015)
    outward = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # (F, 2)
    for cup in cups:  # circles that do not meet on any of the ways out
        along = outward @ (cup.x, cup.y)
        off = np.abs(outward @ (-cup.y, cup.x))
        touching = cup.radius + radius + GAP_MIN
        beyond = along + np.sqrt(np.maximum(touching**2 - off**2, 0.0))
        away = max(away, float(beyond[off < touching].max(initial=0.0)))
    # Pads of three meet where their edges do.
    travel = away if count == 2 else away - radius / np.tan(np.pi / 3.0)
    out = _rounded(max((cup.stroke for cup in cups), default=0.0) + random.uniform(0.02, 0.05)) if cups else 0.0
    length, force = _rounded(random.uniform(0.02, 0.06)), float(round(random.uniform(20.0, 80.0)))
    friction = round(random.uniform(0.4, 0.8), 2)
    return tuple(
        Finger(
            f"finger_{number}",
            _rounded(away * x),
            _rounded(away * y),
            radius,
            closes=(round(-x, 6), round(-y, 6)),
            travel=_rounded(travel),
            length=length,
            stroke=out,
            force=force,
            friction=friction,
        )
        for number, (x, y) in enumerate(outward.tolist(), start=1)
    )


def _rounded(value: float) -> float:
    return float(round(round(float(value) / _GRID) * _GRID, 4))
