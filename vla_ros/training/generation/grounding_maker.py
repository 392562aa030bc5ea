# SPDX-License-Identifier: Apache-2.0
"""Grounding data: pictures and words without actions, GraspVLA's co-training set (section 4).

A scene is compiled once and seen several times: other cameras, another posture of the robot, another thing named each
time, often with a hand about to take it or in front of it. Each frame says what is where and which thing is meant, and
nothing of how it is taken. Scenes are full of hard negatives: the same colour of another category and the reverse.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from controllers.arm.model import ArmModel
from controllers.errors import VlaError
from vla_ros.data.datasets.episode import EncodedEpisode, EpisodeEncoder
from vla_ros.data.datasets.features import IMAGES, STATE, Feature, camera_feature
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.evaluation.observing import Observer
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.category import ACTION
from vla_ros.policies.contract import DataContract
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.grasping.grasps import AntipodalConfig
from vla_ros.sim.grasping.planning import GraspPlanner
from vla_ros.sim.scenes.scene import Scene, SceneCamera
from vla_ros.sim.world import World
from vla_ros.tasks.named_things import NamedThing, naming
from vla_ros.tasks.table import DEFAULT_TASK
from vla_ros.tasks.task import Task
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.contract_columns import ContractColumns
from vla_ros.training.generation.demonstrators.grasping import OPTIONS, WIDE_MARGIN, WORSE
from vla_ros.training.generation.object_boxes import ObjectBoxes
from vla_ros.training.generation.postures import Postures
from vla_ros.training.generation.scene_views import cameras_elsewhere
from vla_ros.training.generation.settings import GenerationSettings, Rejection, draw_set
from vla_ros.training.generation.thing_words import ThingWords

VIEWS = 8  # frames of a scene
TARGETS = 4  # things of a scene that are named
SEEN = 0.15  # share of a named thing that must be seen
PAIR = 2  # cameras of which each must see it; of more the reference camera must, for those on hands look elsewhere
SETS = {"basic": 0.05, "distractor": 0.3, "light": 0.2, "height": 0.1, "noun": 0.15, "relation": 0.2}

Row = dict[str, np.ndarray | float | str]


def grounding_schema(contract: DataContract) -> DatasetSchema:
    """Return the columns of grounding data: what the contract sees and where things are; no actions, no grasps."""
    features = {STATE: Feature("float32", (len(contract.state),), contract.state)}
    for name, camera in contract.cameras.items():
        features[IMAGES + name] = camera_feature(camera.height, camera.width)
        features[f"observation.calibration.{name}"] = Feature("float32", (11,))
    features |= notes.scene_features(tuple(contract.cameras)) | notes.extent_features()
    return DatasetSchema(contract.fps, contract.robot, features)


class GroundingMaker:
    """Make the frames of one scene after the other."""

    def __init__(
        self,
        contract: DataContract,
        embodiment: Embodiment,
        arms: Mapping[str, ArmModel],
        task: Task,
        settings: GenerationSettings,
    ) -> None:
        """Take each arm's kinematics by name. Raises ConfigError for a task that does not say what stands there."""
        self.schema = grounding_schema(contract)
        self._contract, self._embodiment, self._arms, self._task = contract, embodiment, arms, task
        self._naming = naming(task, settings.task)
        # Objects are requested as a whole, whatever the demonstrations do.
        self._settings = dataclasses.replace(settings, by_part=False)
        self._catalogue = load_catalogue(settings.objects)
        # Nothing has to be held: things may be of shapes between those that can be grasped, and no two are the same.
        drawn_from = dataclasses.replace(self._catalogue, between=True)
        self._drawn_from = drawn_from if settings.task == DEFAULT_TASK else settings.objects
        self._sets = SETS if SETS.keys() <= task.sets.sets.keys() else settings.sets
        self._stored = ContractColumns(contract)
        names = tuple(contract.cameras)
        self._must_see = names if len(names) <= PAIR else (contract.reference_camera,)

    def make(self, seed: int) -> EncodedEpisode | Rejection:
        """Return the views of a seed's scene as one episode."""
        # Seeds of grounding scenes are the upper half, so that none repeats a demonstration's.
        number = 2**40 + seed
        rng = np.random.default_rng(np.random.SeedSequence(entropy=number, spawn_key=(1, 1001)))
        set_name = draw_set(self._sets, rng)
        try:
            request = self._settings.request(set_name, number, tuple(self._contract.cameras))
            request = dataclasses.replace(
                request, categories=self._settings.grounding_categories, objects=self._drawn_from
            )
            scene = self._task.scene(request)
            world = World(scene, self._embodiment)
        except VlaError as error:
            return Rejection(seed, f"no scene: {error}")
        try:
            return self._views(world, seed, rng)
        finally:
            world.close()

    def _views(self, world: World, seed: int, rng: np.random.Generator) -> EncodedEpisode | Rejection:
        scene = world.scene
        things = self._naming.things(scene)[: notes.OBJECTS]
        if not things:
            return Rejection(seed, "nothing stands there that has a name")
        words = ThingWords(scene, things, self._catalogue)
        named = [i for i in rng.permutation(len(things)).tolist() if words.say(i, rng)][:TARGETS]
        if not named:
            return Rejection(seed, "nothing can be told from the rest")
        boxes = ObjectBoxes(world, [thing.body for thing in things])
        places = {i: self._places(world, things[i]) for i in named}
        postures, observer = Postures(world, self._arms), Observer(world, scene.instruction, 1.0 / self._contract.fps)
        encoder = EpisodeEncoder(self.schema.features, self.schema.fps, self.schema.codec)
        of_mounts = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(1, 1002)))
        rows: list[Row] = []
        said: list[str] = []
        for view in range(2 * VIEWS):
            if len(rows) == VIEWS:
                break
            target = named[view % len(named)]
            arm = str(rng.choice(list(places[target])))
            postures.stand(arm, places[target][arm], rng)
            text = words.say(target, rng, notes.standing([thing.body for thing in things], boxes.extents()))
            if not text:  # the way of saying that was drawn this time fits no place
                continue
            cameras = cameras_elsewhere(world, self._task.sets.scene, rng, of_mounts)
            shots = {camera.name: world.render_camera(camera.name) for camera in cameras}
            seen = {camera.name: boxes.measure(camera, shots[camera.name][1]) for camera in cameras}
            if min(seen[name][target, 4] for name in self._must_see) < SEEN:
                continue
            for name, (color, _) in shots.items():
                encoder.add_image(IMAGES + name, self._stored.picture(name, color))
            state = self._stored.state(observer.state().values)
            rows.append(self._row(things, target, state, boxes, cameras, seen))
            said.append(text)
        if not rows:
            return Rejection(seed, f"no named thing is seen by {' and '.join(self._must_see)}")
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return encoder.finish(columns, said)

    def _row(
        self,
        things: Sequence[NamedThing],
        target: int,
        state: np.ndarray,
        boxes: ObjectBoxes,
        cameras: Sequence[SceneCamera],
        seen: Mapping[str, np.ndarray],
    ) -> Row:
        row: Row = {
            STATE: state,
            notes.OBJECT_NAMES: ";".join(thing.label for thing in things),
            notes.POSITIONS: notes.padded(boxes.positions(), notes.OBJECTS),
            notes.EXTENTS: notes.padded(boxes.extents(), notes.OBJECTS),
            notes.TARGET: target,
        }
        for camera in cameras:
            row[f"observation.calibration.{camera.name}"] = self._stored.calibration(camera)
            shown = self._stored.boxes(camera, seen[camera.name])
            row[notes.boxes_column(camera.name)] = notes.padded(shown, notes.OBJECTS)
        return row

    def _places(self, world: World, thing: NamedThing) -> dict[str, list[np.ndarray]]:
        """Return tool poses (4, 4), odom frame, at which each arm may take a thing: what its hand is shown near.

        None of what is known from pictures with boxes alone: nor does a hand show how that is taken.
        """
        arms = {gripper.arm: list[np.ndarray]() for gripper in self._embodiment.grippers}
        if self._demonstrated(world.scene, thing):
            for arm in arms:
                planner = GraspPlanner(world, self._arms[arm], grasps=AntipodalConfig(wide_margin=WIDE_MARGIN))
                home = np.asarray(self._embodiment.arm(arm).home)
                found = planner.reachable(thing.body, home, OPTIONS, WORSE)
                arms[arm] = [world.in_odom(grasp.T_base_grasp) for grasp in found]
        return arms

    def _demonstrated(self, scene: Scene, thing: NamedThing) -> bool:
        """Say whether demonstrations show a hand at an object: by its category, or because it is a user's own."""
        model = next((placed.model for placed in scene.objects if placed.name == thing.body), None)
        if model is None or not model.graspable:
            return False
        return not self._catalogue.procedural or self._catalogue.splits.get(model.category) == ACTION
