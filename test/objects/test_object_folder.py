# SPDX-License-Identifier: Apache-2.0
"""A folder of a user's own objects: what loads, and one line with the remedy for what does not."""

import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from assets import OBJECTS as EXAMPLE
from scene_making.drawn_scene import grasping_scene

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the example folder: soap (OBJ with texture) and stapler (MJCF)."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "objects"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_example_loads() -> None:
    catalogue = load_catalogue(EXAMPLE)
    soap, stapler = sorted(catalogue.objects, key=lambda model: model.category)
    assert (soap.name, soap.category, soap.color, soap.mass) == ("rose_soap", "soap", "pink", 0.09)
    np.testing.assert_allclose(soap.size, (0.084, 0.054, 0.028), atol=1e-4)
    assert [part.texture is not None for part in soap.parts] == [True, False]
    assert len(stapler.collision_parts) == 4
    np.testing.assert_allclose(stapler.size, (0.130, 0.036, 0.054), atol=2e-3)
    assert catalogue.synonyms == {"bar of soap": "soap"}
    assert catalogue.models("action", "generation") == catalogue.models("novel", "evaluation") == catalogue.objects


def test_its_objects_keep_their_color() -> None:
    catalogue = load_catalogue(EXAMPLE)
    soap = catalogue.objects[0]
    assert catalogue.vary(soap, np.random.default_rng(0)) is soap
    assert catalogue.colors_of(soap) == (soap.color,)


def test_scenes_are_made_of_them_alone() -> None:
    scenes = [grasping_scene("distractor", seed, objects=EXAMPLE) for seed in range(6)]
    assert {placed.model.category for scene in scenes for placed in scene.objects} == {"soap", "stapler"}
    assert {scene.target_object.model.category for scene in scenes} == {"soap", "stapler"}


def test_an_stl_in_millimetres_loads_with_a_scale(tmp_path: Path) -> None:
    corners = np.array([[0, 0, 0], [60, 0, 0], [0, 50, 0], [0, 0, 40]], dtype="<f4")
    faces = [(0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)]
    with open(tmp_path / "wedge.stl", "wb") as file:
        file.write(b"\0" * 80 + struct.pack("<I", len(faces)))
        for face in faces:
            file.write(struct.pack("<3f", 0, 0, 0) + corners[list(face)].tobytes() + b"\0\0")
    description = tmp_path / "wedge.yaml"
    description.write_text("{name: wedge, color: red, mass: 0.1, friction: 0.5}")
    with pytest.raises(ConfigError, match=r"60 m long.*scale"):
        load_catalogue(tmp_path)
    description.write_text("{name: wedge, color: red, mass: 0.1, friction: 0.5, scale: 0.001}")
    (wedge,) = load_catalogue(tmp_path).objects
    np.testing.assert_allclose(wedge.size, (0.06, 0.05, 0.04), atol=1e-6)


def test_a_mesh_of_an_mjcf_needs_no_yaml_of_its_own(folder: Path) -> None:
    shutil.move(folder / "soap.obj", folder / "body.obj")
    (folder / "soap.xml").write_text(
        '<mujoco><asset><mesh name="m" file="body.obj" scale="2 2 2"/></asset>'
        '<worldbody><body><geom type="mesh" mesh="m"/></body></worldbody></mujoco>'
    )
    soap = next(model for model in load_catalogue(folder).objects if model.category == "soap")
    np.testing.assert_allclose(soap.size, (0.168, 0.108, 0.056), atol=1e-4)


def test_a_changed_file_is_read_again(folder: Path) -> None:
    assert load_catalogue(folder).objects[0].mass == 0.09
    edit(folder / "soap.yaml", "mass: 0.09", "mass: 0.2")
    assert load_catalogue(folder).objects[0].mass == 0.2


def test_an_object_too_wide_for_the_gripper_is_never_the_target(folder: Path) -> None:
    edit(folder / "soap.yaml", "friction", "scale: 3.0\nfriction")
    assert {grasping_scene("basic", seed, objects=folder).target_object.model.category for seed in range(5)} == {
        "stapler"
    }
    for stream in ("evaluation", "generation"):
        with pytest.raises(ConfigError, match="target 'soap': no gripper of this robot takes it"):
            grasping_scene("basic", 0, stream, objects=folder, target="soap")
    for name in ("stapler.xml", "stapler.yaml"):
        (folder / name).unlink()
    with pytest.raises(ConfigError, match="no object of the folder fits a gripper"):
        grasping_scene("basic", 0, objects=folder)


# What is edited in which file, and what the error says.
EDITED = {
    "wrong key": ("soap.yaml", "mass", "mas", r"soap\.yaml: unknown key 'mas': did you mean 'mass'"),
    "missing key": ("soap.yaml", "mass: 0.09\n", "", r"soap\.yaml: key 'mass' is missing"),
    "negative mass": ("soap.yaml", "0.09", "-0.09", r"soap\.yaml: mass must be within .* got -0\.09"),
    "wrong type": ("soap.yaml", "0.09", "heavy", r"soap\.yaml: mass: expected float, got 'heavy'"),
    "wrong color": ("soap.yaml", "pink", "pnk", r"soap\.yaml: .*did you mean 'pink'"),
    "same name": ("soap.yaml", "rose_soap", "desk_stapler", "'desk_stapler' is taken"),
    "no texture": ("soap.yaml", "friction", "texture: wood.png\nfriction", r"wood\.png: no such texture"),
    "not yaml": ("soap.yaml", "rose_soap", "[rose", r"soap\.yaml: not valid YAML"),
    "not finite": ("soap.obj", "v 0.04", "v nan", r"soap\.obj: "),
    "not xml": ("stapler.xml", "</mujoco>", "", r"stapler\.xml: not readable as XML"),
    "two bodies": (
        "stapler.xml",
        "</worldbody>",
        '<body><geom size=".01"/></body></worldbody>',
        r"stapler\.xml: exactly one",
    ),
    "a joint": ("stapler.xml", "</body>", "<joint/></body>", r"stapler\.xml: <joint>: .* remove the joint"),
    "an include": ("stapler.xml", "<asset>", '<include file="x.xml"/><asset>', "<include>: paste the file's content"),
    "wrong attribute": ("stapler.xml", "rgba", "rgb", "unknown attribute 'rgb': did you mean 'rgba'"),
    "negative size": ("stapler.xml", "0.065", "-0.065", "a box needs 3 positive sizes"),
    "wrong geom": ("stapler.xml", '"capsule"', '"capsul"', "did you mean 'capsule'"),
    "no material": ("stapler.xml", '"metal"/>', '"metla"/>', "did you mean 'metal'"),
}
# Which file is overwritten with what; None deletes it.
REPLACED = {
    "no yaml": ("soap.yaml", None, r"soap\.obj: no YAML beside it: add soap\.yaml"),
    "no mesh": ("soap.obj", None, r"soap\.yaml: no model beside it: expected soap\.xml or soap\.obj"),
    "broken mesh": ("soap.obj", "\x00 nonsense", r"soap\.obj: unreadable mesh"),
    "flat mesh": (
        "soap.obj",
        "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nf 1 2 3\nf 1 3 4\nf 3 2 1\nf 4 3 1\n",
        r"soap\.obj: the mesh is flat",
    ),
    "broken texture": ("soap.png", "x", r"soap\.png: is neither JPEG nor PNG"),
}


def refused(folder: Path, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_catalogue(folder)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", EDITED)
def test_a_mistake_in_a_file_is_named(folder: Path, name: str) -> None:
    file, old, new, message = EDITED[name]
    edit(folder / file, old, new)
    refused(folder, message)


@pytest.mark.parametrize("name", REPLACED)
def test_a_file_missing_or_broken_is_named(folder: Path, name: str) -> None:
    file, text, message = REPLACED[name]
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text)
    refused(folder, message)


def test_no_folder_and_an_empty_one_are_refused(folder: Path) -> None:
    shutil.rmtree(folder)
    refused(folder, "objects: no such folder")
    folder.mkdir()
    refused(folder, "objects: empty: put a model")
