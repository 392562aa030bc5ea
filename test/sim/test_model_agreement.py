# SPDX-License-Identifier: Apache-2.0
"""pinocchio against MuJoCo: the robots agree to rounding, and a model of another mass, place or weight is caught."""

from __future__ import annotations

import mujoco
import pytest
from assets import PAIR
from robot_rigs.changed_pair import changed_pair

from vla_ros.robots.checks.finding import OK, PROBLEM
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.sim.model_agreement import check_agreement
from vla_ros.sim.robot_model import robot_spec


@pytest.mark.parametrize("name", ["franka", "ur5e", str(PAIR)])
def test_the_robots_there_are_agree_to_rounding(name):
    robot = load_embodiment(name)
    (finding,) = check_agreement(expand_urdf(robot), robot_spec(robot).compile())
    assert finding.level == OK
    assert max(finding.figures[key] for key in ("kinematics", "mass_matrix", "gravity")) < 1e-12


@pytest.mark.parametrize(
    ("body", "change", "quantity"),
    [
        ("forearm_link", lambda model, body: model.body_pos[body].__iadd__([1e-5, 0.0, 0.0]), "kinematics"),
        ("forearm_link", lambda model, body: model.body_inertia[body].__imul__(1.001), "mass matrix"),
        ("wrist_3_link", lambda model, body: model.body_ipos[body].__iadd__([0.0, 0.0, 1e-4]), "mass matrix"),
    ],
)
def test_a_model_that_differs_a_little_is_caught(body, change, quantity):
    robot = load_embodiment("ur5e")
    model = robot_spec(robot).compile()
    change(model, model.body(body).id)
    mujoco.mj_setConst(model, mujoco.MjData(model))
    (finding,) = check_agreement(expand_urdf(robot), model)
    assert finding.level == PROBLEM
    assert f"in {quantity} at" in finding.said


def test_other_gravity_is_caught():
    robot = load_embodiment("ur5e")
    model = robot_spec(robot).compile()
    model.opt.gravity[2] = -9.82
    (finding,) = check_agreement(expand_urdf(robot), model)
    assert finding.level == PROBLEM
    assert "in gravity at" in finding.said
    assert finding.figures["gravity"] == pytest.approx(0.01 / 9.81, rel=1e-6)


def test_a_link_without_an_inertial_weighs_nothing_in_both(tmp_path):
    """MuJoCo would weigh it by its shapes; pinocchio does not."""
    inertial = PAIR.with_name("pair.urdf.xacro").read_text()
    begin = inertial.index('    <inertial>\n      <origin xyz="0 0 -0.035"/>')
    block = inertial[begin : inertial.index("</inertial>", begin) + len("</inertial>")]
    robot = load_embodiment(str(changed_pair(tmp_path, xacro={block: ""})))
    (finding,) = check_agreement(expand_urdf(robot), robot_spec(robot).compile())
    assert finding.level == OK, finding.said
