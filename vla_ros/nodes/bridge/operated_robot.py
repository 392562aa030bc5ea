# SPDX-License-Identifier: Apache-2.0
"""The robot as the operator's server sees it: hands in, chunks out; commands; who is in charge of the arm."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rclpy.node import Node
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import ActionChunk
from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.bridge.arm_feed import ArmFeed
from vla_ros.nodes.bridge.cameras import OperatorCamera
from vla_ros.nodes.bridge.chunk_reports import ChunkReports
from vla_ros.nodes.bridge.homing import HomeRun
from vla_ros.nodes.bridge.service import call_service
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.looking import looking
from vla_ros.teleop.announcements import (
    ArmDescription,
    ArmStatus,
    CameraDescription,
    LinkState,
    RobotDescription,
    State,
    ToolPose,
)  # fmt: skip
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.leader.leading import Leading
from vla_ros.teleop.protocol import Hands
from vla_ros.teleop.robot import SILENT
from vla_ros.teleop.teleoperation import CHUNK_EVERY_S, ArmReading, Teleoperation

TELEOP, POLICY, HOLD = "teleop", "policy", "hold"  # who is in charge
ENABLED_WITHIN_S = 1.0
HAND_FIRST = "a hand has the arms: let go of its clutch"


class OperatedRobot:
    """Implement `vla_ros.teleop.robot.Robot` over ROS. Everything runs in the server's thread."""

    def __init__(
        self,
        node: Node,
        embodiment: Embodiment,
        teleoperation: Teleoperation,
        feed: ArmFeed,
        cameras: list[OperatorCamera],
        home: HomeRun,
        with_policy: bool,
        leading: Leading | None = None,
    ) -> None:
        self.watched = False  # somebody looks at pictures
        self.active = False  # hands may move the arm
        self.note: Callable[[str, str], None] = lambda level, text: None
        self.reports = ChunkReports()
        self.packets = self.chunks = 0
        self._heard = 0.0, 0.0  # [s] when the newest packet arrived, and its own time
        self._looks = False  # whether a packet that has no chunk yet will be looked for
        self._node, self._embodiment, self._feed, self._cameras = node, embodiment, feed, cameras
        self._teleoperation, self._home, self._leading = teleoperation, home, leading
        self._with_policy = with_policy
        self._charge = POLICY if with_policy else TELEOP
        self._chunks = node.create_publisher(JointTrajectory, "teleop/action_chunk", qos.EVENTS)
        self._estop = node.create_publisher(Bool, "estop", qos.LATCHED)
        self._instruction = node.create_publisher(String, "instruction", qos.LATCHED)
        self._enable = node.create_client(SetBool, "control/enable")
        self._resume = node.create_client(Trigger, "policy/resume")
        self._doubted = ""  # why the policy waited for a person at the last look

    # -- what a client is told ---------------------------------------------------------------------------------------
    def describe(self) -> tuple[RobotDescription, tuple[CameraDescription, ...]]:
        """Return what a client is told at the beginning."""
        embodiment = self._embodiment
        arms = tuple(self._describe_arm(arm, hand) for arm, hand in self._teleoperation.hands.items())
        has_base, has_lift = embodiment.base is not None, embodiment.lift is not None
        has_head = looking(embodiment) is not None
        robot = RobotDescription(embodiment.name, arms, has_base, has_lift, self._feed.progress.shadow, has_head)
        return robot, tuple(camera.describe() for camera in self._cameras)

    def _describe_arm(self, arm: str, hand: str) -> ArmDescription:
        tools = self._embodiment.tools_of(arm)
        gripper = self._embodiment.gripper_of(arm)
        return ArmDescription(arm, hand, 0.0 if gripper is None else gripper.width_max, tools[0].kind if tools else "")

    def state(self) -> State:
        """Return what a client is told 20 times a second."""
        feed, progress = self._feed, self._feed.progress
        return State(
            t=self._now(),
            mode=self._mode(),
            enabled=self._follows,
            held=progress.held,
            estop=progress.estop,
            shadow=progress.shadow,
            hold_reason=SILENT if feed.silent else progress.hold_reason,
            instruction=feed.instruction,
            speed=self._teleoperation.speed,
            scale=self._teleoperation.scale,
            arms={arm: self._arm_state(arm) for arm in self._teleoperation.hands},
            latency=LinkState(self.reports.command_ms, self.reports.tick_ms),
            cameras=tuple(camera.state() for camera in self._cameras),
            policy_running=feed.policy_running,
            doubt=feed.doubt,
        )

    @property
    def _follows(self) -> bool:
        """Say whether control takes chunks, as far as is known now."""
        return self._feed.progress.follows and not self._feed.silent

    def _mode(self) -> str:
        if self._home.under_way:
            return "home"
        return self._charge if self._follows else "disabled"

    def _arm_state(self, arm: str) -> ArmStatus:
        feed = self._feed
        measured = feed.measured.get(arm)
        # What control refuses of ours, the operator must read as well.
        refused = self._teleoperation.refused(arm)
        led = self._leading is not None and self._leading.follows(arm)
        if not refused and self._leading is not None and not self._teleoperation.clutched(arm):
            refused = self._leading.said(arm)
        if not refused and (led or self._teleoperation.clutched(arm)):
            refused = self.reports.refused
        return ArmStatus(
            commanded=_tool_pose(feed.commanded.get(arm)),
            measured=_tool_pose(measured),
            gripper=self._commanded_tool(arm),
            opening=feed.opening.get(arm),
            force=feed.force.get(arm),
            clutched=led or self._teleoperation.clutched(arm),
            refused=refused,
            sealed=self._sealed(arm),
        )

    def _sealed(self, arm: str) -> bool | None:
        """Return whether a cup of an arm holds something; None where none says."""
        said = self._feed.progress.sealed
        known = [said[cup] for tool in self._embodiment.tools_of(arm) for cup in tool.cups if cup in said]
        return any(known) if known else None

    def watch(self, watched: bool) -> None:
        """Send pictures, or no more."""
        self.watched = watched

    # -- hands ---------------------------------------------------------------------------------------------------------
    def hands(self, hands: Hands, arrival: float) -> None:
        """Follow the driver's hands: publish a chunk of what has arrived, or as soon as one may be sent."""
        self.packets += 1
        now, base = self._now(), self._feed.base
        place = None if base.stale(now) else base.at(now)
        self._teleoperation.hear(hands, arrival, now, self._readings(), self._obstacle(), self._feed.joints, place)
        self._heard = arrival, 1e-3 * hands.t
        if self._teleoperation.owing and not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_soon(self._publish_hands)  # after all packets of a bunch

    def _publish_hands(self) -> None:
        """Publish the chunk of the newest packet; where none may be sent yet, a little later."""
        self._looks = False
        teleoperation = self._teleoperation
        chunk = None if self._obstacle() else teleoperation.due(time.monotonic(), self._now())
        if chunk is not None:
            self._publish(chunk)
            self.reports.publish(chunk.sequence, *self._heard, time.monotonic())
        elif teleoperation.owing:
            self._looks = True
            asyncio.get_running_loop().call_later(CHUNK_EVERY_S, self._publish_hands)

    def lead(self, device: int, names: Sequence[str], positions: Sequence[float], arrival: float) -> None:
        """Follow a leader's joints: publish a chunk at once where an arm agrees. A clutched hand goes first."""
        leading = self._leading
        if leading is None:
            return
        leading.hear(device, names, positions, arrival)
        obstacle = self._obstacle() or (HAND_FIRST if self._teleoperation.engaged else "")
        told = self._feed.progress.end_effectors
        chunk = leading.take(arrival, self._now(), self._feed.joints, told, obstacle, self._teleoperation.number)
        if chunk is not None:
            self._publish(chunk)

    def let_go(self, reason: str) -> None:
        """Follow nobody's hands: the chunk under way ends, and the arm holds. A leader is no driver of the page's."""
        self._teleoperation.let_go(reason)

    def _obstacle(self) -> str:
        """Say why no arm may follow a hand now; "" when it may."""
        progress = self._feed.progress
        if not self.active:
            return "the bridge is not active"
        if self._feed.silent:
            return SILENT
        if progress.estop:
            return "the e-stop is latched"
        if self._home.under_way:
            return "the arm is on its way home"
        if not progress.enabled:
            return "control is disabled: enable it"
        if progress.held:
            return f"control is held ({progress.held}): enable it again"
        if self._charge == POLICY:
            return "the policy has the arm: take it first"
        return "the arm is held: take it first" if self._charge == HOLD else ""

    def _readings(self) -> dict[str, ArmReading]:
        commanded, told = self._feed.commanded, self._feed.progress.end_effectors
        return {arm.name: ArmReading(commanded.get(arm.name), told) for arm in self._embodiment.arms}

    def _commanded_tool(self, arm: str) -> float:
        """Return the commanded width [m] of an arm's gripper, or 1 where a cup of it is to suck; 0 where unknown."""
        told = self._feed.progress.end_effectors
        channels = [channel for tool in self._embodiment.tools_of(arm) for channel in tool.channels]
        return max((told.get(channel, 0.0) for channel in channels if not channel.endswith("/depth")), default=0.0)

    def watch_over(self) -> None:
        """Let go of hands that fell silent; take the arm back from a policy that is not in charge."""
        if self._teleoperation.silent(time.monotonic()):
            self.note("warning", "the hands are not heard any more: the arm holds")
        if self._leading is not None and self._leading.silent(time.monotonic()):
            self.note("warning", "the leader is not heard any more: the arm holds")
        if self._feed.doubt and not self._doubted:
            self.note("warning", f"the policy asks for you: {self._feed.doubt}")
        self._doubted = self._feed.doubt
        progress = self._feed.progress
        if self._charge != POLICY and progress.source == POLICY and progress.moving and not self._feed.silent:
            self._hold_arm()

    def _hold_arm(self) -> None:
        chunk = self._teleoperation.hold(self._now(), self._readings())
        if chunk is not None and self.active:
            self._publish(chunk)

    def _publish(self, chunk: ActionChunk) -> None:
        self._chunks.publish(messages.chunk_message(chunk))
        self.chunks += 1

    def _now(self) -> float:
        return self._node.get_clock().now().nanoseconds * 1e-9

    # -- commands ------------------------------------------------------------------------------------------------------
    def emergency_stop(self, on: bool) -> None:
        """Latch the e-stop, or release it."""
        self._estop.publish(Bool(data=on))
        self._teleoperation.let_go("the e-stop is latched")

    def instruct(self, text: str) -> None:
        """Say what is to be done."""
        self._instruction.publish(String(data=text))

    async def command(self, name: str, arguments: Mapping[str, Any]) -> Any:
        """Carry out a command of the driver. Raises VlaError with the reason when it cannot."""
        return await getattr(self, f"_do_{name}")(**arguments)

    async def _do_estop(self, on: bool) -> None:
        self.emergency_stop(on)

    async def _do_enable(self) -> str:
        if self._home.under_way:
            raise VlaError("the arm is on its way home: wait, or hold it")
        said = await self._switch(True)
        if self._charge != POLICY and self._feed.policy_running:
            await self._until_enabled()
            self._hold_arm()  # enabling lets any source ask: the operator asks first
        return said

    async def _do_disable(self) -> str:
        await self._home.stop()
        self._teleoperation.let_go("control is disabled: enable it")
        return await self._switch(False)

    async def _do_home(self) -> str:
        if self._feed.progress.estop:
            raise VlaError("the e-stop is latched: release it first")
        self._teleoperation.let_go("the arm is on its way home")
        self._home.start(self._on_home)
        return "going home"

    def _on_home(self, home: bool, text: str) -> None:
        self.note("info" if home else "warning", "home: enable to go on" if home else f"not home: {text}")

    async def _do_hold(self) -> None:
        await self._home.stop()
        self._charge = HOLD
        self._teleoperation.let_go("the arm is held: take it first")
        if self._feed.progress.follows:
            self._hold_arm()

    async def _do_take(self) -> None:
        await self._home.stop()
        self._charge = TELEOP
        if self._feed.progress.moving:
            self._hold_arm()
        if self._leading is not None:
            self._leading.meet()

    async def _do_give(self) -> str:
        if not (self._with_policy or self._feed.policy_running):
            raise VlaError("no policy runs in this job: start it with policy:=NAME")
        self._teleoperation.let_go("the policy has the arm: take it first")
        self._charge = POLICY
        if self._feed.doubt:
            await call_service(self._resume, Trigger.Request())
        if not self._feed.progress.follows:
            return "the policy has the arm once control is enabled"
        return await self._switch(True)  # a lower source gets the arm only so

    async def _do_instruct(self, text: str) -> None:
        self.instruct(text)

    async def _do_speed(self, scale: float) -> None:
        self._teleoperation.speed = scale

    async def _do_scale(self, scale: float) -> None:
        self._teleoperation.rescale(scale)

    async def _switch(self, enabled: bool) -> str:
        response = await call_service(self._enable, SetBool.Request(data=enabled))
        if not response.success:
            raise VlaError(f"control cannot be {'enabled' if enabled else 'disabled'}: {response.message}")
        return response.message

    async def _until_enabled(self) -> None:
        end = time.monotonic() + ENABLED_WITHIN_S
        while not self._feed.progress.follows and time.monotonic() < end:
            await asyncio.sleep(0.01)


def _tool_pose(pose: Pose | None) -> ToolPose | None:
    return None if pose is None else ToolPose(tuple(pose.position.tolist()), tuple(pose.orientation))
