# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of every policy, and detectors: a folder each, read and built as far as its weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from vla_ros.robots.embodiment import load_embodiment

robot = cache(load_embodiment)


def checkpoint(path: Path) -> None:
    """Read the folder that a file lies in as the checkpoint that the folder's name says."""
    from vla_ros.data.conventions.statistics import read_statistics
    from vla_ros.policies.families.table import is_checkpoint

    folder = path.parent
    is_checkpoint(str(folder))
    read_statistics(folder)
    _readers()[folder.name](folder)


def detector(path: Path) -> None:
    """Read a failure detector."""
    from vla_ros.failure_detection.detector import load_detector

    load_detector(path.parent)


@cache
def _readers() -> dict[str, Callable[[Path], object]]:
    from vla_ros.policies.act.checkpoint import load_act
    from vla_ros.policies.backbone.checkpoint import load_backbone
    from vla_ros.policies.flow.checkpoint import load_flow
    from vla_ros.policies.gam.checkpoint import load_gam
    from vla_ros.policies.gear_vla.checkpoint import load_gear_vla
    from vla_ros.policies.gr3.full.config import read_full_config as read_gr3_full
    from vla_ros.policies.gr3.small.checkpoint import load_small_gr3
    from vla_ros.policies.graspvla.full.config import read_full_config as read_graspvla_full
    from vla_ros.policies.graspvla.small.policy import load_small_policy
    from vla_ros.policies.lerobot.checkpoint import read_checkpoint

    return {
        "act": lambda folder: load_act(folder, robot("franka")),
        "backbone": load_backbone,
        "flow": load_flow,
        "gam": load_gam,
        "gear_vla": lambda folder: load_gear_vla(folder, robot("agilex")),
        "gr3": lambda folder: load_small_gr3(folder, robot("bytemini")),
        "gr3_full": read_gr3_full,
        "graspvla": lambda folder: load_small_policy(folder, robot("franka")),
        "graspvla_full": read_graspvla_full,
        "lerobot": read_checkpoint,
    }
