# SPDX-License-Identifier: Apache-2.0
"""A hand's path goes over from the base to the world and back at the same pose and velocity."""

import numpy as np
import pinocchio as pin
import pytest
from robot_rigs.body_rig import BodyRig

from controllers.chunks.base_motion import PlanarPose
from controllers.rotations import from_matrix


def test_a_path_goes_on_in_the_other_frame_as_it_moves():
    rig = BodyRig()
    control, motion = rig.control, rig.follower.arms["left"].drive.motion
    base, twist = PlanarPose(0.4, -0.2, 0.7), np.array([0.3, -0.1, 0.5])
    control.observe_base(np.array([base.x, base.y, base.yaw]))
    control.base_twist[:] = twist
    T = control.model.T_base_ee["left"].copy()
    own = np.array([0.1, 0.2, -0.1, 0.3, -0.2, 0.4])  # [m/s, rad/s] before the base
    motion.pose.filter.reset(T[:3, 3], from_matrix(T[:3, :3]), own)

    def places(step):
        """Return where the tool is in the world, `step` [s] on."""
        rig.base = base.led_on(twist, step)
        moved = T.copy()
        moved[:3, 3] += step * own[:3]
        moved[:3, :3] = pin.exp3(step * own[3:]) @ T[:3, :3]
        return rig.T_odom_base @ moved

    motion.ride(False)
    before, now, after = places(-1e-5), places(0.0), places(1e-5)
    velocity = (after[:3, 3] - before[:3, 3]) / 2e-5
    turning = pin.log3(after[:3, :3] @ before[:3, :3].T) / 2e-5
    assert motion.pose.filter.matrix() == pytest.approx(now, abs=1e-9)
    assert motion.pose.filter.twist == pytest.approx([*velocity, *turning], abs=1e-6)
    assert motion.seen.pose[:3] == pytest.approx(T[:3, 3], abs=1e-9)  # as the base sees it
    motion.ride(True)
    assert motion.pose.filter.matrix() == pytest.approx(T, abs=1e-9)
    assert motion.pose.filter.twist == pytest.approx(own, abs=1e-9)


def test_chunks_that_ride_and_chunks_that_stay_follow_each_other_on_a_base_that_drives():
    rig = BodyRig()
    hands = {"left": np.zeros((5, 3)), "right": np.zeros((5, 3))}
    rig.submit(rig.columns(hands) | {"base/velocity.x": np.full(5, 0.2)}, riding=True)
    rig.run(0.35)
    assert rig.base_twist[0] > 0.1
    rig.begin_here()  # from here on they are to stay where they are, while the base drives on
    rig.submit(rig.columns(hands) | {"base/velocity.x": np.full(5, 0.1)})
    rig.run(1.5)
    for arm in hands:
        assert rig.went(arm) == pytest.approx(np.zeros(3), abs=5e-3)
    assert rig.base.x > 0.06
