# SPDX-License-Identifier: Apache-2.0
"""What a scene asks of the robot that is to take things: where it reaches, and what room its gripper needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.objects.geometry import polygon_gap
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment
from vla_ros.robots.groups import ArmGroup, EndEffectorGroup
from vla_ros.robots.reach import ArmReach, GripperEnvelope
from vla_ros.sim.scenes.footprint import Placement

_LIFT = 0.17  # [m]
_TALL = 0.08  # [m] below the waiting finger tips: what ends above that must not stand under them …
_WAITING_RADIUS = 0.16  # [m] … nor this near
# Room around fingers along and across the closing axis, across the hand, and before it [m]
_FINGER_ALONG, _FINGER_ACROSS, _HAND_ACROSS, _BEFORE_HAND = 0.0055, 0.004, 0.006, 0.002


@dataclass(frozen=True, eq=False)
class SceneRobot:
    """A robot that is to take what stands in a scene, with whichever of its arms; one without arms asks for nothing."""

    arms: tuple[SceneArm, ...] = ()

    def reaches(self, placement: Placement, table_height: float) -> bool:
        """Say whether an arm can take the object from above and lift it, and none waits where it stands."""
        if any(arm.waits_over(placement) for arm in self.arms):
            return False
        return not self.arms or any(arm.reaches(placement, table_height) for arm in self.arms)

    def reaches_together(self, placements: Sequence[Placement], table_height: float) -> bool:
        """Say whether one and the same arm reaches all of these objects."""
        return not self.arms or any(all(arm.reaches(one, table_height) for one in placements) for arm in self.arms)

    def fits(self, target: Placement, others: Sequence[Placement], table_height: float) -> bool:
        """Say whether an arm that reaches the target has room for its hand there."""
        able = [arm for arm in self.arms if arm.reaches(target, table_height)]
        return not able or any(arm.fits(target, others, table_height) for arm in able)


@dataclass(frozen=True, eq=False)
class SceneArm:
    """One arm and its hand; one whose description says no more asks for nothing. Frame: the scene's."""

    gripper: EndEffectorGroup | None = None
    envelope: GripperEnvelope | None = None
    reach: ArmReach | None = None
    waiting: np.ndarray | None = None  # (3,) [m] where its finger tips are at home

    def reaches(self, placement: Placement, table_height: float) -> bool:
        """Say whether it can take the object from above and lift it."""
        if self.reach is None:
            return True
        tip = max(table_height + 0.02, placement.top - 0.05)
        distance = float(np.linalg.norm(placement.center - self.reach.axis))
        if self.reach.hangs and not self.reach.contains(distance, tip):
            return False
        return self.reach.contains(distance, tip + _LIFT)

    def waits_over(self, placement: Placement) -> bool:
        """Say whether the object is so tall that the waiting hand would stand in it."""
        if self.waiting is None:
            return False
        x, y, height = (round(float(value), 2) for value in self.waiting - (0.0, 0.0, _TALL))
        return placement.top > height and bool(np.linalg.norm(placement.center - (x, y)) < _WAITING_RADIUS)

    def fits(self, target: Placement, others: Sequence[Placement], table_height: float) -> bool:
        """Say whether a grasp from above leaves room for the hand: at the middle, or at the rim of what is wide."""
        if self.gripper is None or self.envelope is None:
            return True
        tip = max(table_height + 0.01, target.top - 0.035)
        near = [other for other in others if np.linalg.norm(other.center - target.center) < 0.35]
        for angle in np.arange(12) * np.pi / 12:
            axis = np.array([np.cos(angle), np.sin(angle)])
            along = (target.polygon - target.center) @ axis
            width = along.max() - along.min()
            if width <= self.gripper.width_max - 0.005:
                centers = [target.center + axis * (along.max() + along.min()) / 2]
            else:
                centers = [target.center + axis * along.max(), target.center + axis * along.min()]
            if any(_free(center, axis, near, tip, self.gripper.width_max, self.envelope) for center in centers):
                return True
        return False


@lru_cache(maxsize=8)
def scene_robot(robot: str) -> SceneRobot:
    """Return what scenes ask of a robot, by its name or its file. Raises ConfigError for a robot that there is not."""
    embodiment = load_embodiment(robot)
    with_gripper = [arm for arm in embodiment.arms if embodiment.gripper_of(arm.name) is not None]
    # Tasks are judged by what grippers do; of a robot without any each arm may take things.
    return SceneRobot(tuple(_scene_arm(embodiment, arm) for arm in with_gripper or embodiment.arms))


def _scene_arm(embodiment: Embodiment, arm: ArmGroup) -> SceneArm:
    gripper, reach, place = embodiment.gripper_of(arm.name), arm.reach, embodiment.workplace
    envelope = None if gripper is None else gripper.envelope
    waiting = None if envelope is None else _tips(embodiment, arm, envelope)
    if place is not None:
        x, y, z = place.origin
        waiting = None if waiting is None else waiting - place.origin
        if reach is not None:
            axis = (reach.axis[0] - x, reach.axis[1] - y)
            reach = dataclasses.replace(reach, shoulder=reach.shoulder - z, axis=axis)
    return SceneArm(gripper, envelope, reach, waiting)


def _tips(embodiment: Embodiment, arm: ArmGroup, envelope: GripperEnvelope) -> np.ndarray:
    """Return where the finger tips are at home (3,) [m], in the base frame."""
    model = ArmModel(expand_urdf(embodiment), arm.joints, arm.tool_frame)
    at_home = {
        joint: q for group in embodiment.driven_groups for joint, q in zip(group.joints, group.home, strict=True)
    }
    model.mount.place(np.array([at_home[joint] for joint in model.mount.carriers]))
    T = model.forward(arm.home)
    return T[:3, 3] + envelope.tip * T[:3, 2]


def _rectangle(center: np.ndarray, axis: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    across = np.array([-axis[1], axis[0]])
    corners = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    return np.array([center + 0.5 * (a * size[0] * axis + b * size[1] * across) for a, b in corners])


def _free(
    center: np.ndarray,
    axis: np.ndarray,
    others: Sequence[Placement],
    tip: float,
    opening: float,
    envelope: GripperEnvelope,
) -> bool:
    finger = (envelope.finger_thickness + _FINGER_ALONG, 2.0 * envelope.finger_half_width + _FINGER_ACROSS)
    fingers = [_rectangle(center + s * axis * (opening + finger[0]) / 2, axis, finger) for s in (-1, 1)]
    hand = _rectangle(center, axis, (2.0 * envelope.hand_half_length, 2.0 * envelope.hand_half_width + _HAND_ACROSS))
    for other in others:
        if other.top > tip and any(polygon_gap(finger, other.polygon) < 0.004 for finger in fingers):
            return False
        if other.top > tip + envelope.finger_length + _BEFORE_HAND and polygon_gap(hand, other.polygon) < 0.004:
            return False
    return True
