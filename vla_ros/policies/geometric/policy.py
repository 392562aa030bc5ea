# SPDX-License-Identifier: Apache-2.0
"""Grasp what the instruction names, from geometry alone: look, reach, close, check, lift, and again if need be.

What is in the hand when an instruction begins (a policy that was started again, the thing of the sentence before) is
put down below first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from functools import partial

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import VlaError
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.actions.single_arm import SingleArmCodec, SingleArmObservation
from vla_ros.policies.capabilities.detection import Detection
from vla_ros.policies.geometric.config import GeometricConfig
from vla_ros.policies.geometric.grasps.gripper_space import GripperDimensions
from vla_ros.policies.geometric.grasps.judge import GraspJudge
from vla_ros.policies.geometric.grasps.planner import PointCloudGraspPlanner
from vla_ros.policies.geometric.grasps.reachability import Reach
from vla_ros.policies.geometric.in_hand import lowest_in_hand
from vla_ros.policies.geometric.language import Request, Vocabulary, parse_instruction
from vla_ros.policies.geometric.motion import Walker, rotation_between
from vla_ros.policies.geometric.perceiving.color_naming import ColorNamer
from vla_ros.policies.geometric.perceiving.memory_cache import remember
from vla_ros.policies.geometric.perceiving.perception import Perception, TableView
from vla_ros.policies.geometric.perceiving.segmentation import Segment
from vla_ros.policies.geometric.perceiving.self_filter import RobotShape
from vla_ros.policies.geometric.places import PlaceRequest, other_thing, read_place, told_by_place
from vla_ros.policies.geometric.target import Candidate, TargetFinder, detect
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment, expand_urdf

Step = tuple[list[np.ndarray], float, TaskStatus]  # poses (4, 4), the gripper's width [m], the status of a chunk

OPEN_SHARE = 0.95  # of the widest opening: fingers further apart than this are open
PUSHED = 0.012  # [m] the tool stays above where it is sent: something stands in its way
STANDS = 0.02  # [m/s] slower than this downwards is no way down


class PolicyPhase(Enum):
    """What the policy is doing."""

    SQUEEZE = "squeeze"
    PUT_BACK = "put back"
    LET_GO = "let go"
    LOOK = "look"
    REACH = "reach"
    CLOSE = "close"
    LIFT = "lift"
    RETREAT = "retreat"
    CARRY = "carry"
    LOWER = "lower"
    RELEASE = "release"
    WITHDRAW = "withdraw"
    PLACED = "placed"
    DONE = "done"
    ABSENT = "absent"


HOLDING = frozenset(
    (PolicyPhase.LIFT, PolicyPhase.DONE, PolicyPhase.CARRY, PolicyPhase.LOWER)
)  # something is between the fingers


class GeometricPolicy:
    """The baseline policy: RGB-D cameras, joint state and words in; delta end-effector chunks out."""

    def __init__(
        self,
        embodiment: Embodiment,
        catalogue: Catalogue,
        config: GeometricConfig | None = None,
        judge: GraspJudge | None = None,
    ) -> None:
        """`judge`: who else than the cost says which grasps are good."""
        self.config = config = config or GeometricConfig()
        self.codec = SingleArmCodec.of(embodiment, config.anchor, config.period, config.horizon)
        arm, gripper = embodiment.arm(self.codec.arm), embodiment.gripper(self.codec.gripper)
        urdf = expand_urdf(embodiment)
        self._tool_frame = arm.tool_frame
        self._vocabulary = Vocabulary.of(catalogue.categories, catalogue.synonyms, catalogue.colors)
        self._robot = RobotShape(urdf, arm.joints, gripper.joints)
        self._perception = Perception(self._robot, config.perception)
        memory = remember(catalogue, config.recognition)
        self._namer = ColorNamer(color_ranges(), everything=not catalogue.procedural)
        self._finder = TargetFinder(memory, self._namer, config.target)
        self._arm_reach = Reach(urdf, arm)
        self._dimensions = GripperDimensions.of(gripper)
        self._planner = PointCloudGraspPlanner(self._arm_reach, self._dimensions, config, judge)
        self._walker = Walker(config.motion)
        self._open = gripper.width_max
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.phase = PolicyPhase.LOOK
        self.explanation = ""  # why the last chunk was invalid
        self.candidates: list[Candidate] = []
        self._detections: tuple[list[Candidate], tuple[Detection, ...]] = (self.candidates, ())
        self._grasp: Grasp | None = None
        self.view: TableView | None = None
        self._instruction: str | None = None
        self._request = Request(None, (), False)
        self._place: PlaceRequest | None = None  # what else tells the thing from others of its name
        self._perception.reset()
        self._planner.reset()
        self._walker.halt()
        self._target_center: np.ndarray | None = None
        self._looks = 0
        self._squeezed = False  # whether it has been found out if something is in the hand
        self._attempts = 0
        self._withdrawals = 0  # times the arm went back to where it started to see better
        self._T_base_start: np.ndarray | None = None
        self._phase_start = 0.0
        self._widths: list[float] = []
        self._clearance = 0.1
        self._sequence = 0

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next four steps."""
        started = time.perf_counter()
        seen = self.codec.view(observation)
        if observation.instruction != self._instruction:
            if self._instruction is not None:
                self.reset()
            self._instruction = observation.instruction
            self._read(observation.instruction)
        poses, width, status = self._decide(seen)
        targets = self.codec.targets(poses, [width] * len(poses))
        self._sequence += 1
        spent = time.perf_counter() - started
        return self.codec.chunk_of_targets(observation, targets, status, self._sequence, spent)

    def _read(self, instruction: str) -> None:
        """Take a new instruction."""
        self._request = parse_instruction(instruction, self._vocabulary)
        self._place = read_place(instruction, self._vocabulary)

    @property
    def grasp(self) -> Grasp:
        """Return the grasp that is being carried out. Raises VlaError before one was planned."""
        if self._grasp is None:
            raise VlaError("the geometric policy has planned no grasp yet")
        return self._grasp

    @property
    def detections(self) -> tuple[Detection, ...]:
        """Return what lies on the table and how well it fits; the same tuple until the policy looks again."""
        if self._detections[0] is not self.candidates:
            self._detections = (self.candidates, detect(self.candidates, self._request))
        return self._detections[1]

    # -- phases ----------------------------------------------------------------------------------------------------
    def _decide(self, observation: SingleArmObservation) -> Step:
        """Return what the next chunk says."""
        if not self._request.known:
            self.explanation = f"nothing I know is named in '{observation.instruction}'"
            self._enter(PolicyPhase.ABSENT, observation)
        if self.phase in HOLDING and observation.state.gripper_width < self.config.episode.width_min:
            return self._give_up_grasp(observation)  # what was between the fingers is lost
        return self._phases[self.phase](observation)

    @property
    def _phases(self) -> dict[PolicyPhase, Callable[[SingleArmObservation], Step]]:
        return {
            PolicyPhase.SQUEEZE: self._squeeze,
            PolicyPhase.PUT_BACK: self._put_back,
            PolicyPhase.LET_GO: self._let_go,
            PolicyPhase.LOOK: self._look,
            PolicyPhase.REACH: self._reach,
            PolicyPhase.CLOSE: self._close,
            PolicyPhase.LIFT: self._lift,
            PolicyPhase.RETREAT: self._retreat,
            PolicyPhase.DONE: self._done,
            PolicyPhase.ABSENT: self._absent,
        }

    def _squeeze(self, observation: SingleArmObservation) -> Step:
        """Find out whether fingers that are partly closed hold something."""
        if not self._fingers_stopped(observation):
            return self._still(observation, 0.0)
        self._squeezed = True
        self._perception.settle(observation)
        view = self._perception.perceive(observation)
        if view is None or self._widths[-1] <= self.config.episode.width_min:
            self._enter(PolicyPhase.LOOK, observation)
            return self._look(observation)
        T = observation.state.T_base_ee
        way = lowest_in_hand(view, T, self._dimensions.tip) - view.table - self.config.placement.gap
        self._T_let_go = T.copy()
        self._T_let_go[2, 3] -= max(way, 0.0)
        self._enter(PolicyPhase.PUT_BACK, observation)
        return self._put_back(observation)

    def _put_back(self, observation: SingleArmObservation) -> Step:
        """Go straight down until what is in the hand stands on something."""
        T, now = self.codec.T_base_anchor(observation), observation.state.T_base_ee
        touched = now[2, 3] - T[2, 3] > PUSHED and self._tool_velocity(observation)[2] > -STANDS
        if touched or abs(T[2, 3] - self._T_let_go[2, 3]) < 0.002:
            self._enter(PolicyPhase.LET_GO, observation)
            return self._let_go(observation)
        return self._go(observation, T, self._T_let_go, self.config.motion.final_speed, 0.0)

    def _let_go(self, observation: SingleArmObservation) -> Step:
        if observation.stamp - self._phase_start >= self.config.placement.release_s:
            return self._withdraw_from_table(observation)
        return self._still(observation, self._open)

    def _look(self, observation: SingleArmObservation) -> Step:
        if not self._squeezed and self._partly_closed(observation):
            self._enter(PolicyPhase.SQUEEZE, observation)
            return self._squeeze(observation)
        self._squeezed = True
        self._looks += 1
        if self._T_base_start is None:
            self._T_base_start = observation.state.T_base_ee
        if self._see(observation) and self._plan(observation):
            self._enter(PolicyPhase.REACH, observation)
            return self._reach(observation, fresh=True)
        if self._attempts > self._withdrawals:
            # After a failed grasp the hand itself may be in the way of the cameras.
            self._withdrawals = self._attempts
            self._retreat_goal = self._T_base_start
            self._enter(PolicyPhase.RETREAT, observation)
            return self._retreat(observation)
        if self._looks >= self.config.episode.looks:
            fits = bool(self.candidates) and self.candidates[0].fits
            self.explanation = (
                "what is named is there but no grasp of it is in reach" if fits else "what is named is not in view"
            )
            self._enter(PolicyPhase.ABSENT, observation)
            return self._absent(observation)
        return self._still(observation, self._open)

    def _reach(self, observation: SingleArmObservation, fresh: bool = False) -> Step:
        config = self.config.episode
        T = self.codec.T_base_anchor(observation)
        distance = np.linalg.norm(T[:3, 3] - self.grasp.T_base_grasp[:3, 3])
        if not fresh and distance > config.blind:
            self._follow_target(observation)
        goal = self.grasp.T_base_grasp
        error = np.linalg.norm(observation.state.T_base_ee[:3, 3] - goal[:3, 3])
        commanded = np.linalg.norm(T[:3, 3] - goal[:3, 3])
        if commanded < 0.001 and rotation_between(T, goal) < config.arrived_angle:
            self._arrivals += 1
            # A pose pushed off by contact never quite arrives; waiting longer does not change it.
            if error < config.arrived or self._arrivals >= 3:
                self._enter(PolicyPhase.CLOSE, observation)
                return self._close(observation)
        if commanded > 0.03 and error > commanded + 0.03 and np.abs(observation.state.dq).max() < 0.02:
            # Something holds the arm back: go on from where it is, not from where it was sent.
            T = observation.state.T_base_ee
        self._walker.velocity = self._tool_velocity(observation)
        poses = []
        for _ in range(self.codec.horizon):
            T = self._walker.approach(T, goal, self._clearance, self.codec.period)
            poses.append(T)
        return poses, self.grasp.opening, TaskStatus.ONGOING

    def _close(self, observation: SingleArmObservation) -> Step:
        if not self._fingers_stopped(observation):
            return self._still(observation, 0.0)
        if self._widths[-1] > self.config.episode.width_min:
            self._enter(PolicyPhase.LIFT, observation)
            return self._lift(observation)
        return self._give_up_grasp(observation)

    def _lift(self, observation: SingleArmObservation) -> Step:
        goal = self._arm_reach.lifted(self.grasp.T_base_grasp, self.config.episode.lift)
        T = self.codec.T_base_anchor(observation)
        if np.linalg.norm(observation.state.T_base_ee[:3, 3] - goal[:3, 3]) < 0.02:
            self._enter(PolicyPhase.DONE, observation)
            return self._done(observation)
        return self._go(observation, T, goal, self.config.motion.lift_speed, 0.0)

    def _retreat(self, observation: SingleArmObservation) -> Step:
        T = self.codec.T_base_anchor(observation)
        if np.linalg.norm(T[:3, 3] - self._retreat_goal[:3, 3]) < 0.01:
            if self._attempts >= self.config.episode.attempts:
                self.explanation = f"{self._attempts} grasps failed"
                self._enter(PolicyPhase.ABSENT, observation)
                return self._absent(observation)
            self._enter(PolicyPhase.LOOK, observation)
            self._looks = 0
            return self._still(observation, self._open)
        return self._go(observation, T, self._retreat_goal, self.config.motion.speed, self._open)

    def _done(self, observation: SingleArmObservation) -> Step:
        held = observation.stamp - self._phase_start >= self.config.episode.hold_s
        poses, width, _ = self._still(observation, 0.0)
        return poses, width, TaskStatus.TERMINATED if held else TaskStatus.ONGOING

    def _absent(self, observation: SingleArmObservation) -> Step:
        # What nobody asked for stays in the hand until a sentence comes that can be followed.
        holds = not self._squeezed and self._partly_closed(observation)
        poses, width, _ = self._still(observation, 0.0 if holds else self._open)
        return poses, width, TaskStatus.INVALID

    # -- what the phases share -------------------------------------------------------------------------------------
    def _enter(self, phase: PolicyPhase, observation: SingleArmObservation) -> None:
        if phase is not self.phase:
            self.phase, self._phase_start = phase, observation.stamp
            self._widths = []
            self._arrivals = 0
            self._walker.halt()
            if phase is PolicyPhase.CLOSE:
                self._attempts += 1

    def _see(self, observation: SingleArmObservation) -> bool:
        """Look; say whether the target is there."""
        self._perception.settle(observation)
        self.view = self._perception.perceive(observation)
        known = self._target_center if self._attempts else None
        self.candidates = []
        if self.view:
            self.candidates = self._finder.rank(self.view.things, self._request, self.view.camera_height, known)
            if self._place is not None:
                self.candidates = told_by_place(self.candidates, self._place, self._other_thing(self.view, self._place))
        return bool(self.candidates) and self.candidates[0].fits

    def _other_thing(self, view: TableView, place: PlaceRequest) -> Segment | None:
        if place.anchor is None:
            return None
        return other_thing(self._finder.rank(view.things, place.anchor, view.camera_height))

    def _plan(self, observation: SingleArmObservation) -> bool:
        """Plan a grasp of the best candidate; say whether there is one."""
        chosen = self.candidates[0].segment
        view = self.view
        if view is None:
            return False
        grasp = self._planned(chosen, view, observation)
        if grasp is None:
            return False
        self._grasp = grasp
        self._target_center = chosen.center
        self._clearance = self._planner.clearance(grasp, view, observation)
        return True

    def _planned(self, target: Segment, view: TableView, observation: SingleArmObservation) -> Grasp | None:
        around = partial(self._perception.surroundings, observation, view, target)
        return self._planner.plan(target, view, observation, around)

    def _follow_target(self, observation: SingleArmObservation) -> None:
        """Look again on the way and plan anew when the target has moved."""
        view = self._perception.perceive(observation, self._target_center, 0.12)
        if view is None or not view.things:
            return
        gaps = [np.linalg.norm(item.center - self._target_center) for item in view.things]
        nearest = int(np.argmin(gaps))
        if self.config.episode.moved < gaps[nearest] < self.config.target.near:
            self.view = view
            grasp = self._planned(view.things[nearest], view, observation)
            if grasp is not None:
                self._grasp, self._target_center = grasp, view.things[nearest].center

    def _give_up_grasp(self, observation: SingleArmObservation) -> Step:
        """Open, go up, look again; never try the same grasp twice."""
        self._planner.remember_failure(self.grasp)
        return self._withdraw_from_table(observation)

    def _withdraw_from_table(self, observation: SingleArmObservation) -> Step:
        self._enter(PolicyPhase.RETREAT, observation)
        self._retreat_goal = self._arm_reach.lifted(observation.state.T_base_ee, self.config.episode.retreat)
        return self._retreat(observation)

    def _fingers_stopped(self, observation: SingleArmObservation) -> bool:
        """Note how far closing fingers are; say whether they have come to their end."""
        config = self.config.episode
        waited = observation.stamp - self._phase_start
        self._widths.append(observation.state.gripper_width)
        still = len(self._widths) > 2 and abs(self._widths[-1] - self._widths[-2]) < config.width_still
        return (waited > config.close_s and still) or waited > config.close_max_s

    def _partly_closed(self, observation: SingleArmObservation) -> bool:
        return self.config.episode.width_min < observation.state.gripper_width < OPEN_SHARE * self._open

    def _go(
        self, observation: SingleArmObservation, T: np.ndarray, goal: np.ndarray, speed: float, width: float
    ) -> Step:
        self._walker.velocity = self._tool_velocity(observation)
        poses = []
        for _ in range(self.codec.horizon):
            T = self._walker.straight(T, goal, speed, self.codec.period)
            poses.append(T)
        return poses, width, TaskStatus.ONGOING

    def _still(self, observation: SingleArmObservation, width: float) -> Step:
        T = self.codec.T_base_anchor(observation)
        return [T] * self.codec.horizon, width, TaskStatus.ONGOING

    def _tool_velocity(self, observation: SingleArmObservation) -> np.ndarray:
        return self._robot.tool_velocity(self._tool_frame, observation.state.q, observation.state.dq)
