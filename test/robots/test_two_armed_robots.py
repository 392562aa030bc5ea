# SPDX-License-Identifier: Apache-2.0
"""The two-armed robots of the papers: what the texts say of them, and that what is assumed makes a whole robot."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import numpy as np
import pinocchio as pin
import pytest

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from controllers.safety.self_pairs import checked_self_pairs
from vla_ros.cli import main
from vla_ros.policies.contract import load_contract
from vla_ros.robots.checks.home import home_positions, place_at_home
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment
from vla_ros.sim.robot_model import BASE_JOINTS

ROBOTS = ("bytemini", "ldt01")
DOWN = np.diag([1.0, -1.0, -1.0])  # rotation of a tool that points down, its x forward
FORWARD = np.array([[0.0, 0.0, 1.0], [0.0, -1.0, 0.0], [1.0, 0.0, 0.0]])  # that points forward, its x up


@dataclass(frozen=True, eq=False)
class Described:
    """A robot in pinocchio; test_models_agree.py holds it against MuJoCo."""

    robot: Embodiment
    urdf: str
    pin_model: pin.Model

    def at_home(self) -> np.ndarray:
        """Return q of pinocchio (nq,) at home, with grippers open."""
        q = pin.neutral(self.pin_model)
        for joint, value in home_positions(self.robot, self.urdf).items():
            q[self.pin_model.joints[self.pin_model.getJointId(joint)].idx_q] = value
        return q

    def arm_model(self, name: str) -> ArmModel:
        """Return an arm's model with everything that carries it at home."""
        arm = self.robot.arm(name)
        model = ArmModel(self.urdf, arm.joints, arm.tool_frame)
        place_at_home(model, home_positions(self.robot, self.urdf))
        return model


@pytest.fixture(scope="module", params=ROBOTS)
def described(request) -> Described:
    robot = load_embodiment(request.param)
    urdf = expand_urdf(robot)
    return Described(robot, urdf, pin.buildModelFromXML(urdf))


@pytest.mark.parametrize("name", ROBOTS)
def test_it_is_described_and_checked(name, capsys):
    assert main(["robots", "check", name]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{name}: ")


def test_bytemini_has_the_freedoms_of_gr3():
    robot = load_embodiment("bytemini")
    base = len(BASE_JOINTS) if robot.base is not None else 0
    arms, grippers = sum(len(arm.joints) for arm in robot.arms), len(robot.grippers)
    others = sum(len(group.joints) for group in robot.joint_groups)
    assert arms + grippers + base + others == 22
    assert arms + grippers + base == 19  # those that policies drive
    assert robot.base.kind == "holonomic"
    assert [arm.upper[3] for arm in robot.arms] == [2.53, 2.53]  # the elbow
    assert all(robot.camera(name).depth and robot.camera(name).moves for name in robot.cameras)


def test_policies_of_bytemini_move_all_but_lift_and_head():
    robot, action = load_embodiment("bytemini"), load_contract("bytemini_table").action
    assert len(action.channels) == 19
    kept = {joint for group in robot.joint_groups for joint in group.joints}
    assert not kept & {channel.rpartition("/")[0] for channel in action.channels}
    assert set(action.joints) == {joint for arm in robot.arms for joint in arm.joints}


def test_bytemini_wrists_are_spherical():
    robot = load_embodiment("bytemini")
    model = pin.buildModelFromXML(expand_urdf(robot))
    for arm in robot.arms:
        links = [joint.replace("joint", "link") for joint in arm.joints]
        for q in np.random.default_rng(1).uniform(-0.5, 0.5, (5, model.nq)):
            data = model.createData()
            pin.framesForwardKinematics(model, data, q)
            at = [data.oMf[model.getFrameId(link)].translation for link in links]
            np.testing.assert_allclose(at[4:6], [at[6]] * 2, atol=1e-12)  # wrist
            np.testing.assert_allclose(at[:2], [at[2]] * 2, atol=1e-12)  # shoulder: no offsets


def test_ldt01_has_sixteen_freedoms_and_three_views():
    robot = load_embodiment("ldt01")
    assert sum(len(arm.joints) for arm in robot.arms) + len(robot.grippers) == 16
    assert robot.base is None
    assert robot.joint_groups == ()
    assert robot.cameras == ("head", "left_wrist", "right_wrist")


def test_every_inertia_is_one_of_a_body(described):
    masses = 0.0
    for link in ElementTree.fromstring(described.urdf).findall("link"):
        given = link.find("inertial")
        if given is None:
            continue
        mass, values = float(given.find("mass").attrib["value"]), given.find("inertia").attrib
        xx, yy, zz, xy, xz, yz = (float(values[key]) for key in ("ixx", "iyy", "izz", "ixy", "ixz", "iyz"))
        principal = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        assert mass > 0.0
        assert principal[0] > 0.0
        assert principal[2] <= principal[0] + principal[1] + 1e-12, link.attrib["name"]
        masses += mass
    assert 80.0 < masses < 150.0  # [kg]


def test_left_and_right_are_mirrored(described):
    mirror = np.diag([1.0, -1.0, 1.0])
    left, right = (described.arm_model(arm.name) for arm in described.robot.arms)
    for q in np.random.default_rng(2).uniform(left.lower, left.upper, (10, left.size)):
        np.testing.assert_allclose(right.forward(q)[:3, 3], mirror @ left.forward(q)[:3, 3], atol=1e-9)
        np.testing.assert_allclose(right.forward(q)[:3, 2], mirror @ left.forward(q)[:3, 2], atol=1e-9)


def test_at_home_its_links_are_two_centimetres_apart(described):
    model = described.pin_model
    shapes = pin.buildGeomFromUrdfString(model, described.urdf, pin.GeometryType.COLLISION)
    groups = [group.joints for group in described.robot.driven_groups]
    pairs = checked_self_pairs(model, shapes, model.lowerPositionLimit, model.upperPositionLimit, groups=groups)
    for first, second in pairs:
        shapes.addCollisionPair(pin.CollisionPair(int(first), int(second)))
    found = shapes.createData()
    pin.computeDistances(model, model.createData(), shapes, found, described.at_home())
    fingers = {joint.removesuffix("_joint") for gripper in described.robot.grippers for joint in gripper.joints}
    near = {
        (shapes.geometryObjects[a].name, shapes.geometryObjects[b].name): result.min_distance
        for (a, b), result in zip(pairs, found.distanceResults, strict=True)
        if not any(shapes.geometryObjects[n].name.startswith(tuple(fingers)) for n in (a, b))
    }
    nearest = min(near, key=near.__getitem__)
    assert near[nearest] > 0.02, nearest


@pytest.mark.parametrize(("rotation", "above", "share"), [(DOWN, 0.03, 0.7), (FORWARD, 0.06, 0.7)])
def test_a_hand_reaches_a_table_before_it(described, rotation, above, share):
    origin = np.array(described.robot.workplace.origin)
    left, home = described.arm_model("left"), np.array(described.robot.arm("left").home)
    reached, able = [], []
    for x in (0.30, 0.40, 0.50, 0.60):
        for y in (0.0, 0.12, 0.24):  # the other half is the right arm's
            T = np.eye(4)
            T[:3, :3], T[:3, 3] = rotation, origin  # whose table of medium height is 0.05 m higher
            T[:3, 3] += (x, y, 0.05 + above)
            q = solve_ik(left, T, home, q_rest=home)
            reached.append(q is not None)
            if q is not None:
                J = left.jacobian(q)
                able.append(np.sqrt(np.linalg.det(J @ J.T)))
    assert np.mean(reached) >= share
    assert np.median(able) > described.robot.arm("left").reach.strong


def test_its_reach_is_what_inverse_kinematics_finds(described):
    """Scenes ask for things where the description says that an arm takes them: mostly it does."""
    arm, model = described.robot.arm("left"), described.arm_model("left")
    home, reach, hits = np.array(arm.home), arm.reach, []
    for x in np.arange(0.10, 0.65, 0.06):
        for height in (described.robot.workplace.origin[2] - 0.1, described.robot.workplace.origin[2] + 0.1):
            distance = np.hypot(x, 0.1)
            if not (reach.contains(distance, height + 0.02) and reach.contains(distance, height + 0.19)):
                continue
            T = np.eye(4)
            T[:3, :3], T[:3, 3] = DOWN, (reach.axis[0] + x, reach.axis[1] - 0.1, height + 0.03)
            hits.append(solve_ik(model, T, home, q_rest=home) is not None)
    assert len(hits) > 6
    assert np.mean(hits) > 0.85
