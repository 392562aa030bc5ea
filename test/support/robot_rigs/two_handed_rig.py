# SPDX-License-Identifier: Apache-2.0
"""A two-handed task's scene before a robot, with its expert and where its arms are."""

from __future__ import annotations

from typing import Any

from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.grasping.motion import MotionPhase
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.table import load_task
from vla_ros.tasks.two_hands.pair_codec import JointStep
from vla_ros.tasks.two_hands.ways import Row


def two_handed_rig(task: str, robot: str, seed: int) -> tuple[World, Any, Row]:
    """Return the world of a *basic* scene, the task's expert in it, and a step of each arm where it stands."""
    embodiment = load_embodiment(robot)
    world = World(load_task(task).scene(SceneRequest("basic", seed, robot=robot)), embodiment, timestep=0.002)
    models = FollowerFactory(embodiment, load_control_config(embodiment.source)).models
    expert = load_task(task).two_handed_expert(world, models)
    here = {
        arm: JointStep(world.tool_pose(arm), 0.05, MotionPhase.CARRY, world.arms[arm].q) for arm in expert.codec.arms
    }
    return world, expert, here
