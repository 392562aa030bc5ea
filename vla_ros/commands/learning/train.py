# SPDX-License-Identifier: Apache-2.0
"""Train the small GraspVLA: from datasets, or from nothing, to a checkpoint.

Without --data what is missing is generated first, into OUTPUT/data. Started again, or after Ctrl-C or a kill, the same
command goes on where it was. Several GPUs: torchrun --nproc-per-node N -m vla_ros.cli train …  See docs/graspvla.md.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fcntl
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.commands.learning.training_session import watched
from vla_ros.new_file import open_own
from vla_ros.output_file import OutputFile, check_output_folder
from vla_ros.policies.graspvla.small.checkpoint_config import PACKAGES

if TYPE_CHECKING:
    from vla_ros.training.finetuning.config import OriginalConfig
    from vla_ros.training.graspvla.config import DataConfig, TrainConfig
    from vla_ros.training.graspvla.team import Team
    from vla_ros.training.graspvla.train import TrainingResult
    from vla_ros.training.graspvla.training_data import TrainingData

THREADS_MAX = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("config", metavar="CONFIG", help="a name from config/train, or a .yaml file")
    parser.add_argument("--data", nargs="+", type=Path, metavar="ROOT",
                        help="folders of `vla generate`, or datasets (default: generate into OUTPUT/data)")  # fmt: skip
    parser.add_argument("--generate", metavar="EPISODES:SCENES",
                        help="how much is generated without --data (default: the file's data)")  # fmt: skip
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="where the checkpoint goes (default runs/train/NAME)"
    )
    parser.add_argument("--stages", metavar="A,B", help="train these alone: expert, proposals, grasp, matching")
    parser.add_argument("--threads", type=int, metavar="N", help="of a process (default: the file's)")
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="write the last validation, name → number")


def run(arguments: argparse.Namespace) -> int:
    """Generate what is missing, then train; 0 when done, 130 when interrupted."""
    require_packages()
    from vla_ros.training.graspvla.config import chosen_stages, load_train_config
    from vla_ros.training.graspvla.training_data import find_datasets

    # Everything that was named is looked at before anything is written, and before PyTorch is loaded.
    config = load_train_config(arguments.config)
    if arguments.threads is not None:
        if not 1 <= arguments.threads <= THREADS_MAX:
            raise ConfigError(f"--threads must be 1 to {THREADS_MAX}, got {arguments.threads}")
        config = dataclasses.replace(config, threads=arguments.threads)
    stages = config.stages if arguments.stages is None else chosen_stages(arguments.stages, config.stages)
    if arguments.generate is not None:
        config = dataclasses.replace(config, data=_amounts(arguments, config))
    output = arguments.output or Path("runs") / "train" / Path(arguments.config).stem
    check_output_folder("", output)
    data = None if arguments.data is None else find_datasets(arguments.data)
    if data is None:
        _check_generation(config.data)
    from vla_ros.training.graspvla.team import join_team

    with join_team() as team:
        if data is not None:
            _check_data(data, config, team)
        with taken(output, team):
            if data is None:
                with team.leader_first():
                    if team.leads and not generate_data(config.data, output / "data", config.contract):
                        return 130
                data = find_datasets([output / "data"])
                _check_data(data, config, team)
            result = _train(config, data, output, stages, team, arguments.json)
    return 130 if result.interrupted else 0


def require_packages() -> None:
    """Raise ConfigError when a package that training needs is not installed."""
    for name in PACKAGES:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(
                f"training needs the package {name}, which is not installed: ./vla installs it unless VLA_EXTRAS=none, "
                "on Python 3.11 to 3.13; elsewhere pip install -e '.[learning]'"
            )


def _check_data(data: TrainingData, config: TrainConfig, team: Team) -> None:
    from vla_ros.policies.contract import load_contract
    from vla_ros.training.graspvla.datasets import check_datasets

    if team.leads:
        check_datasets(data, load_contract(config.contract))


def _check_generation(data: DataConfig) -> None:
    """Raise ConfigError when the data that lacks could not be generated."""
    from vla_ros.launching.egl import require_egl
    from vla_ros.training.generation.settings import load_settings

    load_settings(data.settings)
    require_egl()


def _amounts(arguments: argparse.Namespace, config: TrainConfig) -> DataConfig:
    if arguments.data is not None:
        raise ConfigError("--generate and --data: give one of them")
    episodes, colon, scenes = arguments.generate.partition(":")
    if not (episodes.isdecimal() and colon and scenes.isdecimal()):
        raise ConfigError(f"--generate {arguments.generate}: give EPISODES:SCENES, such as 6000:3000")
    return dataclasses.replace(config.data, episodes=int(episodes), grounding=int(scenes))


def generate_data(data: DataConfig | OriginalConfig, folder: Path, contract: str) -> bool:
    """Generate what is missing by a contract; tell whether all is there."""
    from vla_ros.commands.learning import generate as generate_command
    from vla_ros.launching.egl import require_egl
    from vla_ros.training.generation.maker import episode_maker

    require_egl()
    wanted = argparse.Namespace(
        output=str(folder),
        config=data.settings,
        contract=contract,
        episodes=data.episodes,
        grounding=data.grounding,
        objects=None,
        seed=None,
        workers=None,
        ray=None,
        json=None,
    )
    return generate_command.generate(wanted, episode_maker) == 0


def _train(
    config: TrainConfig, data: TrainingData, output: Path, stages: tuple[str, ...], team: Team, json: str | None
) -> TrainingResult:
    from rich.console import Console

    from vla_ros.commands.data.dataset import write_json
    from vla_ros.training.graspvla.progress import print_result
    from vla_ros.training.graspvla.train import TrainingResult, train

    console = Console(quiet=not team.leads)
    samples = {name: (getattr(config, name).steps, getattr(config, name).batch) for name in stages}
    with watched(output, samples, console, team) as session:
        try:
            result = train(config, data, output, session.tell, stages, team, session.stop)
        except KeyboardInterrupt:  # while data was prepared, or pressed twice
            result = TrainingResult(interrupted=True)
    print_result(result, output, console)
    if team.leads:
        write_json(json, result.figures)
    return result


@contextlib.contextmanager
def taken(output: Path, team: Team, word: str = "train") -> Iterator[None]:
    """Hold the only right to train into a folder; `word` is the command's."""
    if not team.leads:
        yield
        return
    lock = -1
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = open_own(output / ".lock", os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ConfigError(f"{output}: another `vla {word}` is writing there: wait for it") from None
    except OSError as error:
        raise ConfigError(f"{output}: cannot be written ({error.strerror}): choose another place") from None
    try:
        yield
    finally:
        os.close(lock)
