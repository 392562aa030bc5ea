# SPDX-License-Identifier: Apache-2.0
"""What is seen of a teleoperated robot's commands: standing still, speed, acceleration, jumps, frames that count."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from bags.bag_making import STATUS, Sent, write_bag
from bags.sent_marks import mark, status
from pages.hand_packets import Packet
from robot_rigs.teleoperated_robot import DT, TeleoperatedRobot

from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.marks import BEGIN, END
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.quality.config import load_quality_config
from vla_ros.teleop.hand_motion import HandMotionLimits

STILL = load_quality_config().still_speed  # [rad/s] of the fastest joint: below, an arm idles
FOLLOWS = 0.1  # share of the hand's speed at which the tool counts as following it
JUMP_S = 0.01  # [s] within which what goes on as before is compared with what is commanded
GAP_S = 0.15  # [s] between two arrivals is a gap; a bunch of eight takes 0.11
FRAME_S = 0.1  # [s] between two of a recording's pictures
START_NS = 1_700_000_000_000_000_000  # [ns] of a recording


def heard(packets: Sequence[Packet], limits: HandMotionLimits, until: float) -> list[tuple[float, float]]:
    """Return the stretches (from, to) [s] in which a clutched hand is heard without a gap, by `until` [s].

    Each begins with the first packet that is not too late to be followed; of a grip, or a silence that counts as one,
    with the second, the first that can say that the hand has moved since. It ends with its last packet.
    """
    found: list[list[float]] = []
    held = gripped = False
    last = -np.inf
    for packet in packets:
        if packet.arrives > until:
            break
        if packet.clutch and packet.arrives - packet.sent > limits.stale_s:
            continue
        if packet.clutch:
            silence, time = packet.arrives - last, packet.arrives
            if not held or silence > limits.gap_s:
                gripped = True
            elif gripped or silence > GAP_S:
                found.append([time, time])
                gripped = False
            else:
                found[-1][1] = time
            last = time
        held = packet.clutch
    return [(begin, end) for begin, end in found]


def standing(robot: TeleoperatedRobot, stretches: Sequence[tuple[float, float]]) -> float:
    """Return the longest time [s] for which an arm is commanded to stand within one of `stretches` (from, to) [s]."""
    return max(_longest(speed[_ticks(*s)] < STILL) for speed in _joint_speeds(robot) for s in stretches)


def following(robot: TeleoperatedRobot, begins: Sequence[float], hand_speed: float) -> float:
    """Return the longest time [s] from one of `begins` [s] until a tool goes at FOLLOWS of the hand's speed [m/s]."""
    slow = [tool_speed(robot, arm) < FOLLOWS * hand_speed for arm in robot.arms]
    return max(DT * int(np.argmin(still[_ticks(begin, np.inf)])) for still in slow for begin in begins)


def tool_speed(robot: TeleoperatedRobot, arm: str) -> np.ndarray:
    """Return the commanded speed (T − 1,) [m/s] of an arm's tool."""
    return np.linalg.norm(np.diff(robot.path(arm)[:, :3], axis=0), axis=1) / DT


def limit_shares(robot: TeleoperatedRobot) -> tuple[float, float]:
    """Return the largest commanded speed and acceleration of a joint, as shares of its limits."""
    speed, acceleration = robot.joint_limits
    q = np.array(robot.joints)
    return (
        float(np.abs(np.diff(q, axis=0) / DT / speed).max()),
        float(np.abs(np.diff(q, 2, axis=0) / DT**2 / acceleration).max()),
    )


def jump(robot: TeleoperatedRobot, events: Sequence[float] = ()) -> float:
    """Return how far [m] a tool is commanded at most from where it was to be, had it gone on for JUMP_S as before.

    Looked at in the quarter of a second after each of `events` [s], or all the time.
    """
    step = round(JUMP_S / DT)
    worst = 0.0
    for arm in robot.arms:
        path = robot.path(arm)[:, :3]
        going_on = path[1 : -step + 1 or None] + step * np.diff(path, axis=0)[: len(path) - step]
        off = np.linalg.norm(path[1 + step :] - going_on[: len(path) - 1 - step], axis=1)
        windows = [_ticks(event - JUMP_S, event + 0.25) for event in events] or [slice(0, None)]
        worst = max([worst, *(float(off[window].max()) for window in windows)])
    return worst


def kept_frames(robot: TeleoperatedRobot, begin: float, end: float, phase: float) -> tuple[int, int]:
    """Return how many pictures of a recording from `begin` to `end` [s] say that a person had the arm, and of how many.

    The recording is a real bag, of control/progress as it came; pictures are taken every FRAME_S from `phase` [s] on.
    """
    last = round(1e9 * robot.now)
    sent = [mark(START_NS, BEGIN), mark(START_NS + last, END, success="true")]
    for report in robot.reports:
        time = START_NS + round(1e9 * report.time)
        said = status("control", report.hold_reason, source=report.source)
        sent.append(Sent("/control/progress", STATUS, time, said))
    with tempfile.TemporaryDirectory() as folder:
        bag = write_bag(Path(folder) / "correction", sorted(sent, key=lambda entry: entry.time))
        with BagReader(bag) as reader:
            (episode,) = read_episodes(reader)
    frames = np.arange(phase, robot.now, FRAME_S)
    frames = frames[(frames >= begin) & (frames < end)]
    kept = episode.intervened(START_NS + np.round(1e9 * frames).astype(np.int64))
    return int(np.count_nonzero(kept)), len(frames)


def gaps_of(stretches: Sequence[tuple[float, float]]) -> list[float]:
    """Return when [s] a hand is heard again, the first time left out."""
    return [after[0] for _, after in pairwise(stretches)]


def _joint_speeds(robot: TeleoperatedRobot) -> list[np.ndarray]:
    """Return the commanded speed (T − 1,) [rad/s] of each arm's fastest joint."""
    speeds = np.abs(np.diff(np.array(robot.joints), axis=0)) / DT
    ends = np.cumsum([len(arm.joints) for arm in robot.embodiment.arms])
    return [part.max(axis=1) for part in np.split(speeds, ends[:-1], axis=1)]


def _ticks(begin: float, end: float) -> slice:
    return slice(max(0, int(np.ceil(begin / DT - 1e-6))), None if end == np.inf else int(end / DT + 1e-6))


def _longest(flags: np.ndarray) -> float:
    """Return the longest run of true [s]."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return DT * float((edges[1::2] - edges[::2]).max(initial=0))
