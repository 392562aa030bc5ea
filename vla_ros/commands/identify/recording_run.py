# SPDX-License-Identifier: Apache-2.0
"""Where a recording comes from: an arm that is computed here, or the one of the job that runs."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from controllers.arm.arm_dynamics import ArmDynamics, Payload
from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from controllers.follower import ChunkFollower
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from controllers.groups.driven_arm import DrivenArm
from vla_ros.launching.graph import Parameter
from vla_ros.planning.excitation import find_excitation
from vla_ros.progress import shown
from vla_ros.robots.control import arm_limits, arm_model, load_control_config
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.identification.excitation_search import SearchConfig
from vla_ros.robots.identification.recording import ExcitationRecording
from vla_ros.sim.delayed_arm import DelayedArm
from vla_ros.sim.simulated_recording import record_simulated


@dataclass(frozen=True)
class SimulatedTruth:
    """What the computed arm is like, for the identification to find."""

    payload: Payload
    friction: float = 1.0  # times the URDF's
    delay: float = 0.004  # [s] of a command

    def __post_init__(self) -> None:
        if not (0.0 <= self.friction <= 20.0 and 0.0 <= self.delay <= 0.02):
            raise ConfigError("--friction must be 0 to 20 times the URDF's, --delay 0 to 0.02 s")


def record_computed(
    robot: str, search: SearchConfig, table: float, seed: int, truth: SimulatedTruth, console: Console
) -> ExcitationRecording:
    """Return the recording of a robot's one arm, computed. Raises VlaError when it cannot be made."""
    embodiment, control = load_embodiment(robot), load_control_config(robot)
    arm = embodiment.only_arm
    plant = ArmModel(
        expand_urdf(embodiment), arm.joints, arm.tool_frame, armature=arm.armature.tolist(),
        dynamics=ArmDynamics(payload=truth.payload),
    )  # fmt: skip
    with shown("looking for an excitation", console) as show:
        excitation = find_excitation(embodiment, arm.name, control, search, table, seed, show)
    driven = DrivenArm(arm.name, arm_model(embodiment, arm, control), arm_limits(arm, control), control)
    follower = ChunkFollower([driven], AuxiliaryDrive({}), control)
    computed = DelayedArm(
        plant, np.array(arm.home), command_delay=truth.delay, seed=seed,
        damping=truth.friction * plant.viscous_friction, friction=truth.friction * plant.dry_friction,
    )  # fmt: skip
    with shown("recording", console) as show:
        return record_simulated(robot, follower, computed, excitation, seed=seed, show=show)


def record_live(path: Path, search: SearchConfig, table: float, seed: int, robot: str, with_gravity: bool) -> int:
    """Record the arm of the job that runs into `path`; return the exit code of the node that did it.

    Raises ConfigError when several jobs run.
    """
    from vla_ros.commands.robot.operate import run_beside, targets
    from vla_ros.launching.parameters import write_parameters

    graphs = targets()
    if len(graphs) > 1:
        jobs = ", ".join(f"{graph.job} on ROS domain {graph.domain_id}" for graph in graphs)
        raise ConfigError(f"several jobs run ({jobs}): leave one, its arm is the one that will move")
    with tempfile.TemporaryDirectory() as folder:
        parameters = Path(folder) / "identify.yaml"
        place: dict[str, Parameter] = {"robot": robot, "file": str(path.resolve()), "with_gravity": with_gravity}
        motion: dict[str, Parameter] = {"period": search.period, "fits": search.fits, "seed": seed, "table": table}
        write_parameters(parameters, {**place, **motion, "speed_share": search.speed_share})
        return run_beside(graphs[0], "vla_ros.nodes.identify_node", parameters)
