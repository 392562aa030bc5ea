# SPDX-License-Identifier: Apache-2.0
"""Action chunks as control takes them from a topic, and frames as processes of other environments send them."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import numpy as np

from bench.one_arm import OneArm
from vla_ros.messages import chunk_from_bytes
from vla_ros.runtime.answering import answer_all
from vla_ros.runtime.frames import read_frame

NOW = 100.0  # [s] when a chunk comes


class CommandError(Exception):
    """Control commanded what no arm can do."""


@cache
def _arm() -> OneArm:
    return OneArm("franka")


def action_chunk(path: Path) -> None:
    """Give control the serialised chunk of a file, and have it follow for a few ticks."""
    chunk = chunk_from_bytes(path.read_bytes())
    arm, zeros = _arm(), np.zeros(len(_arm().home))
    follower = arm.follower("effort")
    follower.activate(arm.home, zeros, {arm.width: arm.opening}, NOW)
    follower.submit(chunk, NOW)
    for tick in range(3):
        time = NOW + 0.002 * tick
        command = follower.tick(time, 0.002, arm.home, zeros, time).arms[arm.name]
        if not all(np.isfinite(part).all() for part in (command.effort, command.position, command.pose)):
            raise CommandError(f"control commands {command}")


def frame(path: Path) -> None:
    """Read all frames of a stream, and answer each as a process of another environment does."""
    content = path.read_bytes()
    stream = io.BytesIO(content)
    while read_frame(stream) is not None:
        pass
    answer_all(io.BytesIO(content), io.BytesIO(), lambda values, arrays: ({"seen": sorted(values)}, arrays))
