# SPDX-License-Identifier: Apache-2.0
"""One follower for two arms, a lift and a head: one timeline, one progress, one stop."""

import numpy as np
import pinocchio as pin
import pytest
from robot_rigs.two_armed_robot import DT, PairRig, pair, pair_follower

from controllers.arm.model import ArmModel
from controllers.errors import ChunkError, ConfigError
from controllers.safety.self_distance import SelfDistance
from vla_ros.robots.control import arm_model, load_control_config
from vla_ros.robots.embodiment import expand_urdf

LINE = 0.02 * np.arange(1, 6)[:, None] * np.array([1.0, 0.0, 0.5])
ASIDE = 0.02 * np.arange(1, 6)[:, None] * np.array([0.0, -1.0, 0.0])


@pytest.fixture
def rig() -> PairRig:
    return PairRig()


def went(rig: PairRig, arm: str) -> np.ndarray:
    """Return by how much an arm's tool is off where it started (3,) [m]."""
    return rig.follower.arms[arm].model.position - rig.start[arm][:3, 3]


def test_all_groups_move_by_one_chunk_and_come_to_rest_together(rig):
    columns = rig.columns({"left": LINE, "right": ASIDE}) | {
        "lift_joint/position": np.full(5, 0.1),
        "head_pan_joint/position": 0.1 * np.arange(1, 6),
        "head_tilt_joint/position": np.full(5, 0.4),
        "left_gripper/width": np.array([0.09, 0.09, 0.0, 0.0, 0.0]),
        "right_cup/suction": np.array([0.0, 0.0, 1.0, 1.0, 1.0]),
        "base/velocity.x": np.full(5, 0.1),
    }
    transition = rig.submit(columns)
    assert transition.method == "min_jerk"
    rig.run(0.5)
    assert rig.follower.command.base_velocity[0] == pytest.approx(0.1)
    rig.run(2.0)
    assert rig.follower.progress.hold_reason == "chunk exhausted"
    assert went(rig, "left") == pytest.approx(LINE[-1], abs=2e-3)
    assert went(rig, "right") == pytest.approx(ASIDE[-1], abs=2e-3)
    assert rig.follower.command.joint_groups["head"] == pytest.approx([0.5, 0.4], abs=2e-3)
    assert rig.follower.command.end_effectors == {"left_gripper/width": 0.0, "right_cup/suction": 1.0}
    assert not rig.follower.command.base_velocity.any()


def test_what_a_chunk_does_not_move_stays_or_comes_to_rest(rig):
    rig.submit(rig.columns({"left": LINE, "right": ASIDE}))
    rig.run(0.25)  # both under way
    rig.submit(rig.columns({"left": LINE}))
    rig.run(2.0)
    assert went(rig, "left") == pytest.approx(LINE[-1], abs=2e-3)
    assert 0.01 < np.linalg.norm(went(rig, "right")) < 0.9 * np.linalg.norm(ASIDE[-1])
    assert rig.follower.command.joint_groups["lift"] == pytest.approx(pair().joint_group("lift").home, abs=1e-9)


def test_transitions_are_as_smooth_for_two_arms_as_for_one():
    def roughest(arms: tuple[str, ...]) -> float:
        """Return the largest jerk [m/s³] of the left tool over a motion of twelve chunks."""
        rig = PairRig()
        random = np.random.default_rng(3)
        for k in range(12):
            ahead = 0.01 * (2 * k + np.arange(1, 6))[:, None] * np.array([0.3, 0.0, 0.4])
            wobble = {arm: ahead + 0.002 * random.normal(size=3) for arm in ("left", "right")}
            rig.submit(rig.columns({arm: wobble[arm] for arm in arms}))
            rig.run(0.2)
        path = np.array(rig.tools)[:, 0]
        return float(np.abs(np.diff(path, 3, axis=0)).max() / DT**3)

    assert roughest(("left", "right")) < 1.2 * roughest(("left",))


def test_both_arms_keep_pace_with_the_one_that_is_held_back(rig):
    held = rig.servo.q.copy()
    rig.submit(rig.columns({"left": 4.0 * LINE, "right": 4.0 * ASIDE}))
    rig.run(0.2)
    rig.servo.blocked = None
    # The left arm's joints stick: what the right one has executed must not run away from it.
    for _ in range(150):
        rig.run(DT)
        rig.servo.q[:6], rig.servo.dq[:6] = held[:6], 0.0
    assert rig.follower.progress.lag > 0.5
    assert rig.follower.progress.executed_s < 0.45  # of 0.5 s that have passed


def test_joints_of_one_arm_and_a_pose_of_the_other(rig):
    target = pair().arm("right").home + np.array([0.2, 0.0, 0.0, 0.0, 0.0, 0.0])
    joints = {f"right_joint{i}/position": np.full(5, target[i - 1]) for i in range(1, 7)}
    rig.submit(rig.columns({"left": LINE}) | joints, step=0.3)
    rig.run(2.5)
    assert {name: arm.mode for name, arm in rig.follower.progress.arms.items()} == {
        "left": "cartesian",
        "right": "joint",
    }
    assert went(rig, "left") == pytest.approx(LINE[-1], abs=2e-3)
    assert rig.follower.command.arms["right"].position == pytest.approx(target, abs=2e-3)
    rig.submit(rig.columns({"right": ASIDE}), step=0.5)  # and back to poses, without a step
    rig.run(3.5)
    assert went(rig, "right") == pytest.approx(ASIDE[-1], abs=3e-3)
    speeds = np.diff(np.array(rig.commands), axis=0) / DT
    assert np.abs(np.diff(speeds, axis=0)).max() / DT < 1.6 * 15.0  # [rad/s²]


def test_the_lift_by_velocities_beside_poses(rig):
    rig.submit({"lift_joint/velocity": np.full(10, 0.05)})
    rig.run(2.0)
    # A second of it: what it would have gone before the transition is past, and the last holds for a step more.
    assert rig.follower.command.joint_groups["lift"] == pytest.approx([0.15], abs=1e-3)
    assert rig.follower.progress.hold_reason == "chunk exhausted"


def test_one_stop_stops_all(rig):
    rig.submit(rig.columns({"left": LINE, "right": ASIDE}) | {"lift_joint/position": np.full(5, 0.14)})
    rig.run(0.3)
    rig.follower.emergency_stop()
    rig.run(1.0)
    assert rig.follower.progress.hold_reason == "e-stop"
    before = rig.commands[-1]
    rig.run(0.5)
    assert np.abs(rig.commands[-1] - before).max() < 1e-6
    with pytest.raises(ChunkError, match=r"control is held \(e-stop\)"):
        rig.submit(rig.columns({"left": LINE}))


def test_the_fault_of_one_group_stops_all(rig):
    rig.submit(rig.columns({"left": LINE, "right": ASIDE}))
    rig.run(0.2)
    rig.servo.dq = rig.servo.dq.copy()
    rig.servo.dq[12] = 1.0  # the lift, seven times as fast as it may be
    rig.follower.tick(rig.now, DT, rig.servo.q, rig.servo.dq, rig.now)
    assert rig.follower.progress.hold_reason == "fault: joint speed above its limit"
    rig.servo.dq[12] = 0.0
    rig.run(1.0)
    before = rig.commands[-1]
    rig.run(0.2)
    assert np.abs(rig.commands[-1] - before).max() < 1e-6


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"head_pan_joint/position": [0.1]}, "moves some joints only: 'head_tilt_joint/position' is missing"),
        ({"lift_joint/position": [0.6]}, "asks 'lift_joint' for 0.600, allowed 0.000 to 0.400"),
        ({"lift_joint/velocity": [0.5]}, "asks 'lift_joint' for 0.50 a second, allowed 0.15"),
        ({"lfit_joint/position": [0.1]}, "did you mean 'lift_joint/position'"),
        ({"right_gripper/width": [0.1]}, "did you mean 'left_gripper/width'"),
        ({"base/velocity.y": [0.5]}, "asks the base for 0.50 in 'base/velocity.y', allowed 0.4"),
    ],
)
def test_what_no_group_can_do_is_refused(rig, columns, match):
    with pytest.raises(ChunkError, match=match):
        rig.submit({name: np.array(values) for name, values in columns.items()})


def test_a_pose_of_joints_without_a_tool_is_refused(rig):
    rig.start["lift"] = np.eye(4)
    with pytest.raises(ChunkError, match=r"unknown chunk channel 'lift/position\.x'"):
        rig.submit(rig.columns({"lift": LINE}))


def test_torques_drive_both_arms_too():
    follower = pair_follower("effort")
    q = np.concatenate([group.home for group in pair().driven_groups])
    follower.activate(q, np.zeros_like(q), {}, 0.0)
    for k in range(1, 20):
        command = follower.tick(k * DT, DT, q, np.zeros_like(q))
    assert set(command.arms) == {"left", "right"}
    assert all(np.isfinite(arm.effort).all() for arm in command.arms.values())
    assert set(command.joint_groups) == {"lift", "head"}


def test_a_lift_carries_the_arms_and_a_pose_holds_in_the_base(rig):
    lift = pair().joint_group("lift").home[0]
    before = rig.follower.arms["left"].model.T_base_ee.copy()
    rig.submit({"lift_joint/position": lift + 0.02 * np.arange(1, 6)}, step=0.4)  # the arms' own joints stay
    rig.run(4.0)
    after = rig.follower.arms["left"].model.T_base_ee
    assert rig.servo.q[12] == pytest.approx(lift + 0.1, abs=1e-3)
    assert after[:3, 3] - before[:3, 3] == pytest.approx([0.0, 0.0, 0.0], abs=5e-3)  # held where it was in the base
    assert rig.servo.q[1] > pair().arm("left").home[1]  # the upper arm sinks as the torso rises


def test_a_carried_arm_is_where_the_whole_robot_says():
    robot = pair()
    whole = pin.buildModelFromXML(expand_urdf(robot))
    data, q = whole.createData(), pin.neutral(whole)
    arm = robot.arm("right")
    model = arm_model(robot, arm, load_control_config(robot.source))
    assert model.mount.carriers == ("lift_joint",)
    random = np.random.default_rng(0)
    for _ in range(10):
        values = random.uniform(arm.lower, arm.upper)
        lift = random.uniform(0.0, 0.4)
        for name, value in zip((*arm.joints, "lift_joint"), (*values, lift), strict=True):
            q[whole.joints[whole.getJointId(name)].idx_q] = value
        pin.forwardKinematics(whole, data, q)
        expected = pin.updateFramePlacement(whole, data, whole.getFrameId(arm.tool_frame)).homogeneous
        twin = model.clone()
        model.mount.place(np.array([lift]))
        model.update(values, np.zeros(6))
        np.testing.assert_allclose(model.T_base_ee, expected, atol=1e-9)
        np.testing.assert_allclose(twin.forward(values), expected, atol=1e-9)
        step = 1e-6 * np.eye(6)
        numeric = [(model.forward(values + d)[:3, 3] - model.forward(values - d)[:3, 3]) / 2e-6 for d in step]
        np.testing.assert_allclose(model.jacobian(values)[:3], np.array(numeric).T, atol=1e-6)


def test_a_carrier_that_tilts_the_arm_is_refused(tmp_path):
    urdf = expand_urdf(pair()).replace(
        '<joint name="lift_joint" type="prismatic">', '<joint name="lift_joint" type="revolute">'
    )
    urdf = urdf.replace('<axis xyz="0 0 1"/>', '<axis xyz="0 1 0"/>', 1)
    with pytest.raises(ConfigError, match="'lift_joint' would tilt the arm"):
        ArmModel(urdf, pair().arm("left").joints, "left_tcp")


def own_distance() -> SelfDistance:
    """Return the distances between all links, by a model of the test's own."""
    robot = pair()
    groups = [group.joints for group in robot.driven_groups]
    return SelfDistance(expand_urdf(robot), groups, [arm.tool_frame for arm in robot.arms], 0.005, 25.0)


def closest(own: SelfDistance, q: np.ndarray) -> tuple[float, str]:
    """Return how far apart [m] the nearest two links are at q (N,), and which these are."""
    own._q_asked[own._columns] = q
    distances = own._whole.measure(own._q_asked)
    return min(distances), own._whole.names[int(np.argmin(distances))]


def test_joints_of_two_arms_that_would_meet_are_refused(rig):
    q = {name: pair().arm(name).home.copy() for name in ("left", "right")}
    q["left"][0], q["right"][0] = -0.9, 0.9  # each turned to the other's side
    joints = {f"{name}_joint{i}/position": [values[i - 1]] for name, values in q.items() for i in range(1, 7)}
    with pytest.raises(ChunkError, match=r"chunk point 0 brings left_\w+ and right_\w+ into each other"):
        rig.submit(joints, step=3.0)
    alone = {name: values for name, values in joints.items() if name.startswith("left")}
    rig.submit(alone, step=3.0)  # where the other arm is, there is room for one


@pytest.mark.parametrize("command", ["position", "effort"])
def test_two_arms_that_are_sent_into_each_other_keep_apart(command):
    rig = PairRig(command)
    own = own_distance()
    inwards = 0.05 * np.arange(1, 7)[:, None] * np.array([0.0, 1.0, 0.0])
    rig.submit(rig.columns({"left": -inwards, "right": inwards}), step=0.4)
    nearest, which = np.inf, ""
    for _ in range(150):
        rig.run(0.02)
        distance, names = closest(own, rig.q)
        if distance < nearest:
            nearest, which = distance, names
    assert "left" in which
    assert "right" in which
    assert nearest > 0.005, which  # [m] what the gate keeps
    assert not rig.follower.progress.hold_reason.startswith("fault")


def test_a_motion_that_was_planned_in_a_space_the_arm_has_left_is_dropped(rig):
    rig.submit(rig.columns({"left": LINE}))
    (poses,) = rig.follower._pending
    target = pair().arm("left").home
    rig.submit({f"left_joint{i}/position": np.full(5, target[i - 1]) for i in range(1, 7)}, step=0.3)
    rig.run(0.05)
    assert rig.follower.arms["left"].mode == "joint"
    rig.follower._pending.append(poses)  # as a thread that was late would leave it
    rig.run(2.5)
    assert rig.follower.arms["left"].mode == "joint"
    assert rig.follower.command.arms["left"].position == pytest.approx(target, abs=2e-3)
