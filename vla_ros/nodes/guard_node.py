# SPDX-License-Identifier: Apache-2.0
"""The guard: a tiny process that holds the arm when control falls silent, and keeps the e-stop latch.

ros2_control's effort controllers repeat the last torque for ever, so somebody else must notice a dead control.
The latch lives here as well as in control: it survives a restart of either.
"""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from std_msgs.msg import Bool

from vla_ros import messages, qos
from vla_ros.nodes.arm.hold import declare_hold, make_hold
from vla_ros.nodes.arm.progress import STALE_RELEASE_S, control_progress
from vla_ros.nodes.arm.silence import Silence
from vla_ros.nodes.parameters import declare, declare_command, declare_robot
from vla_ros.nodes.scheduling import prefer_punctuality, prepare_logging
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node, steady_timer
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.runtime.estop_socket import EstopSocket

CHECK_PERIOD_S = 0.02
AWAKE_S = 3 * CHECK_PERIOD_S  # [s] between two checks, unless this process was kept from running
AGREE_WITHIN_S = 0.5
# [s] after which a stop that control alone reports counts here: it may have yet to hear of a release, on a busy machine
# for a while, and one that is started again ignores releases for longer.
ADOPTED_AFTER_S = 2.0
ASK_AGAIN_S = 0.5  # [s] after which a hold that is not there is asked for again


class GuardNode(Node):
    """Watch `control/progress`; on silence switch the arm to a position hold."""

    def __init__(self) -> None:
        super().__init__("guard_node")
        robot = declare_robot(self)
        self._timeout = declare(
            self,
            "timeout_s",
            0.25,
            "silence of control that is tolerated [s]",
            0.05,
            10.0,
            change=lambda value: setattr(self, "_timeout", value),
        )
        stopped = declare(self, "estop", False, "begin with the e-stop latched: a person releases it (vla recover)")
        # Somebody's last word on estop may be a release from before this node died.
        self._releasable_at = time.monotonic() + STALE_RELEASE_S if stopped else 0.0  # [s] monotonic
        self._silence = Silence(AWAKE_S)  # of control
        self._guarding = False  # control was enabled when last heard
        self._holding = False
        self._unheld = ""  # why the hold that was asked for is not there
        self._latched: bool | None = None  # what this node last said on estop
        self._disagree_since: float | None = None
        self._reported = self._asked = 0.0  # [s] monotonic
        self.socket = EstopSocket()
        holder, command = declare_hold(self), declare_command(self)
        self._hold = make_hold(self, holder, load_embodiment(robot).command_modes(command))
        self._estop = self.create_publisher(Bool, "estop", qos.LATCHED)
        self._diagnostics = self.create_publisher(DiagnosticArray, "diagnostics", qos.EVENTS)
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.HEARD)
        self.create_subscription(Bool, "estop", self._on_estop, qos.LATCHED)
        # DDS matches no publisher with it that is not latched, such as a button's driver or `ros2 topic pub`.
        self.create_subscription(Bool, "estop", self._on_any_estop, qos.NEWEST)
        steady_timer(self, CHECK_PERIOD_S, self._check)
        if stopped:
            self._latch(True)

    def _on_progress(self, message: DiagnosticStatus) -> None:
        progress = control_progress(message.message, messages.diagnostic_values(message))
        self._silence.reset()
        self._guarding = progress.enabled and not progress.shadow  # in shadow mode the arm is another's
        if self._holding and progress.enabled and not progress.estop:
            self._holding = False  # a person or the episode enabled control again
            self.get_logger().info("control is back")
        self._keep_latch(progress.estop)

    def _on_estop(self, message: Bool) -> None:
        if message.data or time.monotonic() >= self._releasable_at:
            self._latch(message.data)

    def _on_any_estop(self, message: Bool) -> None:
        """Take a stop from whoever says it, and say it for control; releasing it takes a latched publisher."""
        if message.data:
            self._latch(True)

    def _keep_latch(self, control_stopped: bool) -> None:
        """Keep control and this node agreed, whichever of them was restarted."""
        if control_stopped and self._latched is None:
            self._latch(True)
        # A restarted control hears every latched publisher, in any order: a release from before the stop as well.
        # Half a second apart means that it is not just this node that has yet to hear of a release.
        # Nor is a release that control ignores, since it has just been started again, one that counts.
        if control_stopped == bool(self._latched):
            self._disagree_since = None
        elif self._disagree_since is None:
            self._disagree_since = time.monotonic()
        elif time.monotonic() - self._disagree_since > (AGREE_WITHIN_S if self._latched else ADOPTED_AFTER_S):
            self._disagree_since, self._latched = None, True
            self._estop.publish(Bool(data=True))

    def _latch(self, stopped: bool) -> None:
        if stopped != self._latched and (stopped or self._latched is not None):
            self._latched = stopped
            self._reported = 0.0  # said at once: whoever releases it waits for that
            self._estop.publish(Bool(data=stopped))

    def _check(self) -> None:
        if self.socket.requested():
            self._latched = None  # said again, whatever was said before
            self._latch(True)
            self.get_logger().warning("e-stop: requested by `vla stop`")
        now, silence = time.monotonic(), self._silence.update()
        if self._guarding and not self._holding and silence > self._timeout:
            self._holding, self._guarding = True, False
            self.get_logger().error(f"control has been silent for {silence:.2f} s: arm switched to a position hold")
            self._unheld = ""
            self._ask_for_hold(now)
            # A control that was only asleep must not go on where it stopped.
            self._latch(True)
        elif self._holding and self._unheld and now - self._asked >= ASK_AGAIN_S:
            self._ask_for_hold(now)
        if now - self._reported >= 1.0:
            self._reported = now
            level = messages.ERROR if self._holding else messages.OK
            text = "watching control"
            if self._holding:
                text = f"arm not held: {self._unheld}" if self._unheld else "arm held: control fell silent"
            values = {"silence_s": f"{silence:.3f}", "estop": str(bool(self._latched)).lower()}
            status = messages.diagnostic("guard", level, text, values)
            self._diagnostics.publish(messages.diagnostic_array(self.get_clock().now().nanoseconds * 1e-9, status))

    def _ask_for_hold(self, now: float) -> None:
        """Ask for the hold; whoever does not give it is asked again."""
        self._asked = now
        answer = self._hold.switch(True)
        if answer is None:
            self._learn("nobody is there to hold it")
            return
        self._unheld = self._unheld or "no answer yet"
        answer.add_done_callback(lambda answer: self._learn(self._hold.refusal(answer)))

    def _learn(self, unheld: str) -> None:
        if unheld and unheld != self._unheld:
            self.get_logger().error(f"the arm is not held: {unheld}")
        self._unheld = unheld
        self._reported = 0.0  # said at once: the graph may end soon


def serve(stop: StopRequest) -> None:
    """Watch until asked to stop, on time even when the machine is busy."""
    guard = GuardNode()
    spinner = Spinner(guard, stop)
    prepare_logging()
    prefer_punctuality()
    try:
        spinner.until()
    finally:
        guard.socket.close()


def main() -> int:
    """Run the node."""
    return run_node("guard", serve)


if __name__ == "__main__":
    raise SystemExit(main())
