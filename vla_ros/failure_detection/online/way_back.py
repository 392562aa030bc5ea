# SPDX-License-Identifier: Apache-2.0
"""The motion after an alarm: put down what is held where it was taken, let go, rise, go where the episode began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import angle_between, from_matrix
from vla_ros.policies.chunking.sampling import sample_chunk
from vla_ros.policies.observation import BaseState, EndEffectorState, RobotState
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import SUCTION

SPEED, TURN = 0.15, 0.8  # [m/s], [rad/s] of the tool
SHORTEST = 0.3  # [s] of a part of the way
RISE = 0.12  # [m] over where it was
OPENS_S = 0.8  # [s] that fingers and cups are given to let go
TOLD_NARROWER = 0.004  # [m] than they are: fingers that hold something
TAKES = TOLD_NARROWER  # [m] than they were told before: fingers that begin to take something
DRIVEN, TURNED = 0.02, 0.03  # [m], [rad] of a base that is elsewhere by now
STEP_S = 0.1  # of what is sent
LATE_S, BESIDE = 2.0, 0.1  # [s], [m] by which an arm may be late on its way, and off it


@dataclass
class TakenPlaces:
    """Where each tool was when it last began to take something."""

    _poses: dict[str, tuple[np.ndarray, BaseState | None]] = field(default_factory=dict)  # arm → (4, 4), where it stood
    _widest: dict[str, float] = field(default_factory=dict)  # tool → told since it took something [m]
    _sealed: dict[str, set[str]] = field(default_factory=dict)  # tool → its cups that hold something

    def note(self, embodiment: Embodiment, measured: RobotState, commanded: RobotState) -> None:
        """Take what is measured and commanded now."""
        for tool in embodiment.end_effectors:
            arm, state = commanded.arms.get(tool.arm), measured.end_effectors.get(tool.name)
            narrowed = self._narrowed(tool.name, commanded.end_effectors.get(tool.name))
            sealed = {cup for cup, holds in state.sealed.items() if holds} if state is not None else set()
            sealed_more = bool(sealed - self._sealed.get(tool.name, set()))
            self._sealed[tool.name] = sealed
            if arm is not None and (narrowed or sealed_more):
                self._poses[tool.arm] = arm.T_base_ee, measured.base

    def places(self, base: BaseState | None) -> dict[str, np.ndarray]:
        """Return them by arm, T_base_ee (4, 4): those that the base has not driven away from."""
        return {arm: T for arm, (T, stood) in self._poses.items() if not _has_driven(stood, base)}

    def _narrowed(self, tool: str, told: EndEffectorState | None) -> bool:
        if told is None or told.width is None:
            return False
        widest = self._widest.get(tool, told.width)
        narrowed = told.width < widest - TAKES
        self._widest[tool] = told.width if narrowed else max(widest, told.width)
        return narrowed


def _has_driven(before: BaseState | None, now: BaseState | None) -> bool:
    if before is None or now is None:
        return before is not now
    moved = np.linalg.inv(before.T_odom_base) @ now.T_odom_base
    return bool(
        np.linalg.norm(moved[:3, 3]) > DRIVEN
        or angle_between(from_matrix(moved[:3, :3]), (0.0, 0.0, 0.0, 1.0)) > TURNED
    )


class WayBack:
    """One way, of which the rest is sent again and again, as a policy sends chunks."""

    def __init__(self, chunk: ActionChunk) -> None:
        self._chunk = chunk

    @property
    def end(self) -> float:
        """Return when it is over [s]."""
        return self._chunk.stamp + self._chunk.duration

    def is_left(self, stamp: float, commanded: RobotState) -> bool:
        """Say whether an arm is not where it was to be in the last LATE_S before `stamp` [s], as one that was held.

        What is left of the way would take it straight through what it was to go over.
        """
        chunk = self._chunk
        at = min(stamp, self.end)
        way = sample_chunk(chunk, np.linspace(max(at - LATE_S, chunk.stamp), at, 1 + round(LATE_S / STEP_S)))
        for arm in chunk.arms:
            columns = [chunk.channels.index(name) for name in pose_channels(arm)[:3]]
            away = np.linalg.norm(way[:, columns] - commanded.arms[arm].T_base_ee[:3, 3], axis=1)
            if away.min() > BESIDE:
                return True
        return False

    def rest(self, stamp: float) -> ActionChunk:
        """Return what is left of it at `stamp` [s]."""
        left = max(self.end - stamp, STEP_S)
        times = np.linspace(0.0, left, max(2, round(left / STEP_S) + 1))
        chunk = self._chunk
        return ActionChunk(
            stamp, chunk.frame_id, chunk.channels, times, sample_chunk(chunk, stamp + times), riding=chunk.riding
        )


def held_arms(embodiment: Embodiment, measured: RobotState, commanded: RobotState) -> set[str]:
    """Name the arms whose tool holds something, by its fingers or a cup."""
    arms = set()
    for tool in embodiment.end_effectors:
        state, told = measured.end_effectors.get(tool.name), commanded.end_effectors.get(tool.name)
        if state is None:
            continue
        pinched = (
            state.width is not None
            and told is not None
            and told.width is not None
            and told.width < state.width - TOLD_NARROWER
        )
        if pinched or any(state.sealed.values()):
            arms.add(tool.arm)
    return arms


def kept_suction(measured: RobotState) -> dict[str, float]:
    """Return what cups that hold something are told, by channel, so that they go on: nobody says what they are told."""
    cups = [(cup, holds) for tool in measured.end_effectors.values() for cup, holds in tool.sealed.items()]
    return {f"{cup}/{SUCTION}": 1.0 for cup, holds in cups if holds}


def way_back(
    embodiment: Embodiment,
    measured: RobotState,
    commanded: RobotState,
    taken: Mapping[str, np.ndarray],
    began: Mapping[str, np.ndarray] | None,
    like: ActionChunk,
) -> WayBack:
    """Return the way from what is commanded.

    `taken` is where each tool took what it holds (4, 4), `began` where it is to go in the end; None: it stays risen.
    `like` is the chunk that it takes the place of: its frame, and which end effectors take part.
    """
    arms = [arm for arm in commanded.arms if f"{arm}/position.x" in like.channels]
    tools = [tool for tool in embodiment.end_effectors if set(tool.channels) & set(like.channels)]
    open_ = {channel: _open(tool.width_max, channel) for tool in tools for channel in tool.channels}
    # Suction and depth are in no state: cups go on, pistons stay where the policy wants them, until all let go.
    known = {**dict(zip(like.channels, like.values[0].tolist(), strict=True)), **kept_suction(measured)}
    now = open_ | {channel: value for channel, value in {**known, **commanded.values}.items() if channel in open_}
    held = held_arms(embodiment, measured, commanded)
    points = _Points(arms, tuple(open_), {arm: commanded.arms[arm].T_base_ee for arm in arms}, now)
    if putting := {arm: taken[arm] for arm in arms if arm in held and arm in taken}:
        points.go({arm: _over(points.poses[arm], T[2, 3] + RISE) for arm, T in putting.items()})
        points.go({arm: _risen(T, RISE) for arm, T in putting.items()})
        points.go(putting)
    points.tell(open_)
    points.go({arm: _risen(T, RISE) for arm, T in points.poses.items()})
    if began is not None:
        points.go({arm: began[arm] for arm in arms if arm in began})
    return WayBack(points.chunk(commanded.stamp, like))


class _Points:
    """A way in the making."""

    def __init__(
        self, arms: list[str], channels: tuple[str, ...], poses: dict[str, np.ndarray], told: dict[str, float]
    ) -> None:
        self._channels = tuple(name for arm in arms for name in pose_channels(arm)) + channels
        self.poses, self._told = poses, told
        self._times, self._rows = [0.0], [self._row()]

    def go(self, poses: Mapping[str, np.ndarray]) -> None:
        """Go there, as slowly as the slowest."""
        seconds = max((_seconds(self.poses[arm], T) for arm, T in poses.items()), default=0.0)
        self.poses = self.poses | dict(poses)
        self._add(max(seconds, SHORTEST))

    def tell(self, told: Mapping[str, float]) -> None:
        """Command end effectors and wait for them."""
        self._told = self._told | dict(told)
        self._add(STEP_S)
        self._add(OPENS_S)

    def chunk(self, stamp: float, like: ActionChunk) -> ActionChunk:
        """Return the way."""
        return ActionChunk(
            stamp, like.frame_id, self._channels, np.array(self._times), np.stack(self._rows), riding=like.riding
        )

    def _add(self, seconds: float) -> None:
        self._times.append(self._times[-1] + seconds)
        self._rows.append(self._row())

    def _row(self) -> np.ndarray:
        poses = [np.concatenate([T[:3, 3], from_matrix(T[:3, :3])]) for T in self.poses.values()]
        return np.concatenate([*poses, list(self._told.values())])


def _open(width_max: float, channel: str) -> float:
    return width_max if channel.endswith("/width") else 0.0


def _risen(T: np.ndarray, height: float) -> np.ndarray:
    """Return a pose (4, 4) higher by `height` [m]."""
    risen = T.copy()
    risen[2, 3] += height
    return risen


def _over(T: np.ndarray, height: float) -> np.ndarray:
    """Return a pose (4, 4) at `height` [m] at least."""
    over = T.copy()
    over[2, 3] = max(over[2, 3], height)
    return over


def _seconds(T: np.ndarray, other: np.ndarray) -> float:
    turned = angle_between(from_matrix(T[:3, :3]), from_matrix(other[:3, :3]))
    return max(float(np.linalg.norm(other[:3, 3] - T[:3, 3])) / SPEED, turned / TURN)
