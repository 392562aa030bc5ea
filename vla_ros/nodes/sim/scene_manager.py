# SPDX-License-Identifier: Apache-2.0
"""The scene that the simulator shows: chosen by parameters, which may change; drawn anew when it is requested."""

from __future__ import annotations

import json

from rclpy.node import Node
from std_msgs.msg import String

from vla_ros import qos
from vla_ros.nodes.sim.scene_choice import CHOICE, SceneChoice
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import SceneSets, check_set
from vla_ros.sim.scenes.target_query import part_of
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.table import load_task


class SceneManager:
    """The present scene and the choice for the next one."""

    def __init__(self, node: Node, first: SceneChoice, robot: str) -> None:
        """Draw the first scene, for a robot by its name or file. Raises ConfigError when there is none such."""
        self._next, self._robot = first, robot
        self._text = node.create_publisher(String, "sim/scene", qos.LATCHED)
        self._shown = first
        self.scene = self._draw()

    @property
    def label(self) -> str:
        """Return the present scene in words, for whoever draws it."""
        return self._shown.label

    def redraw(self) -> bool:
        """Draw the scene that the parameters choose now; False when it is the one that is shown.

        Raises VlaError when there is none such: the one that is shown stays.
        """
        if self._next == self._shown:
            return False
        self.scene = self._draw()
        return True

    def announce(self) -> None:
        """Say what is shown, latched."""
        scene, choice = self.scene, self._shown
        catalogue = load_catalogue(str(choice.words["objects"]))
        content = announcement(load_task(choice.task), scene, catalogue)
        content |= {"task": choice.task, "categories": choice.request.categories, CHOICE: choice.words}
        self._text.publish(String(data=json.dumps(content)))

    def _draw(self) -> Scene:
        chosen = self._next
        scene = chosen.draw(self._robot)
        self._shown = chosen
        return scene

    @property
    def _sets(self) -> SceneSets:
        return load_task(self._next.task).sets

    def check(self, parameter: str, value: object) -> None:
        """Raise ConfigError for a new value that no scene has."""
        chosen = self._next.changed(parameter, value)
        if parameter == "set":
            check_set(self._sets, chosen.request.set_name)
        if parameter == "place":
            part_of(self._sets.scene.area, chosen.request.place)

    def choose(self, parameter: str, value: object) -> None:
        """Take a new value, which `check` allows, for the next scene."""
        self._next = self._next.changed(parameter, value)
