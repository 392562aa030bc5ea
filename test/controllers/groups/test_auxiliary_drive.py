# SPDX-License-Identifier: Apache-2.0
"""What chunks ask of suction, a gripper's depth and a moving base, carried out with the arm's own motion."""

import numpy as np
import pytest
from arms.franka_arm import FRAME, OPENING, WIDTH, Rig, franka_config
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_tests import trials

from controllers.chunks.auxiliary_track import AuxiliaryTrack
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.chunks.progress import RobotCommand
from controllers.control_config import GripperConfig
from controllers.errors import ChunkError, ConfigError
from controllers.groups.auxiliary_drive import AuxiliaryDrive, BaseLimits
from controllers.groups.gripper import GripperAdapter

BASE = BaseLimits(speed=(0.5, 0.3, 1.0), acceleration=(1.0, 1.0, 2.0))


class BaseRig(Rig):
    """On a base whose odometry says that it stands."""

    def run(self, duration, stale=False):
        first, step = len(self.samples), duration if stale else min(duration, 0.1)
        for _ in range(round(duration / step)):
            self.follower.observe_base(self.now, np.eye(4), np.zeros(3))
            super().run(step, stale)
        return self.samples[first:]


@pytest.fixture
def rig() -> Rig:
    adapters = {
        WIDTH: GripperAdapter(franka_config().gripper, OPENING),
        "cup/suction": GripperAdapter(GripperConfig(mode="binary"), 1.0),
        "panda_hand/depth": GripperAdapter(GripperConfig(), 0.05),
    }
    rig = BaseRig(auxiliaries=AuxiliaryDrive(adapters, BASE))
    rig.follower.observe_base(rig.now, np.eye(4), np.zeros(3))
    return rig


def chunk(rig, columns, step=0.1, arm=None):
    """Return a chunk of `columns` by channel, and of poses `arm` (H, 3) [m] from the start where given."""
    rig.sequence += 1
    values, channels = [np.array(list(columns.values()), float).T], tuple(columns)
    if arm is not None:
        values.append(np.hstack([rig.position + arm, np.tile(rig.quaternion, (len(arm), 1))]))
        channels = (*channels, *pose_channels("panda"))
    values = np.hstack(values)
    times = step * np.arange(1, len(values) + 1)
    return ActionChunk(rig.now, FRAME, channels, times, values, rig.sequence)


def run(rig, seconds):
    """Tick and return (T, 3) base velocities."""
    velocities = []
    for _ in range(round(seconds / rig.dt)):
        rig.run(rig.dt)
        velocities.append(rig.follower.command.base_velocity.copy())
    return np.array(velocities)


def test_the_base_follows_within_its_acceleration_and_its_velocity_expires(rig):
    speeds = [0.2, 0.4, 0.4, 0.4, 0.4]
    rig.follower.submit(chunk(rig, {"base/velocity.x": speeds, "base/velocity.yaw": [0.5] * 5}), rig.now)
    velocities = run(rig, 1.5)
    assert velocities[:, 0].max() == pytest.approx(0.4, abs=1e-9)
    assert velocities[:, 2].max() == pytest.approx(0.5, abs=1e-9)
    assert not velocities[:, 1].any()
    steps = np.abs(np.diff(velocities, axis=0)) / rig.dt
    assert (steps <= np.array(BASE.acceleration) * (1.0 + 1e-9)).all()
    # The last of five values holds for one step more, then the base slows down to rest.
    lasting = np.flatnonzero(velocities[:, 0] > 0.399)[-1] * rig.dt
    assert lasting == pytest.approx(0.6, abs=0.03)
    assert not velocities[-1].any()
    assert rig.follower.progress.hold_reason == "chunk exhausted"


def test_the_base_goes_with_an_arm_that_waits(rig):
    arm = 0.03 * np.arange(1, 7)[:, None] * np.array([1.0, 0.0, 0.0])
    rig.follower.submit(chunk(rig, {"base/velocity.x": [0.2] * 6}, arm=arm), rig.now)
    run(rig, 0.3)
    rig.arm.disturbance[:] = -30.0 * rig.arm.model.jacobian(rig.arm.q)[0]  # held back: progress slows
    velocities = run(rig, 0.3)
    assert rig.follower._time_scaling.rate < 0.9
    assert velocities[-1, 0] == pytest.approx(0.2 * rig.follower._time_scaling.rate, abs=0.02)


@pytest.mark.parametrize("end", ["estop", "disable", "stale", "without base"])
def test_whatever_ends_the_motion_stops_the_base(rig, end):
    rig.follower.submit(chunk(rig, {"base/velocity.x": [0.4] * 20}), rig.now)
    run(rig, 0.8)
    assert rig.follower.command.base_velocity[0] == pytest.approx(0.4)
    if end == "estop":
        rig.follower.emergency_stop()
    elif end == "disable":
        rig.follower.deactivate()
    elif end == "without base":
        rig.submit(np.zeros((4, 3)))
    rig.run(0.5, stale=end == "stale")
    assert not rig.follower.command.base_velocity.any()


def test_suction_and_depth_have_edges_and_the_arm_keeps_still(rig):
    rig.follower.submit(
        chunk(rig, {"cup/suction": [0.0, 0.45, 0.7, 0.5, 0.3], "panda_hand/depth": [0.01, 0.01, 0.0105, 0.04, 0.04]}),
        rig.now,
    )
    seen = []
    for _ in range(40):
        rig.run(0.02)
        tools = rig.follower.command.end_effectors
        if "cup/suction" in tools:
            seen.append((tools["cup/suction"], tools["panda_hand/depth"]))
    suction, depth = zip(*seen, strict=True)
    assert sorted(set(suction)) == [0.0, 1.0]
    assert np.count_nonzero(np.diff(suction)) == 2
    assert sorted(set(depth)) == [0.01, 0.04]
    assert np.linalg.norm(rig.tool[:3, 3] - rig.position) < 1e-3


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"base/velocity.x": [0.6]}, "asks the base for 0.60 in 'base/velocity.x', allowed 0.5"),
        ({"base/velocity.yaw": [-1.1]}, "asks the base for 1.10"),
    ],
)
def test_a_base_that_would_be_too_fast_is_refused(rig, columns, match):
    with pytest.raises(ChunkError, match=match):
        rig.follower.submit(chunk(rig, columns), rig.now)


def test_without_a_base_its_velocities_are_refused():
    rig = Rig()
    with pytest.raises(ChunkError, match=r"'base/velocity\.x': this robot has no moving base"):
        rig.follower.submit(chunk(rig, {"base/velocity.x": [0.1]}), rig.now)
    with pytest.raises(ChunkError, match="unknown chunk channel 'cup/suction'"):
        rig.follower.submit(chunk(rig, {"cup/suction": [1.0]}), rig.now)


def test_bad_limits_are_refused():
    with pytest.raises(ConfigError, match="'speed' must be three numbers"):
        BaseLimits((0.1, 0.1), (1.0, 1.0, 1.0))  # type: ignore[arg-type]


@settings(max_examples=trials(30, 100))
@given(st.lists(st.tuples(st.lists(st.floats(-1, 1), min_size=3, max_size=3), st.floats(0.0, 1.0)), max_size=20))
def test_the_base_never_leaves_its_limits(orders):
    drive, command = AuxiliaryDrive({}, BASE), RobotCommand()
    before = np.zeros(3)
    for shares, rate in orders:
        wanted = [share * speed for share, speed in zip(shares, BASE.speed, strict=True)]
        drive.reach(0, AuxiliaryTrack(base=[wanted]), 0.0, 0.0, command)
        for _ in range(10):
            drive.advance(rate, 0.01, command)
            assert (np.abs(command.base_velocity) <= np.array(BASE.speed) + 1e-9).all()
            assert (np.abs(command.base_velocity - before) <= 0.01 * np.array(BASE.acceleration) + 1e-9).all()
            before = command.base_velocity.copy()
