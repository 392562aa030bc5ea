# SPDX-License-Identifier: Apache-2.0
"""Which scene is shown, in words: on `sim/scene`, and on every `sim/render_state`, so that nobody draws another's."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from controllers.errors import ConfigError
from vla_ros.documents import parse_json
from vla_ros.messages import MessageError
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import PARAMETERS, SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.table import DEFAULT_TASK, load_task

CHOICE = "choice"  # key of `sim/scene`
# What a text that is none of ours ends in, at whatever place it is wrong.
_WRONG = (ConfigError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True)
class SceneChoice:
    """Which scene of which task is shown."""

    task: str
    request: SceneRequest

    @property
    def words(self) -> dict[str, str | int]:
        """Return it under the names of the simulator's parameters."""
        return {"task": self.task, **self.request.parameters}

    @property
    def label(self) -> str:
        """Return it as one text: the same for the same scene."""
        return json.dumps(self.words, sort_keys=True)

    def changed(self, parameter: str, value: object) -> SceneChoice:
        """Return it with another value of one of the parameters."""
        return dataclasses.replace(self, request=self.request.changed(parameter, value))

    def draw(self, robot: str, cameras: Sequence[str] = ()) -> Scene:
        """Draw the scene, for a robot by its name or file. Raises ConfigError when there is none such."""
        request = dataclasses.replace(self.request, cameras=tuple(cameras), robot=robot)
        return load_task(self.task).scene(request)


def announced_choice(text: str) -> SceneChoice | None:
    """Return the choice that a `sim/scene` announces; None where it announces none."""
    try:
        said = parse_json(text, "sim/scene")[CHOICE]
        task = str(said.get("task", DEFAULT_TASK))  # older recordings name none
        return SceneChoice(task, SceneRequest.read({name: said[name] for name in PARAMETERS}))
    except _WRONG:
        return None


def announced_scene(text: str) -> dict[str, Any]:
    """Return what a `sim/scene` announces. Raises MessageError where that is no scene."""
    try:
        said = parse_json(text, "sim/scene")
        complete = {key: said[key] for key in ("set", "seed", "instruction", "target", "nouns")}
        said["prompts"] = [str(line) for line in said.get("prompts", ())]  # older recordings have none
        names = {SceneObject.read(values).name for values in said["objects"]}
        if len(names) != len(said["objects"]) or not isinstance(complete["instruction"], str):
            raise ValueError("two objects of one name, or an instruction that is no text")
    except _WRONG as error:
        raise MessageError(f"sim/scene announces no scene ({type(error).__name__}: {str(error)[:60]!a})") from None
    return said
