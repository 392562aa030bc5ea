# SPDX-License-Identifier: Apache-2.0
"""Grounding data: pictures and words without actions, GraspVLA's co-training set (section 4).

A scene is compiled once and seen several times: other cameras, another posture of the arm, another object named each
time, often with the arm about to grasp it or in front of it. Each frame says what is where, which object is meant and
how that one can be grasped, where demonstrations hold its category. Scenes are full of hard negatives: the same colour
of another category and the reverse.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from controllers.errors import VlaError
from vla_ros.data.datasets.episode import EncodedEpisode, EpisodeEncoder
from vla_ros.data.datasets.features import IMAGES, STATE, Feature, camera_feature
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.category import ACTION
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.contract import DataContract
from vla_ros.policies.observation import ArmState, EndEffectorState, RobotState
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.grasping.grasps import AntipodalConfig
from vla_ros.sim.grasping.planning import GraspPlanner
from vla_ros.sim.scenes.descriptions import describe
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.task import Task
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.contract_columns import ContractColumns
from vla_ros.training.generation.demonstrator import OPTIONS, WIDE_MARGIN, WORSE
from vla_ros.training.generation.object_boxes import ObjectBoxes
from vla_ros.training.generation.scene_views import draw_cameras, draw_mounts, move_cameras, place_arm
from vla_ros.training.generation.settings import GenerationSettings, Rejection

VIEWS = 8  # frames of a scene
TARGETS = 4  # objects of a scene that are named and whose grasps are found
SEEN = 0.15  # share of a named object that each camera must see
SETS = {"basic": 0.05, "distractor": 0.3, "light": 0.2, "height": 0.1, "noun": 0.15, "relation": 0.2}


def grounding_schema(contract: DataContract) -> DatasetSchema:
    """Return the columns of grounding data: what the contract sees, no actions, annotations."""
    features = {STATE: Feature("float32", (len(contract.state),), contract.state)}
    for name, camera in contract.cameras.items():
        features[IMAGES + name] = camera_feature(camera.height, camera.width)
        features[f"observation.calibration.{name}"] = Feature("float32", (11,))
    own = notes.grasp_features()
    features |= notes.scene_features(tuple(contract.cameras)) | notes.extent_features()
    features |= {name: own[name] for name in (notes.GRASP_OPTIONS, notes.CLOSED)}
    return DatasetSchema(contract.fps, contract.robot, features)


class GroundingMaker:
    """Make the frames of one scene after the other."""

    def __init__(
        self, contract: DataContract, embodiment: Embodiment, arm: ArmModel, task: Task, settings: GenerationSettings
    ) -> None:
        self.schema = grounding_schema(contract)
        self._contract, self._embodiment, self._arm, self._task = contract, embodiment, arm, task
        # Objects are requested as a whole, whatever the demonstrations do.
        self._settings = dataclasses.replace(settings, by_part=False)
        self._catalogue = load_catalogue(settings.objects)
        self._sets = SETS if SETS.keys() <= task.sets.sets.keys() else settings.sets
        self._stored = ContractColumns(contract)

    def make(self, seed: int) -> EncodedEpisode | Rejection:
        """Return the views of a seed's scene as one episode."""
        # Seeds of grounding scenes are the upper half, so that none repeats a demonstration's.
        number = 2**40 + seed
        rng = np.random.default_rng(np.random.SeedSequence(entropy=number, spawn_key=(1, 1001)))
        set_name = str(rng.choice(list(self._sets), p=list(self._sets.values())))
        try:
            request = self._settings.request(set_name, number, tuple(self._contract.cameras))
            request = dataclasses.replace(request, categories=self._settings.grounding_categories)
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
        if not scene.objects:
            return Rejection(seed, "no rigid object to name: give --grounding 0")
        planner = GraspPlanner(world, self._arm, grasps=AntipodalConfig(wide_margin=WIDE_MARGIN))
        boxes = ObjectBoxes(world)
        home = np.asarray(self._embodiment.only_arm.home)
        order = rng.permutation(len(scene.objects)).tolist()
        named = [i for i in order if describe(scene.objects[i], scene.objects, self._catalogue, rng)][:TARGETS]
        if not named:
            return Rejection(seed, "no object can be told from the others")
        # Of what is known from pictures with boxes alone, nobody says how it is grasped, nor does a hand show it.
        grasps = {
            i: planner.reachable(scene.objects[i].name, home, OPTIONS, WORSE) if self._demonstrated(i, scene) else []
            for i in named
        }
        encoder = EpisodeEncoder(self.schema.features, self.schema.fps, self.schema.codec)
        of_mounts = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(1, 1002)))
        rows: list[dict[str, np.ndarray | float | str]] = []
        words: list[str] = []
        for view in range(2 * VIEWS):
            if len(rows) == VIEWS:
                break
            target = named[view % len(named)]
            described = describe(scene.objects[target], scene.objects, self._catalogue, rng)
            if described is None:  # the way of saying that was drawn this time fits no place
                continue
            standing = draw_cameras(scene, self._task.sets.scene, rng)
            mounted = draw_mounts(scene, self._task.sets.scene, self._embodiment, of_mounts)
            move_cameras(world, standing, mounted)
            state = self._stand(world, grasps[target], rng)
            cameras = (*standing, *(camera.at(world.body_pose(camera.body)) for camera in mounted))
            shots = {camera.name: world.render_camera(camera.name) for camera in cameras}
            seen = {camera.name: boxes.measure(camera, shots[camera.name][1]) for camera in cameras}
            if min(found[target, 4] for found in seen.values()) < SEEN:
                continue
            for name, (color, _) in shots.items():
                encoder.add_image(IMAGES + name, self._stored.picture(name, color))
            row: dict[str, np.ndarray | float | str] = {
                STATE: state,
                notes.OBJECT_NAMES: notes.object_names(scene.objects),
                notes.POSITIONS: notes.padded(boxes.positions(), notes.OBJECTS),
                notes.EXTENTS: notes.padded(boxes.extents(), notes.OBJECTS),
                notes.TARGET: target,
                notes.GRASP_OPTIONS: notes.option_rows(grasps[target]),
                notes.CLOSED: 0,
            }
            for camera in cameras:
                row[f"observation.calibration.{camera.name}"] = self._stored.calibration(camera)
                shown = self._stored.boxes(camera, seen[camera.name])
                row[notes.boxes_column(camera.name)] = notes.padded(shown, notes.OBJECTS)
            rows.append(row)
            words.append(described.text)
        if not rows:
            return Rejection(seed, "no named object is seen by both cameras")
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return encoder.finish(columns, words, f"grounding/{seed}")

    def _demonstrated(self, number: int, scene: Scene) -> bool:
        """Say whether demonstrations hold a scene's object: by its category, or because it is a user's own."""
        category = scene.objects[number].model.category
        return not self._catalogue.procedural or self._catalogue.splits[category] == ACTION

    def _stand(self, world: World, grasps: list[Grasp], rng: np.random.Generator) -> np.ndarray:
        """Put the arm somewhere, in half of the frames near a grasp; return the contract's state (S,)."""
        most = self._embodiment.only_gripper.width_max
        width = float(rng.choice([most, rng.uniform(0.045, most), 0.0], p=[0.4, 0.45, 0.15]))
        q = self._near(grasps, rng) if grasps and rng.uniform() < 0.55 else None
        if q is None:
            q = self._start(rng)
        place_arm(world, q, width)
        arm, gripper = self._embodiment.only_arm, self._embodiment.only_gripper
        arms = {arm.name: ArmState(arm.joints, q, np.zeros_like(q), world.T_base_ee)}
        return self._stored.state(RobotState(world.time, arms, {gripper.name: EndEffectorState(width)}).values)

    def _start(self, rng: np.random.Generator) -> np.ndarray:
        """Return joints (N,) [rad] at which an episode may start: home where the description says no more."""
        arm = self._embodiment.only_arm
        if arm.start is None:
            return np.array(arm.home)
        return np.asarray(arm.start.center) + np.asarray(arm.start.spread) * rng.uniform(-1, 1, len(arm.joints))

    def _near(self, grasps: list[Grasp], rng: np.random.Generator) -> np.ndarray | None:
        """Return joints at which the tool is on its way into a grasp, or beside that way."""
        T = grasps[int(rng.integers(len(grasps)))].T_base_grasp.copy()
        back = rng.uniform(0.0, 0.18)
        T[:3, 3] -= back * T[:3, 2]
        T[:3, 3] += (0.3 * back + 0.004) * rng.normal(size=3) * (1.0, 1.0, 0.5)
        turn = Rotation.from_rotvec((0.05 + back) * rng.normal(size=3))
        T[:3, :3] = turn.as_matrix() @ T[:3, :3]
        home = np.asarray(self._embodiment.only_arm.home)
        return solve_ik(self._arm, T, home, q_rest=home, starts=1)
