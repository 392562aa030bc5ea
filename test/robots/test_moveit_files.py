# SPDX-License-Identifier: Apache-2.0
"""MoveIt's files follow from a robot's description; pinocchio, which reads SRDF as MoveIt does, understands them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import assets
import numpy as np
import pinocchio as pin
import pytest
import yaml

from controllers.errors import ConfigError
from vla_ros.cli import main
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment
from vla_ros.robots.moveit.parameters import planning_yaml
from vla_ros.robots.moveit.semantics import ALL_ARMS, srdf

MORE = ("ur5e", "fr3", "agilex", "ldt01")
ROBOTS = ("franka", "bytemini", str(assets.PAIR), *(pytest.param(name, marks=pytest.mark.slow) for name in MORE))


class Read:
    """What pinocchio reads of a robot's files."""

    def __init__(self, robot: Embodiment, folder: Path) -> None:
        urdf, file = expand_urdf(robot), folder / "robot.srdf"
        file.write_text(srdf(robot))
        self.model = pin.buildModelFromXML(urdf)
        self.geometry = pin.buildGeomFromUrdfString(self.model, urdf, pin.GeometryType.COLLISION)
        self.geometry.addAllCollisionPairs()
        pin.removeCollisionPairs(self.model, self.geometry, str(file))
        pin.loadReferenceConfigurations(self.model, str(file))

    def columns(self, joints: tuple[str, ...]) -> list[int]:
        return [self.model.joints[self.model.getJointId(name)].idx_q for name in joints]

    def state(self, name: str) -> np.ndarray:
        """Return what pinocchio reads of the first state of a name: MoveIt keeps one of each group."""
        return self.model.referenceConfigurations[name].copy()

    def moved_by(self, index: int) -> set[str]:
        """Return the joints that move a shape."""
        return {self.model.names[j] for j in self.model.supports[self.geometry.geometryObjects[index].parentJoint]}


@pytest.mark.parametrize("name", ROBOTS, ids=lambda name: Path(name).stem)
def test_pinocchio_reads_states_and_pairs(name, tmp_path):
    robot = load_embodiment(name)
    read = Read(robot, tmp_path)
    home, opened = read.state("home"), read.state("open")
    for arm in robot.arms:
        np.testing.assert_allclose(home[read.columns(arm.joints)], arm.home, atol=1e-5)
    for group in robot.joint_groups:
        home[read.columns(group.joints)] = group.home
    gripper = robot.grippers[0]
    assert sum(opened[read.columns(gripper.joints)]) == pytest.approx(gripper.width_max, abs=1e-5)
    data, placed = read.model.createData(), pin.GeometryData(read.geometry)
    assert not pin.computeCollisions(read.model, data, read.geometry, placed, home, False), "home collides"
    # Whatever two arms do, MoveIt looks at their links.
    left = [(pair.first, pair.second) for pair in read.geometry.collisionPairs]
    for first in robot.arms:
        for second in robot.arms[robot.arms.index(first) + 1 :]:
            moved = [
                (one, other)
                for one in range(read.geometry.ngeoms)
                for other in range(read.geometry.ngeoms)
                if read.moved_by(one) & set(first.joints) and read.moved_by(other) & set(second.joints)
            ]
            assert moved
            assert {tuple(sorted(pair)) for pair in moved} <= {tuple(sorted(pair)) for pair in left}


def test_the_planning_nodes_parameters_are_complete(tmp_path):
    robot = load_embodiment("bytemini")
    (content,) = yaml.safe_load(planning_yaml(robot, srdf(robot))).values()
    parameters = content["ros__parameters"]
    assert set(parameters["robot_description_kinematics"]) == {arm.name for arm in robot.arms}
    limits = parameters["robot_description_planning"]["joint_limits"]
    assert set(limits) == set(robot.driven_joints)
    assert limits["lift_joint"]["max_velocity"] == pytest.approx(float(robot.joint_group("lift").velocity[0]))
    pipeline = parameters["planning_pipelines"]["pipeline_names"][0]
    assert parameters["plan_request_params"]["planner_id"] in parameters[pipeline]["planner_configs"]
    assert parameters["robot_description_semantic"].startswith("<?xml")


def test_the_command_writes_both_files(tmp_path, capsys):
    assert main(["robots", "moveit", "ur5e", "--output", str(tmp_path)]) == 0
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ur5e.srdf", "ur5e_moveit.yaml"]
    capsys.readouterr()
    assert main(["robots", "moveit", "ur5e"]) == 0
    assert capsys.readouterr().out == (tmp_path / "ur5e.srdf").read_text()


def test_a_group_that_is_named_like_all_arms_is_refused():
    robot = load_embodiment("agilex")
    lift = dataclasses.replace(load_embodiment("bytemini").joint_group("lift"), name=ALL_ARMS)
    with pytest.raises(ConfigError, match="a group is named 'arms'"):
        srdf(dataclasses.replace(robot, joint_groups=(lift,)))
