# SPDX-License-Identifier: Apache-2.0
"""A tool's URDF: the mass and frame of its description, joints that go where it says, solid bodies."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree

import mujoco
import numpy as np
import pinocchio as pin
import pytest

from controllers.errors import ConfigError
from vla_ros.robots.checks.inertias import check_inertias
from vla_ros.robots.tools.generator import draw_tool
from vla_ros.robots.tools.named import load_tool, tool_names
from vla_ros.robots.tools.urdf import tcp_link, tool_urdf

TOOLS = [*tool_names(), *(f"drawn_{seed}" for seed in range(40))]


def place(model: pin.Model, link: str, **positions: float) -> np.ndarray:
    """Return a link's pose (4, 4) in the flange with joints at positions [m], the others at 0."""
    data, q = model.createData(), pin.neutral(model)
    for joint, position in positions.items():
        q[model.joints[model.getJointId(joint)].idx_q] = position
    pin.framesForwardKinematics(model, data, q)
    return data.oMf[model.getFrameId(link)].homogeneous


@pytest.mark.parametrize("name", TOOLS)
def test_mass_frame_and_places_are_the_descriptions(name):
    tool = load_tool(name)
    urdf = tool_urdf(tool)
    model = pin.buildModelFromXML(urdf)
    assert sum(inertia.mass for inertia in model.inertias) == pytest.approx(tool.mass)
    assert {finding.level for finding in check_inertias(urdf)} <= {"ok"}, name
    assert place(model, tcp_link())[:3, 3] == pytest.approx([0.0, 0.0, tool.height])
    for cup in tool.cups:
        assert place(model, cup.name)[:3, 3] == pytest.approx([cup.x, cup.y, tool.height])
        if cup.stroke:
            out = place(model, cup.name, **{f"{cup.name}_piston": cup.stroke})
            assert out[:3, 3] == pytest.approx([cup.x, cup.y, tool.height + cup.stroke])
    for finger in tool.fingers:
        joint = f"{finger.name}_joint"
        index = model.joints[model.getJointId(joint)].idx_q
        lower, upper = model.lowerPositionLimit[index], model.upperPositionLimit[index]
        opened, closed = (place(model, finger.name, **{joint: q})[:2, 3] for q in (upper, lower))
        assert opened == pytest.approx([finger.x, finger.y], abs=3e-4)
        assert closed - opened == pytest.approx(finger.travel * finger.direction, abs=3e-4)


def test_two_tools_of_one_robot_have_names_of_their_own():
    names = [
        {element.get("name") for element in ElementTree.fromstring(tool_urdf(load_tool("hybrid"), prefix))}
        for prefix in ("left_", "right_")
    ]
    assert not names[0] & names[1]


def test_pads_reach_the_plane_and_nothing_stands_out_of_it():
    for seed in range(40):
        tool = draw_tool(seed)
        urdf = tool_urdf(tool)
        model = pin.buildModelFromXML(urdf)
        shapes = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
        data, placed = model.createData(), pin.GeometryData(shapes)
        pin.updateGeometryPlacements(model, data, shapes, placed, pin.neutral(model))
        ends = {}
        for item, T in zip(shapes.geometryObjects, placed.oMg, strict=True):
            half = item.geometry.halfLength if hasattr(item.geometry, "halfLength") else item.geometry.halfSide[2]
            ends[model.frames[item.parentFrame].name] = max(
                float(T.translation[2] + half), ends.get(model.frames[item.parentFrame].name, 0.0)
            )
        for one in tool.elements:
            assert ends.pop(one.name) == pytest.approx(tool.height)
        (body,) = ends.values()
        assert body < tool.height


@pytest.mark.parametrize("change", [{"travel": 0.0}, {"stroke": 0.01}, {"closes": (0.0, 1.0)}])
def test_fingers_that_no_one_drive_moves_are_refused(change):
    tool = load_tool("hybrid")
    first, second = tool.fingers
    with pytest.raises(ConfigError, match="tool 'hybrid': its fingers must close towards their middle by one 'travel'"):
        tool_urdf(dataclasses.replace(tool, fingers=(dataclasses.replace(first, **change), second)))


@pytest.mark.parametrize("name", ["hybrid", "seven_piston", "parallel", "drawn_6"])
def test_inertias_are_those_of_the_shapes_that_collide(name):
    urdf = tool_urdf(load_tool(name))
    stated, integrated = (
        mujoco.MjModel.from_xml_string(
            urdf.replace("</robot>", f'<mujoco><compiler fusestatic="false" {option}/></mujoco></robot>')
        )
        for option in ('inertiafromgeom="false"', 'inertiafromgeom="true"')
    )
    compared = 0
    for number in range(1, stated.nbody):
        if not stated.body_geomnum[number]:
            continue
        compared += 1
        scale = stated.body_mass[number] / integrated.body_mass[number]
        assert stated.body_ipos[number] == pytest.approx(integrated.body_ipos[number], abs=1e-7)
        assert sorted(stated.body_inertia[number]) == pytest.approx(
            sorted(scale * integrated.body_inertia[number]), rel=1e-5
        )
    assert compared == 1 + len(load_tool(name).elements)
