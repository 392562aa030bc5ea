# SPDX-License-Identifier: Apache-2.0
"""Configuration: every kind of file below config/, read as the command that uses it does."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from vla_ros.configuration import load_config


def configuration(path: Path) -> None:
    """Read a file as what its place below config/ says that it is."""
    kinds = _kinds()
    folder, name = path.parent.name, path.stem
    read = kinds.get(f"{folder}/{name}") or kinds.get(f"{folder}/{name.rpartition('_')[2]}") or kinds[folder]
    read(path)


@cache
def _kinds() -> dict[str, Callable[[Path], Any]]:
    """Return who reads what: a folder, one file of it, or those of an ending of it."""
    from vla_ros.benchmarks.libero.suites import LiberoConfig
    from vla_ros.data.quality.config import QualityConfig
    from vla_ros.evaluation.protocol.rows import Protocol
    from vla_ros.evaluation.reserved_seeds import ReservedSeeds
    from vla_ros.hardware.cameras.realsense.config import RealSenseConfig
    from vla_ros.launching.jobs import load_job
    from vla_ros.policies.contract import DataContract
    from vla_ros.policies.remote.foreign.contract import ServerContract
    from vla_ros.robots.camera_calibration import CameraCalibration
    from vla_ros.robots.control import ControlConfig
    from vla_ros.robots.tools.description import Tool
    from vla_ros.sim.scenes.wording import Wording
    from vla_ros.tasks.drawer.cabinets import CabinetRanges
    from vla_ros.teleop.leader.config import LeaderConfig
    from vla_ros.training.act.config import ActTraining
    from vla_ros.training.backbone.config import BackboneTraining
    from vla_ros.training.candidates.settings import CandidateSettings
    from vla_ros.training.finetuning.config import FinetuneConfig
    from vla_ros.training.finetuning.two_stage import TwoStageConfig
    from vla_ros.training.gam.config import GamTraining
    from vla_ros.training.gear_vla.geometry.config import GeometryTraining
    from vla_ros.training.gear_vla.latent_actions.config import LatentActionTraining
    from vla_ros.training.gear_vla.policy.config import GearVlaTraining
    from vla_ros.training.generation.settings import GenerationSettings
    from vla_ros.training.gr3.config import Gr3Training
    from vla_ros.training.graspvla.config import TrainConfig

    kinds = {
        "config/quality": QualityConfig,
        "benchmarks/libero": LiberoConfig,
        "evaluation": Protocol,
        "evaluation/test_seeds": ReservedSeeds,
        "contracts": DataContract,
        "servers": ServerContract,
        "cameras": CameraCalibration,
        "controllers": ControlConfig,
        "leaders": LeaderConfig,
        "generate": GenerationSettings,
        "candidates": CandidateSettings,
        "tools": Tool,
        "finetune": FinetuneConfig,
        "finetune/graspvla_full": TwoStageConfig,
        "train": TrainConfig,
        "train/act_small": ActTraining,
        "train/backbone": BackboneTraining,
        "train/backbone_bytemini": BackboneTraining,
        "train/gr3_small": Gr3Training,
        "train/latent_actions": LatentActionTraining,
        "train/gear_vla_small": GearVlaTraining,
        "train/geometry": GeometryTraining,
        "train/gam_small": GamTraining,
        "realsense": RealSenseConfig,
        "tasks/wording": Wording,
        "tasks/drawer_cabinets": CabinetRanges,
    }

    def read(kind: Any, path: Path) -> None:
        load_config(path, kind)

    return {
        **{place: partial(read, kind) for place, kind in kinds.items()},
        "jobs": lambda path: load_job(str(path)),
        "robots": _robot,
        "tasks": _any,
        "objects": _any,
        "policies": _any,
        "benchmarks": _any,
    }


def _robot(path: Path) -> None:
    from vla_ros.robots.embodiment import RobotConfig, embodiment_from

    embodiment_from(load_config(path, RobotConfig))


def _any(path: Path) -> None:
    from vla_ros.documents import read_yaml

    read_yaml(path)
