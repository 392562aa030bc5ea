# SPDX-License-Identifier: Apache-2.0
"""How a robot stands in a picture without actions: somewhere it may start, often with a hand on its way to a thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mujoco
import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from vla_ros.robots.groups import ArmGroup
from vla_ros.sim.grasping.planning import descendants
from vla_ros.sim.world import World

NEAR = 0.55  # share of the pictures with a hand near a place where it may grasp
SPREAD = 0.25  # [rad] of an arm's joints about home, either way, where its description says nothing of its start
OF_RANGE = 0.1  # of their range: the same of other joints, such as a lift's or a head's
BASE = (0.03, 0.25, 0.08)  # x, y [m], yaw [rad] of a base about where it was put down, either way
TRIES = 12  # postures in which the robot touches something are drawn again so often, before it stands at home


class Postures:
    """Postures of the robot in one world, which must stand as its scene settled when this is made."""

    def __init__(self, world: World, models: Mapping[str, ArmModel]) -> None:
        """Take each arm's kinematics by name."""
        self._world, self._models = world, models
        self._robot = descendants(world.model, world.model.body(world.embodiment.base_frame).id)
        self._usual = self._contacts()  # of wheels with the floor, for instance

    def stand(self, arm: str, places: Sequence[np.ndarray], rng: np.random.Generator) -> None:
        """Put the robot somewhere, touching nothing; often `arm` near one of `places`, tool poses (4, 4), odom frame.

        Fingers are open, half open or closed.
        """
        for near in (bool(places) and rng.uniform() < NEAR, False):
            for _ in range(TRIES):
                self._draw(rng)
                there = not near or self._approach(arm, places[int(rng.integers(len(places)))], rng)
                if there and self._contacts() <= self._usual:
                    return
        self._stand_home()

    def _draw(self, rng: np.random.Generator) -> None:
        world, robot = self._world, self._world.embodiment
        if world.base is not None:
            world.base.place(np.array(BASE) * rng.uniform(-1.0, 1.0, 3))
        for group in robot.joint_groups:
            spread = OF_RANGE * (group.upper - group.lower)
            q = group.home + spread * rng.uniform(-1.0, 1.0, len(group.joints))
            world.joint_groups[group.name].place(np.clip(q, group.lower, group.upper))
        for arm in robot.arms:
            world.arms[arm.name].place(_start(arm, rng))
        for gripper in robot.grippers:
            most = gripper.width_max
            width = float(rng.choice([most, rng.uniform(0.55 * most, most), gripper.width_min], p=[0.4, 0.45, 0.15]))
            world.grippers[gripper.name].place(width)
        self._refresh()

    def _approach(self, name: str, T_odom_tool: np.ndarray, rng: np.random.Generator) -> bool:
        """Bring a tool onto its way to a pose (4, 4), or beside that way; say whether the arm can."""
        world, model = self._world, self._models[name]
        T = T_odom_tool.copy()
        back = rng.uniform(0.0, 0.18)
        T[:3, 3] -= back * T[:3, 2]
        T[:3, 3] += (0.3 * back + 0.004) * rng.normal(size=3) * (1.0, 1.0, 0.5)
        turn = Rotation.from_rotvec((0.05 + back) * rng.normal(size=3))
        T[:3, :3] = turn.as_matrix() @ T[:3, :3]
        if world.base is not None:
            T = np.linalg.inv(world.base.T_odom_base) @ T
        model.mount.place(np.array([world.data.joint(joint).qpos[0] for joint in model.mount.carriers]))
        home = np.asarray(world.embodiment.arm(name).home)
        q = solve_ik(model, T, home, q_rest=home, starts=1)
        if q is None:
            return False
        world.arms[name].place(q)
        self._refresh()
        return True

    def _stand_home(self) -> None:
        world, robot = self._world, self._world.embodiment
        if world.base is not None:
            world.base.place(np.zeros(3))
        for group in robot.joint_groups:
            world.joint_groups[group.name].place(np.asarray(group.home))
        for arm in robot.arms:
            world.arms[arm.name].place(np.asarray(arm.home))
        for gripper in robot.grippers:
            world.grippers[gripper.name].place(gripper.width_max)
        self._refresh()

    def _refresh(self) -> None:
        self._world.apply_render_state(self._world.render_state())

    def _contacts(self) -> set[tuple[int, int]]:
        """Return which bodies touch each other, one of them the robot's."""
        world = self._world
        world.body_pose(world.embodiment.base_frame)  # brings every pose up to date
        mujoco.mj_collision(world.model, world.data)
        pairs = world.data.contact.geom[: world.data.ncon]
        pairs = pairs[(pairs >= 0).all(axis=1)]  # -1: a cloth's, which gives way
        bodies = world.model.geom_bodyid[pairs[self._robot[pairs].any(axis=1)]]
        return {(int(one), int(other)) for one, other in np.sort(bodies, axis=1)}


def _start(arm: ArmGroup, rng: np.random.Generator) -> np.ndarray:
    """Return joints (N,) [rad] at which an episode may start, or about home where the description says no more."""
    turn = rng.uniform(-1.0, 1.0, len(arm.joints))
    if arm.start is not None:
        return np.asarray(arm.start.center) + np.asarray(arm.start.spread) * turn
    return np.clip(np.asarray(arm.home) + SPREAD * turn, arm.lower, arm.upper)
