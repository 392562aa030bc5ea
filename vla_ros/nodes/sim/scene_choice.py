# SPDX-License-Identifier: Apache-2.0
"""Which scene is shown, in words: on `sim/scene`, and on every `sim/render_state`, so that nobody draws another's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, cast

from controllers.errors import ConfigError
from vla_ros.documents import parse_json
from vla_ros.messages import MessageError
from vla_ros.nodes.parameters import SceneChoice
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.table import DEFAULT_TASK, load_task

_NAMES = {"set_name": "set"}  # what a key of SceneChoice is called where that differs: as the parameter
CHOICE = "choice"  # key of `sim/scene`
# What a text that is none of ours ends in, at whatever place it is wrong.
_WRONG = (ConfigError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


def choice_words(choice: SceneChoice) -> dict[str, str | int]:
    """Return a choice under the names of its parameters."""
    words = {_NAMES.get(key, key): "" if value is None else value for key, value in choice.items()}
    return cast(dict[str, str | int], words)


def choice_label(choice: SceneChoice) -> str:
    """Return a choice as one text: the same for the same scene."""
    return json.dumps(choice_words(choice), sort_keys=True)


def draw(choice: SceneChoice, robot: str, cameras: Sequence[str] = ()) -> Scene:
    """Draw the scene that is chosen, for a robot by its name or file. Raises ConfigError when there is none such."""
    arguments = {key: value for key, value in choice.items() if key != "task"}
    return load_task(choice["task"]).scene(**arguments, cameras=cameras, robot=robot)  # type: ignore[arg-type]


def announced_choice(text: str) -> SceneChoice | None:
    """Return the choice that a `sim/scene` announces; None where it announces none."""
    try:
        said = parse_json(text, "sim/scene")[CHOICE]
        return {
            "task": str(said.get("task", DEFAULT_TASK)),  # of older recordings, which name none
            "set_name": str(said["set"]),
            "seed": int(said["seed"]),
            "stream": str(said["stream"]),
            "categories": str(said["categories"]),
            "objects": str(said["objects"]) or None,
            "wording": str(said["wording"]),
            "target": str(said["target"]),
            "place": str(said["place"]),
        }
    except _WRONG:
        return None


def announced_scene(text: str) -> dict[str, Any]:
    """Return what a `sim/scene` announces. Raises MessageError where that is no scene."""
    try:
        said = parse_json(text, "sim/scene")
        complete = {key: said[key] for key in ("set", "seed", "instruction", "target", "nouns")}
        names = {SceneObject.read(values).name for values in said["objects"]}
        if len(names) != len(said["objects"]) or not isinstance(complete["instruction"], str):
            raise ValueError("two objects of one name, or an instruction that is no text")
    except _WRONG as error:
        raise MessageError(f"sim/scene announces no scene ({type(error).__name__}: {str(error)[:60]!a})") from None
    return said
