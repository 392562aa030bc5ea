# SPDX-License-Identifier: Apache-2.0
"""Whether two arms stand free: apart from each other by control's own measure, and off the world by the simulator's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.model import ArmModel
from vla_ros.planning.collision import CollisionChecker, RobotGeometry
from vla_ros.planning.scene import CollisionScene
from vla_ros.sim.world import World, build_model

_WORLD, _HELD = 1, 2  # contact bits: what stands around, and what is held


@dataclass(frozen=True, eq=False)
class Situation:
    """What the hands do while a way is looked at."""

    widths: Mapping[str, float]  # [m] between the fingers, by arm
    held: str = ""  # name of an object that moves with `holder`
    holder: str = ""  # name of the arm
    T_ee_object: np.ndarray = field(default_factory=lambda: np.eye(4))
    touching: Collection[str] = ()  # arms whose hands may touch the object that is held
    ignored: Collection[str] = ()  # objects that may be touched
    clearance: float = 0.0  # [m] from what stands around


class PairChecker(CollisionChecker):
    """Answer for both arms at q (N,) [rad], the first's joints and then the second's, in one world.

    The robot's own links by pinocchio and coal, over the pairs that control looks at and with fingers as wide open as
    control takes them for; the world by MuJoCo, with fingers as they are, in a model of its own in which nothing else
    touches.
    """

    def __init__(self, geometry: RobotGeometry, world: World, models: Mapping[str, ArmModel], apart: float) -> None:
        """Keep the arms `apart` [m]; `models` are those of the two arms, by name, in the order of q."""
        super().__init__(geometry, CollisionScene(), apart, self_margin=apart)
        self._world, self._models = world, dict(models)
        ends = np.cumsum([model.size for model in models.values()]).tolist()
        self.parts = {
            name: slice(end - model.size, end) for (name, model), end in zip(models.items(), ends, strict=True)
        }
        self._mj = mj = build_model(world.scene, world.embodiment, world.timestep, paired=False)
        self._state = mujoco.MjData(mj)
        groups = {name: world.embodiment.arm_with(model.joints) for name, model in models.items()}
        self._qpos = [mj.joint(joint).qposadr[0] for model in models.values() for joint in model.joints]
        grippers = {name: world.embodiment.gripper_on(group.name) for name, group in groups.items()}
        self._fingers = {
            name: [mj.joint(joint).qposadr[0] for joint in gripper.joints] for name, gripper in grippers.items()
        }
        self._arm_geoms, self._hand_geoms = {}, {}
        for name, group in groups.items():
            self._arm_geoms[name] = _below(world.model, int(mj.joint(group.joints[0]).bodyid[0]))
            self._hand_geoms[name] = _below(world.model, int(mj.joint(group.joints[-1]).bodyid[0]))
        felt = (world.model.geom_contype != 0) | (world.model.geom_conaffinity != 0)
        robot = _below(world.model, mj.body(world.embodiment.base_frame).id)
        self._around = felt & ~robot
        self._arms = felt & np.any(list(self._arm_geoms.values()), axis=0)
        self._situation = Situation({})

    def arrange(self, situation: Situation) -> None:
        """Take everything as it stands in the world now, but for what the situation says."""
        self._situation = situation
        mj, state, world = self._mj, self._state, self._world
        state.qpos[:] = world.data.qpos
        for name, width in situation.widths.items():
            state.qpos[self._fingers[name]] = width / len(self._fingers[name])
        mj.geom_contype[:] = np.where(self._around, _WORLD, 0)
        mj.geom_conaffinity[:] = np.where(self._arms, _WORLD | _HELD, 0)
        for name in situation.ignored:
            mj.geom_contype[self._of(name)] = 0
        if situation.held:
            held = self._of(situation.held) & self._around
            mj.geom_contype[held], mj.geom_conaffinity[held] = _HELD, _WORLD
            for name in {situation.holder, *situation.touching}:
                mj.geom_conaffinity[self._hand_geoms[name] & self._arms] = _WORLD
        mj.geom_margin[:] = np.where(self._around & ~self._of(situation.held), situation.clearance, 0.0)
        # What the broad phase asks of a body is the union of what its geoms say.
        mj.body_contype[:] = mj.body_conaffinity[:] = 0
        np.bitwise_or.at(mj.body_contype, mj.geom_bodyid, mj.geom_contype)
        np.bitwise_or.at(mj.body_conaffinity, mj.geom_bodyid, mj.geom_conaffinity)

    def free(self, q: np.ndarray | Sequence[float]) -> bool:
        """Say whether both arms keep apart and touch nothing that they must not."""
        return super().free(q) and not self._touches(np.asarray(q))

    def why_not(self, q: np.ndarray) -> str:
        """Name what is too near or touched at q; "" where nothing is."""
        if not super().free(q):
            return str(self.closest(q))
        if not self._touches(np.asarray(q)):
            return ""
        names = [self._mj.body(self._mj.geom_bodyid[geom]).name for geom in self._state.contact.geom[0]]
        return " touches ".join(names)

    def _touches(self, q: np.ndarray) -> bool:
        mj, state, situation = self._mj, self._state, self._situation
        state.qpos[self._qpos] = q
        if situation.held:
            T_base_ee = self._models[situation.holder].forward(q[self.parts[situation.holder]])
            T = self._world.in_odom(T_base_ee @ situation.T_ee_object)  # as the simulator has the object
            start = mj.jnt_qposadr[mj.body(situation.held).jntadr[0]]
            state.qpos[start : start + 3] = T[:3, 3]
            state.qpos[start + 3 : start + 7] = np.roll(Rotation.from_matrix(T[:3, :3]).as_quat(), 1)  # wxyz
        mujoco.mj_kinematics(mj, state)
        mujoco.mj_collision(mj, state)
        return state.ncon > 0

    def _of(self, name: str) -> np.ndarray:
        """Say of every geom (G,) whether it is of an object."""
        if not name:
            return np.zeros(self._mj.ngeom, dtype=bool)
        return self._mj.geom_bodyid == self._mj.body(name).id


def _below(model: mujoco.MjModel, root: int) -> np.ndarray:
    """Say of every geom (G,) whether its body is `root` or below it."""
    below = np.zeros(model.nbody, dtype=bool)
    for body in range(root, model.nbody):
        below[body] = body == root or below[model.body_parentid[body]]
    return below[model.geom_bodyid]
