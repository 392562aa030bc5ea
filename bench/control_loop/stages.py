# SPDX-License-Identifier: Apache-2.0
"""Where a tick's time goes: the stages of a follower, timed where they are called, and a stitch of many channels."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bench.control_loop.rig import FrankaRig
from controllers.chunks import splicing
from controllers.chunks.chunk import ActionChunk
from controllers.chunks.motion import Start
from controllers.chunks.splicing import Auxiliaries
from controllers.chunks.stitching import MotionBounds
from controllers.chunks.timeline import ChunkTimeline
from controllers.chunks.track import JOINT, Track, side_by_side
from controllers.control_config import StitchConfig

STITCHES = 300
CHANNELS, POINTS, STEP = 14, 30, 1 / 30  # two arms of seven joints, 30 steps at 30 Hz [s]


def stage_figures(rig: FrankaRig, seconds: float) -> dict[str, float]:
    """Return the median cost [µs] of each stage of a tick, and of aligning a chunk, over `seconds` [s].

    The stages are wrapped for this run alone: two readings of the clock a stage, some 0.1 µs.
    """
    rig.restart()
    drive = rig.driven.drive
    law, pose = drive.law, drive.motion.pose
    stages = {
        "model": (rig.driven.model, "update"),
        "sampling": (pose, "step"),
        "filter": (pose.filter, "step"),
        "impedance": (law.cartesian, "effort"),
        "gate": (drive.gate, "apply"),
        "alignment": (splicing, "align"),
    }
    with _timed(stages) as spent:
        durations, _ = rig.follow(seconds)
    median = {name: 1e6 * float(np.median(times)) for name, times in spent.items()}
    median["sampling"] -= median["filter"]  # it calls the filter
    figures = {f"stage_{name}_us": cost for name, cost in median.items()}
    in_tick = sum(cost for name, cost in median.items() if name != "alignment")
    figures["stage_rest_us"] = max(0.0, 1e6 * float(np.median(durations)) - in_tick)
    return figures


@contextmanager
def _timed(stages: dict[str, tuple[Any, str]]) -> Iterator[dict[str, list[float]]]:
    spent: dict[str, list[float]] = {name: [] for name in stages}
    wrapped = []
    for name, (owner, attribute) in stages.items():
        own = attribute in vars(owner)
        original = getattr(owner, attribute)
        setattr(owner, attribute, _timing(original, spent[name]))
        wrapped.append((owner, attribute, original, own))
    try:
        yield spent
    finally:
        for owner, attribute, original, own in wrapped:
            if own:
                setattr(owner, attribute, original)
            else:
                delattr(owner, attribute)


def _timing(function: Any, spent: list[float]) -> Any:
    clock = time.perf_counter

    def timed(*arguments: Any, **options: Any) -> Any:
        began = clock()
        result = function(*arguments, **options)
        spent.append(clock() - began)
        return result

    return timed


def wide_stitch_figures(config: StitchConfig) -> dict[str, float]:
    """Return what it costs [ms] to align and stitch 30 steps of 14 joints, each onto the motion before."""
    random = np.random.default_rng(0)
    joints = tuple(f"joint{k}" for k in range(CHANNELS))
    channels = tuple(f"{name}/position" for name in joints)
    times = STEP * np.arange(1, POINTS + 1)
    bounds = MotionBounds(np.full(CHANNELS, 2.0), np.full(CHANNELS, config.joint_acceleration_max))
    wide = np.full(CHANNELS, 10.0)
    tracks = side_by_side([Track("", joints, -wide, wide)], [JOINT])
    current = None
    phases, order, state = random.uniform(0.0, 6.0, CHANNELS), ChunkTimeline(), np.zeros((3, CHANNELS))
    spent = []
    for k in range(STITCHES):
        stamp = 0.2 * k
        path = 0.3 * np.sin(0.8 * (stamp + times)[:, None] + phases) + 0.01 * random.normal(size=CHANNELS)
        chunk = ActionChunk(stamp, "base", channels, times, path, k)
        start = Start(tracks, state, 0.1, 0.095, current=current, memory=config.memory)
        began = time.perf_counter()
        order, motion, _ = order.accept(chunk, "policy", start, Auxiliaries(), config, bounds)
        spent.append(time.perf_counter() - began)
        state, current = motion.spline.derivatives(0.2), (motion.spline, 0.2)
    p50, p99 = np.percentile(1e3 * np.array(spent[1:]), [50, 99])
    return {"stitch_30x14_ms_median": float(p50), "stitch_30x14_ms_p99": float(p99)}
