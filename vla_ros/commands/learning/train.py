# SPDX-License-Identifier: Apache-2.0
"""Train a policy, or a network that policies begin from: from datasets, or from nothing, to a checkpoint.

CONFIG says what and how. Without --data what is missing is generated first, into OUTPUT/data. Started again,
or after Ctrl-C or a kill, the same command goes on where it was. Several GPUs: torchrun --nproc-per-node N -m
vla_ros.cli train …  See docs/graspvla.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError, unknown_name
from vla_ros.commands.learning.family import check_request, how_it_learns, learner_of
from vla_ros.commands.learning.generated_data import GeneratedData
from vla_ros.configuration import config_names, config_path
from vla_ros.documents import read_yaml
from vla_ros.output_file import OutputFile, check_output_folder
from vla_ros.policies.backbone.checkpoint_config import KIND as BACKBONE
from vla_ros.policies.backbone.checkpoint_config import PACKAGES
from vla_ros.policies.families.learning import DataAmounts, Learning, TrainingRequest
from vla_ros.policies.families.own_policy import is_file
from vla_ros.policies.families.table import DEFAULT_POLICY
from vla_ros.policies.gam.checkpoint_config import KIND as GAM
from vla_ros.policies.gam.checkpoint_config import PACKAGES as GAM_PACKAGES
from vla_ros.policies.gear_vla.geometry.config import KIND as GEOMETRY
from vla_ros.policies.gear_vla.geometry.config import PACKAGES as GEOMETRY_PACKAGES
from vla_ros.policies.gear_vla.latent_actions.config import KIND as LATENT_ACTIONS
from vla_ros.policies.gear_vla.latent_actions.config import PACKAGES as LATENT_ACTION_PACKAGES

# Networks that are no policy, by what a file of config/train calls them: the packages each needs, and how it learns.
NETWORKS: dict[str, tuple[Sequence[str], Learning]] = {
    BACKBONE: (PACKAGES, Learning("vla_ros.training.backbone.learning:train_backbone", BACKBONE, ("generate",))),
    LATENT_ACTIONS: (
        LATENT_ACTION_PACKAGES,
        Learning(
            "vla_ros.training.gear_vla.latent_actions.learning:train_latent_actions", LATENT_ACTIONS, ("generate",)
        ),
    ),
    GEOMETRY: (GEOMETRY_PACKAGES, Learning("vla_ros.training.gear_vla.geometry.learning:train_geometry", GEOMETRY)),
    GAM: (GAM_PACKAGES, Learning("vla_ros.training.gam.learning:train_gam", "gam_small")),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("config", nargs="?", metavar="CONFIG", help="a name from config/train, or a .yaml file")
    parser.add_argument("--policy", metavar="FAMILY",
                        help="family to train, or FILE.py:NAME of your own (default: CONFIG's)")  # fmt: skip
    parser.add_argument("--data", nargs="+", type=Path, metavar="ROOT",
                        help="folders of `vla generate`, or datasets (default: generate into OUTPUT/data)")  # fmt: skip
    parser.add_argument("--generate", metavar="EPISODES:SCENES",
                        help="how much is generated without --data (default: the file's data)")  # fmt: skip
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where the checkpoint goes (default runs/train/NAME)"
    )
    parser.add_argument("--stages", metavar="A,B", help="train these alone, of a family that has stages")
    parser.add_argument("--threads", type=int, metavar="N", help="of a process (default: the file's)")
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="write the last validation, name → number")


def run(arguments: argparse.Namespace) -> int:
    """Have the family's training train; 0 when done, 130 when interrupted."""
    what, packages, learning = _chosen(arguments.config, arguments.policy)
    config = arguments.config or learning.config
    output = arguments.output or Path("runs") / "train" / Path(config).stem
    data = None if arguments.data is None else tuple(arguments.data)
    generate = None if arguments.generate is None else DataAmounts.parse(arguments.generate)
    words = {name: getattr(arguments, name) for name in ("stages", "threads", "json")}
    request = TrainingRequest(config, data, output, generate, **words)
    check_request(request, what, learning)
    learner = learner_of(packages, learning)
    check_output_folder("--output" if arguments.output else "", output, request.sources)
    return learner(request, GeneratedData())


def _chosen(config: str | None, policy: str | None) -> tuple[str, Sequence[str], Learning]:
    """Return what is trained in words, which packages it needs, and how it learns."""
    if config is None and policy is None:
        raise ConfigError(f"train what? one of: {', '.join(config_names('train'))}, or --policy FAMILY")
    if config is None and policy in NETWORKS:  # a policy whose networks are trained alone, by settings of theirs
        settings = NETWORKS[policy][1].config
        raise ConfigError(f"policy '{policy}' is trained by name of its settings: vla train {settings}")
    if config is not None:
        path = config_path("train", "training", config)
        values = read_yaml(path)
        named = values.get("network") if isinstance(values, dict) else None
        if isinstance(named, str):  # of a policy it says how large that is
            return _network(config, named, policy)
        policy = _family(path, values, policy)
    assert policy is not None
    kind, learning = how_it_learns(policy, lambda kind: kind.train, "does not learn from data")
    return f"policy '{policy}'", kind.packages, learning


def _network(config: str, name: str, policy: str | None) -> tuple[str, Sequence[str], Learning]:
    """Return the same of a network that is no policy. Raises ConfigError for one that there is not."""
    if policy is not None:
        raise ConfigError(f"{config}: is of the {name} alone, --policy says '{policy}': leave --policy out")
    if name not in NETWORKS:
        raise ConfigError(f"{config}: network: {unknown_name('network', name, NETWORKS)}")
    return f"the {name}", *NETWORKS[name]


def _family(path: Path, values: Any, policy: str | None) -> str:
    """Return which family settings are of. Raises ConfigError where --policy says another."""
    said = str(values.get("policy", DEFAULT_POLICY)) if isinstance(values, dict) else DEFAULT_POLICY
    if is_file(said):
        raise ConfigError(f"{path}: policy: {said}: a file's code runs for --policy alone: give it there")
    if policy is not None and isinstance(values, dict) and values.get("policy", policy) != policy:
        raise ConfigError(f"{path}: is of policy '{said}', --policy says '{policy}': leave --policy out")
    return policy or said
