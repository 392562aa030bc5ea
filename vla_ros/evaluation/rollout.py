# SPDX-License-Identifier: Apache-2.0
"""One episode in lockstep: world, controller and policy in one process, without ROS, on simulated time alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ChunkError, ConfigError
from controllers.follower import ChunkFollower
from vla_ros.evaluation.film import EpisodeFilm
from vla_ros.evaluation.observing import Observer
from vla_ros.evaluation.video import VideoWriter
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.detection import Explaining
from vla_ros.policies.capabilities.refusals import HearsRefusals
from vla_ros.policies.look_timing import LookTiming
from vla_ros.policies.needs import Needs
from vla_ros.policies.remote.network import Network
from vla_ros.sim.execution import Execution
from vla_ros.sim.lockstep_world import LockstepWorld
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.task import Task

JudgeFrom = Callable[[Truth], Judge]

LATENCY = 1  # which of a scene's random streams: latencies
PAUSE_MAX_S = 1.5  # [s] control refuses a chunk of what was seen 2 s ago


@dataclass(frozen=True)
class RolloutConfig:
    """Rates and waiting times of a roll-out."""

    control_hz: float = 500.0
    camera_hz: float = 10.0
    task_hz: float = 50.0
    film_hz: float = 10.0  # of a film's frames, where there is one
    # None: blocking, as GraspVLA evaluates (Appendix L): execute the chunk, settle, then look and infer. A number:
    # simulation goes on during an inference of that long.
    latency_s: float | None = None
    jitter_s: float = 0.0  # [s] an inference takes latency_s ± this, as over `Network`
    loss: float = 0.0  # share of messages to and from the policy that are lost once
    outage_s: float = 0.0  # [s] in which nothing comes through …
    every_s: float = 0.0  # … again and again after so long [s]; 0: never
    latency_seed: int = 0  # of what is drawn of them
    pause_s: float = 0.0  # when blocking: the arm rests during an inference of that long
    settle_speed: float = 0.02  # [rad/s] of the fastest joint
    settle_s: float = 0.5  # [s] at most
    patience_s: float = 5.0  # [s] of nothing but invalid, terminated or refused chunks: the policy has given up

    def __post_init__(self) -> None:
        for name in ("control_hz", "camera_hz", "task_hz", "film_hz", "settle_speed", "patience_s"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ConfigError(f"rollout: {name} must be above 0, got {value}")
        if self.latency_s is not None and not 0.0 <= self.latency_s <= 10.0:
            raise ConfigError(f"inference latency must be 0 to 10 s, got {self.latency_s}")
        if self.latency_s is None and (self.jitter_s or self.loss or self.every_s):
            raise ConfigError("an inference that the world waits for has no network: give latency_s")
        _ = self.network
        if not 0.0 <= self.pause_s <= PAUSE_MAX_S:
            raise ConfigError(f"a blocking inference may take 0 to {PAUSE_MAX_S:g} s, got {self.pause_s}")
        if self.pause_s and self.latency_s is not None:
            raise ConfigError("an evaluation is blocking or not: leave --blocking or --non-blocking out")

    @property
    def network(self) -> Network:
        """Return what observations and chunks go through when simulation does not wait. Raises ConfigError."""
        return Network(self.latency_s or 0.0, self.jitter_s, self.loss, self.outage_s, self.every_s)


class Rollout:
    """Run one policy in one world until its episode is over."""

    def __init__(
        self,
        world: LockstepWorld,
        follower: ChunkFollower,
        policy: Policy,
        task: Task | JudgeFrom,  # or what makes the judge from where everything is at the start
        config: RolloutConfig | None = None,
        limits: TaskLimits | None = None,
        video: VideoWriter | None = None,
        needs: Needs | None = None,  # of the policy; None: it is shown everything
    ) -> None:
        self.world, self.follower, self.policy = world, follower, policy
        self.config = config or RolloutConfig()
        self.steps = 0  # actions executed
        self.refused: str = ""  # why the last refused chunk was refused
        self._observer = Observer(world, world.scene.instruction, 1.0 / self.config.camera_hz, needs)
        self._film = None if video is None else EpisodeFilm(world, policy, video, self.config.film_hz, needs)
        self._substeps = max(1, round(1.0 / (self.config.control_hz * world.timestep)))
        self._ticks_a_task = max(1, round(self.config.control_hz / self.config.task_hz))
        self._dt = self._substeps * world.timestep
        self._ticks = 0
        self._execution = Execution(world, {name: arm.drive.command for name, arm in follower.arms.items()})
        judge_from = task if callable(task) else _judge_from(task, world, limits)
        self.judge: Judge = judge_from(self._truth())
        self._idle_since: float | None = None
        self._timing = LookTiming()
        self._network, self._draws = self.config.network, np.random.default_rng([self.config.latency_seed, LATENCY])
        self._observer.instruct(self.judge.instruction)

    def run(self) -> Judge:
        """Run to the end and return the verdict."""
        world = self.world
        self.policy.reset()
        self._execution.tell_base(self.follower)
        self.follower.activate(world.q, world.dq, self._execution.begin(), world.time)
        while not self.judge.finished:
            if self.config.latency_s is None:
                self._blocking_round()
            else:
                self._non_blocking_round(self._latency())
        if self.config.latency_s is not None:
            self.steps = round(world.time * self.config.camera_hz)
        return self.judge

    @property
    def width_commanded(self) -> float:
        """Return the width that the one gripper was told last [m]; before the first command the measured one."""
        return self._told(self.world.embodiment.only_gripper.name)

    def _told(self, gripper: str) -> float:
        return self._execution.end_effectors[f"{gripper}/width"]

    def cause(self) -> str:
        """Say in words why the episode failed; empty for a success."""
        explaining = capability(self.policy, Explaining)
        reason = self.refused or (explaining.explanation if explaining is not None else "")
        return self.judge.cause(reason)

    def _blocking_round(self) -> None:
        chunk = self.policy.infer(self._observe())
        self._advance(self.world.time + self.config.pause_s)
        self.steps += len(chunk.times)
        end = self.world.time + chunk.duration
        accepted = self._submit(chunk)
        # A chunk that moves nothing takes its time all the same, or the world would stand still.
        self._advance(end)
        # The filter reaches the last point a little later; a chunk slowed down by limits or contact much later.
        deadline = end + 1.0 + 2.0 * chunk.duration
        while accepted and not self.follower.progress.hold_reason and self.world.time < deadline and self._tick():
            pass
        settled_by = self.world.time + self.config.settle_s
        while np.abs(self.world.dq).max() > self.config.settle_speed and self.world.time < settled_by and self._tick():
            pass

    def _latency(self) -> float:
        """Return how long the chunk of what is seen now takes to come [s]."""
        there = self._network.arrival(self.world.time, self._draws)
        return self._network.arrival(there, self._draws) - self.world.time

    def _non_blocking_round(self, latency: float) -> None:
        """Look, think for `latency` while the world goes on, hand over; go on to the camera frame to look at next."""
        period = 1.0 / self.config.camera_hz
        seen = self.world.time
        chunk = self.policy.infer(self._observe())
        self._advance(seen + latency)
        if self.judge.finished:
            return
        accepted, came = self._submit(chunk), self.world.time
        self._timing.add(latency, chunk.duration, came)
        frames = max(1, math.ceil(latency / period - 1e-9))
        while not self.judge.finished:
            self._advance(seen + frames * period)
            begun = self.world.time > came + 0.5 * self._dt  # else control has not looked at it yet
            remaining = self.follower.progress.remaining_s if begun or not accepted else chunk.duration
            if self._timing.due(remaining, self.world.time):
                return
            frames += 1

    def _observe(self):
        return self._observer.observe(self.follower.progress)

    def _submit(self, chunk: ActionChunk) -> bool:
        try:
            self.follower.submit(chunk, self.world.time)
        except ChunkError as error:
            self.refused = str(error)
            hearing = capability(self.policy, HearsRefusals)
            if hearing is not None:
                hearing.chunk_refused(self.refused)
            self._idle()
            return False
        if chunk.status is TaskStatus.ONGOING:
            self._idle_since, self.refused = None, ""
        else:
            self._idle()
        return True

    def _idle(self) -> None:
        if self._idle_since is None:
            self._idle_since = self.world.time
        elif self.world.time - self._idle_since >= self.config.patience_s:
            self.judge.give_up()

    def _advance(self, until: float) -> None:
        while self.world.time < until - 0.5 * self._dt and self._tick():
            pass

    def _tick(self) -> bool:
        """Run one control period; say whether the task goes on."""
        world = self.world
        self._execution.tell_base(self.follower)
        command = self.follower.tick(world.time, self._dt, world.q, world.dq)
        self._execution.execute(command)
        world.step(self._substeps)
        self._ticks += 1
        if self._ticks % self._ticks_a_task == 0:
            self.judge.update(self._truth())
            self._observer.instruct(self.judge.instruction)
            self._observer.remember()
            if self._film is not None:
                self._film.add_when_due()
        return not self.judge.finished

    def _truth(self) -> Truth:
        world = self.world
        tools = {arm.name: world.last_pose(arm.tool_frame) for arm in world.embodiment.arms}
        objects = {name: world.last_pose(name) for name in world.object_names}
        cloths = {name: world.last_vertices(name) for name in world.bodies.cloths}
        widths = {gripper: self._told(gripper) for gripper in world.grippers}
        truth = Truth(world.time, objects, widths, tools, world.bodies.joint_positions(), cloths)
        return truth if world.base is None else truth.before_driving(world.base.T_odom_base)


def _judge_from(task: Task, world: LockstepWorld, limits: TaskLimits | None) -> JudgeFrom:
    """Return what makes the judge of a task of ours, in a scene of ours."""
    scene = world.scene
    if not isinstance(scene, Scene):
        raise ConfigError("a task is judged in scenes of its own: give what makes the judge of another world's")
    shown = announcement(task, scene)
    return lambda start: task.judge(shown, world.embodiment, start, limits or task.limits)
