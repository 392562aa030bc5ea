# SPDX-License-Identifier: Apache-2.0
"""A follower in joint space, and at its joints' limits."""

import dataclasses

import numpy as np
import pytest
from arms.franka_arm import (
    ARM,
    FORWARD,
    FRAME,
    HOME,
    WIDTH,
    Rig,
    franka_config,
    franka_gripper,
    franka_model,
    positions,
    tool_error,
)

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ChunkError
from controllers.follower import ChunkFollower
from controllers.groups.driven_arm import DrivenArm

JOINT_CHANNELS = tuple(f"{joint}/position" for joint in ARM.joints)


def joint_chunk(rig, targets, step=0.5, **keys):
    targets = np.atleast_2d(targets)
    rig.sequence += 1
    times = step * np.arange(1, len(targets) + 1)
    return ActionChunk(rig.now, FRAME, JOINT_CHANNELS, times, targets, sequence=rig.sequence, **keys)


def test_joint_chunk_moves_the_joints_and_back_to_tool_space_bumplessly():
    rig = Rig(command_delay=0.004)
    rig.submit(FORWARD)
    rig.run(0.3)  # switch in mid motion
    q_goal = HOME + np.array([0.2, 0.1, -0.2, 0.1, 0.1, -0.1, 0.3])
    rig.follower.submit(joint_chunk(rig, [HOME, q_goal]), rig.now, "planner")
    samples = rig.run(3.0)
    assert rig.driven.progress.mode == "joint"
    assert np.abs(rig.arm.q - q_goal).max() < 0.01
    rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    rig.follower.submit(joint_chunk(rig, [q_goal + 0.1]), rig.now, "planner")
    rig.run(0.4)
    shift = rig.tool[:3, 3] - rig.position
    rig.submit(shift + 0.5 * FORWARD, source="teleop")
    samples += rig.run(1.5)
    assert rig.driven.progress.mode == "cartesian"
    assert tool_error(rig, shift + 0.5 * FORWARD[-1]) < 3e-3
    rate = np.abs(np.diff([sample.effort for sample in samples], axis=0)) / rig.dt
    assert rate.max() < 400.0


def test_joint_targets_beyond_limits_are_refused():
    rig = Rig()
    with pytest.raises(ChunkError, match="asks 'panda_joint4'"):
        rig.follower.submit(joint_chunk(rig, HOME + 3.0 * np.eye(7)[3]), rig.now)


def test_an_arm_that_stopped_outside_the_box_stays_where_it_is_and_comes_back_by_a_chunk():
    config = franka_config()
    x, y, z = franka_model().forward(HOME)[:3, 3]
    rig = Rig(dataclasses.replace(config, workspace_upper=(x - 0.05, y + 0.5, z + 0.5)))
    samples = rig.run(0.6)
    assert rig.follower.progress.hold_reason == "no chunk yet"
    assert np.abs(positions(samples) - rig.position).max() < 1e-6
    rig.submit([[-0.06, 0.0, 0.0]], step=0.5)
    rig.run(1.2)
    assert tool_error(rig, np.array([-0.06, 0.0, 0.0])) < 2e-3


def limited(acceleration):
    """Return a rig whose joints may be commanded `acceleration` [rad/s²] only."""
    rig = Rig()
    limits = dataclasses.replace(rig.limits, acceleration=np.full(7, acceleration))
    rig.driven = DrivenArm("panda", rig.model, limits, rig.config)
    rig.follower = ChunkFollower([rig.driven], franka_gripper(rig.config), rig.config)
    rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    return rig


def test_a_motion_that_asks_a_joint_for_too_much_acceleration_is_slowed_and_arrives():
    rig = limited(4.5)
    rig.submit(3.0 * FORWARD)
    samples = rig.run(0.7)
    assert not any("fault" in sample.hold for sample in samples)
    assert samples[-1].hold == ""  # an unlimited arm is done by now
    rig.run(1.0)
    assert tool_error(rig, 3.0 * FORWARD[-1]) < 2e-3


@pytest.mark.parametrize("acceleration", [1.0, 0.5])
def test_a_motion_that_asks_for_many_times_the_acceleration_is_slowed_too(acceleration):
    rig = limited(acceleration)
    rig.submit(3.0 * FORWARD)
    samples = rig.run(1.2)
    assert samples[-1].hold == ""
    samples += rig.run(1.5)
    assert not any("fault" in sample.hold for sample in samples)
    assert tool_error(rig, 3.0 * FORWARD[-1]) < 2e-3


def test_led_past_its_reach_the_arm_stretches_and_comes_back_without_a_stop():
    """At full stretch a straight path asks joints 2, 4 and 6 for ever more speed, then for the same backwards."""
    rig = Rig()
    out = np.linspace(0.0, 1.0, 21)[1:, None] * (np.array([0.83, 0.0, 0.62]) - rig.position)
    rig.submit(out)
    speeds, measures = [], []
    for tick in range(1200):
        rig.run(0.01)
        speeds.append(np.abs(rig.arm.dq / rig.limits.velocity).max())
        measures.append(rig.driven.progress.manipulability)
        if tick == 600:
            rig.submit(out[:-11:-1])
    assert min(measures) < 0.003
    assert max(speeds) < 0.95
    assert not any("fault" in sample.hold for sample in rig.samples)
    assert tool_error(rig, out[-10]) < 2e-3
