# SPDX-License-Identifier: Apache-2.0
"""Robots whose shapes are mesh files, as vendors describe them: found and read by all alike, or named."""

from __future__ import annotations

import struct
from pathlib import Path

import mujoco
import pytest
from assets import PAIR
from robot_rigs.changed_pair import changed_pair

from controllers.errors import ConfigError
from vla_ros.ament import VARIABLE
from vla_ros.cli import main
from vla_ros.robots.checks.finding import WARNING
from vla_ros.robots.checks.link_shapes import link_bounds
from vla_ros.robots.checks.self_collision import check_collision_meshes
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.sim.robot_model import robot_spec

TORSO = '<link name="torso"><xacro:box mass="20" size="0.16 0.30 0.30" xyz="0 0 0"/></link>'
MESHED = """<link name="torso"><inertial><mass value="20"/><inertia ixx="0.3" iyy="0.2" izz="0.2" ixy="0" ixz="0"
    iyz="0"/></inertial><{kind}><geometry><mesh filename="{file}"/></geometry></{kind}></link>"""
SIDES = (0.16, 0.30, 0.30)  # [m]
CORNERS = ((0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4),
           (1, 5, 7), (1, 7, 3))  # fmt: skip


def write_box(path: Path) -> None:
    x, y, z = (side / 2.0 for side in SIDES)
    corners = [(a, b, c) for a in (-x, x) for b in (-y, y) for c in (-z, z)]
    triangles = (struct.pack("<12fH", 0, 0, 0, *corners[i], *corners[j], *corners[k], 0) for i, j, k in CORNERS)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(80) + struct.pack("<I", len(CORNERS)) + b"".join(triangles))


def meshed_pair(folder: Path, file: str, kind: str = "collision") -> Path:
    return changed_pair(folder, xacro={TORSO: MESHED.format(kind=kind, file=file)})


@pytest.mark.parametrize(
    "file", ["meshes/torso.stl", "file://{folder}/meshes/torso.stl", "package://mine/meshes/torso.stl"]
)
@pytest.mark.parametrize("kind", ["visual", "collision"])
def test_a_mesh_is_found_from_any_folder_and_read_by_control_and_simulator(tmp_path, monkeypatch, file, kind):
    write_box(tmp_path / "share/mine/meshes/torso.stl")
    write_box(tmp_path / "meshes/torso.stl")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.chdir("/")
    robot = load_embodiment(str(meshed_pair(tmp_path, file.format(folder=tmp_path), kind)))
    assert link_bounds(expand_urdf(robot))["torso"].size == pytest.approx(SIDES)
    model = robot_spec(robot).compile()
    torso = mujoco.mj_name2id(model, mujoco.mjtObj.mjOBJ_BODY, "torso")
    assert mujoco.mjtGeom.mjGEOM_MESH in model.geom_type[model.geom_bodyid == torso]


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("meshes/none.stl", ("mesh 'meshes/none.stl'", "there is no file")),
        (
            "package://maker/meshes/torso.stl",
            ("package://maker/meshes/torso.stl", "source the ROS 2 workspace of 'maker'"),
        ),
        ("torso.dae", ("torso.dae", "reads .stl and .obj", "convert it")),
        ("text.stl", ("text.stl", "no binary STL")),
        ("", ("mesh ''", "there is no file")),
    ],
)
def test_a_mesh_that_cannot_be_read_is_one_line_that_names_link_and_file(tmp_path, capsys, file, words):
    (tmp_path / "torso.dae").write_text("<COLLADA/>")
    (tmp_path / "text.stl").write_text("solid torso\nendsolid torso\n" + 100 * " ")
    assert main(["robots", "check", str(meshed_pair(tmp_path, file))]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "link 'torso'" in line
    for word in words:
        assert word in line


def test_collision_shapes_that_are_meshes_are_warned_of(tmp_path):
    write_box(tmp_path / "torso.stl")
    (finding,) = check_collision_meshes(expand_urdf(load_embodiment(str(meshed_pair(tmp_path, "torso.stl")))))
    assert finding.level == WARNING
    assert "torso" in finding.said
    assert "draw boxes, cylinders and spheres" in finding.said
    assert not check_collision_meshes(expand_urdf(load_embodiment(str(PAIR))))


def test_a_package_that_only_ros_finds_is_named_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    include = '<xacro:include filename="$(find maker)/arm.xacro"/>'
    path = changed_pair(tmp_path, xacro={TORSO: TORSO + include})
    with pytest.raises(ConfigError, match="source ROS 2, or write paths from this file on"):
        load_embodiment(str(path))
