# SPDX-License-Identifier: Apache-2.0
"""What a Panda and libfranka 0.9.2 say to each other: packed little-endian records and their numbers.

Facts from the public headers of libfranka-common as libfranka 0.9.2 pins it (commit e6aa0fc, `research_interface`):
robot protocol 5 on TCP port 1337, hand protocol 3 on TCP port 1338, states and commands over UDP.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

ROBOT_PORT, ROBOT_VERSION = 1337, 5
HAND_PORT, HAND_VERSION = 1338, 3
JOINTS = 7


class Request(IntEnum):
    """What a client asks the arm for."""

    CONNECT, MOVE, STOP_MOVE, GET_CARTESIAN_LIMIT, SET_COLLISION_BEHAVIOR = range(5)
    SET_JOINT_IMPEDANCE, SET_CARTESIAN_IMPEDANCE, SET_GUIDING_MODE, SET_EE_TO_K, SET_NE_TO_EE = range(5, 10)
    SET_LOAD, SET_FILTERS, AUTOMATIC_ERROR_RECOVERY, LOAD_MODEL_LIBRARY = range(10, 14)


class MoveStatus(IntEnum):
    """What becomes of a motion."""

    SUCCESS, MOTION_STARTED, PREEMPTED, NOT_POSSIBLE, SINGULAR, INVALID, REFLEX, EMERGENCY, INPUT_ERROR, ABORTED = range(10)  # fmt: skip  # noqa: E501


class RecoveryStatus(IntEnum):
    """What becomes of an automatic error recovery."""

    SUCCESS, NOT_POSSIBLE, MANUAL_RECOVERY_REQUIRED, REFLEX, EMERGENCY, ABORTED = range(6)


class RobotMode(IntEnum):
    """What the arm does."""

    OTHER, IDLE, MOVE, GUIDING, REFLEX, USER_STOPPED, AUTOMATIC_ERROR_RECOVERY = range(7)


MOTION_IDLE, MOTION_JOINT_VELOCITY = 0, 2  # motion generators of a state
CONTROLLER_JOINT_IMPEDANCE, CONTROLLER_EXTERNAL = 0, 2
MOVE_EXTERNAL, MOVE_JOINT_VELOCITY = 2, 1  # of a request to move

ERRORS = (
    *("joint_position_limits_violation", "cartesian_position_limits_violation", "self_collision_avoidance_violation"),
    *("joint_velocity_violation", "cartesian_velocity_violation", "force_control_safety_violation", "joint_reflex"),
    *("cartesian_reflex", "max_goal_pose_deviation_violation", "max_path_pose_deviation_violation"),
    *("cartesian_velocity_profile_safety_violation", "joint_position_motion_generator_start_pose_invalid"),
    *("joint_motion_generator_position_limits_violation", "joint_motion_generator_velocity_limits_violation"),
    *("joint_motion_generator_velocity_discontinuity", "joint_motion_generator_acceleration_discontinuity"),
    *("cartesian_position_motion_generator_start_pose_invalid", "cartesian_motion_generator_elbow_limit_violation"),
    *("cartesian_motion_generator_velocity_limits_violation", "cartesian_motion_generator_velocity_discontinuity"),
    *("cartesian_motion_generator_acceleration_discontinuity", "cartesian_motion_generator_elbow_sign_inconsistent"),
    *("cartesian_motion_generator_start_elbow_invalid", "force_controller_desired_force_tolerance_violation"),
    *("start_elbow_sign_inconsistent", "communication_constraints_violation", "power_limit_violation"),
    *("cartesian_motion_generator_joint_position_limits_violation",),
    *("cartesian_motion_generator_joint_velocity_limits_violation",),
    *("cartesian_motion_generator_joint_velocity_discontinuity",),
    *("cartesian_motion_generator_joint_acceleration_discontinuity",),
    *("cartesian_position_motion_generator_invalid_frame_flag", "controller_torque_discontinuity"),
    *("joint_p2p_insufficient_torque_for_planning", "tau_J_range_violation", "instability_detected"),
    *("joint_move_in_wrong_direction", "cartesian_spline_motion_generator_violation"),
    *("joint_via_motion_generator_planning_joint_limit_violation", "base_acceleration_initialization_timeout"),
    *("base_acceleration_invalid_reading",),
)

ROBOT_HEADER = np.dtype([("request", "<u4"), ("number", "<u4"), ("size", "<u4")])  # size: header and what follows
CONNECT = np.dtype([("version", "<u2"), ("udp_port", "<u2")])
MOVE = np.dtype([("controller", "<u4"), ("motion", "<u4"), ("deviations", "<f8", 6)])


def _numbers(*names_and_counts: tuple[str, int]) -> list[tuple[str, str, int]]:
    return [(name, "<f8", count) for name, count in names_and_counts]


ROBOT_STATE = np.dtype(
    [
        ("message_id", "<u8"),  # [ms] of the arm's own time
        *_numbers(("O_T_EE", 16), ("O_T_EE_d", 16), ("F_T_EE", 16), ("EE_T_K", 16), ("F_T_NE", 16), ("NE_T_EE", 16)),
        *(("m_ee", "<f8"), ("I_ee", "<f8", 9), ("F_x_Cee", "<f8", 3)),
        *(("m_load", "<f8"), ("I_load", "<f8", 9), ("F_x_Cload", "<f8", 3)),
        *_numbers(("elbow", 2), ("elbow_d", 2), ("tau_J", 7), ("tau_J_d", 7), ("dtau_J", 7)),
        *_numbers(("q", 7), ("q_d", 7), ("dq", 7), ("dq_d", 7), ("ddq_d", 7)),
        *_numbers(("joint_contact", 7), ("cartesian_contact", 6), ("joint_collision", 7), ("cartesian_collision", 6)),
        *_numbers(("tau_ext_hat_filtered", 7), ("O_F_ext_hat_K", 6), ("K_F_ext_hat_K", 6)),
        *_numbers(("O_dP_EE_d", 6), ("O_ddP_O", 3), ("elbow_c", 2), ("delbow_c", 2), ("ddelbow_c", 2)),
        *_numbers(("O_T_EE_c", 16), ("O_dP_EE_c", 6), ("O_ddP_EE_c", 6), ("theta", 7), ("dtheta", 7)),
        *(("motion_generator_mode", "u1"), ("controller_mode", "u1")),
        *(("errors", "?", len(ERRORS)), ("reflex_reason", "?", len(ERRORS))),
        *(("robot_mode", "u1"), ("control_command_success_rate", "<f8")),
    ]
)
ROBOT_COMMAND = np.dtype(
    [
        ("message_id", "<u8"),  # of the state it answers
        *_numbers(("q_c", 7), ("dq_c", 7), ("O_T_EE_c", 16), ("O_dP_EE_c", 6), ("elbow_c", 2)),
        *(("valid_elbow", "?"), ("motion_generation_finished", "?")),
        ("tau_J_d", "<f8", 7),
    ]
)


class HandRequest(IntEnum):
    """What a client asks the hand for."""

    CONNECT, HOMING, GRASP, MOVE, STOP = range(5)


class HandStatus(IntEnum):
    """What became of it."""

    SUCCESS, FAIL, UNSUCCESSFUL, ABORTED = range(4)


HAND_HEADER = np.dtype([("request", "<u2"), ("number", "<u4"), ("size", "<u4")])
HAND_GRASP = np.dtype(
    [("width", "<f8"), ("epsilon_inner", "<f8"), ("epsilon_outer", "<f8"), ("speed", "<f8"), ("force", "<f8")]
)
HAND_MOVE = np.dtype([("width", "<f8"), ("speed", "<f8")])
HAND_STATE = np.dtype(
    [
        *(("message_id", "<u4"), ("width", "<f8"), ("max_width", "<f8")),
        *(("is_grasped", "?"), ("temperature", "<u2")),
    ]
)
