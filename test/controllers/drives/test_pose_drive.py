# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pinocchio as pin
import pytest
from arms.franka_arm import ARM, FRAME, HOME, franka_config, franka_limits, franka_model
from arms.pose_arm import DT, PoseArm

from controllers.chunks.chunk import ActionChunk
from controllers.drives.pose_drive import LEAD_M
from controllers.errors import ChunkError, ConfigError
from controllers.follower import ChunkFollower
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from controllers.groups.driven_arm import DrivenArm
from controllers.rotations import angle_between
from controllers.safety.workspace import RESERVE

FORWARD = 0.02 * np.arange(1, 5)[:, None] * np.array([1.0, 0.0, 0.5])


def test_the_pose_goes_to_the_end_of_the_chunk_smoothly():
    arm = PoseArm()
    arm.submit(FORWARD)
    poses = arm.run(1.2)
    assert arm.follower.progress.hold_reason == "chunk exhausted"
    assert np.linalg.norm(poses[-1, :3] - arm.position - FORWARD[-1]) < 1e-4
    assert angle_between(tuple(poses[-1, 3:]), arm.quaternion) < 1e-6
    assert np.abs(np.diff(poses[:, :3], 2, axis=0)).max() / DT**2 < 1.5 * arm.config.stitch.acceleration_max
    T = arm.driven.progress.T_base_ee_commanded
    assert np.allclose(T[:3, 3], poses[-1, :3])


def test_poses_that_ask_a_joint_for_three_times_its_acceleration_are_stopped_with_the_reason():
    arm = PoseArm()
    limits = dataclasses.replace(franka_limits(arm.config), acceleration=np.full(7, 0.3))
    driven = DrivenArm("panda", arm.model, limits, arm.config, command="pose")
    arm.follower = ChunkFollower([driven], AuxiliaryDrive({}), arm.config)
    arm.follower.activate(arm.q, arm.dq, {}, arm.now)
    arm.submit(FORWARD)
    arm.run(0.5)
    assert "times its acceleration limit" in arm.follower.progress.hold_reason
    with pytest.raises(ChunkError, match="enable it again"):
        arm.submit(FORWARD)


def test_an_emergency_stop_slows_the_pose_down_within_its_acceleration_and_holds():
    arm = PoseArm()
    arm.submit(0.06 * np.arange(1, 6)[:, None] * np.array([0.0, 1.0, 0.0]))
    arm.run(0.3)
    speed = np.linalg.norm(np.diff(arm.poses[-2:], axis=0)[0, :3]) / DT
    assert speed > 0.2
    arm.follower.emergency_stop()
    poses = arm.run(0.6)
    acceleration = np.linalg.norm(np.diff(poses[:, :3], 2, axis=0), axis=1) / DT**2
    assert acceleration.max() < 1.05 * arm.config.stitch.acceleration_max
    still = np.flatnonzero(np.linalg.norm(np.diff(poses[:, :3], axis=0), axis=1) > 1e-6)[-1] * DT
    assert still <= 0.3
    assert arm.follower.progress.hold_reason == "e-stop"
    assert np.abs(arm.run(0.3)[-1] - poses[-1]).max() < 1e-6


@pytest.mark.parametrize("way", [(0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, -0.6)])
def test_an_arm_that_hangs_below_its_command_does_not_sink_after_a_stop(way):
    arm, hangs = PoseArm(), 0.003  # [m] by a load that its driver does not know
    arm.drift[2] = -30.0 * hangs
    arm.run(0.5)
    arm.submit(0.05 * np.arange(1, 6)[:, None] * np.array(way))
    arm.run(0.3)
    place = arm.model.forward(arm.q)[:3, 3].copy()
    speed = float(np.linalg.norm(arm.model.jacobian(arm.q)[:3] @ arm.dq))
    arm.follower.emergency_stop()
    arm.run(1.0)
    assert np.linalg.norm(arm.model.forward(arm.q)[:3, 3] - place) < 4.0 * hangs + 0.15 * speed
    assert np.abs(arm.dq).max() < 1e-6
    assert arm.follower.progress.hold_reason == "e-stop"


def test_an_arm_that_cannot_follow_is_led_a_little_and_held_where_it_is_by_a_stop():
    arm = PoseArm()
    arm.stuck = True
    arm.submit(0.15 * np.arange(1, 5)[:, None] * np.array([0.0, 0.0, -0.5]), step=0.2)
    poses = arm.run(1.5)
    ahead = np.linalg.norm(poses[:, :3] - arm.position, axis=1)
    assert 0.99 * LEAD_M < ahead.max() < 1.001 * LEAD_M
    arm.follower.stop("test")
    stopped = arm.run(0.5)
    assert np.linalg.norm(stopped[-1, :3] - arm.position) < 1e-4
    acceleration = np.linalg.norm(np.diff(stopped[:, :3], 2, axis=0), axis=1) / DT**2
    assert acceleration.max() < 1.05 * arm.config.stitch.acceleration_max


def test_a_tool_that_something_takes_out_of_its_box_is_led_back_from_its_face():
    reach = franka_model().forward(HOME)[0, 3] - 0.008
    config = dataclasses.replace(franka_config(), workspace_upper=(reach, 0.75, 1.1))
    face = reach + config.safety.workspace_margin - RESERVE
    arm = PoseArm(config)
    arm.drift[0] = 0.2
    for _ in range(4):
        arm.submit(np.zeros((4, 3)))
        poses = arm.run(0.3)
        assert poses[:, 0].max() < face + 1e-9
    assert arm.model.forward(arm.q)[0, 3] < face + RESERVE
    assert arm.follower.progress.enabled
    assert "box" not in arm.follower.progress.hold_reason


def test_an_arm_is_taken_over_where_it_is_while_a_chunk_is_checked(monkeypatch):
    """One from before, of joints elsewhere: its thread and the loop may be at their forward kinematics at once."""
    drive = PoseArm().driven.drive
    place, away = franka_model().forward(HOME)[:3, 3].copy(), HOME + 0.5
    planning, update = drive.motion._planning_model, pin.updateFramePlacement

    def interrupted(model, data, frame):
        pin.forwardKinematics(planning._model, planning._scratch, away)
        return update(model, data, frame)

    monkeypatch.setattr(pin, "updateFramePlacement", interrupted)
    drive.begin(HOME)
    assert np.linalg.norm(drive.pose[:3] - place) < 1e-9


def test_joint_chunks_are_refused_with_the_reason():
    arm = PoseArm()
    channels = tuple(f"{joint}/position" for joint in ARM.joints)
    chunk = ActionChunk(0.0, FRAME, channels, np.array([0.5]), HOME[None] + 0.05, 1)
    with pytest.raises(ChunkError, match="chunk holds joint targets, an arm driven by pose takes tool poses only"):
        arm.follower.submit(chunk, 0.0)


def test_stale_joint_states_end_in_a_hold():
    arm = PoseArm()
    arm.submit(2.0 * FORWARD)
    arm.run(0.3)
    poses = arm.run(0.6, stale=True)
    assert arm.follower.progress.hold_reason == "stale joint state"
    assert np.abs(poses[-1] - poses[-50]).max() == 0.0


def test_an_unknown_command_is_named():
    config = franka_config()
    with pytest.raises(ConfigError, match=r"'torque'.*effort"):
        DrivenArm("panda", franka_model(), franka_limits(config), config, command="torque")
