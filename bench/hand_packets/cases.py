# SPDX-License-Identifier: Apache-2.0
"""The cases: what a network does to packets of moving hands, and what the operator does meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from pages.hand_packets import PACKET_S, Network
from robot_rigs.teleoperated_robot import TeleoperatedRobot

from bench.hand_packets import measures

HAND_SPEED, RADIUS = 0.15, 0.05  # [m/s], [m] of the circle that a hand draws
FAST = 1.0  # [m/s] of a hand that is faster than it is followed
SETTLED_S = 0.5  # [s] after which the first motion has begun
GAP_S = 0.3
POLICY_SPEED = 0.1  # [m/s] of the tools of a policy that is taken over from
TAKE_AT, SQUEEZE_AT, CORRECTION_S = 0.7, 1.1, 1.0  # [s]


@dataclass(frozen=True)
class Case:
    """One thing that happens to packets, or that the operator does."""

    name: str
    network: Callable[[float], Network]  # of when the first gap begins [s]
    seconds: float = 2.6
    clutch: Callable[[float], bool] = field(default=lambda time: True)
    hand_speed: float = HAND_SPEED


def _gap(length: float = GAP_S, **keys: int | bool) -> Callable[[float], Network]:
    return lambda begin: Network(gaps=((begin, begin + length), (begin + 1.0, begin + 1.0 + length)), **keys)  # type: ignore[arg-type]


def _bunches(count: int) -> Callable[[float], Network]:
    return lambda begin: Network(bunch=count)


def regripped(time: float) -> bool:
    """Let go of the clutch for 0.4 s in a second."""
    return time % 1.0 < 0.6


CASES = (
    Case("steady", _bunches(1)),
    *(Case(f"bunches of {count}", _bunches(count)) for count in (2, 4, 8)),
    Case("gap, nothing sent in it", _gap(queued=False)),
    Case("gap", _gap()),
    Case("gap, bunches of 4", _gap(bunch=4)),
    Case("gap, bunches of 8", _gap(bunch=8)),
    Case("gap, quick hand, bunches of 4", _gap(bunch=4), hand_speed=FAST),
    Case("silence of 1 s", lambda begin: Network(gaps=((begin, begin + 1.0),)), 3.0),
    Case("clutch let go, pressed again", _bunches(1), clutch=regripped),
    Case("clutch pressed again, bunches of 8", _bunches(8), clutch=regripped),
)
CORRECTIONS = (
    Case("taken from a policy", _bunches(1)),
    Case("taken from a policy, bunches of 8", _bunches(8)),
    Case(
        "taken from a policy, a gap in it", lambda begin: Network(gaps=((SQUEEZE_AT + 0.3, SQUEEZE_AT + 0.3 + GAP_S),))
    ),
)


def circle(speed: float) -> Callable[[float], np.ndarray]:
    """Return a hand on a lying circle, at `speed` [m/s]."""

    def place(time: float) -> np.ndarray:
        angle = speed * time / RADIUS
        return RADIUS * np.array([np.cos(angle) - 1.0, np.sin(angle), 0.0])

    return place


def sway(speed: float) -> Callable[[float], np.ndarray]:
    """Return a hand that goes to and fro by 20 cm along a line, at `speed` [m/s] but where it turns."""

    def place(time: float) -> np.ndarray:
        far = 0.2
        return np.array([0.0, far * abs((speed * time / far + 0.5) % 2.0 - 1.0) - 0.5 * far, 0.0])

    return place


def figures(robot_name: str, case: Case, random: np.random.Generator) -> dict[str, float]:
    """Return what is seen of one trial: [s], [m/s], shares, [m]."""
    begin, phase = float(random.uniform(1.0, 1.1)), float(random.uniform(0.0, PACKET_S))
    packets = case.network(begin).packets(case.seconds, phase, case.clutch)
    place = (circle if case.hand_speed <= HAND_SPEED else sway)(case.hand_speed)
    robot = TeleoperatedRobot(robot_name, place, packets)
    robot.run(case.seconds - 0.1)
    stretches = measures.heard(packets, robot.teleoperation.limits, robot.now)
    begins = measures.gaps_of(stretches)
    settled = [(max(a, SETTLED_S), b) for a, b in stretches if b > SETTLED_S]
    speed, acceleration = measures.limit_shares(robot)
    found = {
        "freeze": measures.standing(robot, settled),
        "speed": max(float(measures.tool_speed(robot, arm).max()) for arm in robot.arms),
        "joint_speed": speed,
        "joint_acceleration": acceleration,
        "jump": measures.jump(robot),
        "refused": float(len(robot.refusals)),
    }
    if begins:
        found["follows"] = measures.following(robot, begins, case.hand_speed)
    return found


def correction(robot_name: str, case: Case, random: np.random.Generator) -> dict[str, float]:
    """Return what is seen of one correction of a second: taken from a policy that moves, clutched, let go."""
    phase, end = float(random.uniform(0.0, PACKET_S)), SQUEEZE_AT + CORRECTION_S
    network = case.network(0.0)
    packets = network.packets(end + 0.6, phase, lambda time: SQUEEZE_AT <= time < end)
    robot = TeleoperatedRobot(robot_name, circle(HAND_SPEED), packets)
    robot.taken, robot.policy = False, lambda time: np.array([0.0, POLICY_SPEED if time < 0.6 else 0.05, 0.0])
    robot.run(TAKE_AT)
    robot.take()
    robot.run(end + 0.5 - TAKE_AT)
    squeezed = [packet.arrives for packet in packets if packet.clutch]
    let_go = next(packet.arrives for packet in packets if packet.sent >= end)
    frames = [measures.kept_frames(robot, squeezed[0], let_go, at) for at in random.uniform(0.0, measures.FRAME_S, 5)]
    stretches = measures.heard(packets, robot.teleoperation.limits, robot.now)
    speed, acceleration = measures.limit_shares(robot)
    return {
        "freeze": measures.standing(robot, stretches),
        "follows": measures.following(robot, [begin for begin, _ in stretches], HAND_SPEED),
        "speed": max(float(measures.tool_speed(robot, arm).max()) for arm in robot.arms),
        "joint_speed": speed,
        "joint_acceleration": acceleration,
        "jump": measures.jump(robot, [TAKE_AT, *(begin for begin, _ in stretches)]),
        "refused": float(len(robot.refusals)),
        "kept": sum(kept for kept, _ in frames) / sum(count for _, count in frames),
    }
