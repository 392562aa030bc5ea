# SPDX-License-Identifier: Apache-2.0
"""Which scene is shown, in words: on `sim/scene`, and on every `sim/render_state`, so that nobody draws another's."""

from __future__ import annotations

import json
from typing import cast

from vla_ros.nodes.parameters import SceneChoice

_NAMES = {"set_name": "set"}  # what a key of SceneChoice is called where that differs: as the parameter
CHOICE = "choice"  # key of `sim/scene`


def choice_words(choice: SceneChoice) -> dict[str, str | int]:
    """Return a choice under the names of its parameters."""
    words = {_NAMES.get(key, key): "" if value is None else value for key, value in choice.items()}
    return cast(dict[str, str | int], words)


def choice_label(choice: SceneChoice) -> str:
    """Return a choice as one text: the same for the same scene."""
    return json.dumps(choice_words(choice), sort_keys=True)


def announced_choice(text: str) -> SceneChoice | None:
    """Return the choice that a `sim/scene` announces; None where it announces none."""
    try:
        said = json.loads(text)[CHOICE]
        return {
            "set_name": str(said["set"]),
            "seed": int(said["seed"]),
            "stream": str(said["stream"]),
            "categories": str(said["categories"]),
            "objects": str(said["objects"]) or None,
            "wording": str(said["wording"]),
            "target": str(said["target"]),
            "place": str(said["place"]),
        }
    except (ValueError, KeyError, TypeError):
        return None
