# SPDX-License-Identifier: Apache-2.0
"""Grounding data of every robot and task: boxes are where MuJoCo's own segmentation has the things, and no grasps."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator

import mujoco
import numpy as np
import pytest
from scene_making.opening_task import Opening

from controllers.errors import ConfigError
from vla_ros.configuration import config_file
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.features import ACTION, IMAGES, STATE
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.contract import load_contract
from vla_ros.policies.image_fit import fit_boxes
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import SceneCamera
from vla_ros.sim.world import World
from vla_ros.tasks.table import load_task
from vla_ros.training.generation import annotations as notes
from vla_ros.training.generation.contract_columns import ContractColumns
from vla_ros.training.generation.episode_maker import EpisodeMaker
from vla_ros.training.generation.grounding_maker import SEEN
from vla_ros.training.generation.postures import Postures
from vla_ros.training.generation.settings import GenerationSettings, load_settings
from vla_ros.training.generation.thing_words import ThingWords

SCENES = 2
PLAIN = 400  # [px] of a thing that is plainly in a picture
CUT = 0.3  # share of its box that is left of it in a picture that is stored cropped


def settings(robot: str, task: str, contract: str) -> GenerationSettings:
    return GenerationSettings(
        robot=robot, task=task, contract=contract, sets={"basic": 1.0}, recovery=0.0, grounding=SCENES
    )


MADE = {
    "bytemini_bussing": dataclasses.replace(load_settings("bytemini_bussing"), grounding=SCENES),
    "ldt01_tray": settings("ldt01", "tray", "ldt01_fold"),
    "bytemini_hang": dataclasses.replace(load_settings("bytemini_hang"), grounding=SCENES),
    "agilex_handover": settings("agilex", "handover", "agilex_table"),
    "franka_drawer": settings("franka", "drawer", "franka_grasp"),
}
QUICK = ("bytemini_bussing", "ldt01_tray")


class Segmentation:
    """Note down, of every picture that is kept, the box around each thing's own pixels."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kept: dict[str, list[dict[str, np.ndarray]]] = defaultdict(list)  # camera → of each frame, name → (5,)
        self._world: World | None = None  # whose picture is to be kept or not
        self._renderer: mujoco.Renderer | None = None
        render, store = World.render_camera, ContractColumns.picture

        def rendered(world: World, name: str):
            if world is not self._world:
                self._begin(world)
            return render(world, name)

        def stored(columns: ContractColumns, name: str, color: np.ndarray):
            size, stream = SceneCamera.size, columns.contract.cameras[name]
            fitted = {body: fit_boxes(box, size, stream) for body, box in self._boxes(name).items()}
            self.kept[name].append({body: box for body, box in fitted.items() if box[4] > CUT})
            return store(columns, name, color)

        monkeypatch.setattr(World, "render_camera", rendered)
        monkeypatch.setattr(ContractColumns, "picture", stored)

    def close(self) -> None:
        if self._renderer is not None:
            self._renderer.close()

    def _begin(self, world: World) -> None:
        self.close()
        width, height = SceneCamera.size
        self._world, self._renderer = world, mujoco.Renderer(world.model, height, width)
        self._renderer.enable_segmentation_rendering()
        scene, model = world.scene, world.model
        self._bodies = [one.name for one in (*scene.objects, *scene.fixtures, *scene.cloths)]
        root = {model.body(name).id: row for row, name in enumerate(self._bodies[: -len(scene.cloths) or None])}
        of_body = np.full(model.nbody, -1)
        for body in range(1, model.nbody):  # parents come before their children
            of_body[body] = root.get(body, of_body[model.body_parentid[body]])
        self._of_geom = of_body[model.geom_bodyid]  # row of its thing, -1 for none
        flexes = [mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_FLEX, one.name) for one in scene.cloths]
        self._of_flex = {flex: self._bodies.index(one.name) for flex, one in zip(flexes, scene.cloths, strict=True)}

    def _boxes(self, name: str) -> dict[str, np.ndarray]:
        assert self._world is not None
        assert self._renderer is not None
        self._renderer.update_scene(self._world.data, self._world.model.camera(name).id)
        numbers, kinds = np.moveaxis(self._renderer.render(), -1, 0)
        rows = np.where(kinds == int(mujoco.mjtObj.mjOBJ_GEOM), self._of_geom[numbers], -1)
        for flex, row in self._of_flex.items():
            rows[(kinds == int(mujoco.mjtObj.mjOBJ_FLEX)) & (numbers == flex)] = row
        boxes = {}
        for row, body in enumerate(self._bodies):
            lines, columns = np.nonzero(rows == row)
            if len(lines) >= PLAIN:
                boxes[body] = np.array([columns.min(), lines.min(), columns.max(), lines.max(), 1.0])
        return boxes


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the area that two boxes share, of the area that either covers."""
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:4], other[2:4])
    shared = np.prod(np.maximum(high - low, 0.0))
    return float(shared / (np.prod(one[2:4] - one[:2]) + np.prod(other[2:4] - other[:2]) - shared))


@pytest.fixture
def segmentation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Segmentation]:
    made = Segmentation(monkeypatch)
    yield made
    made.close()


@pytest.mark.parametrize("name", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in MADE])
def test_boxes_are_around_what_the_simulator_draws(name, segmentation, monkeypatch, tmp_path) -> None:
    maker = EpisodeMaker(MADE[name])
    bodies: list[list[str]] = []
    naming = maker._grounding._naming
    original = type(naming).things
    monkeypatch.setattr(type(naming), "things", lambda task, scene: _noted(bodies, original(task, scene)))
    made = [one for one in map(maker.make_grounding, range(SCENES)) if isinstance(one, EncodedEpisode)]
    assert len(made) == len(bodies) == SCENES
    frame, overlaps, seen = 0, [], []
    for episode, things in zip(made, bodies, strict=True):
        for row in range(episode.length):
            for camera in maker.contract.cameras:
                boxes = episode.columns[notes.boxes_column(camera)][row]
                for body, drawn in segmentation.kept[camera][frame].items():
                    if body in things:
                        box = boxes[things.index(body)]
                        overlaps.append(overlap(box, drawn) if box[4] > 0.0 else 0.0)
                        seen.append(things.index(body) == episode.columns[notes.TARGET][row])
            frame += 1
    assert len(overlaps) > 30
    assert any(seen)
    assert np.median(overlaps) > 0.85
    assert np.quantile(overlaps, 0.1) > 0.6  # of small things far away a pixel is much
    with LeRobotWriter(tmp_path / name, maker.grounding_schema) as writer:
        for episode in made:
            writer.add(episode)
    assert check(tmp_path / name, deep=True) == []


def _noted(into: list[list[str]], things):
    into.append([thing.body for thing in things])
    return things


def test_nothing_in_it_says_how_to_act_or_to_grasp() -> None:
    for contract in ("franka_grasp", "bytemini_table"):
        columns = EpisodeMaker(_by(contract)).grounding_schema.features
        assert not {one for one in columns if "grasp" in one or "action" in one or "closed" in one or one == ACTION}
        cameras = load_contract(contract).cameras
        assert set(columns) == {
            STATE, notes.OBJECT_NAMES, notes.POSITIONS, notes.EXTENTS, notes.TARGET,
            *(column for name in cameras for column in (
                IMAGES + name, notes.boxes_column(name), f"observation.calibration.{name}",
            )),
        }  # fmt: skip


def _by(contract: str) -> GenerationSettings:
    return GenerationSettings() if contract == "franka_grasp" else MADE["bytemini_bussing"]


def test_one_camera_is_enough(tmp_path) -> None:
    text = (config_file("contracts", "franka_grasp.yaml")).read_text()
    own = tmp_path / "front_only.yaml"
    lines = [
        line for line in text.splitlines() if not line.strip().startswith(("side:", "observation.calibration.side"))
    ]
    own.write_text("\n".join(lines))
    maker = EpisodeMaker(GenerationSettings(contract=str(own), grounding=1))
    made = next(one for seed in range(9) if isinstance(one := maker.make_grounding(seed), EncodedEpisode))
    assert list(made.videos) == ["observation.images.front"]
    targets = made.columns[notes.TARGET]
    assert (made.columns[notes.boxes_column("front")][np.arange(made.length), targets, 4] >= SEEN).all()


def test_shares_that_add_up_to_one_as_far_as_they_are_written_down_will_do() -> None:
    thirds = dict.fromkeys(("basic", "light", "height"), 0.3333333)
    made = EpisodeMaker(dataclasses.replace(MADE["ldt01_tray"], sets=thirds)).make_grounding(0)
    assert isinstance(made, EncodedEpisode)


def test_of_more_than_two_cameras_the_reference_sees_what_is_named() -> None:
    maker = EpisodeMaker(MADE["bytemini_bussing"])
    made = maker.make_grounding(0)
    assert isinstance(made, EncodedEpisode)
    rows, targets = np.arange(made.length), made.columns[notes.TARGET]
    shares = {name: made.columns[notes.boxes_column(name)][rows, targets, 4] for name in maker.contract.cameras}
    assert (shares["head"] >= SEEN).all()
    assert shares["left_wrist"].min() < SEEN, "what no hand looks at is named as well"


def test_the_robot_stands_another_way_in_every_frame_and_touches_nothing(monkeypatch) -> None:
    touching: list[bool] = []
    stand = Postures.stand

    def watched(postures: Postures, *given) -> None:
        stand(postures, *given)
        touching.append(not postures._contacts() <= postures._usual)

    monkeypatch.setattr(Postures, "stand", watched)
    made = EpisodeMaker(MADE["bytemini_bussing"]).make_grounding(1)
    assert isinstance(made, EncodedEpisode)
    assert touching
    assert not any(touching)
    arms = made.columns[STATE][:, :14]
    assert np.ptp(arms, axis=0).min() > 0.05
    assert not made.columns[STATE][:, -3:].any(), "a base that stands has no speed"
    assert np.ptp(made.columns[notes.POSITIONS][:, 0, 1]) > 0.05, "it does not always stand at the same place"


def test_a_task_that_does_not_say_what_stands_there_is_refused(monkeypatch) -> None:
    monkeypatch.setattr("vla_ros.training.generation.settings.load_task", lambda name: Opening())
    with pytest.raises(
        ConfigError, match=r"task 'grasping' does not say what stands in its scenes .*: give --grounding 0"
    ):
        GenerationSettings(grounding=1)


def test_drawers_are_told_by_their_places() -> None:
    scene = load_task("drawer").scene(SceneRequest("basic", 3, "generation"))
    (cabinet,) = scene.fixtures
    things = load_task("drawer").things(scene)  # type: ignore[attr-defined]
    assert [one.body for one in things[-len(cabinet.joints) :]] == list(cabinet.joints)
    phrases = [one.phrase for one in things if one.category == "drawer"]
    assert len(set(phrases)) == len(cabinet.joints)
    words, rng = ThingWords(scene, things, load_catalogue()), np.random.default_rng(0)
    for number, thing in enumerate(things):
        if thing.category == "drawer" and len(phrases) > 1:
            assert words.say(number, rng) == f"the {thing.phrase}"
