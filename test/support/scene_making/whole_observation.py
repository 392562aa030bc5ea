# SPDX-License-Identifier: Apache-2.0
"""The observation of a robot with one arm and one gripper, from what a test says of them."""

from __future__ import annotations

from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.observation import ArmState, EndEffectorState, Observation, RobotState


def joints(arm: str) -> tuple[str, ...]:
    return tuple(f"{arm}_joint{number}" for number in range(1, 8))


def whole(seen: SingleArmObservation, arm: str = "panda", gripper: str = "panda_hand") -> Observation:
    """Return the observation of which `seen` is the view."""

    def robot(state: SingleArmState) -> RobotState:
        one = ArmState(joints(arm), state.q, state.dq, state.T_base_ee)
        return RobotState(state.stamp, {arm: one}, {gripper: EndEffectorState(state.gripper_width)})

    commanded = ArmState(joints(arm), seen.state.q, seen.state.dq, seen.T_base_ee_commanded)
    width = seen.gripper_width_commanded
    end_effectors = {} if width is None else {gripper: EndEffectorState(width)}
    return Observation(
        seen.stamp,
        seen.instruction,
        seen.cameras,
        robot(seen.state),
        RobotState(seen.stamp, {arm: commanded}, end_effectors),
        tuple(robot(state) for state in seen.history),
    )
