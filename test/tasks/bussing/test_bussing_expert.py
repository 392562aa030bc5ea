# SPDX-License-Identifier: Apache-2.0
"""The expert of bussing: plans from wherever the base stands, room in a receptacle, a whole table."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np
import pytest

from controllers.chunks.chunk import TaskStatus
from vla_ros.evaluation.observing import Observer
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EXPERT, EpisodeSettings
from vla_ros.policies.capabilities.refusals import MOST
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, approach
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.bussing.expert import BussingExpert, Stage
from vla_ros.tasks.bussing.placements import BESIDE, BussingPlanner
from vla_ros.tasks.bussing.requests import scene_requests
from vla_ros.tasks.bussing.stances import stance_before
from vla_ros.tasks.either_hand import task_expert
from vla_ros.tasks.placing.planning import PlacementPlanner, site_at
from vla_ros.tasks.placing.receptacles import Body
from vla_ros.tasks.table import load_task

SETTINGS = EpisodeSettings(policy=EXPERT, task="bussing", robot="bytemini")


@pytest.fixture(scope="module")
def runner() -> EpisodeRunner:
    return EpisodeRunner(SETTINGS)


@pytest.fixture(scope="module")
def drawn() -> dict:
    """Return scenes by set: they take seconds to draw."""
    task = load_task("bussing")
    return {
        name: task.scene(SceneRequest(set_name=name, seed=501, robot="bytemini")) for name in ("basic", "step_by_step")
    }


@pytest.fixture
def world(runner, drawn) -> World:
    return World(drawn["basic"], runner.embodiment, timestep=0.002)


def stand(world: World, x: float, y: float, yaw: float = 0.0) -> None:
    """Put the base somewhere."""
    for name, value in (("base_x", x), ("base_y", y), ("base_yaw", yaw)):
        world.data.qpos[world.model.joint(name).qposadr[0]] = value
    mujoco.mj_forward(world.model, world.data)
    world.apply_render_state(world.render_state())


def put(world: World, thing: str, T_odom_object: np.ndarray) -> None:
    start = world.model.jnt_qposadr[world.model.body(thing).jntadr[0]]
    world.data.qpos[start : start + 3] = T_odom_object[:3, 3]
    world.apply_render_state(world.render_state())


def test_a_grasp_is_where_the_thing_is_from_wherever_the_base_stands(runner, world):
    thing = next(iter(scene_requests(world.scene)[0].goals))
    body = Body.of(next(one.model for one in world.scene.objects if one.name == thing))
    arm = world.embodiment.arms[0]
    stance = stance_before(arm, world.object_pose(thing)[:2, 3])
    stand(world, stance.x, stance.y, yaw=0.05)
    planner = BussingPlanner(world, runner.arm_models[arm.name], ExpertMotionConfig())
    planned = planner.plan(thing, world.tool_pose(arm.name), world.arms[arm.name].q)
    assert planned is not None
    assert planned.clean
    tool = planned.grasp.T_base_grasp[:3, 3]
    assert np.linalg.norm(tool - body.middle(world.object_pose(thing))) < 0.12
    np.testing.assert_allclose(planned.approach[-1].T_base_ee[:3, 3], tool, atol=1e-9)
    # The joints that are sent are those of the way that was looked at.
    steps = planner.joints_along(planned.approach, world.arms[arm.name].q)
    assert steps is not None
    places = [runner.arm_models[arm.name].forward(step.q)[:3, 3] for step in steps]
    np.testing.assert_allclose(places, [step.T_base_ee[:3, 3] for step in planned.approach], atol=1e-3)
    way = np.array([world.arms[arm.name].q, *(step.q for step in steps)])
    assert (np.abs(np.diff(way, axis=0)) <= arm.velocity * planner.motion.period).all()


def test_a_way_from_whose_end_the_arm_gets_up_only_into_the_torso_is_none(runner, world):
    arm = world.embodiment.arm("left")
    motion = ExpertMotionConfig(retreat_m=0.2)
    planner = BussingPlanner(world, runner.arm_models[arm.name], motion)
    plain = PlacementPlanner(world, runner.arm_models[arm.name], motion)  # looks at contacts alone
    planner._stand()
    plain._stand()
    down = world.tool_pose(arm.name)

    def way(x: float) -> list[Step]:
        """Go 16 cm down a distance before the shoulder: the lift that follows folds the arm."""
        start, end = down.copy(), down.copy()
        start[0, 3] = end[0, 3] = arm.reach.axis[0] + x
        start[1, 3] = end[1, 3] = arm.reach.axis[1]
        end[2, 3] -= 0.16
        return [*approach(down, start, 0.08, 0.0, planner.motion), *approach(start, end, 0.08, 0.02, planner.motion)]

    for last in (MotionPhase.APPROACH, MotionPhase.LOWER):  # into a grasp, or to where something is let go
        free, tight = ([dataclasses.replace(step, phase=last) for step in way(x)] for x in (0.36, 0.14))
        assert planner._follow(free, arm.home) is not None
        assert plain._follow(tight, arm.home) is not None
        assert planner._follow(tight, arm.home) is None


def test_the_next_thing_goes_beside_what_is_there_and_on_it_only_without_room(runner, world):
    goals = scene_requests(world.scene)[0].goals
    goal = next(iter(goals.values()))
    first, second = [name for name, place in goals.items() if place == goal][:2]
    models = {one.name: one.model for one in world.scene.objects}
    site, bodies = site_at(world, goal), {name: Body.of(models[name]) for name in (first, second)}
    planner = BussingPlanner(world, runner.arm_models["left"], ExpertMotionConfig())
    empty, above = next(iter(planner.places(first, site, world.object_pose(first))))
    assert site.receptacle.over(site.T_base_site, bodies[first].middle(empty))
    lowest = bodies[first].lowest(empty)
    assert lowest > site.T_base_site[2, 3] + site.receptacle.floor
    assert lowest + above > site.T_base_site[2, 3] + site.receptacle.rim
    put(world, first, empty)
    beside, _ = next(iter(planner.places(second, site, world.object_pose(second))))
    assert site.receptacle.over(site.T_base_site, bodies[second].middle(beside))
    assert np.linalg.norm(beside[:2, 3] - empty[:2, 3]) > BESIDE


def test_nothing_is_done_where_nothing_is_meant_and_the_chunk_says_so(runner, world):
    expert = task_expert(load_task("bussing"), world, runner.arm_models)
    expert.reset()
    follower = runner.follower()
    follower.observe_base(0.0, world.base.T_odom_base, world.base.twist)
    follower.activate(world.q, world.dq, {f"{name}/width": one.width for name, one in world.grippers.items()}, 0.0)
    chunk = expert.infer(Observer(world, "put the gray hammer into the blue tray", 0.1).observe(follower.progress))
    assert chunk.status is TaskStatus.INVALID
    assert not np.column_stack([chunk.column(f"base/velocity.{axis}") for axis in ("x", "y", "yaw")]).any()
    assert expert.explanation == "what is named is not there"
    # The same expert goes on with the next request.
    own = Observer(world, world.scene.instruction, 0.1).observe(follower.progress)
    chunk = expert.infer(own)
    assert chunk.status is TaskStatus.ONGOING
    assert expert.explanation == ""


def test_what_control_refuses_is_sent_again_and_given_up_in_the_end(runner, world):
    expert = task_expert(load_task("bussing"), world, runner.arm_models)
    stand(world, 0.0, -1.5)  # far from everything: it drives first
    follower = runner.follower()
    follower.observe_base(0.0, world.base.T_odom_base, world.base.twist)
    follower.activate(world.q, world.dq, {f"{name}/width": one.width for name, one in world.grippers.items()}, 0.0)
    observer = Observer(world, world.scene.instruction, 0.1)
    chunks = []
    for _ in range(MOST + 1):
        chunks.append(expert.infer(observer.observe(follower.progress)))
        expert.chunk_refused("too fast")
        world.step(50)
    assert [chunk.status for chunk in chunks] == [TaskStatus.ONGOING] * MOST + [TaskStatus.INVALID]
    assert expert.explanation == "control refuses it: too fast"
    speeds = [chunk.column("base/velocity.y") for chunk in chunks]
    assert all(speed.max() > 0.1 for speed in speeds[:MOST])  # still on its way, not where it would be by now
    assert not speeds[MOST].any()


def test_a_thing_that_was_put_down_from_the_way_up_is_not_waited_for(runner, world):
    """Control refused the rest of the way up, and the hand could reach the receptacle from there (seed 9123)."""
    expert = task_expert(load_task("bussing"), world, runner.arm_models)
    follower = runner.follower()
    follower.observe_base(0.0, world.base.T_odom_base, world.base.twist)
    follower.activate(world.q, world.dq, {f"{name}/width": one.width for name, one in world.grippers.items()}, 0.0)
    seen = Observer(world, world.scene.instruction, 0.1).observe(follower.progress)
    expert.infer(seen)
    first = expert._hand
    expert._stage = Stage.GRASP
    first._steps, first._index, first._placing = [Step(np.eye(4), 0.09, MotionPhase.RETREAT)], 1, True
    assert first.placed
    assert not first.lifted
    assert expert.infer(seen).status is TaskStatus.ONGOING
    assert expert._hand is not first


@pytest.mark.slow
def test_one_request_after_the_other_is_met(runner, drawn):
    steps = dataclasses.replace(SETTINGS, set_name="step_by_step")
    result = EpisodeRunner(steps).run_scene(drawn["step_by_step"])
    assert result.success
    assert (result.parts_done, result.parts) == (3, 3)


def test_the_expert_is_of_both_hands(runner, world):
    expert = task_expert(load_task("bussing"), world, runner.arm_models)
    assert isinstance(expert, BussingExpert)
    assert expert.codec.arms == ("left", "right")
