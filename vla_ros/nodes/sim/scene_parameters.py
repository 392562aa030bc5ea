# SPDX-License-Identifier: Apache-2.0
"""The parameters that choose a simulated scene: of the nodes that draw one, for no other loads the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rclpy.node import Node

from vla_ros.nodes.parameters import declare
from vla_ros.nodes.sim.scene_choice import SceneChoice
from vla_ros.objects.category import SPLITS
from vla_ros.seed_range import SEED_MAX
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.tasks.table import DEFAULT_TASK, TASKS


def declare_scene(
    node: Node,
    change: Callable[[str, object], None] | None = None,
    check: Callable[[str, object], None] | None = None,
) -> SceneChoice:
    """Declare the parameters that choose a simulated scene and return the choice.

    With `change`, called with a parameter and its new value, all but the task may change while the node runs;
    `check` raises VlaError for a value that is refused.
    """
    task = declare(node, "task", DEFAULT_TASK, "what is to be done", choices=tuple(TASKS))

    def calls(name: str) -> dict[str, Any]:
        named = {"change": change, "check": check}
        return {key: partial(call, name) for key, call in named.items() if call is not None}

    values = {
        "set": declare(node, "set", "basic", "kind of scene, one of the task's", **calls("set")),
        "seed": declare(node, "seed", 0, "number of the scene", 0, SEED_MAX, **calls("seed")),
        "stream": declare(
            node, "stream", "evaluation", "random stream", choices=("evaluation", "generation"), **calls("stream")
        ),
        "categories": declare(
            node, "categories", "action", "object categories", choices=SPLITS,
            **calls("categories"),
        ),
        "objects": declare(
            node, "objects", "", "folder of your own objects; empty: the built-in ones", **calls("objects")
        ),
        "wording": declare(
            node, "wording", "common", "words of the instruction", choices=("common", "unseen"),
            **calls("wording"),
        ),
        "target": declare(
            node, "target", "", "target object, such as red mug; empty: what the seed draws", **calls("target")
        ),
        "place": declare(
            node, "place", "", "where that stands: near, far, left, right, middle; empty: anywhere",
            **calls("place"),
        ),
    }  # fmt: skip
    return SceneChoice(task, SceneRequest.read(values))
