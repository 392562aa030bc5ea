# SPDX-License-Identifier: Apache-2.0
"""The websocket's messages from a client, version 1: `parse` makes one of a text frame or says why it is none.

What the server says is in announcements.py; docs/teleop.md has the table of both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vla_ros.teleop.fields import Fields, ProtocolError, strict_json

VERSION = 1
FRAME_BYTES_MAX = 64 * 1024  # of a text frame from a client
REFUSALS_MAX = 10  # in a row, then the socket is closed
HELLO_WITHIN_S = 5.0
CLOSE_MALFORMED, CLOSE_TOKEN, CLOSE_HELLO = 4400, 4401, 4408

NAME_MAX, TEXT_MAX, EPISODE_MAX = 40, 500, 80  # [characters]
REACH_MAX = 20.0  # [m] from the origin of the room: further away no hand is
CLOCK_MAX = 1e15  # [ms]
COUNT_MAX = 2**53
HANDS = ("right", "left")
LOOK = "look"  # a stick beside those of the hands: y down
STICKS = (*HANDS, LOOK)
OWN_SIDE = "own_side"  # each hand drives the arm beside it
SOURCES = ("xr", "keys", "gamepad", "pointer")
SEATS = ("drive", "watch")
SPEED_RANGE, SCALE_RANGE = (0.05, 1.0), (0.1, 2.0)


@dataclass(frozen=True)
class Hello:
    """The first message: who speaks, and whether he wants to drive."""

    name: str
    seat: str  # of SEATS


@dataclass(frozen=True)
class HandSample:
    """One hand in WebXR's local-floor axes: x right, y up, z back."""

    position: tuple[float, float, float]  # [m]
    orientation: tuple[float, float, float, float]  # unit quaternion xyzw
    clutch: bool
    gripper: float  # 0 open … 1 closed


@dataclass(frozen=True)
class Hands:
    """Both hands at one instant of the client's clock."""

    n: int  # counter
    t: float  # [ms] the client's monotonic clock
    source: str  # of SOURCES
    hands: Mapping[str, HandSample]  # by name, of HANDS
    sticks: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # of STICKS: x right, y back, −1 … 1
    head: tuple[float, float, float, float] | None = None  # of a headset: unit quaternion xyzw, −z where it looks


@dataclass(frozen=True)
class OperatorCommand:
    """Something to be done, answered by `Answer` with the same id."""

    id: int
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Ping:
    """Answered at once with the same `t`."""

    t: float  # [ms]


@dataclass(frozen=True)
class Seen:
    """A picture was shown: the next may come."""

    camera: int
    stamp: float  # [s]


Message = Hello | Hands | OperatorCommand | Ping | Seen


def _nothing(fields: Fields) -> dict[str, Any]:
    return {}


def _estop(fields: Fields) -> dict[str, Any]:
    return {"on": fields.truth("on")}


def _instruct(fields: Fields) -> dict[str, Any]:
    return {"text": fields.text("text", TEXT_MAX)}


def _speed(fields: Fields) -> dict[str, Any]:
    return {"scale": fields.number("scale", *SPEED_RANGE)}


def _scale(fields: Fields) -> dict[str, Any]:
    return {"scale": fields.number("scale", *SCALE_RANGE)}


def _episode_stop(fields: Fields) -> dict[str, Any]:
    return {"success": fields.truth("success"), "note": fields.text("note", TEXT_MAX, "")}


def _episode_delete(fields: Fields) -> dict[str, Any]:
    return {"name": fields.text("name", EPISODE_MAX)}


# Every command with what reads its arguments and the names these may have.
COMMANDS: dict[str, tuple[Callable[[Fields], dict[str, Any]], tuple[str, ...]]] = {
    "drive": (_nothing, ()),
    "leave": (_nothing, ()),
    "take": (_nothing, ()),
    "give": (_nothing, ()),
    "hold": (_nothing, ()),
    "estop": (_estop, ("on",)),
    "enable": (_nothing, ()),
    "disable": (_nothing, ()),
    "home": (_nothing, ()),
    "instruct": (_instruct, ("text",)),
    "speed": (_speed, ("scale",)),
    "scale": (_scale, ("scale",)),
    "episode_start": (_nothing, ()),
    "episode_stop": (_episode_stop, ("success", "note")),
    "episode_redo": (_nothing, ()),
    "episode_continue": (_nothing, ()),
    "episode_delete": (_episode_delete, ("name",)),
    "undo": (_nothing, ()),
    "schedule_skip": (_nothing, ()),
    "schedule_again": (_nothing, ()),
}
COLLECTION_COMMANDS = (
    "episode_start", "episode_stop", "episode_redo", "episode_delete", "undo", "schedule_skip", "schedule_again",
)  # fmt: skip


def parse(frame: str) -> Message:
    """Return the message in a text frame. Raises ProtocolError with the reason when it is none."""
    if len(frame) > FRAME_BYTES_MAX or len(frame.encode("utf-8", "surrogatepass")) > FRAME_BYTES_MAX:
        raise ProtocolError(f"a message may have {FRAME_BYTES_MAX} bytes, this one has more")
    try:
        content = strict_json(frame)
    except ProtocolError as error:
        raise ProtocolError(f"the message cannot be read: {error}") from None
    fields = Fields("message", content)
    kind = fields.choice("type", tuple(_READERS))
    read, names = _READERS[kind]
    message = read(Fields(kind, {name: value for name, value in content.items() if name != "type"}), names)
    return message


def _hello(fields: Fields, names: tuple[str, ...]) -> Hello:
    version = fields.whole("protocol", 0, COUNT_MAX)
    if version != VERSION:
        raise ProtocolError(f"this server speaks protocol {VERSION}, not {version}: load the page again")
    hello = Hello(fields.text("name", NAME_MAX), fields.choice("seat", SEATS))
    fields.end(names)
    return hello


def _hands(fields: Fields, names: tuple[str, ...]) -> Hands:
    n, t = fields.whole("n", 0, COUNT_MAX), fields.number("t", 0.0, CLOCK_MAX)
    source = fields.choice("source", SOURCES)
    given = fields.part("hands")
    hands = {hand: _hand(given.part(hand)) for hand in HANDS if given.has(hand)}
    given.end(HANDS)
    pushed = fields.part("sticks", {})
    sticks = {stick: _stick(pushed.numbers(stick, 2, -1.001, 1.001)) for stick in STICKS if pushed.has(stick)}
    pushed.end(STICKS)
    head = _unit(fields.numbers("head", 4, -1.1, 1.1), "the headset's 'head'") if fields.has("head") else None
    fields.end(names)
    return Hands(n, t, source, hands, sticks, head)


def _hand(fields: Fields) -> HandSample:
    x, y, z = fields.numbers("p", 3, -REACH_MAX, REACH_MAX)
    unit = _unit(fields.numbers("q", 4, -1.1, 1.1), "a hand's 'q'")
    clutch, gripper = fields.truth("clutch"), fields.number("gripper", -0.001, 1.001)
    fields.end(("p", "q", "clutch", "gripper"))
    return HandSample((x, y, z), unit, clutch, min(max(gripper, 0.0), 1.0))


def _unit(values: tuple[float, ...], whose: str) -> tuple[float, float, float, float]:
    a, b, c, d = values
    norm = (a * a + b * b + c * c + d * d) ** 0.5
    if not 0.9 < norm < 1.1:
        raise ProtocolError(f"hands: {whose} is not a unit quaternion (norm {norm:.3g})")
    return a / norm, b / norm, c / norm, d / norm


def _stick(values: tuple[float, ...]) -> tuple[float, float]:
    x, y = (min(max(value, -1.0), 1.0) for value in values)
    return x, y


def _command(fields: Fields, names: tuple[str, ...]) -> OperatorCommand:
    number, name = fields.whole("id", 0, COUNT_MAX), fields.choice("command", tuple(COMMANDS))
    read, known = COMMANDS[name]
    given = fields.part("arguments", {})
    arguments = read(given)
    given.end(known)
    fields.end(names)
    return OperatorCommand(number, name, arguments)


def _ping(fields: Fields, names: tuple[str, ...]) -> Ping:
    ping = Ping(fields.number("t", 0.0, CLOCK_MAX))
    fields.end(names)
    return ping


def _seen(fields: Fields, names: tuple[str, ...]) -> Seen:
    seen = Seen(fields.whole("camera", 0, 255), fields.number("stamp", -1e12, 1e12))
    fields.end(names)
    return seen


_READERS: dict[str, tuple[Callable[[Fields, tuple[str, ...]], Message], tuple[str, ...]]] = {
    "hello": (_hello, ("protocol", "name", "seat")),
    "hands": (_hands, ("n", "t", "source", "hands", "sticks", "head")),
    "command": (_command, ("id", "command", "arguments")),
    "ping": (_ping, ("t",)),
    "seen": (_seen, ("camera", "stamp")),
}
