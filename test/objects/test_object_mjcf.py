# SPDX-License-Identifier: Apache-2.0
"""MJCF of other projects: what does not matter is passed over, what does is refused, all of it at once."""

from pathlib import Path

import cv2
import mujoco
import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.folder import read_folder
from vla_ros.objects.geometry import surface_points
from vla_ros.objects.model import ObjectModel

BOX = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nv 0 0 1\nv 1 0 1\nv 1 1 1\nv 0 1 1\n"
BOX += "".join(f"f {f}\n" for f in ("1 3 2", "1 4 3", "5 6 7", "5 7 8", "1 2 6", "1 6 5", "2 3 7", "2 7 6", "3 4 8",
                                    "3 8 7", "4 1 5", "4 5 8"))  # fmt: skip

# As simulators' object sets are written: defaults, sites, solver settings, a thing in three nested bodies.
FOREIGN = """<?xml version="1.0"?>
<mujoco model="tool">
  <compiler angle="radian" meshdir="meshes" texturedir="meshes" autolimits="true" inertiafromgeom="auto"/>
  <option timestep="0.002" integrator="implicitfast"/>
  <visual><global offwidth="640"/></visual>
  <default>
    <geom solimp="0.998 0.998 0.001" solref="0.001 1" density="50" friction="0.95 0.3 0.1" condim="4"/>
    <default class="visual"><geom contype="0" conaffinity="0" group="1"/></default>
    <default class="hidden"><geom group="3" rgba="1 0 0 1"/></default>
  </default>
  <asset>
    <texture type="2d" name="wood" file="wood.png"/>
    <texture type="skybox" builtin="gradient" rgb1="0.2 0.4 0.9" rgb2="0.2 0.4 0.9" width="8" height="8" name="blue"/>
    <material name="wood" reflectance="0.5" texrepeat="5 5" texture="wood" texuniform="true" shininess="1"/>
    <material name="blue" texture="blue" specular="0.3"/>
    <mesh name="head" file="box.obj" scale="0.04 0.02 0.02"/>
  </asset>
  <worldbody>
    <body name="outer" pos="0.3 0.2 0.1">
      <freejoint name="free"/>
      <inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/>
      <body name="object" pos="0 0 0.01" euler="0 0 1.5707963">
        <geom class="visual" type="mesh" mesh="head" material="wood"/>
        <geom class="hidden" type="mesh" mesh="head"/>
        <site name="top_site" pos="0 0 0.1" size="0.005" rgba="0 0 0 0"/>
        <body name="handle" pos="0 0.05 0" axisangle="0 1 0 1.5707963">
          <geom type="capsule" size="0.008 0.05" material="blue" priority="1" margin="0.001"/>
        </body>
      </body>
      <camera name="eye" pos="0 0 1"/>
    </body>
  </worldbody>
  <sensor><touch site="top_site"/></sensor>
  <keyframe/>
</mujoco>
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A foreign tool: a box's mesh with a wooden skin and a capsule as handle."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = tmp_path / "objects"
    (made / "meshes").mkdir(parents=True)
    (made / "meshes" / "box.obj").write_text(BOX)
    (made / "meshes" / "spare.obj").write_text(BOX)
    cv2.imwrite(str(made / "meshes" / "wood.png"), np.full((8, 8, 3), (20, 60, 110), np.uint8))
    (made / "tool.xml").write_text(FOREIGN)
    (made / "tool.yaml").write_text("{name: tool, color: brown, mass: 0.1, friction: 0.5, resting: roll}")
    return made


def replace(folder: Path, old: str, new: str) -> None:
    text = (folder / "tool.xml").read_text()
    assert old in text
    (folder / "tool.xml").write_text(text.replace(old, new))


def test_a_foreign_file_loads_as_mujoco_compiles_it(folder: Path) -> None:
    (model,) = load_catalogue(folder).objects
    assert [(part.shape, part.collide, part.visible) for part in model.parts] == [
        ("mesh", False, True),
        ("mesh", True, False),
        ("capsule", True, True),
    ]
    compiled = mujoco.MjModel.from_xml_path(str(folder / "tool.xml"))
    data = mujoco.MjData(compiled)
    mujoco.mj_forward(compiled, data)
    colliding = [geom for geom in range(compiled.ngeom) if compiled.geom_contype[geom]]
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for geom in colliding:
        centre, half = compiled.geom_aabb[geom, :3], compiled.geom_aabb[geom, 3:]
        R = data.geom_xmat[geom].reshape(3, 3)
        middle, extent = data.geom_xpos[geom] + R @ centre, np.abs(R) @ half
        low, high = np.minimum(low, middle - extent), np.maximum(high, middle + extent)
    np.testing.assert_allclose(model.size, high - low, atol=1e-6)


def test_a_picture_without_coordinates_gives_its_mean_colour(folder: Path) -> None:
    (model,) = load_catalogue(folder).objects
    np.testing.assert_allclose(model.parts[0].rgba[:3], np.array([110, 60, 20]) / 255, atol=1e-6)
    np.testing.assert_allclose(model.parts[2].rgba[:3], (0.2, 0.4, 0.9), atol=0.01)


def orientations() -> dict[str, str]:
    return {
        "quat": 'quat="0.9238795 0 0.3826834 0"',
        "euler": 'euler="0.3 0.4 0.5"',
        "axisangle": 'axisangle="1 2 3 0.7"',
        "zaxis": 'zaxis="1 0.5 0.2"',
        "xyaxes": 'xyaxes="1 1 0 -1 1 0.2"',
    }


@pytest.mark.parametrize(
    ("name", "sequence"),
    [*((name, "xyz") for name in orientations()), *(("euler", one) for one in ("XYZ", "zYx", "zyz", "xxy"))],
)
def test_orientations_mean_what_mujoco_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sequence: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    xml = (
        f'<mujoco><compiler angle="radian" eulerseq="{sequence}"/><worldbody>'
        f'<body><body pos="0.01 0.02 0.03" {orientations()[name]}>'
        f'<geom type="box" size="0.01 0.02 0.04" pos="0.02 0 0" {orientations()[name]}/>'
        "</body></body></worldbody></mujoco>"
    )
    (tmp_path / "a.xml").write_text(xml)
    (tmp_path / "a.yaml").write_text("{name: a, color: red, mass: 0.1, friction: 0.5, resting: any}")
    (model,) = load_catalogue(tmp_path).objects
    points = surface_points(model.parts)
    compiled = mujoco.MjModel.from_xml_string(xml)
    data = mujoco.MjData(compiled)
    mujoco.mj_forward(compiled, data)
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * compiled.geom_size[0]
    expected = corners @ data.geom_xmat[0].reshape(3, 3).T
    np.testing.assert_allclose(points - points.mean(axis=0), expected, atol=1e-6)


def test_all_problems_are_told_at_once_each_with_its_remedy(folder: Path) -> None:
    replace(folder, '<freejoint name="free"/>', '<joint name="hinge" type="hinge" axis="0 0 1" range="0 1"/>')
    replace(folder, "<sensor>", "<actuator><motor joint='hinge'/></actuator><sensor>")
    replace(folder, 'material="blue"', 'material="bleu"')
    (folder / "meshes" / "wood.png").unlink()
    (folder / "second.yaml").write_text("{name: second, color: red, mass: 0.1, friction: 0.5}")
    reading = read_folder(folder)
    told = "\n".join(reading.problems)
    for expected in (
        r"tool.xml: <joint 'hinge'>: an object is one rigid thing: remove the joint",
        r"tool.xml: <actuator>: an object does not move by itself: remove it",
        r"did you mean 'blue'",
        r"wood.png: no such texture: tool.xml names it: put the picture there",
        r"second.yaml: no model beside it: expected second.xml",
    ):
        assert expected in told
    assert len(reading.problems) == 5
    with pytest.raises(ConfigError, match=r"2 more problems: `vla objects check .*` names them all"):
        load_catalogue(folder)


def test_meshes_that_a_folder_of_meshes_offers_besides_are_no_problem(folder: Path) -> None:
    assert not read_folder(folder).problems
    (folder / "stray.stl").write_bytes(b"x")
    (problem,) = read_folder(folder).problems
    assert "stray.stl: no YAML beside it" in problem
    assert "move the file out of the folder" in problem


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('type="capsule" size="0.008 0.05"', 'type="plane" size="1 1 1"', "geom of type plane"),
        ('size="0.008 0.05"', 'size="0.008 nan"', "2 numbers are needed"),
        ('size="0.008 0.05"', 'size="0.008"', "2 numbers are needed"),
        ('axisangle="0 1 0 1.5707963"', 'axisangle="0 0 0 1"', "has no length"),
        ('file="box.obj" scale', 'file="bxo.obj" scale', r"bxo.obj: no such mesh"),
        ('class="hidden"><geom', 'class="hid"><geom', "unknown default class 'hidden': did you mean 'hid'"),
        ("<worldbody>", "<worldbody><geom type='box' size='1 1 1'/>", "exactly one <body>"),
        ("<option", "<include file='a.xml'/><option", "<include>: paste the file's content"),
        ("<option", "<optoin/><option", "unknown element 'optoin'"),
        ("<option", "<compiler eulerseq='xyw'/><option", r"tool\.xml: <compiler eulerseq='xyw'>: three of x, y, z"),
        (
            'size="0.008 0.05"',
            'size="0.008 0.05" contype="no"',
            r"tool\.xml: <geom contype='no'>: 1 numbers are needed",
        ),
        (
            "<worldbody>",
            "<worldbody>" + 2000 * "<body>" + 2000 * "</body>",
            r"tool\.xml: elements nested more than 200",
        ),
    ],
)
def test_what_cannot_be_read_is_one_line(folder: Path, old: str, new: str, message: str) -> None:
    replace(folder, old, new)
    with pytest.raises(ConfigError, match=message) as caught:
        load_catalogue(folder)
    assert "\n" not in str(caught.value)


def test_what_collides_under_a_skin_is_not_drawn(folder: Path) -> None:
    replace(folder, '<geom class="hidden" type="mesh" mesh="head"/>', '<geom type="mesh" mesh="head" group="0"/>')
    model: ObjectModel = load_catalogue(folder).objects[0]
    assert [part.visible for part in model.parts if part.shape == "mesh"] == [True, False]
