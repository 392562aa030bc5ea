# SPDX-License-Identifier: Apache-2.0
"""Masses and inertias: those of real bodies pass, each that no body can have is named with its remedy."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING
from vla_ros.robots.checks.inertias import check_inertias
from vla_ros.robots.checks.link_shapes import link_bounds

SIZE = (0.3, 0.2, 0.1)  # [m]
SHAPES = '<collision><geometry><box size="0.3 0.2 0.1"/></geometry></collision>'


def robot(mass="6", inertia=(0.025, 0.05, 0.065), center="0 0 0", products=(0.0, 0.0, 0.0), shapes=SHAPES) -> str:
    """Return a URDF of one block, by default of water and right: m (b² + c²) / 12 about each axis."""
    (xx, yy, zz), (xy, xz, yz) = inertia, products
    return f"""<robot name="block"><link name="block">
      <inertial><origin xyz="{center}"/><mass value="{mass}"/>
        <inertia ixx="{xx}" iyy="{yy}" izz="{zz}" ixy="{xy}" ixz="{xz}" iyz="{yz}"/></inertial>{shapes}
    </link></robot>"""


def complaint(urdf: str, level: str) -> str:
    (finding,) = check_inertias(urdf)
    assert finding.level == level, finding
    return finding.said


def test_a_solid_block_passes():
    (finding,) = check_inertias(robot())
    assert finding.level == OK
    assert finding.figures == {"links": 1, "mass_kg": 6.0}


def test_random_bodies_of_points_pass_turned_as_they_like():
    random = np.random.default_rng(0)
    for _ in range(30):
        points = random.uniform(-0.5, 0.5, (8, 3)) * SIZE
        center = points.mean(axis=0)
        arms = points - center
        second = 6.0 / 8 * arms.T @ arms
        matrix = np.trace(second) * np.eye(3) - second
        urdf = robot(inertia=np.diag(matrix), products=matrix[[0, 0, 1], [1, 2, 2]], center=" ".join(map(str, center)))
        assert [finding.level for finding in check_inertias(urdf)] == [OK]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inertia": (0.02, 0.02, 0.065)}, ("triangle inequality", "0.02 + 0.02 < 0.065")),
        ({"products": (0.05, 0.0, 0.0)}, ("principal inertias are -0.0", "check the signs")),
        ({"inertia": (-0.025, 0.05, 0.065)}, ("must be above 0",)),
        ({"inertia": (0, 0, 0)}, ("must be above 0",)),
        ({"mass": "-6"}, ("mass is -6 kg",)),
        ({"mass": "0"}, ("no mass", "give it a mass")),
    ],
)
def test_what_no_body_has_is_a_problem(change, words):
    said = complaint(robot(**change), PROBLEM)
    for word in ("link 'block'", *words):
        assert word in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mass": "heavy"}, ("'mass' is 'heavy'",)),
        ({"mass": "nan"}, ("'mass' is 'nan'",)),
        ({"inertia": (0.025, "wide", 0.065)}, ("'iyy' is 'wide'",)),
        ({"center": "0 0"}, ("'xyz' is '0 0', expected 3",)),
    ],
)
def test_what_is_no_number_is_refused_before_a_parser_drops_it(change, words):
    with pytest.raises(ConfigError) as refused:
        check_inertias(robot(**change))
    for word in ("link 'block'", *words):
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"center": "0.25 0 0"}, ("100 mm outside", "(0.250, 0.000, 0.000)")),
        ({"mass": "6000", "inertia": (25, 50, 65)}, ("1e+06 kg/m³", "units")),
        ({"mass": "0.06", "inertia": (0.00025, 0.0005, 0.00065)}, ("10 kg/m³",)),
        ({"inertia": (2.5e-5, 5e-5, 6.5e-5)}, ("0.1 %", "placeholder")),
        ({"inertia": (25, 50, 65)}, ("more than if all mass lay in a corner",)),
    ],
)
def test_what_does_not_fit_the_shapes_is_a_warning(change, words):
    said = complaint(robot(**change), WARNING)
    for word in ("link 'block'", *words):
        assert word in said


def test_shapes_that_weigh_nothing_are_a_problem_where_no_heavy_link_carries_them():
    shell = f'<link name="shell">{SHAPES}</link>'
    said = complaint(f'<robot name="r">{shell}</robot>', PROBLEM)
    assert said == "link 'shell' moves, has shapes and weighs nothing: give it mass and inertia"
    joint = '<joint name="j" type="{}"><parent link="block"/><child link="shell"/>'
    joint += '<limit lower="-1" upper="1" effort="1" velocity="1"/></joint>'
    carried = robot().replace("</robot>", f"{shell}{joint.format('fixed')}</robot>")
    assert check_inertias(carried)[0].level == OK, "its mass is that of the link that carries it"
    complaint(carried.replace('"fixed"', '"revolute"'), PROBLEM)
    assert check_inertias('<robot name="r"><link name="tcp"/></robot>')[0].level == OK


def test_bounds_are_in_the_links_frame_behind_a_fixed_joint():
    urdf = f"""<robot name="r"><link name="base"/><joint name="j" type="fixed"><parent link="base"/>
      <child link="tip"/><origin xyz="1 2 3" rpy="0 0 1.5707963"/></joint><link name="tip"><visual>
      <origin xyz="0.5 0 0" rpy="0 0 1.5707963"/><geometry><box size="{" ".join(map(str, SIZE))}"/></geometry>
      </visual></link></robot>"""
    bounds = link_bounds(urdf)["tip"]
    np.testing.assert_allclose(bounds.lower, [0.4, -0.15, -0.05], atol=1e-6)
    np.testing.assert_allclose(bounds.upper, [0.6, 0.15, 0.05], atol=1e-6)
    assert bounds.volume == pytest.approx(0.006)
    assert bounds.farthest(np.array([0.4, 0.0, 0.0])) == pytest.approx(np.hypot(0.2, np.hypot(0.15, 0.05)), abs=1e-6)
