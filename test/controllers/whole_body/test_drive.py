# SPDX-License-Identifier: Apache-2.0
"""One programme drives both arms, lift, head and base of a follower: chunks, one progress, stops, and the way back."""

import numpy as np
import pytest
from robot_rigs.body_rig import BodyRig, body_config
from robot_rigs.two_armed_robot import DT

from controllers.errors import ChunkError, ConfigError
from vla_ros.robots.control import FollowerFactory
from vla_ros.robots.embodiment import load_embodiment

LINE = 0.02 * np.arange(1, 6)[:, None] * np.array([1.0, 0.0, 0.5])
ASIDE = 0.02 * np.arange(1, 6)[:, None] * np.array([0.0, -1.0, 0.0])


@pytest.fixture
def rig() -> BodyRig:
    return BodyRig()


def accelerations(rig: BodyRig) -> np.ndarray:
    """Return the most each joint's command changed its speed, as a share of what it may (N,)."""
    groups = rig.embodiment.driven_groups
    most = np.concatenate([group.acceleration for group in groups])
    return np.abs(np.diff(np.array(rig.commands), 2, axis=0)).max(axis=0) / DT**2 / most


def test_all_channels_of_one_chunk_are_executed(rig):
    columns = rig.columns({"left": LINE, "right": ASIDE}) | {
        "lift_joint/position": np.full(5, 0.28),
        "head_pan_joint/position": 0.1 * np.arange(1, 6),
        "head_tilt_joint/position": np.full(5, 0.4),
        "left_gripper/width": np.array([0.05, 0.05, 0.0, 0.0, 0.0]),
    }
    assert rig.submit(columns, step=0.2).method == "min_jerk"
    rig.run(3.0)
    assert rig.hold == "chunk exhausted"
    assert rig.went("left") == pytest.approx(LINE[-1], abs=2e-3)
    assert rig.went("right") == pytest.approx(ASIDE[-1], abs=2e-3)
    assert rig.follower.command.joint_groups["lift"] == pytest.approx([0.28], abs=1e-3)
    assert rig.follower.command.joint_groups["head"] == pytest.approx([0.5, 0.4], abs=2e-3)
    assert rig.follower.command.end_effectors["left_gripper/width"] == 0.0
    assert accelerations(rig).max() < 1.001
    assert not rig.base_twist.any()


def test_the_base_helps_hands_where_it_may():
    rig = BodyRig(base_helps=True)
    far = 0.05 * np.arange(1, 13)[:, None] * np.array([1.0, 0.0, 0.0])
    reach = far[far[:, 0] <= 0.45]  # the box of the tools allows so much
    rig.submit(rig.columns({"left": reach, "right": reach}), step=0.25)
    rig.run(5.0)
    assert rig.base.x > 0.02
    for arm in ("left", "right"):
        assert rig.went(arm) == pytest.approx(reach[-1], abs=3e-3)
    before = rig.base
    rig.run(0.5)
    assert rig.base == before  # it stands once the chunk is over


def test_the_base_stands_where_nothing_is_asked_of_it(rig):
    out = 0.05 * np.arange(1, 6)[:, None] * np.array([1.0, 0.0, 0.0])
    rig.submit(rig.columns({"left": out, "right": out}), step=0.25)
    rig.run(2.5)
    assert rig.went("left") == pytest.approx(out[-1], abs=2e-3)
    assert not np.array(rig.twists).any()


def test_riding_hands_go_with_a_base_that_is_told_to_drive(rig):
    columns = rig.columns({"left": 0.0 * LINE, "right": 0.0 * LINE}) | {"base/velocity.x": np.full(5, 0.2)}
    rig.submit(columns, step=0.3, riding=True)
    rig.run(1.0)
    assert rig.base_twist[0] == pytest.approx(0.2, abs=1e-3)
    rig.run(2.0)
    assert rig.base.x == pytest.approx(0.2 * 1.2, abs=0.02)  # from the first point on to the last
    for arm in ("left", "right"):
        assert rig.went(arm) == pytest.approx([rig.base.x, 0.0, 0.0], abs=2e-3)
    assert not rig.base_twist.any()


def test_hands_stay_where_they_were_seen_while_the_base_turns(rig):
    columns = rig.columns({"left": 0.0 * LINE, "right": 0.0 * LINE}) | {"base/velocity.yaw": np.full(5, 0.15)}
    furthest = 0.0

    def look(rig):
        nonlocal furthest
        furthest = max(furthest, *(float(np.linalg.norm(rig.went(arm))) for arm in rig.start))

    rig.look = look
    rig.submit(columns, step=0.2)
    rig.run(2.0)
    assert rig.base.yaw > 0.1
    assert furthest < 5e-3  # [m]


def test_a_lift_that_no_chunk_speaks_of_helps_and_goes_on_from_there_when_one_does(rig):
    up = 0.02 * np.arange(1, 11)[:, None] * np.array([0.0, 0.0, 1.0])
    rig.submit(rig.columns({"left": up, "right": up}), step=0.2)
    rig.run(3.5)
    lift = float(rig.follower.command.joint_groups["lift"][0])
    assert rig.went("left") == pytest.approx(up[-1], abs=2e-3)
    rig.submit({"lift_joint/position": np.full(5, lift)}, step=0.2)
    rig.run(2.0)
    assert rig.follower.command.joint_groups["lift"] == pytest.approx([lift], abs=2e-3)
    assert accelerations(rig).max() < 1.001


def test_both_hands_wait_where_a_limit_slows_one():
    """Out to the left and up, faster than lift, base and the left arm can: the right one keeps its place beside it."""
    rig = BodyRig(base_helps=True)
    out = 0.06 * np.arange(1, 6)[:, None] * np.array([0.0, 0.6, 1.0])
    apart = []
    offset = rig.start["left"][:3, 3] - rig.start["right"][:3, 3]

    def look(rig):
        tools = {arm: rig.control.tool_pose(arm)[:3, 3] for arm in rig.start}
        apart.append(float(np.linalg.norm(tools["left"] - tools["right"] - offset)))

    rig.look = look
    rig.submit(rig.columns({"left": out, "right": out}), step=0.08)
    slowest = 1.0
    for _ in range(60):
        rig.run(0.05)
        slowest = min(slowest, rig.follower._time_scaling.share)
    assert slowest < 0.9
    assert max(apart) < 3e-3  # [m]
    assert rig.went("left") == pytest.approx(out[-1], abs=3e-3)


def test_an_emergency_stop_brakes_all_within_their_limits_and_the_robot_comes_back(rig):
    rig.submit(rig.columns({"left": LINE, "right": ASIDE}) | {"base/velocity.x": np.full(5, 0.2)})
    rig.run(0.4)
    assert np.abs(rig.control.dq).max() > 0.05
    rig.follower.emergency_stop()
    rig.run(1.0)
    assert rig.hold == "e-stop"
    still = rig.commands[-1]
    rig.run(0.3)
    assert np.abs(rig.commands[-1] - still).max() < 1e-6
    assert not rig.base_twist.any()
    assert accelerations(rig).max() < 1.001
    with pytest.raises(ChunkError, match=r"control is held \(e-stop\)"):
        rig.submit(rig.columns({"left": LINE}))
    rig.follower.release_emergency_stop()
    rig.enable()
    rig.begin_here()
    rig.submit(rig.columns({"left": -LINE}))
    rig.run(2.0)
    assert rig.went("left") == pytest.approx(-LINE[-1], abs=2e-3)


def test_stale_joint_states_stop_it_and_the_next_chunk_is_taken(rig):
    rig.submit(rig.columns({"left": LINE, "right": ASIDE}))
    rig.run(0.3)
    stamp = rig.now
    for _ in range(100):
        rig.follower.tick(stamp + 0.1, DT, rig.servo.q, rig.servo.dq, stamp)
    assert rig.hold == "stale joint state"
    assert np.abs(rig.control.dq).max() < 1e-3
    rig.run(0.5)
    rig.begin_here()
    rig.submit(rig.columns({"left": LINE, "right": ASIDE}))
    rig.run(2.0)
    assert rig.went("left") == pytest.approx(LINE[-1], abs=3e-3)


def test_a_chunk_with_no_way_on_ends_and_the_next_is_taken():
    """Without odometry the base cannot help: far out of reach the hand stops, within what it can."""
    rig = BodyRig(odometry=False, base_helps=True)
    far = 0.06 * np.arange(1, 9)[:, None] * np.array([0.0, 1.2, 0.4])
    rig.submit(rig.columns({"left": far}), step=0.15, riding=True)
    rig.run(6.0)
    assert rig.hold in ("no way on", "chunk exhausted")
    assert not rig.base_twist.any()
    rig.begin_here()
    rig.submit(rig.columns({"left": -0.2 * far}), step=0.3, riding=True)
    rig.run(4.0)
    assert rig.went("left") == pytest.approx(-0.2 * far[-1], abs=3e-3)


def test_joints_of_one_arm_and_a_pose_of_the_other(rig):
    target = rig.embodiment.arm("right").home + np.array([0.1, 0.0, 0.0, 0.0, 0.1, 0.0, 0.0])
    joints = {f"right_joint{i}/position": np.full(5, target[i - 1]) for i in range(1, 8)}
    rig.submit(rig.columns({"left": LINE}) | joints, step=0.2)
    rig.run(2.5)
    assert rig.follower.command.arms["right"].position == pytest.approx(target, abs=2e-3)
    assert rig.went("left") == pytest.approx(LINE[-1], abs=2e-3)
    rig.begin_here()
    rig.submit(rig.columns({"right": ASIDE}), step=0.4)  # and back to poses, without a step
    rig.run(3.0)
    assert rig.went("right") == pytest.approx(ASIDE[-1], abs=3e-3)
    assert accelerations(rig).max() < 1.001


def test_a_dry_run_sends_nothing_and_begins_anew_where_the_robot_is():
    rig = BodyRig(shadow=True)
    rig.submit(rig.columns({"left": LINE, "right": ASIDE}))
    rig.run(2.0)
    assert rig.hold == "chunk exhausted"
    assert np.abs(np.array(rig.commands) - rig.commands[0]).max() == 0.0
    assert rig.control.q == pytest.approx(rig.servo.q)


def test_arms_that_take_poses_are_refused():
    with pytest.raises(ConfigError, match="arm 'left' is driven by pose, whole-body control drives arms by pos"):
        FollowerFactory(load_embodiment("bytemini"), body_config(), "pose")


def test_arms_that_take_efforts_are_pulled_along():
    rig = BodyRig(command="effort")
    columns = rig.columns({"left": LINE, "right": ASIDE}) | {"lift_joint/position": np.full(5, 0.27)}
    rig.submit(columns, step=0.2)
    rig.run(3.0)
    assert rig.hold == "chunk exhausted"
    assert rig.went("left") == pytest.approx(LINE[-1], abs=3e-3)
    assert rig.went("right") == pytest.approx(ASIDE[-1], abs=3e-3)
    rig.begin_here()
    rig.submit(rig.columns({"left": -LINE, "right": -ASIDE}), step=0.2)
    rig.run(0.5)
    rig.follower.emergency_stop()
    rig.run(1.0)
    assert rig.hold == "e-stop"
    assert np.abs(rig.servo.dq).max() < 2e-3


def test_the_press_of_arms_that_take_efforts_is_not_a_servos():
    with pytest.raises(ConfigError, match="squeeze_max: arm 'left' is driven by effort"):
        BodyRig(command="effort", squeeze_max=30.0)
