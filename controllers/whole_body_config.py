# SPDX-License-Identifier: Apache-2.0
"""What tunes whole-body control, checked where it is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from controllers.errors import ConfigError

CONFIGURED = "configured"
# What a job may choose at its start: whether one programme moves the whole robot, and its base drives for hands.
WHOLE_BODY = (CONFIGURED, "off", "on", "base_helps")
SQUEEZE_MAX = (
    70.0  # [N] a little more than the 60 that the scripted experts hold cardboard with, which does not dent it
)


def _check(where: str, name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{where}: '{name}' must be {low:g} to {high:g}, got {value:g}")


@dataclass(frozen=True)
class AdmittanceConfig:
    """How a hand gives way to what pushes it: a mass on a spring and a damper, along and about each axis."""

    mass: float = 4.0  # [kg]
    inertia: float = 0.08  # [kg·m²]
    stiffness: float = 300.0  # [N/m] 0: it stays where it was pushed
    stiffness_rotation: float = 10.0  # [N·m/rad]
    damping_ratio: float = 1.0  # of the spring; without one as of 300 N/m and 10 N·m/rad
    force_threshold: float = 2.0  # [N] below which a push is the sensor's noise
    torque_threshold: float = 0.2  # [N·m]
    offset_max: float = 0.15  # [m] how far a hand gives way
    rotation_max: float = 0.6  # [rad]

    def __post_init__(self) -> None:
        for name, low, high in (
            ("mass", 0.1, 100.0), ("inertia", 1e-3, 10.0), ("stiffness", 0.0, 1e4), ("stiffness_rotation", 0.0, 1e3),
            ("damping_ratio", 0.3, 5.0), ("force_threshold", 0.0, 100.0), ("torque_threshold", 0.0, 10.0),
            ("offset_max", 1e-3, 1.0), ("rotation_max", 1e-2, 3.0),
        ):  # fmt: skip
            _check("admittance", name, getattr(self, name), low, high)


@dataclass(frozen=True)
class WholeBodyConfig:
    """Weights, rates and margins of the programme. Weights are of squared speeds, [m/s] of a hand counting 1."""

    pull: float = 12.0  # [1/s] of a hand towards its target
    speed: float = 1.0  # [m/s] of a hand towards a target that is far
    speed_rotation: float = 3.0  # [rad/s]
    braking: float = 3.0  # [m/s²] at which a hand slows down before a target that was far
    braking_rotation: float = 12.0  # [rad/s²]
    progress: float = 0.002  # weight of progress: the less, the sooner the hands' motion is slowed than its path left
    progress_path: float = 0.01  # … and so much more for each (m/s)² of the hands' paths: few joints cost them pace
    progress_base: float = 0.04  # … and so much more again where the base may drive to help: that costs no pace either
    progress_off: float = 5e-4  # [m] that a moving hand is off its path at which progress weighs half as much
    progress_min: float = 0.0  # progress never goes slower
    elbow: float = 0.01  # weight of an elbow where it is told where to be
    elbow_rate: float = 4.0  # [1/s]
    damping: float = 2e-4  # weight of each joint's speed against what posture and manipulability ask for
    posture_rate: float = 1.0  # [1/s] of joints that nothing else asks for
    posture_speed: float = 0.3  # share of its speed that a joint takes for its posture
    joint_target: float = 0.05  # weight of a joint that is told where to be
    joint_path: float = 0.5  # weight of a joint that is told how it moves as well
    joint_rate: float = 8.0  # [1/s]
    smoothing: float = 2e-4  # weight of a change of speed since the last tick
    # Whether a follower's base drives to help hands when no chunk tells it where to. Whoever plans in the base's frame
    # and goes on by that plan means a base that stands.
    base_helps: bool = False
    # [N] with which two hands of a follower press what is between them; none: SQUEEZE_MAX, of two arms whose positions
    # drive described servos; .inf: any
    squeeze_max: float | None = None
    base: float = 0.01  # weight of the base's speed: the arms move first
    base_target: float = 0.05  # weight of the base's speed where it is told
    manipulability_min: float = (
        0.03  # below it an arm is damped, and bends away from the singularity from its double on
    )
    singular_damping: float = 0.02  # weight added at manipulability 0
    manipulability_speed: float = 0.3  # [rad/s] at which an arm bends away
    distance: float = 0.01  # [m] between links, and from what stands around
    distance_rate: float = 12.0  # [1/s] at which the last of a distance is closed
    distance_braking: float = 3.0  # [m/s²] at most at which an approach is braked
    tipping_margin: float = 0.03  # [m] of the zero moment point inside the support polygon
    admittance: AdmittanceConfig = field(default_factory=AdmittanceConfig)

    def __post_init__(self) -> None:
        for name, low, high in (
            ("pull", 0.1, 100.0), ("speed", 0.01, 5.0), ("speed_rotation", 0.01, 20.0), ("braking", 0.1, 50.0),
            ("braking_rotation", 0.1, 200.0), ("progress", 1e-6, 100.0),
            ("progress_path", 0.0, 10.0), ("progress_base", 0.0, 10.0), ("progress_off", 1e-5, 1.0),
            ("progress_min", 0.0, 1.0),
            ("elbow", 0.0, 10.0), ("elbow_rate", 0.0, 50.0), ("damping", 1e-6, 1.0), ("posture_rate", 0.0, 20.0),
            ("posture_speed", 0.0, 1.0), ("joint_target", 0.0, 10.0), ("joint_path", 1e-6, 10.0),
            ("joint_rate", 0.1, 50.0),
            ("smoothing", 0.0, 1.0), ("base", 1e-6, 10.0), ("base_target", 1e-6, 100.0),
            ("manipulability_min", 1e-6, 1.0), ("singular_damping", 0.0, 10.0), ("manipulability_speed", 0.0, 5.0),
            ("distance", 0.0, 0.2), ("distance_rate", 0.5, 100.0), ("distance_braking", 0.05, 50.0),
            ("tipping_margin", 0.0, 0.5),
        ):  # fmt: skip
            _check("whole body", name, getattr(self, name), low, high)
        if self.squeeze_max is not None and self.squeeze_max != inf:
            _check("whole body", "squeeze_max", self.squeeze_max, 1.0, 1000.0)
