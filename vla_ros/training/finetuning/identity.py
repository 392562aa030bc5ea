# SPDX-License-Identifier: Apache-2.0
"""What a fine-tuning is of: another checkpoint, other data or other settings are not gone on with by mistake."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controllers.errors import ConfigError
from vla_ros.data.datasets.content import content_digest
from vla_ros.documents import DocumentError, read_json
from vla_ros.output_file import write_output
from vla_ros.policies.contract_checks import first_difference
from vla_ros.policies.graspvla.small.checkpoint_config import WEIGHTS
from vla_ros.training.begun_settings import keep_begun_settings, learned_by
from vla_ros.training.pictures.training_data import find_datasets

if TYPE_CHECKING:
    from vla_ros.training.finetuning.config import FinetuneConfig
    from vla_ros.training.finetuning.two_stage import TwoStageConfig

FILE = "finetuning.json"
CONTENTS = "dataset_contents"


def keep_identity(output: Path, identity: dict[str, Any]) -> None:
    """Note down what a folder is fine-tuned from. Raises ConfigError where it was begun with something else."""
    path = output / FILE
    if path.is_file():
        try:
            then = read_json(path)
        except DocumentError as error:
            raise ConfigError(f"{error}: choose another output folder") from None
        difference = first_difference(_without_contents(then), _without_contents(identity))
        if difference is not None:
            key, before, now = difference
            raise ConfigError(
                f"{path}: was begun with {key} {before!r}, not {now!r}: choose another output folder, or give what "
                "was given then"
            )
        _check_contents(path, then.get(CONTENTS), identity[CONTENTS])
    write_output("", path, json.dumps(identity, indent=1) + "\n")


def keep_settings(output: Path, config: FinetuneConfig | TwoStageConfig, **options: bool) -> None:
    """Note down by which settings and options is learned.

    Raises ConfigError where something was learned here by others. Further stages may follow; how much original data is
    generated says nothing of what was learned.
    """
    settings = learned_by(config, ("stages",))
    settings["original"] = {name: settings["original"][name] for name in ("share", "frames_an_episode")}
    keep_begun_settings(output, settings | options)


def identity_of(checkpoint: Path, datasets: Sequence[Path], original: Sequence[Path] | None) -> dict[str, Any]:
    """Return what makes a fine-tuning another one."""
    weights = hashlib.sha256((checkpoint / WEIGHTS).read_bytes()).hexdigest()
    found = find_datasets([*datasets, *(original or ())], boxes_do=True)
    return {
        "weights": weights[:16],
        "datasets": [str(path.resolve()) for path in datasets],
        "original": "generated" if original is None else [str(path.resolve()) for path in original],
        CONTENTS: {str(root.resolve()): content_digest(root)[:16] for root in (*found.action, *found.grounding)},
    }


def _without_contents(identity: Any) -> Any:
    if not isinstance(identity, dict):
        return identity
    return {key: value for key, value in identity.items() if key != CONTENTS}


def _check_contents(path: Path, before: Any, now: dict[str, str]) -> None:
    """Raise ConfigError with the first dataset that is not as it was; folders of before do not say how it was."""
    if not isinstance(before, dict):
        return
    for root in {**before, **now}:
        if before.get(root) != now.get(root):
            raise ConfigError(f"{path}: {root} has changed since: choose another output folder, or restore it")
