# SPDX-License-Identifier: Apache-2.0
"""The tool stays in its box, whatever kind of chunk moves it and however the arm is driven."""

import dataclasses

import numpy as np
import pytest
from arms.franka_arm import ARM, FRAME, HOME, Rig, franka_config, franka_limits, franka_model
from arms.pose_arm import PoseArm
from arms.position_arm import PositionRig

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ChunkError
from controllers.safety.workspace import Workspace, check_workspace

SWING = np.eye(7)[0]  # [rad] of the joint at the base
X, Y, Z = franka_model().forward(HOME)[:3, 3]
# At home the tool is 0.3 m in front of the base; a swing from side to side leads it through that, this box ends before.
NARROW = dataclasses.replace(franka_config(), workspace_upper=(X - 0.07, 0.75, 1.1))
MARGIN = NARROW.safety.workspace_margin
RIGS = {"effort": Rig, "position": PositionRig}


def chunk_of(rig, quantity: str, values, step: float) -> ActionChunk:
    values = np.atleast_2d(values)
    rig.sequence += 1
    channels = tuple(f"{joint}/{quantity}" for joint in ARM.joints)
    return ActionChunk(rig.now, FRAME, channels, step * np.arange(1, len(values) + 1), values, rig.sequence)


def outermost(rig, seconds: float) -> float:
    """Run; return how far along x the tool came [m]."""
    furthest = -np.inf
    for _ in range(round(seconds / 0.01)):
        rig.run(0.01)
        furthest = max(furthest, rig.tool[0, 3])
    return furthest


def refusal(rig, chunk: ActionChunk) -> str:
    with pytest.raises(ChunkError) as refused:
        rig.follower.submit(chunk, rig.now)
    return str(refused.value)


# --- at submission ---


@pytest.mark.parametrize("mode", RIGS)
def test_joint_targets_outside_are_refused_with_axis_value_and_box(mode):
    rig = RIGS[mode](NARROW, q=HOME - 0.9 * SWING)
    message = refusal(rig, chunk_of(rig, "position", [HOME - 0.7 * SWING, HOME], 1.0))
    assert message == (f"chunk point 1 puts the tool at x = {X:.3f} m, outside the workspace box: "
                       f"allowed -0.2 to {NARROW.workspace_upper[0]:g} m")  # fmt: skip


@pytest.mark.parametrize("mode", RIGS)
def test_joint_velocities_that_lead_outside_are_refused_before_anything_moves(mode):
    rig = RIGS[mode](NARROW, q=HOME - 0.9 * SWING)
    message = refusal(rig, chunk_of(rig, "velocity", [0.8 * SWING] * 3, 0.4))
    assert "chunk point" in message
    assert "puts the tool at x = 0." in message
    assert "outside the workspace box" in message
    rig.follower.submit(chunk_of(rig, "velocity", [0.4 * SWING], 0.4), rig.now)
    rig.run(0.5)
    assert rig.driven.progress.mode == "joint"


def test_joint_velocities_are_judged_from_where_they_would_begin():
    """The same velocities are followed until they would lead outside."""
    rig = Rig(NARROW, q=HOME - 0.9 * SWING)
    for _ in range(2):
        rig.follower.submit(chunk_of(rig, "velocity", [1.0 * SWING], 0.15), rig.now)
        rig.run(0.1)
    rig.run(0.3)
    assert "outside the workspace box" in refusal(rig, chunk_of(rig, "velocity", [1.0 * SWING], 0.15))
    assert outermost(rig, 0.5) < NARROW.workspace_upper[0] + MARGIN


def test_what_is_outside_may_come_back_and_not_go_on():
    limits = franka_limits(NARROW)
    tool = np.array([X, 0.0, 0.5])

    def ask(*xs: float) -> None:
        check_workspace(np.array([[x, 0.0, 0.5] for x in xs]), tool, limits, MARGIN)

    ask(X, X)  # stays
    ask(X - 0.02, X - 0.04, X - 0.1)
    for outward in ([X + 0.01], [X - 0.03, X - 0.01], [X - 0.1, X]):
        with pytest.raises(ChunkError, match="outside the workspace box"):
            ask(*outward)
    with pytest.raises(ChunkError, match="y = "):
        check_workspace(np.array([[X, 0.8, 0.5]]), tool, limits, MARGIN)


# --- in motion ---


@pytest.mark.parametrize("mode", RIGS)
def test_between_targets_inside_the_tool_slides_along_the_face(mode):
    rig = RIGS[mode](NARROW, q=HOME - 0.9 * SWING)
    rig.follower.submit(chunk_of(rig, "position", [HOME + 0.9 * SWING], 1.5), rig.now)
    furthest = outermost(rig, 3.0)
    assert furthest < NARROW.workspace_upper[0] + MARGIN
    assert rig.follower.progress.hold_reason == "chunk exhausted"
    reached = rig.arm.q if mode == "effort" else rig.servo.q
    assert np.abs(reached - HOME - 0.9 * SWING).max() < 0.02


@pytest.mark.parametrize("mode", RIGS)
def test_a_damped_stop_at_speed_ends_before_the_face(mode):
    rig = RIGS[mode](NARROW, q=HOME - 1.2 * SWING)
    rig.follower.submit(chunk_of(rig, "position", [HOME + 1.2 * SWING], 1.2), rig.now)
    while rig.tool[0, 3] < NARROW.workspace_upper[0] - 0.05:
        rig.run(0.01)
    rig.follower.emergency_stop()
    assert outermost(rig, 0.8) < NARROW.workspace_upper[0] + MARGIN


def test_a_tool_that_leaves_in_spite_of_all_is_stopped_with_the_reason():
    rig = Rig(NARROW, q=HOME - 0.9 * SWING)
    rig.driven.drive.barrier.apply = lambda *arguments: None
    rig.follower.submit(chunk_of(rig, "position", [HOME + 0.9 * SWING], 1.5), rig.now)
    rig.run(1.5)
    reason = rig.follower.progress.hold_reason
    assert reason.startswith("fault: the tool leaves the workspace box: x = 0.")
    assert f"allowed -0.2 to {NARROW.workspace_upper[0]:g} m" in reason


@pytest.mark.parametrize("mode", RIGS)
def test_an_arm_enabled_outside_stays_and_comes_back_by_its_joints(mode):
    rig = RIGS[mode](NARROW)
    rig.run(0.3)
    assert abs(rig.tool[0, 3] - X) < 1e-3
    assert "outside the workspace box" in refusal(rig, chunk_of(rig, "velocity", 0.2 * np.eye(7)[3], 0.5))
    rig.follower.submit(chunk_of(rig, "position", [HOME + 0.5 * SWING, HOME + 0.9 * SWING], 1.0), rig.now)
    assert outermost(rig, 3.0) < X + 1e-3
    assert rig.follower.progress.hold_reason == "chunk exhausted"
    assert rig.tool[0, 3] < NARROW.workspace_upper[0]
    assert "outside the workspace box" in refusal(rig, chunk_of(rig, "position", [HOME], 2.0))  # the way is shut now


def test_an_arm_moved_out_by_hand_while_it_holds_comes_back_by_a_chunk():
    rig = Rig(NARROW, q=HOME - 0.9 * SWING)
    rig.arm.q[:] = HOME  # somebody holds it there
    rig.arm.measure()[0][:] = HOME
    rig.submit([[0.0, 0.0, 0.0]], step=0.5)
    rig.run(1.2)
    assert "fault" not in rig.follower.progress.hold_reason
    assert rig.tool[0, 3] < NARROW.workspace_upper[0] + MARGIN


def test_a_commanded_pose_stays_inside_in_an_emergency_stop():
    arm = PoseArm(dataclasses.replace(franka_config(), workspace_upper=(X + 0.1, 0.75, 1.1)))
    arm.submit(0.03 * np.arange(1, 5)[:, None] * np.array([1.0, 0.0, 0.0]))
    while arm.driven.progress.T_base_ee_commanded[0, 3] < X + 0.08:
        arm.run(0.002)
    arm.follower.emergency_stop()
    poses = arm.run(0.6)
    assert poses[:, 0].max() <= X + 0.1 + MARGIN + 1e-9


# --- the faces themselves ---


def test_a_face_is_approached_ever_more_slowly_and_left_at_any_speed():
    limits = franka_limits(franka_config())
    box = Workspace(limits, MARGIN)
    middle = 0.5 * (limits.workspace_lower + limits.workspace_upper)
    speeds = []
    for gap in (0.3, 0.1, 0.03, 0.01, -0.01):
        position = middle.copy()
        position[1] = limits.workspace_upper[1] + gap * -1.0
        speeds.append(box.speeds(position).copy())
    upward = np.array([speed[0, 1] for speed in speeds])
    assert (np.diff(upward) < 0.0).all()
    assert upward[-1] == pytest.approx(0.0, abs=1e-9)
    assert all(speed[1, 1] > 2.0 for speed in speeds)


def test_the_middle_of_the_box_is_far_from_every_face_and_speed_makes_it_near():
    limits = franka_limits(franka_config())
    box = Workspace(limits, MARGIN)
    middle = 0.5 * (limits.workspace_lower + limits.workspace_upper)
    assert not box.near(middle, np.zeros(3))
    assert box.near(middle, np.array([0.0, 2.5, 0.0]))
    assert box.near(limits.workspace_upper, np.zeros(3))
