# SPDX-License-Identifier: Apache-2.0
"""A suction cup of a robot that nobody wrote code for lifts what it touches, as far as its pull goes, and lets go."""

import dataclasses

import mujoco
import numpy as np
import pytest
from robot_rigs.two_armed_robot import PAIR, PairWorld, empty_scene, pair
from scene_making.drawn_scene import grasping_scene

from controllers.errors import ConfigError
from vla_ros.evaluation.observing import Observer
from vla_ros.robots.embodiment import RobotConfig, embodiment_from, load_embodiment
from vla_ros.sim.scenes.footprint import place
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.world import World

CUP = "right_cup"
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])


def scene_with(name: str, under: np.ndarray) -> Scene:
    """Return a scene in which one object, its widest side down, stands under a point (2,) [m]."""
    scene = empty_scene()
    model = grasping_scene("basic", 0, target=name, robot=str(PAIR)).target_object.model
    lowest = min((place(model, pose, under, scene.table.height) for pose in model.resting), key=lambda one: one.top)
    return dataclasses.replace(scene, objects=(PlacedObject("thing", model, lowest.T_base_object),))


def sucked(name: str) -> PairWorld:
    """Put the cup on an object and switch it on."""
    here = World(empty_scene(), pair(), settle=False).tool_pose("right")[:3, 3]
    robot = PairWorld(scene_with(name, here[:2]))
    world = robot.world
    top = world.object_pose("thing")[2, 3]
    for _ in range(40):  # down until it touches
        if CUP in world.cups and "thing" in world.objects_in_contact((CUP,)):
            break
        robot.submit(robot.columns({"right": np.array([[0.0, 0.0, -0.01]])}), step=0.2)
        robot.run(0.3)
    assert "thing" in world.objects_in_contact((CUP,)), (world.tool_pose("right")[:3, 3], top)
    still = robot.columns({"right": np.zeros((2, 3))})
    robot.submit(still | {f"{CUP}/suction": np.ones(2)})
    robot.run(0.5)
    assert not any(warning.number for warning in robot.world.data.warning)
    return robot


def lift(robot: PairWorld, by: float, suction: float = 1.0) -> None:
    steps = np.linspace(0.0, by, 11)[1:, None] * np.array([0.0, 0.0, 1.0])
    robot.submit(robot.columns({"right": steps}) | {f"{CUP}/suction": np.full(10, suction)}, step=0.15)
    robot.run(2.5)


@pytest.fixture(scope="module")
def lifted() -> tuple[PairWorld, float]:
    robot = sucked("white box/tea")
    before = robot.world.object_pose("thing")[2, 3]
    lift(robot, 0.12)
    return robot, before


def test_an_object_is_lifted_and_let_go(lifted):
    robot, before = lifted
    world = robot.world
    assert world.cups[CUP].on
    assert world.cups[CUP].sealed
    assert world.object_pose("thing")[2, 3] - before == pytest.approx(0.12, abs=0.015)
    robot.submit(robot.columns({"right": np.zeros((2, 3))}) | {f"{CUP}/suction": np.zeros(2)})
    robot.run(1.0)
    assert not world.cups[CUP].on
    assert not world.cups[CUP].sealed
    assert world.object_pose("thing")[2, 3] == pytest.approx(before, abs=0.02)
    assert world.objects_in_contact((CUP,)) == set()


def test_a_cup_that_is_off_lifts_nothing():
    robot = sucked("white box/tea")
    before = robot.world.object_pose("thing")[2, 3]
    observer = Observer(robot.world, "lift it", 0.1)
    assert observer.state().values[f"{CUP}/seal"] == 1.0
    lift(robot, 0.12, suction=0.0)
    assert observer.state().values[f"{CUP}/seal"] == 0.0
    assert robot.world.object_pose("thing")[2, 3] == pytest.approx(before, abs=0.01)


def test_it_holds_no_more_than_its_pull():
    robot = sucked("white box/tea")
    world = robot.world
    body = world.model.body("thing").id
    heavier = 6.0 / world.model.body_mass[body]  # 6 kg weigh 59 N, and the cup holds 40
    world.model.body_mass[body] *= heavier
    world.model.body_inertia[body] *= heavier
    mujoco.mj_setConst(world.model, mujoco.MjData(world.model))
    before = world.object_pose("thing")[2, 3]
    lift(robot, 0.12)
    assert world.object_pose("thing")[2, 3] == pytest.approx(before, abs=0.02)
    assert not any(warning.number for warning in world.data.warning)


def test_what_makes_no_cup_is_refused():
    with pytest.raises(ConfigError, match="suction command must be finite"):
        World(empty_scene(), pair(), settle=False).cups[CUP].command(np.nan)
    with pytest.raises(ConfigError, match=r"'cup_force' is suction's, 0 to 1000 N, got -1"):
        changed(cup_force=-1.0)
    with pytest.raises(ConfigError, match="unknown link of the cup of 'right_cup' 'lip'"):
        changed(cups=("lip",))
    assert embodiment_without_force().suction_tools == ()


def changed(**values):
    """Return the test robot with another cup. Raises ConfigError."""
    config = config_of_pair()
    (gripper, cup) = config.end_effectors
    return embodiment_from(dataclasses.replace(config, end_effectors=(gripper, dataclasses.replace(cup, **values))))


def config_of_pair() -> RobotConfig:
    from vla_ros.configuration import load_config

    return dataclasses.replace(load_config(PAIR, RobotConfig), urdf=str(PAIR.with_name("pair.urdf.xacro")))


def embodiment_without_force():
    assert load_embodiment(str(PAIR)).suction_tools
    return changed(cup_force=0.0)
