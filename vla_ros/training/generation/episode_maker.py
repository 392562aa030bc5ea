# SPDX-License-Identifier: Apache-2.0
"""One seed, one demonstration of a dataset, or the reason why there is none."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.datasets.episode import Episode, EpisodeEncoder
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.schema import DatasetSchema, contract_schema
from vla_ros.policies.action_encoding import ActionEncoding, one_sided
from vla_ros.policies.contract import TaskContract, load_contract
from vla_ros.sim.evaluation.runner import EpisodeRunner
from vla_ros.sim.evaluation.settings import EXPERT, EpisodeSettings
from vla_ros.sim.grasping.part_grasps import sample_part_scene
from vla_ros.sim.scenes.scene import Scene, sample_scene
from vla_ros.sim.world import World
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.demonstration import Demonstration, Moment
from vla_ros.training.generation.demonstrator import Demonstrator, Fault
from vla_ros.training.generation.grounding_maker import GroundingMaker
from vla_ros.training.generation.settings import GenerationSettings, Rejection

FAULTS = (Fault.MISSED, Fault.SLIPPED, Fault.EMPTY, Fault.WRONG)
CONTROL_HZ = 500.0
TIME_LIMIT = 25.0  # [s] what takes longer is no example


class EpisodeMaker:
    """Make demonstrations one after the other; robot model and catalogue are made once a process."""

    def __init__(self, settings: GenerationSettings) -> None:
        self.settings = settings
        self.contract: TaskContract = load_contract(settings.contract)
        self._runner = EpisodeRunner(EpisodeSettings(policy=EXPERT, robot=settings.robot, rate_hz=CONTROL_HZ))
        self._encoding = ActionEncoding(self.contract.action, self.contract.quaternion_side)
        cameras = tuple(self.contract.cameras)
        features = notes.scene_features(cameras) | notes.grasp_features()
        self.schema: DatasetSchema = contract_schema(self.contract, features)
        self._grounding = GroundingMaker(
            self.contract, self._runner.embodiment, self._runner.arm_model, settings.categories, settings.objects
        )
        self.grounding_schema = self._grounding.schema
        self._task = dataclasses.replace(self._runner.task_config, time_limit_s=TIME_LIMIT)

    def make(self, seed: int) -> Episode | Rejection:
        """Play the demonstration of a seed and return it when it succeeded."""
        rng = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(1, 1000)))
        names, shares = zip(*sorted(self.settings.sets.items()), strict=True)
        set_name = str(rng.choice(names, p=np.array(shares) / sum(shares)))
        faulty = rng.uniform() < self.settings.recovery
        fault = FAULTS[int(rng.integers(len(FAULTS)))] if faulty else Fault.NONE
        cameras = tuple(self.contract.cameras)
        try:
            if self.settings.by_part:
                scene = sample_part_scene(set_name, seed, "generation", cameras=cameras)
            else:
                kinds, objects = self.settings.categories, self.settings.objects
                scene = sample_scene(set_name, seed, "generation", kinds, objects, cameras=cameras)
        except VlaError as error:
            return Rejection(seed, f"no scene: {error}")
        return self.play(scene, fault, rng)

    def make_grounding(self, seed: int) -> Episode | Rejection:
        """Return frames of one more scene, without actions."""
        return self._grounding.make(seed)

    def play(self, scene: Scene, fault: Fault, rng: np.random.Generator) -> Episode | Rejection:
        """Play a demonstration of a scene in which this goes wrong, and return it when it succeeded all the same."""
        world = World(scene, self._runner.embodiment, timestep=1.0 / CONTROL_HZ)
        encoder = EpisodeEncoder(self.schema.features, self.contract.fps, self.schema.codec)
        try:
            demonstrator = Demonstrator(world, self._runner.arm_model, fault, rng, self.settings.by_part)
            run = Demonstration(
                world,
                self._runner.follower(),
                demonstrator,
                lambda camera, picture: encoder.add_image(IMAGES + camera, picture),
                self._task,
            )
            task = run.run()
        except VlaError as error:
            return Rejection(scene.seed, f"no demonstration: {error}")
        finally:
            world.close()
        if not task.success:
            return Rejection(scene.seed, f"{run.cause()}: {demonstrator.fault.value}")
        columns = self._columns(scene, run.moments)
        return encoder.finish(columns, scene.instruction, f"generated/{scene.seed}/{demonstrator.fault.value}")

    def _columns(self, scene: Scene, moments: Sequence[Moment]) -> dict[str, np.ndarray]:
        anchors = np.array([notes.pose_numbers(moment.observation.T_base_ee_commanded) for moment in moments])
        widths = np.array([moment.width_commanded for moment in moments])
        # Row k is what is commanded at frame k + 1; the last frame holds.
        after = np.minimum(np.arange(1, len(moments) + 1), len(moments) - 1)
        targets = np.column_stack([anchors[after], widths[after]])
        actions = [
            self._encoding.encode(target[None], anchor)[0] for target, anchor in zip(targets, anchors, strict=True)
        ]
        count = len(moments)
        columns = {
            STATE: np.array([self._state(moment) for moment in moments]),
            ACTION: np.array(actions),
            ANCHOR: self._one_sided(anchors),
            notes.OBJECT_NAMES: np.array([notes.object_names(scene.objects)] * count, dtype=object),
            notes.POSITIONS: np.array([notes.padded(moment.positions, notes.OBJECTS) for moment in moments]),
            notes.TARGET: np.full(count, [placed.name for placed in scene.objects].index(scene.target)),
        }
        for number, name in enumerate(scene.camera_names):
            boxes = [notes.padded(moment.boxes[name], notes.OBJECTS) for moment in moments]
            columns[notes.boxes_column(name)] = np.array(boxes)
            calibrations = [notes.calibration(moment.cameras[number]) for moment in moments]
            columns[f"observation.calibration.{name}"] = np.array(calibrations)
        return columns | notes.grasp_columns(moments)

    def _state(self, moment: Moment) -> np.ndarray:
        state = moment.observation.state
        pose = self._one_sided(notes.pose_numbers(state.T_base_ee)[None])[0]
        return np.concatenate([state.q, pose, [state.gripper_width]])

    def _one_sided(self, poses: np.ndarray) -> np.ndarray:
        side = np.array(self.contract.quaternion_side)
        return np.column_stack([poses[:, :3], one_sided(poses[:, 3:], side)])
