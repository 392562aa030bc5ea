# SPDX-License-Identifier: Apache-2.0
"""How objects lie, what may be a target, and `vla objects check`, which says all of it."""

import json
import re
import shutil
from pathlib import Path

import cv2
import mujoco
import numpy as np
import pytest
from assets import OBJECTS as EXAMPLE
from scene_making.drawn_scene import grasping_scene
from scene_making.dropped_object import drop
from scene_making.obj_file import write_obj
from scipy.spatial.transform import Rotation

from vla_ros.cli import main
from vla_ros.launching.checks import check_objects
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.folder import read_folder
from vla_ros.objects.shapes import lathe, rounded_box, transformed
from vla_ros.sim.grasping.takeable import grasps_at_rest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = tmp_path / "objects"
    made.mkdir()
    return made


def add(folder: Path, name: str, mesh, **values: object) -> None:
    """Add an object: its mesh and its YAML, which JSON is."""
    write_obj(folder / f"{name}.obj", mesh)
    described = {"name": name, "color": "red", "mass": 0.1, "friction": 0.5, **values}
    (folder / f"{name}.yaml").write_text(json.dumps(described))


def up(model) -> np.ndarray:
    """Which way the model's z axis points as it lies first."""
    return Rotation.from_quat(model.resting[0]).apply((0.0, 0.0, 1.0))


# -- poses -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thickness", [0.030, 0.020])
def test_a_thin_tall_box_stands_and_stays(folder: Path, thickness: float) -> None:
    add(folder, "cereal", rounded_box((0.05, thickness / 2, 0.075), 0.001))
    reading = read_folder(folder)
    model = reading.objects[0].built.model
    np.testing.assert_allclose(up(model), (0, 0, 1), atol=1e-3)
    assert not reading.warnings
    compiled, data, T = drop(model, model.resting[0])
    data.qpos[2] -= 0.009  # scenes put objects 1 mm above the table
    mujoco.mj_step(compiled, data, 1500)
    assert data.body("thing").xmat.reshape(3, 3)[2] @ T[2, :3] > 0.999


def test_what_cannot_stand_is_laid_down_and_says_why(folder: Path) -> None:
    add(folder, "card", rounded_box((0.05, 0.003, 0.075), 0.001))
    reading = read_folder(folder)
    (warning,) = reading.warnings
    assert "does not stand 'upright'" in warning
    assert "turned by 90°" in warning
    assert abs(up(reading.objects[0].built.model)[2]) < 0.1


def y_up() -> object:
    """A goblet modelled with y up, its bowl so much wider than its foot that it does not lie level either."""
    goblet = lathe([(0, 0), (0.016, 0), (0.016, 0.005), (0.006, 0.01), (0.006, 0.07), (0.05, 0.08), (0, 0.14)], 16)
    turned = transformed(goblet)
    return type(goblet)(turned.vertices[:, [0, 2, 1]] * (1, 1, -1), turned.faces)


def test_a_model_with_y_up_is_guessed_and_turned_by_a_key(folder: Path) -> None:
    mesh = y_up()
    add(folder, "goblet", mesh)
    (warning,) = read_folder(folder).warnings
    assert "set up: y" in warning
    for values in ({"up": "y"}, {"rotation": [90, 0, 0]}):
        add(folder, "goblet", mesh, **values)
        reading = read_folder(folder)
        assert not reading.warnings
        assert reading.objects[0].built.model.size[2] == pytest.approx(0.14, abs=1e-3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"up": "w"}, "up names the model's axis that points up"),
        ({"resting": "uprigth"}, "did you mean 'upright'.*side: the model's z axis level"),
        ({"resting": []}, "resting needs at least one of: upright: as modelled"),
        ({"rotation": [90, 0]}, "expected 3 values"),
        ({"color": "marroon"}, "did you mean 'maroon'"),
    ],
)
def test_a_wrong_word_is_explained(folder: Path, capsys, values: dict, message: str) -> None:
    add(folder, "thing", rounded_box((0.03, 0.02, 0.02), 0.002), **values)
    assert main(["objects", "list", str(folder)]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_one_word_will_do_for_a_list(folder: Path) -> None:
    add(folder, "box", rounded_box((0.03, 0.02, 0.02), 0.002), resting="edge", synonyms="carton")
    catalogue = load_catalogue(folder)
    assert len(catalogue.objects[0].resting) == 1
    assert catalogue.synonyms == {"carton": "box"}


# -- targets and colours -----------------------------------------------------------------------------------------------


def disc() -> object:
    return lathe([(0, 0), (0.1, 0), (0.1, 0.015), (0, 0.015)], 32)


def test_a_disc_that_no_grasp_fits_is_never_the_target(folder: Path) -> None:
    add(folder, "disc", disc())
    add(folder, "box", rounded_box((0.03, 0.02, 0.02), 0.002), color="blue")
    assert {grasping_scene("basic", seed, objects=folder).target_object.model.name for seed in range(6)} == {"box"}


def test_what_would_slip_out_of_a_planned_grasp_is_never_the_target(folder: Path, capsys) -> None:
    box = rounded_box((0.03, 0.02, 0.02), 0.002)
    add(folder, "ice", box, friction=0.14)
    add(folder, "box", box, color="blue", friction=0.15)
    ice, wood = (
        grasps_at_rest(model)[0].count for model in sorted(load_catalogue(folder).objects, key=lambda one: one.friction)
    )
    assert (ice, wood > 0) == (0, True)
    assert {grasping_scene("basic", seed, objects=folder).target_object.model.name for seed in range(6)} == {"box"}
    assert main(["objects", "check", str(folder), "--no-sheet"]) == 0
    said = capsys.readouterr().out
    assert "friction 0.14 is too slippery: never a target" in said
    assert "warning   friction 0.14: grasps are planned to hold at 0.15, so it would slip" in said
    assert "1 of them as a target" in said


def test_an_object_is_the_target_only_in_poses_that_can_be_taken(folder: Path) -> None:
    add(folder, "plate", rounded_box((0.1, 0.1, 0.0125), 0.001), resting=["upright", "edge"], rolls=False)
    (model,) = load_catalogue(folder).objects
    flat, edge = grasps_at_rest(model)
    assert flat.count == 0
    assert edge.count > 0
    for seed in range(4):
        scene = grasping_scene("basic", seed, objects=folder)
        assert abs(scene.target_object.T_base_object[2, 2]) < 0.1


def test_several_colours_are_said_and_nothing_of_one_of_them_stands_beside(folder: Path) -> None:
    box = rounded_box((0.03, 0.02, 0.02), 0.002)
    add(folder, "first", box, color="maroon and white", category="box")
    add(folder, "second", box, color="white", category="box")
    add(folder, "third", box, color="green", category="box")
    scenes = [grasping_scene("distractor", seed, objects=folder) for seed in range(8)]
    said = {scene.target_object.model.name: scene.instruction for scene in scenes}
    assert "red and white box" in said["first"]
    for scene in scenes:
        names = {placed.model.name for placed in scene.objects}
        if scene.target_object.model.name in ("first", "second"):
            assert not {"first", "second"} <= names


def test_a_texture_of_another_colour_is_told(folder: Path) -> None:
    for file in EXAMPLE.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    cv2.imwrite(str(folder / "soap.png"), np.full((16, 16, 3), (30, 160, 40), np.uint8))
    (warning,) = read_folder(folder).warnings
    assert "color says pink, which is 0 % of what is drawn (green 100 %): say 'green'" in warning


def test_a_missing_map_kd_says_where_it_is_named(folder: Path) -> None:
    for file in EXAMPLE.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    (folder / "soap.png").unlink()
    (problem,) = read_folder(folder).problems
    assert "soap.png: no such texture: soap.mtl names it under map_Kd: put the picture there" in problem
    (folder / "soap.mtl").unlink()
    reading = read_folder(folder)
    assert not reading.problems
    assert "its material library soap.mtl is not there" in reading.warnings[0]


# -- the command -------------------------------------------------------------------------------------------------------


def test_check_says_all_of_it_and_draws_a_sheet(folder: Path, capsys, tmp_path: Path) -> None:
    add(folder, "disc", disc())
    add(folder, "box", rounded_box((0.03, 0.02, 0.02), 0.002), color="#400010", resting=["upright", "edge"])
    sheet, figures = tmp_path / "sheet.png", tmp_path / "figures.json"
    assert main(["objects", "check", str(folder), "--sheet", str(sheet), "--json", str(figures)]) == 0
    said = capsys.readouterr().out
    assert "box: 60 × 40 × 40 mm, 100 g, collides as 1 convex shape" in said
    assert 'called    "red box"' in said
    assert "upright: no grasp from above fits an 8 cm gripper: never a target so" in said
    assert "2 objects can be used, 1 of them as a target; 0 problems, 1 warning" in said
    picture = cv2.imread(str(sheet))
    assert picture.shape == (600, 1200, 3)
    assert (np.ptp(picture[:220, :300].reshape(-1, 3), axis=0) > 60).any()  # something is drawn
    found = json.loads(figures.read_text())
    assert [item["name"] for item in found["objects"]] == ["box", "disc"]
    assert [len(item["poses"]) for item in found["objects"]] == [2, 1]


def test_check_ends_with_1_for_problems_and_2_for_no_folder(folder: Path, capsys) -> None:
    add(folder, "box", rounded_box((0.03, 0.02, 0.02), 0.002))
    (folder / "bad.yaml").write_text("{name: bad, color: pnk, mass: 9}")
    (folder / "stray.obj").write_text("v 0 0 0\n")
    assert main(["objects", "check", str(folder), "--no-sheet"]) == 1
    said = capsys.readouterr().out
    assert "bad: cannot be used" in said
    assert "stray.obj: no YAML beside it" in said
    assert "1 object can be used" in said
    assert main(["objects", "check", str(folder / "nowhere")]) == 2
    assert "no such folder of objects" in capsys.readouterr().err
    empty = folder / "empty"
    empty.mkdir()
    assert main(["objects", "check", str(empty)]) == 2


def test_list_names_the_built_in_objects_and_ones_own(folder: Path, capsys) -> None:
    assert main(["objects", "list"]) == 0
    assert "mug_tall" in capsys.readouterr().out
    add(folder, "box", rounded_box((0.03, 0.02, 0.02), 0.002), color="red and white")
    assert main(["objects", "list", str(folder)]) == 0
    assert "red and white" in capsys.readouterr().out


def test_a_launch_is_told_the_warnings(folder: Path, capsys) -> None:
    add(folder, "card", rounded_box((0.05, 0.003, 0.075), 0.001))
    check_objects(str(folder))
    assert "vla: " in (said := capsys.readouterr().err)
    assert "does not stand 'upright'" in said
