# SPDX-License-Identifier: Apache-2.0
"""Text frames from clients: what is a message, and why everything else is none."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vla_ros.teleop import announcements, protocol
from vla_ros.teleop.fields import ProtocolError
from vla_ros.teleop.protocol import Hands, HandSample, Hello, OperatorCommand, Ping, Seen, parse

HAND = {"p": [0.1, 1.2, -0.3], "q": [0, 0, 0, 1], "clutch": True, "gripper": 0.5}
HANDS = {"type": "hands", "n": 3, "t": 12.5, "source": "xr", "hands": {"right": HAND}}


def frame(content: object) -> str:
    return json.dumps(content)


def changed(**values: object) -> dict:
    return HANDS | {"hands": {"right": HAND | values}}


def test_every_kind_of_message_is_read():
    assert parse(frame({"type": "hello", "protocol": 1, "name": " Ada ", "seat": "drive"})) == Hello("Ada", "drive")
    sample = HandSample((0.1, 1.2, -0.3), (0.0, 0.0, 0.0, 1.0), True, 0.5)
    assert parse(frame(HANDS)) == Hands(3, 12.5, "xr", {"right": sample})
    assert parse(frame(HANDS | {"head": [0, 0.5, 0, 0.9]})).head == pytest.approx((0.0, 0.486, 0.0, 0.874), abs=1e-3)
    both = HANDS | {"hands": {"left": HAND, "right": HAND}, "sticks": {"left": [0, -1.0]}}
    assert parse(frame(both)) == Hands(3, 12.5, "xr", {"right": sample, "left": sample}, {"left": (0.0, -1.0)})
    assert parse(frame({"type": "ping", "t": 5})) == Ping(5.0)
    assert parse(frame({"type": "seen", "camera": 1, "stamp": 3.5})) == Seen(1, 3.5)
    stop = {"type": "command", "id": 4, "command": "episode_stop", "arguments": {"success": True}}
    assert parse(frame(stop)) == OperatorCommand(4, "episode_stop", {"success": True, "note": ""})


@pytest.mark.parametrize("name", [name for name, (_, keys) in protocol.COMMANDS.items() if not keys])
def test_a_command_without_arguments_needs_none(name):
    assert parse(frame({"type": "command", "id": 1, "command": name})) == OperatorCommand(1, name, {})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("[" * 30000, "not valid JSON"),
        ("[]", "must be an object, got a list of 0"),
        ("null", "must be an object, got null"),
        ('{"n": 1}', "'type' is missing"),
        ('{"type": 3}', "got a number"),
        ('{"type": "hand"}', "did you mean 'hands'"),
        ('{"type": "ping", "t": NaN}', "NaN is not a finite number"),
        ('{"type": "ping", "t": Infinity}', "not a finite"),
        ('{"type": "ping", "t": 1e999}', "not finite"),
        ('{"type": "ping", "t": ' + "9" * 400 + "}", "64 at most"),
        ('{"type": "ping", "t": true}', "must be a number, got true"),
        ('{"type": "ping", "t": 1, "u": 2}', "unknown field 'u'"),
        (
            frame({"type": "hello", "protocol": 2, "name": "", "seat": "drive"}),
            "1, not 2: load the page again",
        ),
        (frame({"type": "hello", "protocol": 1, "name": "x" * 41, "seat": "drive"}), "41 characters, allowed 40"),
        (frame({"type": "hello", "protocol": 1, "name": "a\nb", "seat": "drive"}), "control character"),
        ('{"type": "hello", "protocol": 1, "name": "\\ud800", "seat": "drive"}', "half a character"),
        ('{"\\udfff": 1, "type": "ping"}', "half a character"),
        (frame({"type": "hello", "protocol": 1, "name": "a\x9bb", "seat": "drive"}), "control character"),
        (frame({"type": "hello", "protocol": 1, "name": "a\u202eb", "seat": "drive"}), "control character"),
        (frame({"type": "\x1b[2J"}), "unknown type '\\x1b[2J'"),
        (frame({"type": "ping", "t": 1, "\x1b[2J": 2}), "unknown field '\\x1b[2J'"),
        (frame({"type": "hello", "protocol": 1, "name": "a", "seat": "driver"}), "did you mean 'drive'"),
        (frame(changed(p=[None, 0, 0])), "must be a number, got null"),  # what JSON makes of a headset's NaN
        (frame(changed(p=[0, 0])), "must be 3 numbers, got a list of 2"),
        (frame(changed(p=[0, 0, 1000.0])), "'p' is 1000, allowed -20 to 20"),
        (frame(changed(q=[0, 0, 0, 0])), "not a unit quaternion"),
        (frame(HANDS | {"head": [0, 0, 0, 0.5]}), "the headset's 'head' is not a unit quaternion"),
        (frame(HANDS | {"head": [0, 0, 1]}), "must be 4 numbers"),
        (frame(changed(clutch=1)), "must be true or false"),
        (frame(changed(gripper=2)), "'gripper' is 2"),
        (frame(changed(grip=1)), "unknown field 'grip': did you mean 'gripper'"),
        (frame(HANDS | {"hands": {"middle": HAND}}), "unknown field 'middle'"),
        (frame(HANDS | {"source": "telepathy"}), "unknown source 'telepathy'"),
        (frame(HANDS | {"sticks": {"left": [0, 3]}}), "'left' is 3"),
        (frame(HANDS | {"n": 1.5}), "must be a whole number"),
        (frame(HANDS | {"n": -1}), "'n' is -1"),
        (frame({"type": "command", "id": 1, "command": "fly"}), "unknown command 'fly'"),
        (frame({"type": "command", "id": 1, "command": "home", "arguments": {"fast": 1}}), "unknown field 'fast'"),
        (frame({"type": "command", "id": 1, "command": "speed", "arguments": {"scale": 9}}), "allowed 0.05 to 1"),
        (frame({"type": "command", "id": 1, "command": "estop"}), "'on' is missing"),
        (frame({"type": "command", "id": 1, "command": "instruct", "arguments": {"text": "x" * 501}}), "allowed 500"),
        ("x" * 65537, "65536 bytes"),
        (frame({"type": "hello", "name": "é" * 40000}).replace("\\u00e9", "é"), "65536 bytes"),
    ],
)
def test_what_is_no_message_is_refused_with_the_reason(content, reason):
    with pytest.raises(ProtocolError) as caught:
        parse(content)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=5),
    max_leaves=20,
)
KINDS = st.sampled_from(["hello", "hands", "command", "ping", "seen", "?"])
NAMES = st.sampled_from([*HANDS, "protocol", "name", "seat", "id", "command", "arguments", "camera", "stamp", "extra"])


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine
@given(KINDS, st.dictionaries(NAMES, JSON, max_size=6))
def test_whatever_arrives_is_a_message_or_refused(kind, content):
    try:
        message = parse(json.dumps({"type": kind} | content))
    except ProtocolError:
        return
    assert isinstance(message, protocol.Message)


@given(st.text(max_size=200))
def test_any_text_is_a_message_or_refused(text):
    try:
        parse(text)
    except ProtocolError:
        return


def test_what_the_server_says_is_json_with_a_type():
    seat = json.loads(announcements.encode(announcements.SeatEvent(True, "Ada", 2)))
    assert seat == {"type": "seat", "yours": True, "driver": "Ada", "watchers": 2}
    event = announcements.CollectionEvent({"recording": True, "episodes": []})
    assert json.loads(announcements.encode(event)) == {"type": "collection", "recording": True, "episodes": []}
    pose = announcements.ToolPose((0.1234567, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
    arm = announcements.ArmStatus(pose, None, 0.08, None, None, True, "")
    assert json.loads(json.dumps(announcements.plain(arm)))["commanded"]["p"] == [0.123457, 0.0, 0.0]


def test_a_picture_is_a_head_of_ten_bytes_and_the_jpeg():
    frame = announcements.picture(1, 12.5, b"jpeg")
    assert (frame[0], frame[1], struct.unpack("<d", frame[2:10])[0], frame[10:]) == (1, 1, 12.5, b"jpeg")
