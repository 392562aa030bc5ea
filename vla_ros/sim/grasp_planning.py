# SPDX-License-Identifier: Apache-2.0
"""Choose a grasp the arm can reach: inverse kinematics along the approach, collisions of the whole arm by MuJoCo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from controllers.inverse_kinematics import solve_ik
from controllers.model import ArmModel
from vla_ros.sim.grasp_motion import MotionConfig, Step, approach
from vla_ros.sim.grasps import Grasp, GraspConfig, antipodal_grasps
from vla_ros.sim.gripper_shape import GripperShape, gripper_shape
from vla_ros.sim.solids import body_solids
from vla_ros.sim.world import World


@dataclass(frozen=True, eq=False)
class PlannedGrasp:
    """A grasp with the way to it."""

    grasp: Grasp
    approach: list[Step]
    clean: bool  # nothing is touched on the way


class GraspPlanner:
    """Plan grasps of the objects in one world from the truth."""

    TRIED = 60  # grasps whose approach is checked
    CHECKED_EVERY = 3  # steps of the approach between checks
    JOINT_MARGIN = 0.05  # [rad]
    JOINT_JUMP = 1.2  # [rad] between checked poses: more means another branch of the inverse kinematics
    NEARLY_AS_GOOD = 0.25  # of cost: among these the shortest way wins
    SAME_PLACE, SAME_ANGLE = 0.015, 0.35  # [m], [rad] to a grasp that has failed

    def __init__(
        self, world: World, arm: ArmModel, motion: MotionConfig | None = None, grasps: GraspConfig | None = None
    ) -> None:
        self.world, self.arm = world, arm
        self.motion, self.grasps = motion or MotionConfig(), grasps or GraspConfig()
        model, group = world.model, world.embodiment.arms[0]
        self._scratch = mujoco.MjData(model)
        self._arm_qpos = [model.joint(name).qposadr[0] for name in group.joints]
        self._finger_qpos = [model.joint(name).qposadr[0] for name in world.embodiment.grippers[0].joints]
        self._robot_geom = _descendants(model, model.body(world.embodiment.base_frame).id)
        self._table = world.scene.table.height
        self._rng = np.random.default_rng(world.scene.seed)

    def plan(
        self, target: str, T_start: np.ndarray, q_start: np.ndarray, failed: Sequence[np.ndarray] = ()
    ) -> PlannedGrasp | None:
        """Return the best reachable grasp of `target`; `failed` holds grasps (4, 4), object frame, not to repeat."""
        T_base_object = self.world.object_pose(target)
        grasps = [g for g in self._grasps(target) if not self._near(T_base_object, g, failed)]
        fallback: PlannedGrasp | None = None
        found: list[PlannedGrasp] = []
        for grasp in grasps[: self.TRIED]:
            if found and grasp.cost > found[0].grasp.cost + self.NEARLY_AS_GOOD:
                break
            planned = self._reach(grasp, T_start, q_start)
            if planned is not None and planned.clean:
                found.append(planned)
            elif planned is not None and fallback is None:
                fallback = planned
        return min(found, key=lambda planned: len(planned.approach)) if found else fallback

    def _grasps(self, target: str) -> list[Grasp]:
        model, data = self.world.model, self.world.data
        solids = {name: body_solids(model, data, model.body(name).id) for name in self.world.object_names}
        neighbours = [solid for name, parts in solids.items() if name != target for solid in parts]
        centre = data.xipos[model.body(target).id].copy()
        return antipodal_grasps(solids[target], centre, neighbours, self._table, self._shape(), self._rng, self.grasps)

    def _shape(self) -> GripperShape:
        hand = self.world.model.body(self.world.embodiment.arms[0].tool_frame).parentid[0]
        name = self.world.model.body(hand).name
        return gripper_shape(self.world.model, self.world.data, name, self.world.T_base_ee, self.world.gripper_width)

    def _near(self, T_base_object: np.ndarray, grasp: Grasp, failed: Sequence[np.ndarray]) -> bool:
        T_object_grasp = np.linalg.inv(T_base_object) @ grasp.T_base_grasp
        for other in failed:
            apart = np.linalg.norm(T_object_grasp[:3, 3] - other[:3, 3])
            angle = Rotation.from_matrix(T_object_grasp[:3, :3].T @ other[:3, :3]).magnitude()
            if apart < self.SAME_PLACE and angle < self.SAME_ANGLE:
                return True
        return False

    def _reach(self, grasp: Grasp, T_start: np.ndarray, q_start: np.ndarray) -> PlannedGrasp | None:
        """Follow the approach with inverse kinematics; None where the arm cannot, or would hit the table."""
        steps = approach(T_start, grasp.T_base_grasp, grasp.opening, self.motion)
        checked = steps[:: -self.CHECKED_EVERY][::-1]
        # The end decides most often, so it is asked first.
        if solve_ik(self.arm, grasp.T_base_grasp, q_start) is None:
            return None
        q, clean = np.asarray(q_start, dtype=float), True
        self._scratch.qpos[:] = self.world.data.qpos
        self._scratch.qpos[self._finger_qpos] = 0.5 * grasp.opening
        for step in checked:
            q_next = solve_ik(self.arm, step.T_base_ee, q)
            if q_next is None or not self._legal(q, q_next):
                return None
            q = q_next
            touched = self._touched(q)
            if touched - set(self.world.object_names):
                return None
            clean &= not touched
        return PlannedGrasp(grasp, steps, clean)

    def _legal(self, q: np.ndarray, q_next: np.ndarray) -> bool:
        inside = (q_next > self.arm.lower + self.JOINT_MARGIN) & (q_next < self.arm.upper - self.JOINT_MARGIN)
        return bool(inside.all() and np.abs(q_next - q).max() < self.JOINT_JUMP)

    def _touched(self, q: np.ndarray) -> set[str]:
        """Name the bodies the robot would touch with its arm at q."""
        model, data = self.world.model, self._scratch
        data.qpos[self._arm_qpos] = q
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        pairs = data.contact.geom[: data.ncon]
        robot = self._robot_geom[pairs]
        return {
            model.body(model.geom_bodyid[pair[int(own[0])]]).name
            for pair, own in zip(pairs, robot, strict=True)
            if own[0] != own[1]
        }


def _descendants(model: mujoco.MjModel, root: int) -> np.ndarray:
    """Return for every geom (ngeom,) whether its body is `root` or below it."""
    below = np.zeros(model.nbody, dtype=bool)
    for body in range(root, model.nbody):
        below[body] = body == root or below[model.body_parentid[body]]
    return below[model.geom_bodyid]
