# SPDX-License-Identifier: Apache-2.0
"""The same eights and random targets by mink and by pink, where they are installed: nothing here needs either.

The base stands, all hands move at once, and each library is given what it has: pose tasks with the weights
of ours, a posture, joint ranges and speeds, pink joint accelerations too, daqp as solver. They are told where the hands
are to be at the end of the tick, as they know no feed-forward. Neither keeps links apart here; ours does.

Random targets stand for a while, half of them the tools of a configuration in which nothing touches, half anywhere:
what is then left of the way is the error. All go there at the rate of ours.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np
import pinocchio as pin

from bench.whole_body_checks.paths import EIGHT_HZ, figure_eight, twist_of
from controllers.drives.differential_kinematics import ROTATION_METRES
from controllers.rotations import normalise, write_matrix
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.description import Body
from controllers.whole_body.targets import BodyTarget, HandTarget
from controllers.whole_body_config import WholeBodyConfig
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.whole_body import whole_body

DT = 0.002  # [s] a tick of each, on every robot
ROUNDS = 2
FAST = 6.0  # times as fast, so that joints reach their limits
POSTURE, DAMPING = 1e-2, 1e-6  # of mink and pink: costs, the roots of our weights
TARGETS, HELD_S, SEED = 40, 2.0, 0  # random targets, [s] each stands, of their draw
AWAY = 0.6  # [m] from where the tools are at home, at most, along each axis: where a target may be that is anywhere
REACHED = 1e-3  # [m]

Unsolved = list[bool]  # an entry for each tick that had no solution
Step = Callable[[dict[str, np.ndarray], dict[str, np.ndarray]], dict[str, np.ndarray]]  # targets, twists → tool poses
Made = tuple[Step, Callable[[], np.ndarray], Unsolved]
Hands = dict[str, np.ndarray]  # (4, 4) by arm


def compare(robot: str) -> dict[str, float]:
    """Return time, error and acceleration of each that can be imported: two speeds of the eights, random targets."""
    body = _inside(whole_body(load_embodiment(robot)))
    targets = random_targets(body, TARGETS, SEED)
    figures: dict[str, float] = {"random_targets": float(len(targets))}
    for name, make in (("ours", _ours), ("mink", _mink), ("pink", _pink)):
        try:
            for speed, factor in (("slow", 1.0), ("fast", FAST)):
                step, joints, unsolved = make(body, 1.0)
                drawn = _draw(body, step, joints, factor)
                drawn["unsolved"] = float(len(unsolved))
                figures |= {f"{name}_{speed}_{key}": value for key, value in drawn.items()}
            step, joints, unsolved = make(body, DT * WholeBodyConfig().pull)
            found = reach(body, step, joints, targets)
            found["unsolved"] = float(len(unsolved))
            figures |= {f"{name}_random_{key}": value for key, value in found.items()}
        except ImportError:
            continue
    return figures


def random_targets(body: Body, count: int, seed: int) -> list[tuple[Hands, bool]]:
    """Return poses of all hands, and whether a configuration in which nothing touches has its tools there."""
    random, start = np.random.default_rng(seed), WholeBody(body)
    home = {name: start.tool_pose(name) for name in start.hands}
    targets: list[tuple[Hands, bool]] = []
    while len(targets) < count:
        if reachable := len(targets) % 2 == 0:
            inside = 0.05 * (start.bounds.upper_range - start.bounds.lower_range)
            start.reset(random.uniform(start.bounds.lower_range + inside, start.bounds.upper_range - inside))
            if start.distances.minimum(start.T_odom_base) < 2.0 * start.config.distance:
                continue
            hands = {name: start.tool_pose(name) for name in home}
        else:
            hands = {name: np.eye(4) for name in home}
            for name, T in hands.items():
                write_matrix(normalise(tuple(random.normal(0.0, 1.0, 4))), T[:3, :3])
                T[:3, 3] = home[name][:3, 3] + random.uniform(-AWAY, AWAY, 3)
        targets.append((hands, reachable))
    return targets


def reach(
    body: Body, step: Step, joints: Callable[[], np.ndarray], targets: list[tuple[Hands, bool]], held: float = HELD_S
) -> dict[str, float]:
    """Let one go from target to target, each standing for `held` [s]; return time, and what is left of the ways."""
    start = WholeBody(body)
    moved, limits = start.model.columns, start.bounds
    acceleration = limits.acceleration[start.model.moved :]
    still = {name: np.zeros(6) for name in start.hands}
    left: dict[bool, list[float]] = {True: [], False: []}
    times, hardest = [], 0.0
    before, speed = joints()[moved], np.zeros(len(moved))
    for hands, reachable in targets:
        for _ in range(round(held / DT)):
            began = time.thread_time()
            tools = step(hands, still)
            times.append(time.thread_time() - began)
            q = joints()[moved]
            hardest = max(hardest, float((np.abs((q - before) / DT - speed) / (acceleration * DT)).max()))
            speed, before = (q - before) / DT, q
        left[reachable] += [float(np.linalg.norm(tools[name][:3, 3] - T[:3, 3])) for name, T in hands.items()]
    return {
        "cpu_us_median": 1e6 * float(np.median(times)),
        "reached_share": float(np.mean(np.array(left[True]) < REACHED)),
        "reachable_left_mm_median": 1e3 * float(np.median(left[True])),
        "reachable_left_mm_mean": 1e3 * float(np.mean(left[True])),
        "anywhere_left_mm_median": 1e3 * float(np.median(left[False])),
        "acceleration_share_max": hardest,
    }


def _inside(body: Body) -> Body:
    """Return the robot with a base that stands, at home but for joints at an end of their range: a little inside."""
    groups = {}
    for name, group in body.groups.items():
        inside = 0.05 * (group.upper - group.lower)
        posture = np.clip(group.posture, group.lower + inside, group.upper - inside)
        groups[name] = dataclasses.replace(group, posture=posture)
    return dataclasses.replace(body, groups=groups, base=None)


def _draw(body: Body, step: Step, joints: Callable[[], np.ndarray], factor: float) -> dict[str, float]:
    """Let one draw the eights `factor` times as fast, by the clock."""
    start = WholeBody(body)
    paths = {name: figure_eight(start.tool_pose(name), rate=factor * EIGHT_HZ) for name in start.hands}
    moved = start.model.columns
    acceleration = np.concatenate([group.acceleration for group in body.groups.values()])
    errors, times, hardest = [], [], 0.0
    before, speed = joints()[moved], np.zeros(len(moved))
    for tick in range(round(ROUNDS / (factor * EIGHT_HZ * DT))):
        s = (tick + 1) * DT
        targets = {name: path(s) for name, path in paths.items()}
        twists = {name: twist_of(path, s) for name, path in paths.items()}
        began = time.thread_time()
        tools = step(targets, twists)
        times.append(time.thread_time() - began)
        errors.append([np.linalg.norm(tools[name][:3, 3] - targets[name][:3, 3]) for name in targets])
        q = joints()[moved]
        hardest = max(hardest, float((np.abs((q - before) / DT - speed) / (acceleration * DT)).max()))
        speed, before = (q - before) / DT, q
    return {
        "cpu_us_median": 1e6 * float(np.median(times)),
        "rms_mm": 1e3 * float(np.sqrt(np.mean(np.square(errors)))),
        "max_mm": 1e3 * float(np.max(errors)),
        "acceleration_share_max": hardest,
    }


def _ours(body: Body, gain: float) -> Made:  # a share of the way a tick, which ours has of its own
    control = WholeBody(body)
    control.programme.progress_min = 1.0  # by the clock, as the others

    def step(targets: dict[str, np.ndarray], twists: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        hands = {}
        for name, T in targets.items():
            here = T.copy()  # the tick begins where the target was a tick ago
            here[:3, 3] -= DT * twists[name][:3]
            hands[name] = HandTarget(here, twists[name])
        control.tick(BodyTarget(hands), DT)
        return control.model.T_base_ee

    return step, lambda: control.model.q_whole.copy(), []


def _costs() -> tuple[float, float]:
    return 1.0, ROTATION_METRES


def _pink(body: Body, gain: float) -> Made:
    import pink
    from pink.limits import AccelerationLimit, ConfigurationLimit, VelocityLimit
    from pink.tasks import FrameTask, PostureTask

    start = WholeBody(body)
    model = start.model.pinocchio.copy()
    speed, acceleration = model.velocityLimit.copy(), np.full(model.nv, 1e3)
    speed[start.model.columns] = start.bounds.speed
    acceleration[start.model.columns] = start.bounds.acceleration
    model.velocityLimit = speed
    configuration = pink.Configuration(model, model.createData(), start.model.q_whole.copy())
    tasks = {name: FrameTask(body.groups[name].tool_frame, *_costs(), gain=gain) for name in start.hands}
    posture = PostureTask(cost=POSTURE, gain=DT)
    posture.set_target(configuration.q.copy())
    limits = [ConfigurationLimit(model), VelocityLimit(model), AccelerationLimit(model, acceleration)]
    unsolved: list[bool] = []

    def step(targets: dict[str, np.ndarray], twists: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for name, task in tasks.items():
            task.set_target(pin.SE3(targets[name]))
        every = [*tasks.values(), posture]
        try:
            v = pink.solve_ik(
                configuration, every, DT, solver="daqp", damping=DAMPING, limits=limits, safety_break=False
            )
        except pink.exceptions.NoSolutionFound:  # it stands until there is one again
            unsolved.append(True)
            v = np.zeros(model.nv)
        limits[-1].set_last_integration(v, DT)
        configuration.integrate_inplace(v, DT)
        frames = {name: body.groups[name].tool_frame for name in tasks}
        return {name: configuration.get_transform_frame_to_world(frame).homogeneous for name, frame in frames.items()}

    return step, lambda: configuration.q.copy(), unsolved


def _mink(body: Body, gain: float) -> Made:
    import mink
    import mujoco

    start = WholeBody(body)
    kept = '<mujoco><compiler fusestatic="false" discardvisual="true"/></mujoco></robot>'  # frames of tools stay
    model = mujoco.MjModel.from_xml_string(body.urdf.replace("</robot>", kept))
    names = [name for name in start.model.pinocchio.names if name != "universe"]
    column = {name: int(model.joint(name).qposadr[0]) for name in names}
    order = np.array([column[name] for name in names])
    configuration = mink.Configuration(model)
    unsolved: list[bool] = []
    q = np.zeros(model.nq)
    q[order] = start.model.q_whole
    configuration.update(q)
    tasks = {name: mink.FrameTask(body.groups[name].tool_frame, "body", *_costs(), gain=gain) for name in start.hands}
    posture = mink.PostureTask(model, cost=POSTURE, gain=DT)
    posture.set_target(q)
    speed = dict(zip(start.model.joints, start.bounds.speed, strict=True))
    limits = [mink.ConfigurationLimit(model), mink.VelocityLimit(model, {k: np.array([v]) for k, v in speed.items()})]

    def step(targets: dict[str, np.ndarray], twists: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for name, task in tasks.items():
            task.set_target(mink.SE3.from_matrix(targets[name]))
        every = [*tasks.values(), posture]
        try:
            v = mink.solve_ik(configuration, every, DT, solver="daqp", damping=DAMPING, limits=limits)
        except mink.NoSolutionFound:
            unsolved.append(True)
            v = np.zeros(model.nv)
        configuration.integrate_inplace(v, DT)
        frames = {name: body.groups[name].tool_frame for name in tasks}
        return {name: configuration.get_transform_frame_to_world(f, "body").as_matrix() for name, f in frames.items()}

    return step, lambda: configuration.q[order].copy(), unsolved
