# SPDX-License-Identifier: Apache-2.0
"""A cell in a process and on a ROS domain of its own: no cell hears what another has left behind."""

from __future__ import annotations

import importlib

from rig.own_domain import on_own_domain

from bench.fault_matrix.cell import Cell
from controllers.arm.model import ArmModel
from vla_ros.robots.control import arm_limits, load_control_config
from vla_ros.robots.embodiment import expand_urdf, load_embodiment


def run_isolated(group: str, fault: str, situation: str) -> Cell:
    """Run one cell of the module bench.fault_matrix.<group>; what it raises is a problem of that cell."""
    try:
        return on_own_domain(_run, group, fault, situation)
    except Exception as error:  # a cell that cannot be judged is not as it must be, and the others still count
        return Cell(fault, situation, problems=[f"{type(error).__name__}: {error}"])


def _run(group: str, fault: str, situation: str) -> Cell:
    embodiment = load_embodiment("franka")
    arm = embodiment.arms[0]
    limits = arm_limits(arm, load_control_config("franka"))
    model = ArmModel(expand_urdf(embodiment), arm.joints, arm.tool_frame)
    return importlib.import_module(f"bench.fault_matrix.{group}").run(fault, situation, limits, model)
