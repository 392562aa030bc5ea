# SPDX-License-Identifier: Apache-2.0
"""One seed, one demonstration of a dataset, or the reason why there is none."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.datasets.editing.frame_ranges import valid_runs
from vla_ros.data.datasets.schema import DatasetSchema, contract_schema
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EXPERT, EpisodeSettings
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.bussing.expert import BussingExpert
from vla_ros.tasks.either_hand import task_expert
from vla_ros.tasks.grasping.expert import ExpertPolicy
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.contract_columns import ContractColumns
from vla_ros.training.generation.demonstration import Demonstration, Demonstrator
from vla_ros.training.generation.demonstrators.bussing import BussingDemonstrator
from vla_ros.training.generation.demonstrators.errors import FailureMode
from vla_ros.training.generation.demonstrators.grasping import GraspDemonstrator
from vla_ros.training.generation.demonstrators.plain import PlainDemonstrator
from vla_ros.training.generation.example_pictures import ExamplePictures
from vla_ros.training.generation.grounding_maker import GroundingMaker, grounding_schema
from vla_ros.training.generation.maker import Made
from vla_ros.training.generation.moments import Moment, has_one_hand
from vla_ros.training.generation.settings import GenerationSettings, Rejection, draw_set

FAILURE_MODES = (FailureMode.MISSED, FailureMode.SLIPPED, FailureMode.EMPTY, FailureMode.WRONG)
CONTROL_HZ = 500.0
TIME_SHARE = 25.0 / 60.0  # of the task's time limit: what takes longer is no example


class EpisodeMaker:
    """Make demonstrations one after the other; robot model and catalogue are made once a process."""

    def __init__(self, settings: GenerationSettings) -> None:
        self.settings = settings
        self.contract: DataContract = load_contract(settings.contract)
        self._runner = EpisodeRunner(
            EpisodeSettings(policy=EXPERT, task=settings.task, robot=settings.robot, rate_hz=CONTROL_HZ)
        )
        self._stored = ContractColumns(self.contract)
        cameras = tuple(self.contract.cameras)
        features = notes.scene_features(cameras) | notes.extent_features()
        features |= notes.teaching_features(has_one_hand(self._runner.embodiment))
        self.schema: DatasetSchema = contract_schema(self.contract, features)
        self.grounding_schema = grounding_schema(self.contract)
        limits = self._runner.task.limits
        self._limits = dataclasses.replace(limits, time_limit_s=TIME_SHARE * limits.time_limit_s)

    def make(self, seed: int) -> Made:
        """Play the demonstration of a seed and return it when it succeeded."""
        rng = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(1, 1000)))
        set_name = draw_set(dict(sorted(self.settings.sets.items())), rng)
        faulty = rng.uniform() < self.settings.recovery
        failure_mode = FAILURE_MODES[int(rng.integers(len(FAILURE_MODES)))] if faulty else FailureMode.NONE
        try:
            scene = self._runner.task.scene(self.settings.request(set_name, seed, tuple(self.contract.cameras)))
        except VlaError as error:
            return Rejection(seed, f"no scene: {error}")
        return self.play(scene, failure_mode, rng)

    def make_grounding(self, seed: int) -> Made:
        """Return frames of one more scene, without actions."""
        return self._grounding.make(seed)

    @cached_property
    def _grounding(self) -> GroundingMaker:
        runner = self._runner
        return GroundingMaker(self.contract, runner.embodiment, runner.arm_models, runner.task, self.settings)

    def play(self, scene: Scene, failure_mode: FailureMode, rng: np.random.Generator) -> Made:
        """Play a demonstration of a scene in which this goes wrong, and return it when it succeeded all the same."""
        world = World(scene, self._runner.embodiment, timestep=1.0 / CONTROL_HZ)
        pictures = ExamplePictures(self.schema, self._stored, scene.camera_names, self.settings.clean)
        try:
            demonstrator = self._demonstrator(world, failure_mode, rng)
            run = Demonstration(
                world,
                self._runner.follower(),
                demonstrator,
                pictures.take,
                self._runner.task,
                self._limits,
                self.contract.fps,
            )
            pictures.moments = run.moments
            judge = run.run()
            pictures.end()
        except VlaError as error:
            return Rejection(scene.seed, f"no demonstration: {error}")
        finally:
            world.close()
        if not judge.success:
            return Rejection(scene.seed, f"{run.cause()}: {demonstrator.failure_mode.value}")
        columns = self._columns(scene, run.moments)
        words = [moment.instruction for moment in run.moments]
        if not self.settings.clean:
            (_, encoder), *_ = pictures.runs
            return encoder.finish(columns, words)
        episodes = []
        for first, end in valid_runs(columns[notes.VALID]):
            own = {name: values[first:end] for name, values in columns.items()}
            episodes.append(dict(pictures.runs)[first].finish(own, words[first:end], f"{first}-{end}"))
        return tuple(episodes) or Rejection(scene.seed, "no action of it is an example")

    def _demonstrator(self, world: World, failure_mode: FailureMode, rng: np.random.Generator) -> Demonstrator:
        """Return who plays: one who errs and recovers where the task's expert grasps or clears, else the expert."""
        expert = task_expert(self._runner.task, world, self._runner.arm_models)
        if isinstance(expert, ExpertPolicy) and world.scene.target:
            return GraspDemonstrator(world, expert, failure_mode, rng)
        if isinstance(expert, BussingExpert) and self.settings.recovery:
            return BussingDemonstrator(expert, failure_mode, rng)
        return PlainDemonstrator(expert)

    def _columns(self, scene: Scene, moments: Sequence[Moment]) -> dict[str, np.ndarray]:
        count = len(moments)
        columns = self._stored.columns([moment.robot for moment in moments]) | {
            notes.OBJECT_NAMES: np.array([notes.object_names(scene.objects)] * count, dtype=object),
            notes.POSITIONS: np.array([notes.padded(moment.positions, notes.OBJECTS) for moment in moments]),
            notes.EXTENTS: np.array([notes.padded(moment.extents, notes.OBJECTS) for moment in moments]),
            notes.TARGET: np.array([notes.requested_row(scene, moment.requested) for moment in moments]),
        }
        for number, name in enumerate(scene.camera_names):
            seen = [self._stored.boxes(moment.cameras[number], moment.boxes[name]) for moment in moments]
            columns[notes.boxes_column(name)] = np.array([notes.padded(boxes, notes.OBJECTS) for boxes in seen])
        for name, feature in self.contract.features.items():
            number = scene.camera_names.index(feature.camera)
            columns[name] = np.array([self._stored.calibration(moment.cameras[number]) for moment in moments])
        return columns | notes.teaching_columns(scene, moments)
