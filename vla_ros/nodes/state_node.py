# SPDX-License-Identifier: Apache-2.0
"""Where the tool is, how fast it moves and how far it is open, from the joint states; and whether those still come."""

from __future__ import annotations

import time

from geometry_msgs.msg import PoseStamped, TwistStamped
from sensor_msgs.msg import JointState

from controllers.arm.model import ArmModel
from vla_ros import messages, qos
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.parameters import declare, declare_robot
from vla_ros.nodes.spinning import run_node, serve_until_stopped, steady_timer
from vla_ros.robots.embodiment import expand_urdf, load_embodiment


class StateNode(ManagedNode):
    """Publish `<arm>/ee_pose` and `<arm>/ee_twist` of every arm, `<gripper>/width` of every gripper."""

    def __init__(self) -> None:
        super().__init__("state_node")
        self._robot = declare_robot(self)
        rate = declare(self, "rate_hz", 100.0, "poses a second", 1.0, 1000.0, change=self._set_rate)
        self._stale_after = declare(
            self,
            "stale_after_s",
            0.2,
            "silence that makes joint states stale",
            0.01,
            10.0,
            change=lambda value: setattr(self, "_stale_after", value),
        )
        self._set_rate(rate)

    def _set_rate(self, rate: float) -> None:
        self._period = 1.0 / rate  # [s]

    def configure(self) -> None:
        """Load the robot and create its topics."""
        embodiment = load_embodiment(self._robot)
        self._base_frame = embodiment.base_frame
        urdf = expand_urdf(embodiment)
        models = {arm.name: ArmModel(urdf, arm.joints, arm.tool_frame) for arm in embodiment.arms}
        self._arms = [
            (
                messages.JointStateReader([*arm.joints, *models[arm.name].mount.carriers]),
                models[arm.name],
                self.create_publisher(PoseStamped, f"{arm.name}/ee_pose", qos.STREAM),
                self.create_publisher(TwistStamped, f"{arm.name}/ee_twist", qos.STREAM),
            )
            for arm in embodiment.arms
        ]
        self._grippers = [
            (
                messages.JointStateReader(gripper.joints),
                messages.JointStateWriter([gripper.name]),
                self.create_publisher(JointState, f"{gripper.name}/width", qos.STREAM),
            )
            for gripper in embodiment.grippers
        ]
        groups = [group for readers in (self._arms, self._grippers) for group in readers]
        self._joints = frozenset(joint for reader, *_ in groups for joint in reader.joints)
        self._names: list[str] = []  # of the last message …
        self._ours = False  # … and whether it says where one of these joints is
        self._last = float("-inf")  # [s] stamp of the last pose
        self._arrival: float | None = None  # [s] monotonic
        self._received = 0
        self._reported = time.monotonic()
        self._stale = True
        self.create_subscription(JointState, "joint_states", self._on_joint_state, qos.NEWEST)
        steady_timer(self, 0.1, self._watch)

    def _on_joint_state(self, message: JointState) -> None:
        if message.name != self._names:
            self._names = list(message.name)
            self._ours = not self._joints.isdisjoint(self._names)
        if not self._ours:
            return  # others say where joints of theirs are
        self._arrival = time.monotonic()
        self._received += 1
        now = messages.seconds(message.header.stamp)
        # Half a millisecond of grace: stamps need not be exact multiples of the period. A restarted simulation
        # sets time back.
        if not self.active or self._last <= now < self._last + self._period - 5e-4:
            return
        self._last = now
        for reader, model, poses, twists in self._arms:
            sample = reader.read(message)
            if sample is None:
                continue
            n = model.size
            model.mount.place(sample.position[n:])
            model.update(sample.position[:n], sample.velocity[:n])
            poses.publish(messages.pose_stamped(model.T_base_ee, now, self._base_frame))
            twists.publish(messages.twist_stamped(model.twist, now, self._base_frame))
        for reader, writer, widths in self._grippers:
            sample = reader.read(message)
            if sample is not None:
                widths.publish(
                    writer.write(now, sample.position.sum(keepdims=True), sample.velocity.sum(keepdims=True))
                )

    def _watch(self) -> None:
        now = time.monotonic()
        silence = float("inf") if self._arrival is None else now - self._arrival
        stale = silence > self._stale_after
        if stale == self._stale and now - self._reported < 1.0:
            return
        if stale and not self._stale:
            self.get_logger().warning(f"no joint states for {silence:.2f} s")
        rate = self._received / max(now - self._reported, 1e-3)
        self._stale, self._reported, self._received = stale, now, 0
        level, text = (messages.STALE, "no joint states") if stale else (messages.OK, "joint states arrive")
        self.diagnose(level, text, {"stale": str(stale).lower(), "joint_states_hz": f"{rate:.0f}"}, "state")


def main() -> int:
    """Run the node."""
    return run_node("state", serve_until_stopped(StateNode))


if __name__ == "__main__":
    raise SystemExit(main())
