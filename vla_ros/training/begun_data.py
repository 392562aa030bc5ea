# SPDX-License-Identifier: Apache-2.0
"""What a training's folder has begun to learn from: other data are not gone on with by mistake.

Statistics by which numbers are normalised are of the data; weights mean nothing by those of others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.datasets.content import content_digest
from vla_ros.documents import DocumentError, read_json
from vla_ros.output_file import write_output

FILE = "training_data.json"


def keep_begun_data(output: Path, roots: Sequence[Path], digest_of: Callable[[Path], str] = content_digest) -> None:
    """Note down what these datasets hold. Raises ConfigError where something was learned here from others."""
    path = output / FILE
    now = [[root.name, digest_of(root)[:16]] for root in roots]
    learned = learned_in(output)
    if path.is_file() and learned:
        try:
            before = [digest for _, digest in read_json(path)]
        except (DocumentError, TypeError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be read ({error}): choose another output folder") from None
        if before != [digest for _, digest in now]:
            other = next((root for root, (_, digest) in zip(roots, now, strict=True) if digest not in before), None)
            what = "was begun with other datasets" if other is None else f"was not begun with {other} as it is now"
            raise ConfigError(
                f"{output}: {what}: choose another output folder, give what was given then, or remove "
                f"{' and '.join(map(str, learned))} to train anew"
            )
    write_output("", path, json.dumps(now, indent=1) + "\n")


def learned_in(output: Path) -> list[Path]:
    """Return the folders that hold the state of a stage: of this training, and those of one before it, as a whole."""
    own = [output / "training"] if any(output.glob("training/*.training.pt")) else []
    return [*own, *sorted({state.parents[1] for state in output.glob("*/training/*.training.pt")})]
