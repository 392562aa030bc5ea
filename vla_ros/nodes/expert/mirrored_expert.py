# SPDX-License-Identifier: Apache-2.0
"""A task's expert on the graph: it acts in a world of its own, which stands as the simulator's render states say."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk
from controllers.errors import VlaError
from vla_ros.nodes.memory import scene_made
from vla_ros.nodes.sim.scene_choice import SceneChoice
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.detection import Explaining
from vla_ros.policies.capabilities.refusals import HearsRefusals
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import task_expert
from vla_ros.tasks.table import load_task


class MirroredExpert:
    """A policy's two methods for one thread, which also says where everything is."""

    def __init__(self, embodiment: Embodiment, models: Mapping[str, ArmModel]) -> None:
        """`models`: each arm's, by name."""
        self._embodiment, self._models = embodiment, models
        self._world: World | None = None
        self._expert: Policy | None = None
        self._shown = ""  # label of the scene that is mirrored

    def show(self, scene: SceneChoice) -> None:
        """Build the world of a scene, unless it is the one that is mirrored. Raises VlaError for one that is none."""
        if scene.label == self._shown:
            return
        self.close()
        with scene_made():
            world = World(scene.draw(self._embodiment.source), self._embodiment, settle=False)
        self._expert = task_expert(load_task(scene.task), world, self._models)
        self._world, self._shown = world, scene.label

    def follow(self, state: np.ndarray) -> None:
        """Place everything as a render state says. Raises VlaError where it is another scene's."""
        if self._world is None:
            raise VlaError("no scene is mirrored yet")
        self._world.apply_render_state(state)

    def reset(self) -> None:
        """Forget the episode."""
        if self._expert is not None:
            self._expert.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the expert's next actions."""
        if self._expert is None:
            raise VlaError("no scene is mirrored yet")
        return self._expert.infer(observation)

    def chunk_refused(self, reason: str) -> None:
        """Tell the expert why control refused its last chunk."""
        hearing = None if self._expert is None else capability(self._expert, HearsRefusals)
        if hearing is not None:
            hearing.chunk_refused(reason)

    @property
    def explanation(self) -> str:
        """Return why there is nothing to do."""
        explaining = None if self._expert is None else capability(self._expert, Explaining)
        return "" if explaining is None else explaining.explanation

    def close(self) -> None:
        """Give up the world."""
        if self._world is not None:
            self._world.close()
        self._world, self._expert, self._shown = None, None, ""
