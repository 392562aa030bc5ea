# SPDX-License-Identifier: Apache-2.0
"""A rigid bar carried by two hands through the follower, in lockstep with the simulated robot.

The bar's middle draws an eight and the bar turns to and fro, faster than one of the arms can: its joints are slowed.
It is seen how far apart the tools are: as commanded, and as the simulated servos leave them.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pinocchio as pin

from bench.whole_body_checks.paths import eased, figure_eight
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.control_config import ControlConfig
from controllers.rotations import from_matrix
from controllers.whole_body_config import WholeBodyConfig
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.sim.execution import Execution, physics_steps
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.table import load_task

WIDTH, RATE = 0.4, 0.5  # [m], [Hz] of the eight
TURN = 0.3  # [rad] to and fro about the upright axis
SLOW, SLOW_ALONE = 0.04, 0.2  # of their speed that one arm's joints are given; where no base takes the arm along
STEP = 0.05  # [s] between the chunk's points
TIMEOUT = 6.0  # times as long as asked


def bar_by_follower(robot: str, command: str = "position", rounds: int = 1) -> dict[str, float]:
    """Return by how much the bar's length was off [mm], commanded and measured, and how slow progress was at least."""
    embodiment = slowed(load_embodiment(robot))
    config = carrying_config(robot)
    scene = load_task("grasping").scene(SceneRequest("basic", 0, robot=robot))
    dt = embodiment.control_period
    steps = physics_steps(dt)
    world = World(dataclasses.replace(scene, objects=()), embodiment, timestep=dt / steps)
    follower = FollowerFactory(embodiment, config, command).make()
    execution = Execution(world, {name: arm.drive.command for name, arm in follower.arms.items()})
    execution.tell_base(follower)
    follower.activate(world.q, world.dq, execution.begin(), world.time)
    left, right = list(follower.arms)[:2]
    begun = {name: world.tool_pose(name) for name in (left, right)}
    duration = rounds / RATE
    follower.submit(_chunk(begun, duration, world.time, embodiment.base_frame), world.time)
    length, worst = float(np.linalg.norm(begun[left][:3, 3] - begun[right][:3, 3])), np.zeros(2)
    slowest, speed = 1.0, 0.0
    while not follower.progress.hold_reason or follower.progress.sequence < 1:
        if world.time > TIMEOUT * duration:
            break
        execution.tell_base(follower)
        execution.execute(follower.tick(world.time, dt, world.q, world.dq, world.time))
        world.step(steps)
        commanded = [follower.progress.arms[name].T_base_ee_commanded[:3, 3] for name in (left, right)]
        measured = [world.tool_pose(name)[:3, 3] for name in (left, right)]
        off = [abs(float(np.linalg.norm(a - b)) - length) for a, b in (commanded, measured)]
        worst = np.maximum(worst, off)
        slowest = min(slowest, follower.pace)
        speed = max(speed, float(np.linalg.norm(follower.arms[left].model.twist[:3])))
    return {
        "follower_bar_commanded_mm": 1e3 * worst[0],
        "follower_bar_measured_mm": 1e3 * worst[1],
        "follower_bar_progress_min": slowest,
        "follower_bar_s": world.time,
        "follower_bar_asked_s": duration,
        "follower_bar_speed_max": speed,
        "follower_bar_ended": float(follower.progress.hold_reason == "chunk exhausted"),
    }


def slowed(robot: Embodiment) -> Embodiment:
    """Return the robot whose first arm's joints are a fraction as fast as they are."""
    first, *others = robot.arms
    share = SLOW_ALONE if robot.base is None else SLOW
    return dataclasses.replace(robot, arms=(dataclasses.replace(first, velocity=share * first.velocity), *others))


def carrying_config(robot: str) -> ControlConfig:
    """Return a robot's control by one programme; a base helps, where there is one."""
    config = load_control_config(robot)
    if config.whole_body is not None:
        return config
    helps = load_embodiment(robot).base is not None
    return dataclasses.replace(config, whole_body=WholeBodyConfig(base_helps=helps))


def _chunk(begun: dict[str, np.ndarray], duration: float, stamp: float, frame: str) -> ActionChunk:
    """Return one chunk that carries the bar for `duration` [s] from where the tools are."""
    middle = np.eye(4)
    middle[:3, 3] = np.mean([T[:3, 3] for T in begun.values()], axis=0)
    eight, ramp = figure_eight(middle, WIDTH, RATE), 0.1 / RATE
    times = STEP * np.arange(1, round(duration / STEP) + 1)
    columns: dict[str, np.ndarray] = {}
    for name, T_begun in begun.items():
        poses, grip = [], np.linalg.inv(middle) @ T_begun
        for s in times:
            bar = eight(s)
            bar[:3, :3] = pin.exp3(np.array([0.0, 0.0, TURN * np.sin(2.0 * np.pi * RATE * eased(s, ramp))]))
            T = bar @ grip
            poses.append([*T[:3, 3], *from_matrix(T[:3, :3])])
        found = np.array(poses)
        for k in range(1, len(found)):  # one hemisphere
            if found[k, 3:] @ found[k - 1, 3:] < 0.0:
                found[k, 3:] *= -1.0
        columns |= zip(pose_channels(name), found.T, strict=True)
    return ActionChunk(stamp, frame, tuple(columns), times, np.array(list(columns.values())).T, 1)
