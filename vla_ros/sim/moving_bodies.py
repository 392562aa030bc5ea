# SPDX-License-Identifier: Apache-2.0
"""What of a scene moves by itself, read from the simulator: rigid objects, joints of fixtures, vertices of cloths."""

from __future__ import annotations

from collections.abc import Mapping

import mujoco
import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.sim.scenes.scene import Scene


class MovingBodies:
    """The bodies of one scene, by name, in the order of the scene."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, scene: Scene) -> None:
        self._data = data
        self.objects = tuple(placed.name for placed in scene.objects)
        self.joints = tuple(joint for placed in scene.fixtures for joint in placed.joints)
        self.cloths = tuple(placed.name for placed in scene.cloths)
        self.object_of_body = {model.body(name).id: name for name in self.objects}
        self._qpos = {name: int(model.joint(name).qposadr[0]) for name in self.joints}
        self._vertices: dict[str, slice] = {}
        vertex_bodies = []
        for name in self.cloths:
            flex = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_FLEX, name)
            first = int(model.flex_vertadr[flex])
            self._vertices[name] = slice(first, first + int(model.flex_vertnum[flex]))
            vertex_bodies += model.flex_vertbodyid[self._vertices[name]].tolist()
        moving = [*self.object_of_body, *(model.body(name).id for name in self.joints), *vertex_bodies]
        self.dof = np.flatnonzero(np.isin(model.dof_bodyid, moving))  # of all of them

    def place(self, scene: Scene) -> None:
        """Put the fixtures' joints where they start."""
        for placed in scene.fixtures:
            for joint, value in placed.start.items():
                self._data.qpos[self._qpos[f"{placed.name}/{joint}"]] = value

    def joint_position(self, name: str) -> float:
        """Return where a fixture's joint is [rad], [m]. Raises ConfigError that names the nearest."""
        if name not in self._qpos:
            raise ConfigError(unknown_name("joint", name, self.joints))
        return float(self._data.qpos[self._qpos[name]])

    def joint_positions(self) -> Mapping[str, float]:
        """Return where every fixture's joint is [rad], [m], by `<fixture>/<joint>`."""
        return {name: float(self._data.qpos[address]) for name, address in self._qpos.items()}

    def vertices(self, cloth: str) -> np.ndarray:
        """Return where a cloth's vertices are (V, 3) [m], world frame, row by row along its y.

        As the last kinematics left them. Raises ConfigError that names the nearest.
        """
        if cloth not in self._vertices:
            raise ConfigError(unknown_name("cloth", cloth, self.cloths))
        return self._data.flexvert_xpos[self._vertices[cloth]].copy()
