# SPDX-License-Identifier: Apache-2.0
"""Any robot, both hands and a network between them in lockstep: packets as they arrive, commanded poses as they come.

Real are the bridge's arithmetic (`Teleoperation`) and control's follower; joints follow their commands as servos do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from arms.position_arm import ServoArm
from pages.hand_packets import Packet

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.errors import ChunkError
from controllers.rotations import from_matrix
from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.protocol import Hands, HandSample
from vla_ros.teleop.teleoperation import ArmReading, Teleoperation

DT = 0.002  # [s] of control
REPORT_S, STATE_S = 0.02, 0.05  # [s] of control/progress and control/commanded_pose; of the bridge's look for silence
UNTURNED = (0.0, 0.0, 0.0, 1.0)
POLICY_STEP, POLICY_STEPS = 0.1, 15  # [s] of a policy's chunk
Place = Callable[[float], np.ndarray]  # time [s] → shift of the hand (3,) [m] in the robot's axes


@dataclass
class Report:
    """One message of control/progress, as far as a recording tells by it who moves the arm."""

    time: float
    source: str
    hold_reason: str


@dataclass
class TeleoperatedRobot:
    """A robot whose every arm follows a hand of its own; all hands do the same."""

    name: str
    place: Place
    packets: Iterable[Packet]
    silent_at: list[float] = field(default_factory=list)  # [s] when the bridge let go of hands that it did not hear

    def __post_init__(self) -> None:
        embodiment, config = load_embodiment(self.name), load_control_config(self.name)
        self.config, self.embodiment = config, embodiment
        self.follower = FollowerFactory(embodiment, config, "position").make()
        home = {j: q for group in embodiment.driven_groups for j, q in zip(group.joints, group.home, strict=True)}
        self._servo = ServoArm(np.array([home[joint] for joint in self.follower.joints]))
        widths = {f"{gripper.name}/width": gripper.width_max for gripper in embodiment.grippers}
        self.follower.activate(self._servo.q, self._servo.dq, widths, self.now)
        box = np.array(config.workspace_lower), np.array(config.workspace_upper)
        self.teleoperation = Teleoperation(embodiment, *box)
        self.arms = tuple(self.follower.arms)
        self.paths: dict[str, list[np.ndarray]] = {arm: [] for arm in self.arms}  # (7,) commanded, each tick
        self.joints: list[np.ndarray] = []  # (N,) commanded, each tick
        self.reports: list[Report] = []
        self.refusals: list[str] = []
        self.policy: Callable[[float], np.ndarray] | None = None  # speed (3,) [m/s] of a policy's tools, while one runs
        self.taken = True  # the operator is in charge
        self._waiting = deque(self.packets)
        self._count = self._ticks = self._policy_sequence = 0
        self._read()

    @property
    def now(self) -> float:
        """Return the time [s] of all."""
        return self._servo.time

    @property
    def joint_limits(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the arms' limits of speed [rad/s] and acceleration [rad/s²] (N,)."""
        arms = self.embodiment.arms
        return np.concatenate([arm.velocity for arm in arms]), np.concatenate([arm.acceleration for arm in arms])

    def path(self, arm: str) -> np.ndarray:
        """Return where an arm's tool was commanded to be (T, 7), one row a tick."""
        return np.array(self.paths[arm])

    def commanded(self, arm: str) -> Pose:
        """Return where an arm's tool is commanded to be now."""
        T = self.follower.progress.arms[arm].T_base_ee_commanded
        return Pose(T[:3, 3].copy(), from_matrix(T[:3, :3]))

    def run(self, duration: float) -> None:
        """Let time pass [s]."""
        for _ in range(round(duration / DT)):
            if self._ticks % round(REPORT_S / DT) == 0:
                self._read()
            if self._ticks % round(STATE_S / DT) == 0 and self.teleoperation.silent(self.now):
                self.silent_at.append(self.now)
            if self.policy is not None and self._ticks % round(0.1 / DT) == 0:
                self._infer(self.policy(self.now))
            while self._waiting and self._waiting[0].arrives <= self.now + 1e-9:
                self._hear(self._waiting.popleft())
            chunk = self.teleoperation.due(self.now, self.now)  # as the bridge does, once it has heard a bunch
            if chunk is not None:
                self._submit(chunk, "teleop")
            self._tick()

    def take(self) -> None:
        """Have the operator take the arms from whoever moves them, as the command `take` does."""
        self.taken = True
        chunk = self.teleoperation.hold(self.now, self._readings)
        assert chunk is not None
        self._submit(chunk, "teleop")

    def _tick(self) -> None:
        servo = self._servo
        command = self.follower.tick(self.now, DT, servo.q, servo.dq, self.now)
        parts = {name: arm.position for name, arm in command.arms.items()} | dict(command.joint_groups)
        q = np.concatenate([parts[group.name] for group in self.embodiment.driven_groups])
        servo.command(q)
        servo.step(DT)
        self.joints.append(np.concatenate([command.arms[arm].position for arm in self.arms]))
        for arm in self.arms:
            pose = self.commanded(arm)
            self.paths[arm].append(np.concatenate([pose.position, pose.orientation]))
        self._ticks += 1

    def _read(self) -> None:
        progress = self.follower.progress
        self.reports.append(Report(self.now, progress.source, progress.hold_reason))
        self._readings = {arm: ArmReading(self.commanded(arm), dict(progress.end_effectors)) for arm in self.arms}

    def _hear(self, packet: Packet) -> None:
        forward, left, up = self.place(packet.sent).tolist()
        self._count += 1
        sample = HandSample((-left, up, -forward), UNTURNED, packet.clutch, 0.0)  # WebXR's axes
        hands = Hands(self._count, 1e3 * packet.sent, "xr", {"right": sample, "left": sample})
        obstacle = "" if self.taken else "the policy has the arm: take it first"
        self.teleoperation.hear(hands, self.now, self.now, self._readings, obstacle)

    def _infer(self, velocity: np.ndarray) -> None:
        """Have the policy ask for a straight way at `velocity` (3,) [m/s] from where the tools are commanded to be."""
        times = POLICY_STEP * np.arange(1, POLICY_STEPS + 1)
        columns = []
        for arm in self.arms:
            pose = self.commanded(arm)
            places = pose.position + times[:, None] * velocity
            columns.append(np.hstack([places, np.tile(pose.orientation, (len(times), 1))]))
        channels = tuple(channel for arm in self.arms for channel in pose_channels(arm))
        self._policy_sequence += 1
        chunk = ActionChunk(
            self.now, self.embodiment.base_frame, channels, times, np.hstack(columns), self._policy_sequence
        )
        self._submit(chunk, "policy")

    def _submit(self, chunk: ActionChunk, source: str) -> None:
        try:
            self.follower.submit(chunk, self.now, source)
        except ChunkError as error:
            if source == "teleop":  # a policy that runs on while the operator has the arm is refused, rightly
                self.refusals.append(str(error))
