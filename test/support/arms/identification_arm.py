# SPDX-License-Identifier: Apache-2.0
"""A Franka with known friction and payload, and recordings of it, for the tests of identification."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np

from arms.franka_arm import ARM, HOME, franka_config, franka_follower, franka_model
from controllers.arm.arm_dynamics import ArmDynamics, Payload
from controllers.arm.model import ArmModel
from controllers.follower import ChunkFollower
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.identification.excitation import Excitation
from vla_ros.robots.identification.excitation_search import ExcitationSearch, SearchConfig
from vla_ros.robots.identification.recording import ExcitationRecording
from vla_ros.robots.identification.regressor import nominal_effort
from vla_ros.sim.delayed_arm import DelayedArm
from vla_ros.sim.simulated_recording import record_simulated

VISCOUS = np.array([3.0, 2.4, 1.8, 2.2, 1.2, 0.8, 1.4])  # [N·m·s/rad]
DRY = np.array([1.0, 1.2, 0.8, 0.9, 0.5, 0.4, 0.6])  # [N·m]
PAYLOAD = Payload(0.8, (0.02, -0.03, 0.06))
NONE = Payload()
COMMAND_DELAY = 0.004  # [s]
QUICK = SearchConfig(period=7.0, fits=1, draws=15, variations=30)


def loaded_model(dynamics: ArmDynamics) -> ArmModel:
    urdf = expand_urdf(load_embodiment("franka"))
    return ArmModel(urdf, ARM.joints, ARM.tool_frame, armature=ARM.armature, dynamics=dynamics)


def true_arm() -> DelayedArm:
    """Return the arm at home, its commands late."""
    model = loaded_model(ArmDynamics(payload=PAYLOAD))
    return DelayedArm(model, HOME, command_delay=COMMAND_DELAY, damping=VISCOUS, friction=DRY)


def make_follower(dynamics: ArmDynamics | None = None) -> ChunkFollower:
    """Return a control that knows the URDF and `dynamics`."""
    return franka_follower(
        loaded_model(dynamics) if dynamics else franka_model(), franka_config(), auxiliaries=AuxiliaryDrive({})
    )


@lru_cache
def excitation() -> Excitation:
    return ExcitationSearch(franka_model(), ARM, franka_config(), QUICK, lambda q: True, seed=0).run(HOME)


@lru_cache
def recording() -> ExcitationRecording:
    """Return what is recorded of the true arm, through noise, quantisation and latency."""
    return record_simulated("franka", make_follower(), true_arm(), excitation(), seed=1)


def computed(viscous: np.ndarray, dry: np.ndarray, payload: Payload = NONE) -> ExcitationRecording:
    """Return a recording of an arm that does exactly what it is asked to, noise on its effort."""
    model = loaded_model(ArmDynamics(payload=payload))
    time = np.arange(0.0, excitation().duration, 0.005)
    state = excitation().sample(time)
    effort = nominal_effort(model, state, False) + np.array([model.payload_weight(q) for q in state[0]])
    effort = effort + viscous * state[1] + dry * np.tanh(state[1] / 0.01)
    effort = effort + 0.0005 * ARM.effort * np.random.default_rng(0).normal(size=effort.shape)
    return ExcitationRecording("franka", "panda", ARM.joints, False, time, state[0], state[1], effort)


def changed(recording: ExcitationRecording, **fields) -> ExcitationRecording:
    return dataclasses.replace(recording, **fields)
