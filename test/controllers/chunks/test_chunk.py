# SPDX-License-Identifier: Apache-2.0
"""An action chunk is atomic, immutable and refuses what could not be executed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import (
    POINTS_MAX,
    ActionChunk,
    ChannelKind,
    TaskStatus,
    channel_kind,
    instruction_hash,
    pose_channels,
)
from controllers.errors import ChunkError

CHANNELS = (*pose_channels("panda"), "panda_hand/width", "task/status")


def make_chunk(points: int = 4, **changes) -> ActionChunk:
    values = np.zeros((points, len(CHANNELS)))
    values[:, 0], values[:, 6], values[:, 7] = np.linspace(0.4, 0.5, points), 1.0, 0.08
    fields = {"stamp": 1.0, "frame_id": "panda_link0", "channels": CHANNELS, "times": np.arange(1, points + 1) * 0.1}
    return ActionChunk(**{**fields, "values": values, **changes})


def test_fields_by_name():
    chunk = make_chunk()
    assert chunk.arms == ("panda",)
    assert chunk.duration == pytest.approx(0.4)
    np.testing.assert_allclose(chunk.positions("panda")[:, 0], np.linspace(0.4, 0.5, 4))
    np.testing.assert_allclose(chunk.column("panda_hand/width"), 0.08)
    assert chunk.column("panda_hand/suction") is None
    assert chunk.status is TaskStatus.ONGOING


@pytest.mark.parametrize(("code", "status"), [(0, "ONGOING"), (1, "TERMINATED"), (-1, "INVALID")])
def test_status_is_the_last_points(code, status):
    values = make_chunk().values.copy()
    values[-1, -1] = code
    assert make_chunk(values=values).status is TaskStatus[status]


def test_is_immutable():
    chunk = make_chunk()
    with pytest.raises(ValueError, match="read-only"):
        chunk.values[0, 0] = 1.0
    with pytest.raises(AttributeError):
        chunk.stamp = 2.0


def test_does_not_alias_the_callers_array():
    values = make_chunk().values.copy()
    chunk = make_chunk(values=values)
    values[:] = np.nan
    assert np.isfinite(chunk.values).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_refuses_what_is_not_finite(bad):
    values = make_chunk().values.copy()
    values[2, 1] = bad
    with pytest.raises(ChunkError, match="not finite"):
        make_chunk(values=values)
    with pytest.raises(ChunkError, match="not finite"):
        make_chunk(stamp=bad)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"times": np.array([0.1, 0.3, 0.2, 0.4])}, "increase strictly"),
        ({"times": np.array([-0.1, 0.1, 0.2, 0.3])}, ">= 0"),
        ({"times": np.array([0.1, 0.2])}, "shapes disagree"),
        ({"times": np.zeros(0), "values": np.zeros((0, len(CHANNELS)))}, "empty"),
        ({"channels": (*CHANNELS[:-1], CHANNELS[0])}, "twice"),
        ({"channels": (*CHANNELS[:-1], "panda/colour")}, "no known quantity"),
        ({"channels": (*CHANNELS[:6], "panda_joint1/position", *CHANNELS[7:])}, "lacks panda/orientation.w"),
    ],
)
def test_refuses_malformed(changes, reason):
    with pytest.raises(ChunkError, match=reason):
        make_chunk(**changes)


def test_refuses_a_quaternion_that_is_none():
    values = make_chunk().values.copy()
    values[1, 6] = 0.3
    with pytest.raises(ChunkError, match="unit quaternion"):
        make_chunk(values=values)


@given(st.integers(0, 2**32 - 1))
def test_quaternions_stay_on_one_hemisphere(seed):
    random = np.random.default_rng(seed)
    rotations = Rotation.from_rotvec(np.cumsum(random.normal(0, 0.2, (8, 3)), axis=0))
    signs = random.choice([-1.0, 1.0], 8)
    values = make_chunk(8).values.copy()
    values[:, 3:7] = rotations.as_quat() * signs[:, None]
    quaternions = make_chunk(8, values=values).quaternions("panda")
    assert ((quaternions[1:] * quaternions[:-1]).sum(axis=1) > 0).all()
    same = Rotation.from_quat(quaternions).inv() * rotations
    assert same.magnitude().max() < 1e-6


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("left/position.z", ChannelKind.POSITION),
        ("left/orientation.w", ChannelKind.ORIENTATION),
        ("panda_joint3/position", ChannelKind.JOINT),
        ("base/velocity.yaw", ChannelKind.VELOCITY),
        ("lift/velocity", ChannelKind.VELOCITY),
        ("cup1/suction", ChannelKind.GRIPPER),
        ("left/elbow", ChannelKind.ELBOW),
        ("task/status", ChannelKind.STATUS),
    ],
)
def test_channel_kinds(name, kind):
    assert channel_kind(name) is kind


def test_instruction_hash_ignores_case_and_spaces_only():
    assert instruction_hash("Pick up  the red mug ") == instruction_hash("pick up the red mug")
    assert instruction_hash("pick up the red mug") != instruction_hash("pick up the red cup")
    assert float(instruction_hash("anything")) == instruction_hash("anything")


def test_a_chunk_of_thousands_of_points_is_a_mistake():
    values = np.tile([0.4, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0], (POINTS_MAX + 1, 1))
    with pytest.raises(ChunkError, match="2001 points, allowed 2000"):
        ActionChunk(0.0, "panda_link0", pose_channels("panda"), 0.001 * np.arange(1, POINTS_MAX + 2), values)
