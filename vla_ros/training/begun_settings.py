# SPDX-License-Identifier: Apache-2.0
"""By which settings a training's folder has begun to learn: others are not gone on with by mistake.

Settings say which episodes are kept back, which frames count in the statistics, and what a token stands for. What was
learned by others is judged by what it has seen, or reads numbers of another meaning.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, read_json
from vla_ros.output_file import write_output
from vla_ros.policies.contract_checks import first_difference
from vla_ros.training.begun_data import learned_in
from vla_ros.training.stages.stage_config import StageConfig

FILE = "training_settings.json"


def learned_by(config: Any, but: Collection[str] = ()) -> dict[str, Any]:
    """Return the settings of a training that what it learns depends on, as JSON has them.

    None of a stage, which sees to its own; not the number of threads, and none of `but`.
    """
    stages = {name for name, value in vars(config).items() if isinstance(value, StageConfig)}
    values = json.loads(json.dumps(dataclasses.asdict(config)))
    return {name: value for name, value in values.items() if name not in {"threads", *stages, *but}}


def keep_begun_settings(output: Path, settings: dict[str, Any]) -> None:
    """Note down these settings. Raises ConfigError where something was learned here by others."""
    path, learned = output / FILE, learned_in(output)
    if path.is_file() and learned:
        try:
            then = read_json(path)
        except DocumentError as error:
            raise ConfigError(f"{error}: choose another output folder") from None
        # What the file does not name is newer than it, and was then as the default is now.
        known = {name: value for name, value in settings.items() if isinstance(then, dict) and name in then}
        difference = first_difference({name: then[name] for name in known}, known)
        if difference is not None:
            key, before, now = difference
            raise ConfigError(
                f"{output}: was begun with {key} {before!r}, not {now!r}: choose another output folder, the settings "
                f"of then, or remove {' and '.join(map(str, learned))} to train anew"
            )
    write_output("", path, json.dumps(settings, indent=1) + "\n")
