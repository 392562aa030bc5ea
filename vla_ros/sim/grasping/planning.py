# SPDX-License-Identifier: Apache-2.0
"""Choose a grasp the arm can reach: inverse kinematics along the approach, collisions of the whole arm by MuJoCo."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from vla_ros.objects.grasp import Grasp
from vla_ros.sim.grasping.grasps import AntipodalConfig, antipodal_grasps, distinct
from vla_ros.sim.grasping.gripper_shape import GripperShape, gripper_shape
from vla_ros.sim.grasping.motion import ExpertMotionConfig, Step, approach
from vla_ros.sim.grasping.solid_union import sample_surface
from vla_ros.sim.grasping.solids import body_solids
from vla_ros.sim.world import World


@dataclass(frozen=True, eq=False)
class PlannedGrasp:
    """A grasp with the way to it."""

    grasp: Grasp
    approach: list[Step]
    clean: bool  # nothing is touched on the way
    margin: float  # [rad] least distance of a joint from its limits on the way

    @property
    def effort(self) -> float:
        """Return how long the way is [actions], joints close to their limits counted as a detour."""
        return len(self.approach) + 40.0 * max(0.0, 0.4 - self.margin)


class GraspPlanner:
    """Plan grasps of the objects in one world from the truth."""

    TRIED = 40  # ways in that are checked before the best so far is taken
    RUN_IN = 0.02  # [m] the straight last stretch begins this far above the object
    JOINT_MARGIN = 0.1  # [rad] where the controller begins to push back
    SPEED_SHARE = 0.5  # of the joints' speed limits: near a wrist singularity a slow tool needs fast joints
    NEARLY_AS_GOOD = 0.25  # of cost: among these the shortest way wins
    SAME_PLACE, SAME_ANGLE = 0.015, 0.35  # [m], [rad] to a grasp that has failed
    DISTINCT, DISTINCT_ANGLE = 0.01, 0.25  # [m], [rad] between two ways to take an object

    def __init__(
        self,
        world: World,
        arm: ArmModel,
        motion: ExpertMotionConfig | None = None,
        grasps: AntipodalConfig | None = None,
    ) -> None:
        self.world, self.arm = world, arm
        self.motion, self.grasps = motion or ExpertMotionConfig(), grasps or AntipodalConfig()
        model, group = world.model, world.embodiment.arm_with(arm.joints)
        self._group, self._gripper = group, world.embodiment.gripper_on(group.name)
        self._carrier_qpos = [model.joint(name).qposadr[0] for name in arm.mount.carriers]
        self._scratch = mujoco.MjData(model)
        self._arm_qpos = [model.joint(name).qposadr[0] for name in group.joints]
        self._finger_qpos = [model.joint(name).qposadr[0] for name in self._gripper.joints]
        self._robot_geom = descendants(model, model.body(world.embodiment.base_frame).id)
        self._others = np.zeros(model.ngeom, dtype=bool)  # what is not looked at
        self._rest = group.home
        self._stride = self.SPEED_SHARE * group.velocity * self.motion.period  # [rad] an action
        self._table = world.scene.table.height
        self._top = 0.0  # [m] of the target
        self._follows = 0
        self._rng = np.random.default_rng(world.scene.seed)

    def plan(
        self, target: str, T_start: np.ndarray, q_start: np.ndarray, failed: Sequence[np.ndarray] = ()
    ) -> PlannedGrasp | None:
        """Return the best reachable grasp of `target`; `failed` holds grasps (4, 4), object frame, not to repeat."""
        T_base_object = self.world.object_pose(target)
        self._top = self._highest(target)
        self._follows = 0
        self._stand()
        grasps = [g for g in self._grasps(target) if not self._near(T_base_object, g, failed)]
        fallback: PlannedGrasp | None = None
        found: list[PlannedGrasp] = []
        for grasp in grasps:
            if self._follows >= self.TRIED:
                break
            if found and grasp.cost > found[0].grasp.cost + self.NEARLY_AS_GOOD:
                break
            planned = self._reach(grasp, T_start, q_start)
            if planned is not None and planned.clean:
                found.append(planned)
            elif planned is not None and fallback is None:
                fallback = planned
        return min(found, key=lambda planned: planned.effort) if found else fallback

    def reachable(self, target: str, q_start: np.ndarray, count: int, worse: float) -> list[Grasp]:
        """Return up to `count` grasps, best first, at most `worse` dearer than the best, that the arm can stand at.

        All ways to take the object rather than the best one's neighbours: no two are the same.
        """
        self._stand()
        found: list[Grasp] = []
        for grasp in distinct(self._grasps(target), self.DISTINCT, self.DISTINCT_ANGLE):
            if len(found) == count or (found and grasp.cost > found[0].cost + worse):
                break
            q = solve_ik(self.arm, grasp.T_base_grasp, q_start, q_rest=self._rest, starts=1)
            if q is not None and not self._touched(q, grasp.opening):
                found.append(grasp)
        return found

    def posture(self, T_base_ee: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return joints (N,) [rad] at which the arm coming from q stands with its tool there; q where it cannot."""
        reached = solve_ik(self.arm, T_base_ee, q, q_rest=self._rest, starts=1)
        return q if reached is None else reached

    def _stand(self) -> None:
        """Have everything where it is now, what carries the arm included."""
        self._scratch.qpos[:] = self.world.data.qpos
        self.arm.mount.place(self._scratch.qpos[self._carrier_qpos])

    def _highest(self, target: str) -> float:
        """Return the height of the object's top, to a few millimetres [m]."""
        model, data = self.world.model, self.world.data
        solids = body_solids(model, data, model.body(target).id)
        return max(sample_surface(solids, 300, np.random.default_rng(0)).points[:, 2])

    def _grasps(self, target: str) -> list[Grasp]:
        model, data = self.world.model, self.world.data
        solids = {name: body_solids(model, data, model.body(name).id) for name in self.world.object_names}
        neighbours = [solid for name, parts in solids.items() if name != target for solid in parts]
        centre = self._centre(target)
        shape = self._shape()
        margins = dict.fromkeys((self.grasps.wide_margin, self.grasps.opening_margin))
        for margin in margins:
            config = dataclasses.replace(self.grasps, opening_margin=margin)
            grasps = antipodal_grasps(solids[target], centre, neighbours, self._table, shape, self._rng, config)
            if grasps:
                return self._seen_from_base(grasps)
        return []

    def _seen_from_base(self, grasps: list[Grasp]) -> list[Grasp]:
        """Return grasps of the simulator's frame in the base's: a robot that drives is not where it was put down."""
        base = self.world.base
        if base is None:
            return grasps
        T = np.linalg.inv(base.T_odom_base)
        return [dataclasses.replace(grasp, T_base_grasp=T @ grasp.T_base_grasp) for grasp in grasps]

    def _centre(self, target: str) -> np.ndarray:
        """Return the point (3,) [m] near which a grasp is good: the mass centre."""
        return self.world.data.xipos[self.world.model.body(target).id].copy()

    def _shape(self) -> GripperShape:
        hand = self.world.model.body(self._group.tool_frame).parentid[0]
        name = self.world.model.body(hand).name
        world, width = self.world, self.world.grippers[self._gripper.name].width
        T_odom_tool = world.in_odom(world.tool_pose(self._group.name))  # as the simulator has the hand's shapes
        return gripper_shape(world.model, world.data, name, T_odom_tool, width, self._gripper.width_max)

    def _near(self, T_base_object: np.ndarray, grasp: Grasp, failed: Sequence[np.ndarray]) -> bool:
        T_object_grasp = np.linalg.inv(T_base_object) @ grasp.T_base_grasp
        for other in failed:
            apart = np.linalg.norm(T_object_grasp[:3, 3] - other[:3, 3])
            angle = Rotation.from_matrix(T_object_grasp[:3, :3].T @ other[:3, :3]).magnitude()
            if apart < self.SAME_PLACE and angle < self.SAME_ANGLE:
                return True
        return False

    def _reach(self, grasp: Grasp, T_start: np.ndarray, q_start: np.ndarray) -> PlannedGrasp | None:
        """Return the first way in that the arm can go; one on which it touches an object is the last resort."""
        # The end decides most often, so it is asked first.
        q_grasp = solve_ik(self.arm, grasp.T_base_grasp, q_start, q_rest=self._rest, starts=2)
        if q_grasp is None or self._touched(q_grasp, grasp.opening) - set(self.world.object_names):
            return None
        fallback = None
        run_in = max(0.04, self._top + self.RUN_IN - grasp.T_base_grasp[2, 3])
        for way in range(len(self.motion.ways)):
            steps = approach(T_start, grasp.T_base_grasp, grasp.opening, run_in, self.motion, way)
            self._follows += 1
            followed = self._follow(steps, q_start)
            if followed is None:
                continue
            planned = PlannedGrasp(grasp, steps, *followed)
            if planned.clean:
                return planned
            fallback = fallback or planned
        return fallback

    def _follow(self, steps: list[Step], q_start: np.ndarray) -> tuple[bool, float] | None:
        """Say whether the arm touches nothing on its way, and its least joint margin [rad].

        None where it cannot go or would hit more than objects.
        """
        q, clean, margin = np.asarray(q_start, dtype=float), True, np.inf
        # An arm that stands too near a limit already may leave it.
        allowed = min(self.JOINT_MARGIN, 0.5 * self._margin(q))
        for i, step in enumerate(steps):
            # Leaning to the posture that the controller's nullspace leans to, or the arm would arrive in another.
            q_next = solve_ik(self.arm, step.T_base_ee, q, q_rest=self._rest, starts=1)
            if q_next is None or (np.abs(q_next - q) > self._stride).any():
                return None
            q_before, q = q, q_next
            margin = min(margin, self._margin(q))
            if margin < allowed:
                return None
            for share in self._looks(i, len(steps)):
                touched = self._touched_at(step, q_before + share * (q - q_before))
                if touched - set(self.world.object_names):
                    return None
                clean &= not touched
        return clean, margin

    def _margin(self, q: np.ndarray) -> float:
        """Return the least distance of a joint from its limits at q [rad]."""
        return float(np.minimum(q - self.arm.lower, self.arm.upper - q).min())

    def _looks(self, index: int, count: int) -> tuple[float, ...]:
        """Return at which shares of a step's way is looked for contacts: furniture has walls thinner than a step."""
        if self.world.scene.fixtures:
            return (0.5, 1.0)
        return () if index % 2 == count % 2 else (1.0,)

    def _touched_at(self, step: Step, q: np.ndarray) -> set[str]:
        """Name the bodies the robot would touch in a step of a way, its arm at q."""
        return self._touched(q, step.width)

    def _touched(self, q: np.ndarray, opening: float) -> set[str]:
        """Name the bodies the robot would touch with its arm at q and its fingers apart by `opening` [m]."""
        model, data = self.world.model, self._scratch
        data.qpos[self._arm_qpos] = q
        data.qpos[self._finger_qpos] = opening / len(self._finger_qpos)
        mujoco.mj_kinematics(model, data)
        mujoco.mj_flex(model, data)
        mujoco.mj_collision(model, data)
        pairs = data.contact.geom[: data.ncon]
        pairs = pairs[(pairs >= 0).all(axis=1)]  # -1: a cloth's, which gives way
        pairs = pairs[~self._others[pairs].any(axis=1)]
        robot = self._robot_geom[pairs]
        return {
            model.body(model.geom_bodyid[pair[int(own[0])]]).name
            for pair, own in zip(pairs, robot, strict=True)
            if own[0] != own[1]
        }


def descendants(model: mujoco.MjModel, root: int) -> np.ndarray:
    """Return for every geom (ngeom,) whether its body is `root` or below it."""
    below = np.zeros(model.nbody, dtype=bool)
    for body in range(root, model.nbody):
        below[body] = body == root or below[model.body_parentid[body]]
    return below[model.geom_bodyid]
