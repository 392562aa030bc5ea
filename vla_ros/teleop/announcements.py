# SPDX-License-Identifier: Apache-2.0
"""The websocket's messages to a client, version 1; `encode` makes a text frame of one, `picture` a binary frame."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

PICTURE = 1  # first byte of a binary frame
_PICTURE_HEAD = struct.Struct("<BBd")


@dataclass(frozen=True)
class ArmDescription:
    """One arm, the hand that drives it and what the hand's trigger tells."""

    name: str
    hand: str  # "right" or "left"
    gripper_max: float  # [m] how far its gripper opens; 0 without a gripper
    tool: str = "parallel"  # what it holds things with: parallel, suction; "": nothing


@dataclass(frozen=True)
class RobotDescription:
    """What a client must know of the robot to draw it and to offer its controls."""

    name: str
    arms: tuple[ArmDescription, ...]
    base: bool
    lift: bool
    shadow: bool
    head: bool = False  # what carries a camera and turns it


@dataclass(frozen=True)
class CameraDescription:
    """One camera, in the order of the indices of pictures."""

    name: str
    width: int  # [px]
    height: int  # [px]
    wrist: bool


@dataclass(frozen=True)
class Welcome:
    """The answer to a hello."""

    robot: RobotDescription
    cameras: tuple[CameraDescription, ...]
    collection: Mapping[str, Any] | None
    stale_ms: float
    protocol: int = 1


@dataclass(frozen=True)
class SeatEvent:
    """Who drives."""

    yours: bool
    driver: str
    watchers: int


@dataclass(frozen=True)
class ToolPose:
    """Where a tool is: p [m] and q (xyzw) in the robot's base, ROS axes."""

    p: tuple[float, ...]
    q: tuple[float, ...]


@dataclass(frozen=True)
class ArmStatus:
    """One arm as the operator sees it."""

    commanded: ToolPose | None
    measured: ToolPose | None
    gripper: float  # [m] commanded; of suction: 1 while it is commanded to suck, else 0
    opening: float | None  # [m] measured
    force: tuple[float, ...] | None  # [N]
    clutched: bool
    refused: str  # why the hand is not followed; "" when it is
    sealed: bool | None = None  # whether a cup holds something; null where none says


@dataclass(frozen=True)
class CameraState:
    """Whether a camera is alive."""

    rate: float  # [Hz]
    age_ms: float


@dataclass(frozen=True)
class LinkState:
    """How late things are [ms], medians of the last seconds; null where unknown."""

    command_ms: float | None  # packet → chunk published
    tick_ms: float | None  # packet → first tick of control that follows it
    trip_ms: float | None = None  # the client tells its own


@dataclass(frozen=True)
class Ending:
    """An episode that nobody attends to ends by itself."""

    in_s: float
    why: str


@dataclass(frozen=True)
class State:
    """Everything that changes all the time; sent 20 times a second."""

    t: float  # [s] the robot's time
    mode: str  # teleop | policy | home | hold | disabled
    enabled: bool  # hands and policies are followed
    estop: bool  # latched
    shadow: bool
    hold_reason: str
    instruction: str
    speed: float
    scale: float
    arms: Mapping[str, ArmStatus]
    latency: LinkState
    cameras: tuple[CameraState, ...]
    policy_running: bool
    held: str = ""  # the fault or e-stop since which nothing is followed until control is enabled again
    ending: Ending | None = None  # of the episode under way, counted down
    doubt: str = ""  # why the policy waits for a person; "" while it does not


@dataclass(frozen=True)
class CollectionEvent:
    """Where the collection of episodes is; `content` as collection.py says."""

    content: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What became of a command."""

    id: int
    ok: bool
    error: str = ""
    result: Any = None


@dataclass(frozen=True)
class Note:
    """What the operator must read."""

    level: str  # info | warning | error
    text: str


@dataclass(frozen=True)
class Refused:
    """Why a message was not taken."""

    reason: str


@dataclass(frozen=True)
class Pong:
    """The answer to a ping."""

    t: float  # [ms]


Announcement = Welcome | SeatEvent | State | CollectionEvent | Answer | Note | Refused | Pong


def encode(announcement: Announcement) -> str:
    """Return a text frame."""
    content = plain(announcement)
    if isinstance(announcement, CollectionEvent):
        content = content["content"]
    kind = type(announcement).__name__.removesuffix("Event").lower()
    return json.dumps({"type": kind} | content, ensure_ascii=False, allow_nan=False)


def picture(camera: int, stamp: float, jpeg: bytes) -> bytes:
    """Return a binary frame: 1, the camera's index, the stamp [s], the JPEG."""
    return _PICTURE_HEAD.pack(PICTURE, camera, stamp) + jpeg


def plain(value: Any) -> Any:
    """Return a value as what JSON knows."""
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
