# SPDX-License-Identifier: Apache-2.0
"""Which scene of a task is drawn: the one argument of everything that draws scenes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vla_ros.objects.catalogue import Catalogue
from vla_ros.robots.names import DEFAULT_ROBOT

# What a scene is requested by in launches, on topics and in collections: the simulator's parameters.
_FIELDS = {"set": "set_name"}  # of a request, where they have another name
_OPTIONAL = ("objects", "wording")  # empty: None
PARAMETERS = ("set", "seed", "stream", "categories", "objects", "wording", "target", "place")


@dataclass(frozen=True)
class SceneRequest:
    """What a scene is a pure function of, its task given. docs/objects.md explains each."""

    set_name: str = "basic"
    seed: int = 0
    stream: str = "evaluation"  # or generation: two families of random numbers that share nothing, whatever the seeds
    categories: str = "action"
    objects: str | Path | Catalogue | None = None  # folder of objects, or what was read of one; None: the built-in ones
    # Family of config/tasks/wording.yaml, which changes the instruction alone; None: common for evaluation, training
    # for generation, which may not have the unseen one.
    wording: str | None = None
    target: str = ""  # the target object, "red mug" for instance; empty: what the seed draws
    place: str = ""  # where that stands, "near left" for instance; empty: anywhere
    # That it is seen by, of the task's sets, those on the robot included; (): all that stand. They change nothing
    # else: objects stand where all standing cameras see them, whichever are there.
    cameras: tuple[str, ...] = ()
    by_part: bool = False  # requested by a part, such as the handle
    robot: str = DEFAULT_ROBOT  # name or file of who is to act: what it cannot reach or grip is not asked of it

    @property
    def built_in(self) -> bool:
        """Say whether its objects are the built-in ones, of which a task may know more than a file says."""
        return not self.objects or (isinstance(self.objects, Catalogue) and self.objects.procedural)

    @property
    def parameters(self) -> dict[str, str | int]:
        """Return it as the simulator's parameters, which tell neither cameras nor robot."""
        values = {name: getattr(self, _FIELDS.get(name, name)) for name in PARAMETERS}
        return {name: value if isinstance(value, int) else str(value or "") for name, value in values.items()}

    def changed(self, parameter: str, value: object) -> SceneRequest:
        """Return it with another value of one of the simulator's parameters. Raises ValueError, TypeError."""
        taken: Any = int(value) if parameter == "seed" else str(value)  # type: ignore[call-overload]
        changes: dict[str, Any] = {_FIELDS.get(parameter, parameter): taken}
        if parameter in _OPTIONAL and not taken:
            changes[parameter] = None
        return dataclasses.replace(self, **changes)

    @classmethod
    def read(cls, said: Mapping[str, object]) -> SceneRequest:
        """Return what parameters ask for; those that are left out are the default. Raises ValueError, TypeError."""
        request = cls()
        for name in PARAMETERS:
            if name in said:
                request = request.changed(name, said[name])
        return request
