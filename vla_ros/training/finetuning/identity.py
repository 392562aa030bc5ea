# SPDX-License-Identifier: Apache-2.0
"""What a fine-tuning's folder is of: another checkpoint or other data are not gone on with by mistake."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, read_json
from vla_ros.output_file import write_output
from vla_ros.policies.contract_checks import first_difference
from vla_ros.policies.graspvla.small.checkpoint_config import WEIGHTS

FILE = "finetuning.json"


def keep_identity(output: Path, identity: dict[str, Any]) -> None:
    """Note down what a folder is fine-tuned from. Raises ConfigError where it was begun with something else."""
    path = output / FILE
    if path.is_file():
        try:
            then = read_json(path)
        except DocumentError as error:
            raise ConfigError(f"{error}: choose another output folder") from None
        difference = first_difference(then, identity)
        if difference is not None:
            key, before, now = difference
            raise ConfigError(
                f"{path}: was begun with {key} {before!r}, not {now!r}: choose another output folder, or give what "
                "was given then"
            )
    write_output("", path, json.dumps(identity, indent=1) + "\n")


def identity_of(checkpoint: Path, datasets: Sequence[Path], original: Sequence[Path] | None) -> dict[str, Any]:
    """Return what makes a fine-tuning another one."""
    weights = hashlib.sha256((checkpoint / WEIGHTS).read_bytes()).hexdigest()
    return {
        "weights": weights[:16],
        "datasets": [str(path.resolve()) for path in datasets],
        "original": "generated" if original is None else [str(path.resolve()) for path in original],
    }
