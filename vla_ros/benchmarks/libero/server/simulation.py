# SPDX-License-Identifier: Apache-2.0
"""One task of LIBERO in MuJoCo: torques and a width in, joints and poses out. Frames as T_base_x of the arm's base."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from vla_ros.benchmarks.libero.server.rendering import Renderer
from vla_ros.benchmarks.libero.server.tasks import ComposedTask
from vla_ros.benchmarks.libero.server.xml_model import ROBOT, Camera, adapted

HAND = "robot0_right_hand"
_ARM = [f"{ROBOT}joint{i}" for i in range(1, 8)]
_MOTORS = [f"{ROBOT}torq_j{i}" for i in range(1, 8)]
_FINGERS = ["gripper0_finger_joint1", "gripper0_finger_joint2"]  # the second one's axis points the other way
_FINGER_SERVOS = ["gripper0_gripper_finger_joint1", "gripper0_gripper_finger_joint2"]
_OPEN = 0.04  # [m] of one finger
_FROM_OPTICAL = np.diag([1.0, -1.0, -1.0, 1.0])  # x right, y down, z forward, to OpenGL's camera


class Simulation:
    """A task, from one of its initial states to the next."""

    def __init__(
        self,
        task: ComposedTask,
        cameras: Sequence[tuple[str, np.ndarray, float]],  # name, T_base_camera (4, 4) optical, fovy [degrees]
        size: tuple[int, int],
        extension: float,  # [m] of the fingers
        hidden: Sequence[str],
    ) -> None:
        """Compile the task with cameras of `size` (width, height) [px]; `hidden` are kinds of objects taken away."""
        gone = [body for name, body in task.objects.items() if name.rpartition("_")[0] in hidden]
        self.objects = {name: body for name, body in task.objects.items() if body not in gone}
        self._states = task.init_states
        T_world_base = task.T_world_base
        placed = [
            Camera(name, T_world_base @ T_base_camera @ _FROM_OPTICAL, fovy) for name, T_base_camera, fovy in cameras
        ]
        xml = adapted(task.xml, placed, size, extension, gone)
        self.model = mujoco.MjModel.from_xml_string(xml)
        self.data = mujoco.MjData(self.model)
        for name, (position, quaternion) in task.bodies.items():  # furniture, as LIBERO's reset put it
            index = self.model.body(name).id
            self.model.body_pos[index], self.model.body_quat[index] = position, quaternion
        self._T_base_world = np.linalg.inv(T_world_base)
        self._qpos = np.array([self.model.joint(name).qposadr[0] for name in (*_ARM, *_FINGERS)])
        self._dof = np.array([self.model.joint(name).dofadr[0] for name in (*_ARM, *_FINGERS)])
        self._motors = np.array([self.model.actuator(name).id for name in _MOTORS])
        self._servos = np.array([self.model.actuator(name).id for name in _FINGER_SERVOS])
        self._bodies = np.array([self.model.body(body).id for body in (HAND, *self.objects.values())])
        self._renderer = Renderer(self.model, *size)

    @property
    def states(self) -> int:
        """Return how many initial states there are."""
        return len(self._states)

    def reset(self, state: int, settle_s: float) -> None:
        """Take an initial state, open the hand, and let things come to rest for `settle_s` with the arm held."""
        model, data = self.model, self.data
        if not 0 <= state < len(self._states):
            raise ValueError(f"initial state {state}: the task has 0 to {len(self._states) - 1}")
        numbers = self._states[state]
        if numbers.shape != (1 + model.nq + model.nv,):
            raise ValueError(f"initial state {state} has {numbers.size} numbers, the model {1 + model.nq + model.nv}")
        mujoco.mj_resetData(model, data)
        data.qpos[:], data.qvel[:] = numbers[1 : 1 + model.nq], numbers[1 + model.nq :]
        arm = data.qpos[self._qpos].copy()
        arm[7:] = _OPEN, -_OPEN
        self.command(np.zeros(7), 2 * _OPEN)
        for _ in range(round(settle_s / model.opt.timestep)):
            data.qpos[self._qpos], data.qvel[self._dof] = arm, 0.0
            mujoco.mj_step(model, data)
        data.qpos[self._qpos], data.qvel[self._dof] = arm, 0.0
        data.time = 0.0
        mujoco.mj_forward(model, data)

    def command(self, effort: np.ndarray, width: float) -> None:
        """Apply torques (7,) [N·m] without gravity; drive the opening towards `width` [m]."""
        self.data.ctrl[self._motors] = effort
        self.data.ctrl[self._servos] = 0.5 * width, -0.5 * width

    def step(self, count: int) -> None:
        """Advance by `count` time steps."""
        mujoco.mj_step(self.model, self.data, count)

    def state(self) -> np.ndarray:
        """Return one row: time [s], opening [m], q (7,), dq (7,), then poses (4, 4) of the hand and of each object."""
        data = self.data
        mujoco.mj_kinematics(self.model, data)
        q, dq = data.qpos[self._qpos], data.qvel[self._dof]
        T = np.zeros((len(self._bodies), 4, 4))
        T[:, :3, :3], T[:, :3, 3], T[:, 3, 3] = data.xmat[self._bodies].reshape(-1, 3, 3), data.xpos[self._bodies], 1.0
        return np.concatenate([[data.time, q[7] - q[8]], q[:7], dq[:7], (self._T_base_world @ T).ravel()])

    def render(self, camera: str) -> tuple[np.ndarray, np.ndarray]:
        """Return colour (H, W, 3) uint8 and depth (H, W) float32 [m]."""
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_comPos(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        return self._renderer.render(self.data, self.model.camera(camera).id)

    def close(self) -> None:
        """Free the renderer."""
        self._renderer.close()
