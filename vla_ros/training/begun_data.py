# SPDX-License-Identifier: Apache-2.0
"""What a training's folder has begun to learn from: other data are not gone on with by mistake.

Statistics by which numbers are normalised are of the data; weights mean nothing by those of others.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.datasets.content import content_digest
from vla_ros.documents import DocumentError, read_json
from vla_ros.output_file import write_output

FILE = "training_data.json"


def keep_begun_data(output: Path, roots: Sequence[Path]) -> None:
    """Note down what these datasets hold. Raises ConfigError where something was learned here from others."""
    path = output / FILE
    now = [[root.name, content_digest(root)[:16]] for root in roots]
    if path.is_file() and _learned(output):
        try:
            before = [digest for _, digest in read_json(path)]
        except (DocumentError, TypeError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be read ({error}): choose another output folder") from None
        if before != [digest for _, digest in now]:
            other = next((root for root, (_, digest) in zip(roots, now, strict=True) if digest not in before), None)
            what = "was begun with other datasets" if other is None else f"was not begun with {other} as it is now"
            raise ConfigError(
                f"{output}: {what}: choose another output folder, give what was given then, or remove "
                f"{output / 'training'} to train anew"
            )
    write_output("", path, json.dumps(now, indent=1) + "\n")


def _learned(output: Path) -> bool:
    """Say whether a stage has saved its state, of this training or of one before it in a folder of its own."""
    return any(any(output.glob(names)) for names in ("training/*.training.pt", "*/training/*.training.pt"))
