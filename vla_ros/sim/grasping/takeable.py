# SPDX-License-Identifier: Apache-2.0
"""Whether a gripper can take an object as it lies alone on a table: grasps in each of its resting poses.

Worked out once an object: kept in the user's cache under a hash of all it follows from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import mujoco
import numpy as np

from vla_ros.objects import cache as kept
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.model_arrays import to_arrays
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.names import DEFAULT_ROBOT
from vla_ros.sim.grasping.grasps import CLOSURE_FRICTION, AntipodalConfig, antipodal_grasps
from vla_ros.sim.grasping.gripper_shape import GripperShape, gripper_shape
from vla_ros.sim.grasping.solids import body_solids
from vla_ros.sim.object_geoms import add_object
from vla_ros.sim.robot_model import robot_spec
from vla_ros.sim.scenes.footprint import place

_ENOUGH = 20


@dataclass(frozen=True)
class PoseGrasps:
    """The grasps of one resting pose."""

    count: int  # found, up to 20 and a few
    width: float  # [m] of the best; 0 where there is none


def too_slippery(model: ObjectModel) -> bool:
    """Say whether an object slips out of grasps that are in force closure at the friction that they are planned at."""
    return model.friction < CLOSURE_FRICTION


def grasps_at_rest(model: ObjectModel, robot: str = DEFAULT_ROBOT) -> tuple[PoseGrasps, ...]:
    """Return what grasps each resting pose offers a robot's gripper, in the model's order; none that would slip."""
    if too_slippery(model):
        return (PoseGrasps(0, 0.0),) * len(model.resting)
    gripper = _gripper(robot)
    name = f"grasps_{_digest(model, gripper)}"
    stored = kept.load(None, name)
    if stored is not None and stored.get("found", np.empty(0)).shape == (len(model.resting), 2):
        return tuple(PoseGrasps(int(count), float(width)) for count, width in stored["found"])
    found = tuple(_find(model, np.asarray(pose), gripper) for pose in model.resting)
    kept.store(None, name, {"found": np.array([[pose.count, pose.width] for pose in found])})
    return found


def _find(model: ObjectModel, orientation: np.ndarray, gripper: GripperShape) -> PoseGrasps:
    spec = mujoco.MjSpec()
    add_object(spec, "thing", model, place(model, orientation, np.zeros(2), 0.0).T_base_object, drawn=False)
    compiled = spec.compile()
    data = mujoco.MjData(compiled)
    mujoco.mj_forward(compiled, data)
    solids, centre = body_solids(compiled, data, 1), data.xipos[1].copy()
    config = AntipodalConfig(enough=_ENOUGH)
    grasps = antipodal_grasps(solids, centre, (), 0.0, gripper, np.random.default_rng(0), config)
    return PoseGrasps(len(grasps), grasps[0].width if grasps else 0.0)


@cache
def _gripper(name: str) -> GripperShape:
    """Return the hand's boxes, open and pointing along its tool frame."""
    robot = load_embodiment(name)
    model = robot_spec(robot).compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    fingers = robot.widest_gripper
    tool = model.body(robot.arm(fingers.arm).tool_frame)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = data.xmat[tool.id].reshape(3, 3), data.xpos[tool.id]
    width = sum(float(data.qpos[model.joint(joint).qposadr[0]]) for joint in fingers.joints)
    return gripper_shape(model, data, model.body(tool.parentid[0]).name, T, width, fingers.width_max)


@cache
def _code() -> bytes:
    here = Path(__file__).parent
    files = [here / f"{name}.py" for name in ("takeable", "grasps", "solids", "solid_union", "gripper_shape")]
    return kept.digest([path.read_bytes() for path in files]).encode()


def _digest(model: ObjectModel, gripper: GripperShape) -> str:
    colliding = to_arrays(model.collision_parts, {"resting": [list(pose) for pose in model.resting]})
    hand = (gripper.lower, gripper.upper, gripper.side, np.array(gripper.opening_max))
    arrays = (*colliding.values(), *hand)
    return kept.digest([_code(), kept.code_digest().encode(), *(array.tobytes() for array in arrays)])
