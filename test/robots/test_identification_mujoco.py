# SPDX-License-Identifier: Apache-2.0
"""Another engine's arm: MuJoCo's dynamics, its true stiction, its gravity on what the hand carries."""

from __future__ import annotations

from collections import deque

import mujoco
import numpy as np
import pytest
from arms.franka_arm import ARM, HOME, franka_model
from arms.identification_arm import COMMAND_DELAY, PAYLOAD, excitation, make_follower

from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.identification.estimation import identify
from vla_ros.sim.robot_model import robot_spec
from vla_ros.sim.simulated_recording import record_simulated


class MujocoArm:
    """The simulator's own robot, with a ball in its hand that nobody told it of."""

    timestep = 0.001

    def __init__(self) -> None:
        spec = robot_spec(load_embodiment("franka"))
        spec.option.timestep = self.timestep
        # The tests' excitation is not looked for among shapes: the hand may come near the base.
        spec.option.disableflags |= mujoco.mjtDisableBit.mjDSBL_CONTACT
        spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        ball = spec.body("panda_tcp").add_body(pos=PAYLOAD.center)
        ball.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=(0.01, 0, 0), mass=PAYLOAD.mass, contype=0, conaffinity=0)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._qpos = [self._model.joint(name).qposadr[0] for name in ARM.joints]
        self._dof = [self._model.joint(name).dofadr[0] for name in ARM.joints]
        self._motors = [self._model.actuator(name).id for name in ARM.joints]
        self._data.qpos[self._qpos] = HOME
        mujoco.mj_forward(self._model, self._data)
        self._commands = deque([np.zeros(7)] * round(COMMAND_DELAY / self.timestep))
        self._last = np.zeros(7)

    @property
    def time(self) -> float:
        return self._data.time

    @property
    def q(self) -> np.ndarray:
        return self._data.qpos[self._qpos].copy()

    @property
    def dq(self) -> np.ndarray:
        return self._data.qvel[self._dof].copy()

    def measure(self) -> tuple[np.ndarray, np.ndarray]:
        return self.q, self.dq

    def command(self, effort: np.ndarray) -> None:
        self._last = effort.copy()

    def step(self) -> None:
        self._commands.append(self._last)
        self._data.ctrl[self._motors] = self._commands.popleft()
        mujoco.mj_step(self._model, self._data)


def test_another_engine_agrees():
    kept = record_simulated("franka", make_follower(), MujocoArm(), excitation(), seed=3)
    p = identify(franka_model(), kept, ARM.effort).parameters
    model = franka_model()  # the URDF's friction is what the simulator has
    np.testing.assert_allclose(p.viscous, model.viscous_friction, rtol=0.08)
    np.testing.assert_allclose(p.dry, model.dry_friction, rtol=0.1)
    assert p.mass == pytest.approx(PAYLOAD.mass, rel=0.01)
    np.testing.assert_allclose(p.center, PAYLOAD.center, atol=0.002)
