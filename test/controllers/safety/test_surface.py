# SPDX-License-Identifier: Apache-2.0
"""Forearms and elbows keep off the table that hands work on, where each arm is driven by itself."""

import dataclasses

import numpy as np
import pytest
from arms.franka_arm import ARM, FRAME, HOME, franka_config
from arms.position_arm import PositionRig
from robot_rigs.limb_heights import LimbHeights

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ChunkError
from vla_ros.robots.control import collision_monitor
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

EMBODIMENT = load_embodiment("franka")
HEIGHTS = LimbHeights(expand_urdf(EMBODIMENT), [ARM.joints], [ARM.tool_frame])
ROOMY = dataclasses.replace(franka_config(), workspace_lower=(-1.5, -1.5, -1.0), workspace_upper=(1.5, 1.5, 2.0))


def before_a_table(height):
    config = dataclasses.replace(ROOMY, safety=dataclasses.replace(ROOMY.safety, table_height=height))
    return PositionRig(config, monitor=collision_monitor(EMBODIMENT, config))


def elbow_first():
    """Return configurations whose forearm or elbow is 8 cm lower than any part of the hand, and lower than at home."""
    random, found = np.random.default_rng(5), []
    for q in random.uniform(ARM.lower, ARM.upper, (3000, 7)):
        limbs = HEIGHTS.lowest(q, HEIGHTS.limbs)
        if limbs < HEIGHTS.lowest(q, HEIGHTS.hands) - 0.08 and 0.1 < limbs < HEIGHTS.lowest(HOME, HEIGHTS.limbs) - 0.06:
            found.append(q)
    return found[:3]


def chunk(rig, target, duration):
    rig.sequence += 1
    names = tuple(f"{joint}/position" for joint in ARM.joints)
    return ActionChunk(rig.now, FRAME, names, np.array([duration]), target[None, :], sequence=rig.sequence)


def test_limbs_are_what_is_between_shoulder_and_hand():
    names = HEIGHTS.names(HEIGHTS.limbs)
    assert {"panda_link3", "panda_link4", "panda_link5"} <= names
    assert not names & {"panda_link0", "panda_link1", "panda_hand", "panda_leftfinger"}
    assert {"panda_hand", "panda_leftfinger", "panda_rightfinger"} <= HEIGHTS.names(HEIGHTS.hands)


def test_joint_targets_with_a_limb_in_the_table_are_refused_by_its_name():
    target = elbow_first()[0]
    rig = before_a_table(HEIGHTS.lowest(target, HEIGHTS.limbs) + 0.02)
    with pytest.raises(ChunkError, match=r"brings panda_link\d and the table"):
        rig.follower.submit(chunk(rig, target, 5.0), rig.now)


@pytest.mark.parametrize("number", range(3))
def test_an_arm_bends_its_motion_aside_from_the_table(number):
    target = elbow_first()[number]
    height = HEIGHTS.lowest(target, HEIGHTS.limbs) + 0.03  # 3 cm too high for where the chunk leads
    duration = float((np.abs(target - HOME) / ARM.velocity).max() / 0.5)

    def lowest(rig):
        rig.follower._monitor.check_joints = lambda *arguments: None
        rig.follower.submit(chunk(rig, target, duration), rig.now)
        found = np.inf
        for _ in range(round((4.0 * duration + 1.5) / 0.02)):
            rig.run(0.02)
            found = min(found, HEIGHTS.lowest(rig.servo.q, HEIGHTS.limbs))
            if rig.hold:
                break
        return found

    assert lowest(before_a_table(None)) < height - 0.025  # without one nothing keeps it
    rig = before_a_table(height)
    assert lowest(rig) > height + 0.004  # [m]
