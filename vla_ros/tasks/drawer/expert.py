# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of the drawer task: pulls the handle, places as the placing expert does, pushes closed.

What comes next follows from the truth alone: a drawer that is shut too early is opened again.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.actions.single_arm import SingleArmObservation
from vla_ros.policies.capabilities.refusals import Answer, Refusals
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import MotionPhase, Step, retreat
from vla_ros.sim.world import World
from vla_ros.tasks.drawer.drawers import Drawer, asked_drawer
from vla_ros.tasks.drawer.motion import leave
from vla_ros.tasks.drawer.planning import HandlePlanner
from vla_ros.tasks.placing.expert import PlacingExpert
from vla_ros.tasks.placing.planning import Site
from vla_ros.tasks.placing.receptacles import Body, Receptacle

OPEN = 0.7  # of its travel from which on a drawer is open
SHUT = 0.003  # [m] from which on it is closed
MOUTH = 0.01  # [m] that what is put in stays before the cabinet


class DrawerExpert:
    """Open, fill, close: each planned when it is due, from where the arm is commanded to be."""

    def __init__(self, world: World, arm: ArmModel) -> None:
        self.world = world
        self.drawer = asked_drawer(world.scene)
        self.filling = FillingExpert(world, arm, self.drawer)
        self.codec, self.motion = self.filling.codec, self.filling.motion
        self.handles = HandlePlanner(world, arm, self.motion)
        self._body = Body.of(world.scene.target_object.model)
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.filling.reset()
        self._refused = ""
        self._steps: list[Step] = []
        self._index = 0  # of the next action to send
        self._sent = 0  # actions in the last chunk
        self._stamp = -np.inf  # [s] of the last look
        self._refusals = Refusals()  # of its own chunks; the placing expert counts its own

    @property
    def explanation(self) -> str:
        """Return why there is nothing to do, in words."""
        return self._refused or self.filling.explanation

    @property
    def opening(self) -> float:
        """Return how far the drawer is open [m]."""
        return self.world.joint_position(self.drawer.joint)

    @property
    def inside(self) -> bool:
        """Say whether the object lies in the drawer."""
        T_base_object = self.world.object_pose(self.filling.target)
        return self.drawer.holds(self.opening, self._body, T_base_object)

    def chunk_refused(self, reason: str) -> None:
        """Take why control refused the last chunk: nothing of it is done."""
        if self._sent:
            self._sent = 0
            self._refusals.hear(reason)
        else:
            self.filling.chunk_refused(reason)

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next actions: those of a way under way, else of the first of the three that is not done."""
        seen, answer = self.codec.view(observation), self._refusals.answer()
        if answer is Answer.GIVE_UP:
            self._refused = self._refusals.explanation
            return self._rest(observation)
        if answer is Answer.PLAN_AGAIN:
            self._begin([])
        elapsed = seen.stamp - self._stamp
        self._index += min(self._sent, round(elapsed / self.motion.period)) if np.isfinite(elapsed) else 0
        self._stamp, self._sent = seen.stamp, 0
        if self._pushing and self.opening <= SHUT:
            self._begin(self._leave(seen))
        if self._index >= len(self._steps):
            if self._fills:
                return self.filling.infer(observation)
            self._begin(self._next(seen))
        steps = self._steps[self._index : self._index + self.codec.horizon]
        if not steps:
            return self._rest(observation)
        self._sent = self.codec.horizon
        return self.filling.send(seen, steps + [steps[-1]] * (self.codec.horizon - len(steps)))

    @property
    def _phase(self) -> MotionPhase | None:
        return self._steps[self._index].phase if self._index < len(self._steps) else None

    @property
    def _pushing(self) -> bool:
        return self._phase is MotionPhase.PUSH

    @property
    def _fills(self) -> bool:
        """Say whether the placing expert is to act: the drawer is open, and it is not done."""
        return self.opening >= OPEN * self.drawer.travel and (self.filling.busy or not self.inside)

    def _begin(self, steps: list[Step]) -> None:
        self._steps, self._index = steps, 0

    def _next(self, seen: SingleArmObservation) -> list[Step]:
        """Return the way to open or to close the drawer; nothing where all is done, or where there is no way."""
        self._refused = ""
        T_start, q = seen.T_base_ee_commanded, seen.state.q
        if self.inside and self.opening <= SHUT:
            return []
        back = self._back_off(seen)
        if back:
            T_start = back[-1].T_base_ee
            q = self.handles.posture(T_start, q)
        plan = self.handles.push if self.inside else self.handles.pull
        steps = plan(self.drawer, self.opening, T_start, q)
        if steps is None:
            self._refused = f"no reachable way to {'close' if self.inside else 'open'} the drawer"
            return []
        return back + steps

    def _back_off(self, seen: SingleArmObservation) -> list[Step]:
        """Return the way off a handle that is still between or before the fingers."""
        T = seen.T_base_ee_commanded
        if np.linalg.norm(T[:3, 3] - self.drawer.handle_at(self.opening)) > 0.08:
            return []
        return retreat(T, self._full, self.motion)

    def _leave(self, seen: SingleArmObservation) -> list[Step]:
        return leave(seen.T_base_ee_commanded, self.drawer.outward, self._full, self.motion)

    @property
    def _full(self) -> float:
        return self.world.embodiment.gripper(self.codec.gripper).width_max

    def _rest(self, observation: Observation) -> ActionChunk:
        """Return a chunk that stays; it is over where all is done."""
        seen = self.codec.view(observation)
        here = Step(seen.T_base_ee_commanded, seen.state.gripper_width, MotionPhase.RETREAT)
        done = TaskStatus.TERMINATED if self.inside and self.opening <= SHUT else TaskStatus.INVALID
        return self.filling.send(seen, [here] * self.codec.horizon, done)


class FillingExpert(PlacingExpert):
    """Place into the opened part of a drawer."""

    def __init__(self, world: World, arm: ArmModel, drawer: Drawer) -> None:
        self._drawer = drawer
        super().__init__(world, arm)

    def site(self) -> Site:
        """Return the middle of what is open of the drawer now."""
        drawer, opening = self._drawer, self.world.joint_position(self._drawer.joint)
        receptacle = self._receptacle
        T = drawer.pose(opening)
        corners = np.array(receptacle.outline)
        front = float((corners @ np.array(drawer.axis)[:2]).max())
        middle = corners.mean(axis=0)
        along = front - (opening - MOUTH) / 2 - middle @ np.array(drawer.axis)[:2]
        shift = np.append(middle + along * np.array(drawer.axis)[:2], 0.0)
        T[:3, 3] += T[:3, :3] @ shift
        outline = tuple((float(x), float(y)) for x, y in corners - shift[:2])
        return Site(T, Receptacle(outline, receptacle.floor, receptacle.rim))

    @cached_property
    def _receptacle(self) -> Receptacle:
        return self._drawer.inside

    @property
    def busy(self) -> bool:
        """Say whether it is putting down, or its hand is still leaving what it put down."""
        return self._placing and self._index < len(self._steps)
