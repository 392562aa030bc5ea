# SPDX-License-Identifier: Apache-2.0
"""The parameters that choose a simulated scene: of the nodes that draw one, for no other loads the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.node import Node

from vla_ros.nodes.parameters import declare
from vla_ros.nodes.sim.scene_choice import SceneChoice
from vla_ros.objects.category import SPLITS
from vla_ros.seed_range import SEED_MAX
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.tasks.table import DEFAULT_TASK, TASKS


def declare_scene(node: Node, change: Callable[[str, object], None] | None = None) -> SceneChoice:
    """Declare the parameters that choose a simulated scene and return the choice.

    With `change`, called with a parameter and its new value, all but the task may change while the node runs.
    """
    task = declare(node, "task", DEFAULT_TASK, "what is to be done", choices=tuple(TASKS))

    def notify(name: str) -> Callable[[Any], None] | None:
        return None if change is None else lambda value: change(name, value)

    values = {
        "set": declare(node, "set", "basic", "kind of scene, one of the task's", change=notify("set")),
        "seed": declare(node, "seed", 0, "number of the scene", 0, SEED_MAX, change=notify("seed")),
        "stream": declare(
            node, "stream", "evaluation", "random stream", choices=("evaluation", "generation"), change=notify("stream")
        ),
        "categories": declare(
            node, "categories", "action", "object categories", choices=SPLITS,
            change=notify("categories"),
        ),
        "objects": declare(
            node, "objects", "", "folder of your own objects; empty: the built-in ones", change=notify("objects")
        ),
        "wording": declare(
            node, "wording", "common", "words of the instruction", choices=("common", "unseen"),
            change=notify("wording"),
        ),
        "target": declare(
            node, "target", "", "target object, such as red mug; empty: what the seed draws", change=notify("target")
        ),
        "place": declare(
            node, "place", "", "where that stands: near, far, left, right, middle; empty: anywhere",
            change=notify("place"),
        ),
    }  # fmt: skip
    return SceneChoice(task, SceneRequest.read(values))
