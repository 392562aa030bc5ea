# SPDX-License-Identifier: Apache-2.0
"""Everything that tunes the chunk follower, as frozen dataclasses checked where they are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

from controllers.arm.arm_dynamics import ArmDynamics
from controllers.errors import ConfigError
from controllers.stiffness import DAMPING_RANGE, STIFFNESS_RANGE, matrix_of, square_root
from controllers.whole_body_config import WholeBodyConfig


def _check(where: str, name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{where}: '{name}' must be {low:g} to {high:g}, got {value:g}")


@dataclass(frozen=True)
class ImpedanceConfig:
    """Springs and dampers of a torque arm.

    `frequency_max` is what the path's delay allows: no spring oscillates faster against the arm's inertia.
    """

    stiffness_position: float = 3000.0  # [N/m]
    stiffness_rotation: float = 200.0  # [N·m/rad]
    # Instead of the two above: 6 values (x, y, z, then about x, y, z) or 6 rows of 6, symmetric positive definite.
    stiffness: tuple[Any, ...] = ()  # [N/m, N, N·m/rad]
    stiffness_frame: str = "base"  # base | tool: the axes of `stiffness` and `damping_constant`; tool's turn with it
    stiffness_joints: tuple[float, ...] = (800.0, 800.0, 800.0, 800.0, 400.0, 300.0, 150.0)  # [N·m/rad]
    damping: str = "inertia"  # inertia: damping_ratio in every configuration | constant: the same damper everywhere
    damping_constant: tuple[Any, ...] = ()  # [N·s/m, N·m·s/rad] 6 values or 6 rows of 6; empty: 2 damping_ratio √K
    damping_ratio: float = 1.0
    frequency_max: float = 28.0  # [rad/s]
    frequency_design: float = 22.0  # [rad/s] where damping_ratio holds exactly
    error_clip_position: float = 0.02  # [m]
    error_clip_rotation: float = 0.3  # [rad]
    nullspace_stiffness: float = 10.0  # [N·m/rad]
    nullspace_rate: float = 15.0  # [1/s] decay of self-motion
    nullspace_effort_max: float = 8.0  # [N·m]
    nullspace_speed_max: float = 0.5  # [rad/s] self-motion at which the posture spring has faded away
    rest_posture: tuple[float, ...] = ()  # [rad]; empty: where the arm was enabled
    joint_limit_margin: float = 0.1  # [rad]
    joint_limit_effort: float = 8.0  # [N·m] at the limit
    manipulability_min: float = 0.03  # below it singular directions are looked for, and damped …
    apparent_inertia_max: float = 500.0  # [kg, kg·m²] … where the arm seems heavier than this
    friction_share: float = 0.8  # of the joints' friction, given in advance
    switch_s: float = 0.1  # [s] time constant of a bumpless switch, and the time in which gains change
    energy_max: float | None = None  # [J] of motion and tool (or joint) spring together; none: no limit

    def __post_init__(self) -> None:
        for name, low, high in (
            ("stiffness_position", 1.0, 5000.0), ("stiffness_rotation", 0.1, 500.0), ("damping_ratio", 0.3, 3.0),
            ("frequency_max", 1.0, 500.0), ("frequency_design", 1.0, 500.0), ("error_clip_position", 1e-3, 0.5),
            ("error_clip_rotation", 1e-2, 3.0), ("nullspace_stiffness", 0.0, 200.0),
            ("nullspace_rate", 0.0, 100.0), ("nullspace_speed_max", 0.01, 10.0),
            ("nullspace_effort_max", 0.0, 50.0), ("joint_limit_margin", 1e-3, 1.0), ("joint_limit_effort", 0.0, 50.0),
            ("manipulability_min", 1e-6, 1.0), ("apparent_inertia_max", 10.0, 1e5),
            ("friction_share", 0.0, 1.0), ("switch_s", 0.01, 2.0),
        ):  # fmt: skip
            _check("impedance", name, getattr(self, name), low, high)
        for value in self.stiffness_joints:
            _check("impedance", "stiffness_joints", value, 0.1, 10000.0)
        for name, choices in (("stiffness_frame", ("base", "tool")), ("damping", ("inertia", "constant"))):
            if getattr(self, name) not in choices:
                raise ConfigError(f"impedance: '{name}' must be {' or '.join(choices)}, got '{getattr(self, name)}'")
        self.spring()
        self.damper()
        if self.energy_max is not None:
            _check("impedance", "energy_max", self.energy_max, 0.05, 1000.0)

    def spring(self) -> np.ndarray:
        """Return the tool's stiffness K (6, 6) in the stiffness frame."""
        if self.stiffness:
            return matrix_of("stiffness", self.stiffness, STIFFNESS_RANGE)
        return np.diag([self.stiffness_position] * 3 + [self.stiffness_rotation] * 3)

    def damper(self) -> np.ndarray:
        """Return the constant damper D (6, 6) in the stiffness frame: where none is given critical for unit inertia."""
        if self.damping_constant:
            return matrix_of("damping_constant", self.damping_constant, DAMPING_RANGE)
        return 2.0 * self.damping_ratio * square_root(self.spring())


@dataclass(frozen=True)
class KinematicsConfig:
    """Differential inverse kinematics of a position arm, and how a pose arm comes to rest."""

    pull: float = 12.0  # [1/s] towards the commanded pose: what the twist alone would miss
    damping: float = 1e-4  # of joint speed against the tool's, far from a singularity …
    singular_damping: float = 0.02  # … and this much more at manipulability 0
    manipulability_min: float = 0.03  # below it singular directions are damped
    posture_rate: float = 1.0  # [1/s] at which the elbow of a moving arm goes to its rest posture
    lead_max: float = 0.15  # [rad] a joint's command waits for an arm that is further behind
    # Condition number of the Jacobian [m, rad] from which progress is slowed towards it, and where the motion ends:
    # MoveIt Servo's thresholds.
    singular_slow: float = 17.0
    singular_stop: float = 30.0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("pull", 0.1, 100.0), ("damping", 1e-8, 1.0), ("singular_damping", 0.0, 10.0),
            ("manipulability_min", 1e-6, 1.0), ("posture_rate", 0.0, 10.0), ("lead_max", 0.01, 1.0),
            ("singular_slow", 1.0, 1e6), ("singular_stop", 1.0, 1e6),
        ):  # fmt: skip
            _check("kinematics", name, getattr(self, name), low, high)
        if self.singular_slow >= self.singular_stop:
            raise ConfigError(
                f"kinematics: 'singular_slow' must be below 'singular_stop', got {self.singular_slow:g} and "
                f"{self.singular_stop:g}"
            )


@dataclass(frozen=True)
class StitchConfig:
    """How a new chunk is spliced into the motion being commanded."""

    alignment: str = "progress"  # progress | time
    method: str = "min_jerk"  # min_jerk | blend | replace
    commit_ahead_s: float = 0.005  # [s] the transition lies this far ahead, so that solving may take its time
    blend_s: float = 0.25  # [s] over which the new chunk's points gain full weight
    smoothing: float = 1e-3  # jerk against deviation from the points; 1e-3 passes all but the points' Nyquist
    memory: float = 0.6  # share of the motion before in what a chunk of the same source says of the same time
    window_s: float = 0.3  # [s] searched on each side of the stamped delay
    speed_max: float = 0.8  # [m/s] per axis
    acceleration_max: float = 6.0  # [m/s²] per axis
    rotation_speed_max: float = 2.0  # [rad/s] per axis
    rotation_acceleration_max: float = 15.0  # [rad/s²] per axis
    joint_speed_scale: float = 0.8  # of the joints' velocity limits, for what is planned
    joint_acceleration_max: float = 6.0  # [rad/s²]

    def __post_init__(self) -> None:
        if self.alignment not in ("progress", "time"):
            raise ConfigError(f"stitch: 'alignment' must be progress or time, got '{self.alignment}'")
        if self.method not in ("min_jerk", "blend", "replace"):
            raise ConfigError(f"stitch: 'method' must be min_jerk, blend or replace, got '{self.method}'")
        for name, low, high in (
            ("commit_ahead_s", 0.0, 0.1), ("blend_s", 0.0, 2.0), ("smoothing", 1e-9, 10.0),
            ("memory", 0.0, 0.9), ("window_s", 0.0, 5.0),
            ("speed_max", 1e-3, 3.0), ("acceleration_max", 1e-2, 50.0), ("rotation_speed_max", 1e-2, 10.0),
            ("rotation_acceleration_max", 1e-2, 100.0), ("joint_speed_scale", 1e-3, 1.0),
            ("joint_acceleration_max", 1e-2, 50.0),
        ):  # fmt: skip
            _check("stitch", name, getattr(self, name), low, high)


@dataclass(frozen=True)
class GripperConfig:
    """How the width channel is taken; how wide a gripper opens is the robot's description."""

    mode: str = "continuous"  # continuous | binary
    deadband: float = 0.001  # [m] continuous: smaller changes are noise; a closed or open end is always passed
    close_below: float = 0.4  # of the width when fully open; binary: narrower than that is closed …
    open_above: float = 0.6  # … and wider than that is open

    def __post_init__(self) -> None:
        if self.mode not in ("continuous", "binary"):
            raise ConfigError(f"gripper: 'mode' must be continuous or binary, got '{self.mode}'")
        if not 0.0 <= self.deadband < inf:
            raise ConfigError(f"gripper: 'deadband' must be at least 0 m, got {self.deadband:g}")
        if not 0.0 < self.close_below <= self.open_above < 1.0:
            raise ConfigError(
                f"gripper: 0 < close_below ≤ open_above < 1, got {self.close_below:g} and {self.open_above:g}"
            )


@dataclass(frozen=True)
class SafetyConfig:
    """What the gate refuses, and when it lets go."""

    chunk_age_max_s: float = 2.0  # [s] a chunk computed from an older observation is not executed
    chunk_future_max_s: float = 0.1  # [s] a stamp further ahead is a clock fault
    target_speed_max: float = 2.5  # [m/s] between a chunk's points
    target_rotation_speed_max: float = 8.0  # [rad/s] between a chunk's points
    target_jump_max: float = 0.3  # [m] from the commanded pose to the chunk's nearest point
    # [m] base frame: no corner of a hand goes below, forearms and elbows keep off it; none: no table
    table_height: float | None = None
    # [m] between links that are no neighbours, and of limbs from the table; none: not looked at
    self_distance_min: float | None = 0.005
    workspace_margin: float = 0.02  # [m] a chunk may ask for a point this far outside the box
    lease_s: float = 1.0  # [s] a source keeps control after its last chunk ends
    state_age_max_s: float = 0.05  # [s] older joint states are stale
    velocity_margin: float = 1.1  # of the joints' velocity limits: above it the e-stop latches
    acceleration_margin: float = 1.5  # of the joints' limits for planned motion: slower above it, a stop at twice that
    stop_rate: float = 25.0  # [1/s] decay of joint speed in a damped stop
    rest_speed: float = 0.02  # [rad/s] below it a stopping arm is held

    def __post_init__(self) -> None:
        for name, low, high in (
            ("chunk_age_max_s", 0.01, 60.0), ("chunk_future_max_s", 0.0, 10.0), ("target_speed_max", 1e-3, 100.0),
            ("target_rotation_speed_max", 1e-3, 1000.0), ("target_jump_max", 1e-3, 10.0),
            ("workspace_margin", 0.0, 1.0), ("lease_s", 0.0, 60.0), ("state_age_max_s", 1e-3, 10.0),
            ("velocity_margin", 0.1, 2.0), ("acceleration_margin", 0.1, 100.0), ("stop_rate", 1.0, 100.0),
            ("rest_speed", 1e-4, 1.0),
        ):  # fmt: skip
            _check("safety", name, getattr(self, name), low, high)
        for name, low, high in (("table_height", -3.0, 3.0), ("self_distance_min", 0.0, 0.2)):
            value = getattr(self, name)
            if value is not None:
                _check("safety", name, value, low, high)


@dataclass(frozen=True)
class ControlConfig:
    """A robot's chunk follower."""

    filter_cutoff: float = 5.0  # [Hz] of each of the three cascaded sections
    servo_lag: float = 0.0  # [s] by which a driver's servo trails the positions it is sent: looked ahead of as well
    lookahead_m: float = 0.0  # [m] pure pursuit: sample this far ahead on the path; 0: ahead by the filter's delay
    speed_scale: float = 1.0  # share of the chunk's own speed
    shadow: bool = False  # dry run: everything is computed and reported, no effort is given
    workspace_lower: tuple[float, float, float] = (-1.0, -1.0, -0.5)  # [m] base frame
    workspace_upper: tuple[float, float, float] = (1.0, 1.0, 1.5)  # [m]
    impedance: ImpedanceConfig = field(default_factory=ImpedanceConfig)
    kinematics: KinematicsConfig = field(default_factory=KinematicsConfig)
    stitch: StitchConfig = field(default_factory=StitchConfig)
    safety: SafetyConfig = field(default_factory=SafetyConfig)
    gripper: GripperConfig = field(default_factory=GripperConfig)
    dynamics: ArmDynamics = field(default_factory=ArmDynamics)
    whole_body: WholeBodyConfig | None = None  # arms, joint groups and base by one programme; none: each by itself

    def __post_init__(self) -> None:
        _check("control", "filter_cutoff", self.filter_cutoff, 0.1, 100.0)
        _check("control", "servo_lag", self.servo_lag, 0.0, 0.1)
        _check("control", "lookahead_m", self.lookahead_m, 0.0, 0.5)
        _check("control", "speed_scale", self.speed_scale, 0.01, 1.0)
