# SPDX-License-Identifier: Apache-2.0
"""From a chosen candidate to motion: over it, down along the tool's axis, take it, up, across, down, let go.

Every call continues from what is commanded, so a chunk may be cut short by the next one at any time.
Shape legend: H rows in time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

import numpy as np

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus, instruction_hash, pose_channels
from controllers.errors import ConfigError
from controllers.rotations import from_matrix
from vla_ros.policies.geometric.motion import MotionConfig, Walker, rotation_between
from vla_ros.policies.observation import Observation
from vla_ros.robots.tools.description import CAGE, PINCH, Tool
from vla_ros.robots.tools.mounting import FINGERS

_TO_SEAL = 0.15  # [s] that cups are given before anybody looks whether they have sealed
_CLOSED = 0.002  # [m] between fingers that hold nothing


class PickPhase(Enum):
    """What the tool is doing."""

    IDLE = "idle"
    OVER = "over"
    DOWN = "down"
    TAKE = "take"
    LIFT = "lift"
    AROUND = "around"  # fingers go out beside what is held …
    CAGE = "cage"  # … and come to it
    CARRY = "carry"
    HOLD = "hold"
    LOWER = "lower"
    RELEASE = "release"
    LEAVE = "leave"
    AWAY = "away"
    DONE = "done"
    MISSED = "missed"


# In which something is held that has been lifted; a cage's fingers are out.
_LIFTED = (PickPhase.AROUND, PickPhase.CAGE, PickPhase.CARRY, PickPhase.HOLD, PickPhase.LOWER)


@dataclass(frozen=True)
class PickConfig:
    """Heights [m], speeds [m/s] and waiting times [s]. Raises ConfigError for what is not positive and finite."""

    period: float = 0.1  # of rows
    rows: int = 20  # of a chunk at most
    before: float = 0.10  # [m] before the candidate, along the tool's axis, where the tool turns
    over: float = 0.36  # [m] above the tote's floor that the tool passes over everything
    speed: float = 0.5
    down_speed: float = 0.12
    press: float = 0.002  # [m] that a lip goes further than where its surface is seen
    lift_speed: float = 0.25
    carry_speed: float = 0.8
    acceleration: float = 2.5  # [m/s²]
    turn_rate: float = 1.8  # [rad/s]
    seal_s: float = 1.2  # that cups are given to seal
    close_s: float = 0.8  # that fingers are given to close
    cage_s: float = 0.4  # that a cage's fingers are given to go out, and to come to what is held
    release_s: float = 0.4
    arrived: float = 0.004  # [m]
    arrived_angle: float = 0.03  # [rad]

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not 0.0 < value < np.inf:
                raise ConfigError(f"pick.{name} must be above 0 and finite, got {value}")


@dataclass(frozen=True, eq=False)
class Pick:
    """What is to be taken, and where it is to go."""

    mode: str  # suction, pinch or cage
    T_base_tool: np.ndarray  # (4, 4) of the tool's frame where it takes
    cups: Mapping[str, float]  # how far the piston of each cup that is on goes out [m]
    width: float = float("nan")  # [m] between fingers that hold, of a pinch or a cage
    depth: float = float("nan")  # [m] of the fingers' tips beyond the tool's plane
    T_base_over: np.ndarray | None = None  # (4, 4) where it is carried to; None: it is held over where it lay
    T_base_place: np.ndarray | None = None  # (4, 4) where it is let go; None: it is kept


class PickMotion:
    """One pick from its beginning to its end."""

    def __init__(self, tool: Tool, arm: str, frame_id: str, config: PickConfig | None = None) -> None:
        """`frame_id` is the robot's base. Names are those of a robot with one arm: they have no prefix."""
        self.config = config or PickConfig()
        self._tool, self._arm, self._frame = tool, arm, frame_id
        self._cups = {cup.name: cup.stroke for cup in tool.cups}
        motion = MotionConfig(acceleration=self.config.acceleration, turn_rate=self.config.turn_rate)
        self._walker = Walker(motion)
        self._sequence = 0
        self.reset()

    def reset(self) -> None:
        """Forget the pick."""
        self.phase = PickPhase.IDLE
        self.pick: Pick | None = None
        self._since = 0.0
        self._sealed: dict[str, bool] = {}
        self._width: float | None = None  # [m] measured between fingers
        self._T_base_rest: np.ndarray | None = None  # (4, 4) where the tool was at first, out of the cameras' view

    def begin(self, pick: Pick, stamp: float) -> None:
        """Start with a pick. Raises ConfigError for a mode or cup that the tool has not, and for what is not finite."""
        if pick.mode not in self._tool.modes:
            raise ConfigError(f"tool '{self._tool.name}' knows no mode '{pick.mode}': {', '.join(self._tool.modes)}")
        for cup in pick.cups:
            if cup not in self._cups:
                raise ConfigError(f"tool '{self._tool.name}' has no cup '{cup}': {', '.join(self._cups)}")
        poses = [T for T in (pick.T_base_tool, pick.T_base_over, pick.T_base_place) if T is not None]
        if not np.isfinite(poses).all() or not np.isfinite([*pick.cups.values()]).all():
            raise ConfigError("a pick's poses and pistons must be finite: leave out candidates that are not")
        self.pick = pick
        self._enter(PickPhase.OVER, stamp)

    @property
    def finished(self) -> bool:
        """Say whether there is nothing more to do for this pick."""
        return self.phase in (PickPhase.IDLE, PickPhase.DONE, PickPhase.MISSED)

    def next(self, observation: Observation, over: float) -> ActionChunk:
        """Return the next rows; `over` [m] is the height in the base frame at which the tool passes over everything."""
        T = self._commanded(observation)
        self._sealed = dict(sealed_cups(observation))
        fingers = observation.state.end_effectors.get(FINGERS)
        self._width = None if fingers is None else fingers.width
        for _ in PickPhase:
            goals, speed = self._goals(T, over)
            if self._stays(observation, T, goals):
                break
        poses = self._path(T, goals, speed)
        return self._chunk(observation, poses, self._status())

    def wait(self, observation: Observation) -> ActionChunk:
        """Return one row that stays where it is, between picks, for a further frame."""
        return self._chunk(observation, [self._commanded(observation)], TaskStatus.ONGOING)

    def _commanded(self, observation: Observation) -> np.ndarray:
        """Return where the tool is told to be (4, 4); where it was at first it rests."""
        T = observation.commanded.arms[self._arm].T_base_ee
        if self._T_base_rest is None:
            self._T_base_rest = T.copy()
        return T

    # -- phases --------------------------------------------------------------------------------------------------------
    def _goals(self, T: np.ndarray, over: float) -> tuple[list[np.ndarray], float]:
        """Return the poses that this phase goes through, and how fast [m/s]."""
        config, pick, phase = self.config, self.pick, self.phase
        if pick is None or phase in (PickPhase.IDLE, PickPhase.DONE, PickPhase.MISSED):
            return [T], config.speed
        goal = pick.T_base_tool
        before = _along(goal, -config.before)
        if phase is PickPhase.OVER:
            start, high = _raised(T, max(over, T[2, 3])), _raised(before, max(over, before[2, 3]))
            away = np.linalg.norm(T[:2, 3] - before[:2, 3]) > 0.02
            return ([start, high, before] if away else [before]), config.speed
        if phase in (PickPhase.DOWN, PickPhase.TAKE):  # all the way: as soon as it has almost arrived it takes
            return [goal], config.down_speed
        if phase in (PickPhase.AROUND, PickPhase.CAGE, PickPhase.HOLD, PickPhase.RELEASE):
            return [T], config.speed
        if phase is PickPhase.LIFT:
            return [_raised(T, max(over, T[2, 3]))], config.lift_speed
        if phase is PickPhase.CARRY:
            return [pick.T_base_over if pick.T_base_over is not None else T], config.carry_speed
        if phase is PickPhase.AWAY:
            rest = T if self._T_base_rest is None else self._T_base_rest
            height = max(over, float(T[2, 3]))
            return [_raised(T, height), _raised(rest, max(height, float(rest[2, 3]))), rest], config.speed
        place = pick.T_base_place if pick.T_base_place is not None else T
        if phase is PickPhase.LOWER:
            return [_raised(place, max(T[2, 3], place[2, 3])), place], config.lift_speed
        return [_raised(T, max(over, T[2, 3]))], config.lift_speed  # LEAVE

    def _stays(self, observation: Observation, T: np.ndarray, goals: list[np.ndarray]) -> bool:
        """Say whether the phase goes on; enter the next one where it does not."""
        config, phase, stamp = self.config, self.phase, observation.stamp
        waited = stamp - self._since
        there = (
            np.linalg.norm(T[:3, 3] - goals[-1][:3, 3]) < config.arrived
            and rotation_between(T, goals[-1]) < config.arrived_angle
        )
        pick = self.pick
        if pick is None or self.finished:
            return True
        following = {
            PickPhase.OVER: (there, PickPhase.DOWN),
            PickPhase.DOWN: (there, PickPhase.TAKE),
            PickPhase.TAKE: (self._taken(waited), PickPhase.LIFT),
            PickPhase.LIFT: (there, PickPhase.AROUND if pick.mode == CAGE else PickPhase.CARRY),
            PickPhase.AROUND: (waited > config.cage_s, PickPhase.CAGE),
            PickPhase.CAGE: (waited > config.cage_s, PickPhase.CARRY),
            PickPhase.CARRY: (there, PickPhase.LOWER if pick.T_base_place is not None else PickPhase.HOLD),
            PickPhase.HOLD: (waited > config.release_s, PickPhase.DONE),
            PickPhase.LOWER: (there, PickPhase.RELEASE),
            PickPhase.RELEASE: (waited > config.release_s, PickPhase.LEAVE),
            PickPhase.LEAVE: (there, PickPhase.DONE),
            PickPhase.AWAY: (there, PickPhase.MISSED),
        }
        over, after = following[phase]
        up = phase in (PickPhase.AROUND, PickPhase.CAGE, PickPhase.CARRY) or (over and phase is PickPhase.LIFT)
        lost = up and self._lost()
        if not over and not lost:
            return True
        self._enter(PickPhase.AWAY if lost else after, stamp)
        return False

    def _taken(self, waited: float) -> bool:
        pick = self.pick
        assert pick is not None
        if pick.mode == PINCH:
            return waited > self.config.close_s
        return (
            waited > _TO_SEAL and all(self._sealed.get(cup, False) for cup in pick.cups)
        ) or waited > self.config.seal_s

    def _lost(self) -> bool:
        """Say whether cups hold nothing any more, or fingers have closed on nothing, where they say so."""
        pick = self.pick
        assert pick is not None
        if pick.mode == PINCH:
            return self._width is not None and self._width < _CLOSED
        return bool(self._sealed) and not any(self._sealed.values())

    def _enter(self, phase: PickPhase, stamp: float) -> None:
        self.phase, self._since = phase, stamp
        self._walker.halt()

    # -- rows ----------------------------------------------------------------------------------------------------------
    def _path(self, T: np.ndarray, goals: list[np.ndarray], speed: float) -> list[np.ndarray]:
        """Return poses (4, 4), a row each, through the goals; at least one."""
        config, walker = self.config, self._walker
        walker.halt()
        poses: list[np.ndarray] = []
        for goal in goals:
            while len(poses) < config.rows:
                near = np.linalg.norm(T[:3, 3] - goal[:3, 3]) < 1e-4 and rotation_between(T, goal) < 1e-3
                if near:
                    break
                T = walker.straight(T, goal, speed, config.period)
                poses.append(T)
            walker.halt()
        return poses or [T, T]

    def _values(self) -> dict[str, float]:
        """Return what cups and fingers are told now, by channel."""
        pick, phase = self.pick, self.phase
        holding = phase in (PickPhase.DOWN, PickPhase.TAKE, PickPhase.LIFT, *_LIFTED)
        kept = phase is PickPhase.DONE and pick is not None and pick.T_base_place is None
        holding = holding or kept
        out = holding or phase is PickPhase.OVER
        values: dict[str, float] = {}
        for cup, stroke in self._cups.items():
            on = pick is not None and cup in pick.cups
            values[f"{cup}/suction"] = float(on and holding and phase is not PickPhase.DOWN)
            if stroke > 0.0:
                wanted = pick.cups[cup] + self.config.press if pick is not None and on and out else 0.0
                values[f"{cup}/depth"] = float(np.clip(wanted, 0.0, stroke))
        if self._tool.fingers:
            values |= self._finger_values(holding, out)
        return values

    def _finger_values(self, holding: bool, out: bool) -> dict[str, float]:
        pick, phase, tool = self.pick, self.phase, self._tool
        stroke = min(finger.stroke for finger in tool.fingers)
        width, depth = tool.opening, 0.0
        if pick is not None and np.isfinite(pick.width):
            pinching = pick.mode == PINCH
            caging = pick.mode == CAGE and (phase in _LIFTED or (phase is PickPhase.DONE and holding))
            width, deep = open_fingers(pick, tool)
            if caging or (pinching and out) or phase is PickPhase.RELEASE:
                depth = deep
            if pinching and holding and phase is not PickPhase.DOWN:
                width = 0.0
            elif caging and phase is not PickPhase.AROUND:
                width = float(np.clip(pick.width, 0.0, tool.opening))
        values = {f"{FINGERS}/width": width}
        if stroke > 0.0:
            values[f"{FINGERS}/depth"] = depth
        return values

    def _status(self) -> TaskStatus:
        if self.phase in (PickPhase.IDLE, PickPhase.MISSED):  # there is nothing that could be taken, or it was not
            return TaskStatus.INVALID
        return TaskStatus.TERMINATED if self.finished else TaskStatus.ONGOING

    def _chunk(self, observation: Observation, poses: list[np.ndarray], status: TaskStatus) -> ActionChunk:
        values = self._values()
        channels = (*pose_channels(self._arm), *values, STATUS_CHANNEL)
        rows = [[*T[:3, 3], *from_matrix(T[:3, :3]), *values.values(), float(status.value)] for T in poses]
        self._sequence += 1
        return ActionChunk(
            stamp=observation.stamp,
            frame_id=self._frame,
            channels=channels,
            times=self.config.period * np.arange(1, len(rows) + 1),
            values=np.array(rows),
            sequence=self._sequence,
            instruction=instruction_hash(observation.instruction),
        )


def open_fingers(pick: Pick, tool: Tool) -> tuple[float, float]:
    """Return how far apart [m] fingers are that let go, and how far [m] beyond the tool's plane.

    They open where they are, and go in as the tool leaves.
    """
    stroke = min((finger.stroke for finger in tool.fingers), default=0.0)
    deep = pick.mode in (PINCH, CAGE) and np.isfinite([pick.width, pick.depth]).all()
    depth = float(np.clip(pick.depth, 0.0, stroke)) if deep else 0.0
    told = pick.mode == PINCH and np.isfinite(pick.width)
    return float(np.clip(pick.width, 0.0, tool.opening)) if told else tool.opening, depth


def sealed_cups(observation: Observation) -> dict[str, bool]:
    """Return which cups hold something, where end effectors say so."""
    return {cup: held for one in observation.state.end_effectors.values() for cup, held in one.sealed.items()}


def _along(T: np.ndarray, distance: float) -> np.ndarray:
    moved = T.copy()
    moved[:3, 3] = T[:3, 3] + distance * T[:3, 2]
    return moved


def _raised(T: np.ndarray, height: float) -> np.ndarray:
    moved = T.copy()
    moved[2, 3] = height
    return moved
