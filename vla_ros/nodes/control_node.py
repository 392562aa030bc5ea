# SPDX-License-Identifier: Apache-2.0
"""Control: chunks and joint states in, commands out, in a process of its own. Starts disabled."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from functools import partial

from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from nav_msgs.msg import Odometry
from rclpy.duration import Duration
from rclpy.task import Future
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, String
from std_srvs.srv import SetBool
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import instruction_hash
from controllers.errors import ChunkError, VlaError
from controllers.realtime.loop import PacedLoop
from controllers.whole_body_config import CONFIGURED, WHOLE_BODY
from vla_ros import messages, qos
from vla_ros.nodes.arm import transitions
from vla_ros.nodes.arm.auxiliary_output import AuxiliaryOutput
from vla_ros.nodes.arm.chunk_intake import ChunkIntake
from vla_ros.nodes.arm.driver import RobotDriver
from vla_ros.nodes.arm.hold import declare_hold, make_hold
from vla_ros.nodes.arm.output import ArmOutput, JointOutput
from vla_ros.nodes.arm.progress import INACTIVE, NAME, NO_JOINT_STATES, STALE_RELEASE_S, ControlProgress
from vla_ros.nodes.arm.robot_follower import launch_control_config, make_follower
from vla_ros.nodes.arm.tuning import Tuning
from vla_ros.nodes.arm.wrench_input import WrenchInput
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.parameters import declare, declare_command, declare_robot
from vla_ros.nodes.scheduling import prefer_punctuality, prepare_logging
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node, steady_timer
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.robots.names import TABLE_AS_CONFIGURED
from vla_ros.robots.topics import commanded_pose_topic, seal_topic

LAST_WORD_S = 1.0  # at most, until who must hear that control is disabled has heard it
REPORT_RATE = 50.0  # [Hz] of control/progress and control/commanded_pose
SOURCES = ("policy", "planner", "teleop")
# The loop's thread must get the interpreter soon after its deadline, whatever the executor's thread is at.
SWITCH_INTERVAL_S = 2e-4
EXIT_TIMEOUT_S = 0.9


class ControlNode(ManagedNode):
    """Wire a RobotDriver to its topics.

    `tick` runs in the loop's thread, all callbacks in the executor's, chunks are planned in one of their own.
    """

    def __init__(self) -> None:
        super().__init__("control_node")
        self._robot = declare_robot(self)
        self.rate = declare(self, "rate_hz", 500.0, "control ticks a second", 50.0, 2000.0)
        self._speed_scale = declare(
            self, "speed_scale", 1.0, "speed of the arm, as a fraction of the chunks'", 0.01, 1.0
        )
        self._alignment = declare(
            self, "alignment", "progress", "how a late chunk is aligned", choices=("progress", "time")
        )
        self._shadow = declare(self, "shadow", False, "compute and report everything, send nothing to the robot")
        self._whole_body = declare(
            self, "whole_body", CONFIGURED, "arms, joint groups and base by one programme",
            choices=WHOLE_BODY,
        )  # fmt: skip
        self._table_height = declare(
            self, "table_height", TABLE_AS_CONFIGURED, "of what it works on above its base [m]; -10: as configured",
            TABLE_AS_CONFIGURED, 3.0,
        )  # fmt: skip
        self._command = declare_command(self)
        self._intake: ChunkIntake | None = None
        self._tuning = Tuning(self)
        self.priority = declare(
            self, "realtime_priority", 20, "SCHED_FIFO priority where permitted; 0: ordinary scheduling", 0, 98
        )
        self._holder = declare_hold(self)
        self.driver: RobotDriver | None = None  # made by configure
        self.scheduling = ""
        self.handing_over: Future | None = None
        self._refused = ""
        self._warned: dict[str, str] = {}  # of each source: a policy goes on while an operator has the arm
        self._sealed: dict[str, bool] = {}  # by cup
        # Of a control that is started again: it cannot know what has been, and who enables it must not be too quick.
        self._estop = declare(self, "estop", False, "begin with the e-stop latched: a person releases it (vla recover)")
        self._born = time.monotonic()
        self._ticks, self._lateness = 0, 0.0
        self._report_every = max(2, round(self.rate / REPORT_RATE))

    def configure(self) -> None:
        """Load the robot, warm up the control path and create the topics."""
        embodiment = load_embodiment(self._robot)
        config = launch_control_config(
            self._robot, self._speed_scale, self._alignment, self._shadow, self._whole_body, self._table_height
        )
        config = self._tuning.applied(config)
        follower = make_follower(embodiment, config, self._command)
        fingers = {f"{gripper.name}/width": len(gripper.joints) for gripper in embodiment.grippers}
        driver = RobotDriver(follower, 1.0 / self.rate, config.safety.state_age_max_s, fingers)
        driver.on_released = self._hand_over
        if self._estop:
            self._born = time.monotonic()  # loading may have taken long, and only now does it hear estop
            follower.emergency_stop()
            self.get_logger().warning("begins with the e-stop latched: release it (vla recover), then enable control")
        if self.get_parameter("use_sim_time").value:
            driver.reference_time = lambda: self.get_clock().now().nanoseconds * 1e-9
        self._base_frame = embodiment.base_frame
        finger_joints = [joint for gripper in embodiment.grippers for joint in gripper.joints]
        self._reader = messages.JointStateReader([*follower.joints, *finger_joints])
        self._make_publishers(embodiment)
        self._auxiliary_output = AuxiliaryOutput(self, embodiment, self.rate)
        commands = embodiment.command_modes(self._command)
        self._outputs = {
            arm.name: ArmOutput(self, arm.name, commands[arm.name], len(arm.joints), embodiment.base_frame)
            for arm in embodiment.arms
        }
        self._joint_outputs = {
            group.name: JointOutput(self, group.name, len(group.joints), self.rate) for group in embodiment.joint_groups
        }
        self._hold = make_hold(self, self._holder, commands)
        self.create_service(SetBool, "control/enable", self._on_enable)
        self.create_subscription(JointState, "joint_states", self._on_joint_state, qos.NEWEST)
        if embodiment.base is not None:
            self.create_subscription(Odometry, "odom", self._on_odometry, qos.NEWEST)
        WrenchInput(self, embodiment, follower, self._warn_once)
        for cup in (cup for tool in embodiment.suction_tools for cup in tool.cups):
            self.create_subscription(JointState, seal_topic(cup), partial(self._on_seal, cup), qos.NEWEST)
        self.create_subscription(Bool, "estop", self._on_estop, qos.LATCHED)
        self.create_subscription(String, "instruction", self._on_instruction, qos.LATCHED)
        self._intake = ChunkIntake(lambda message, source: self._take_chunk(driver, message, source))
        for source in SOURCES:
            self.create_subscription(
                JointTrajectory,
                f"{source}/action_chunk",
                lambda message, source=source: self._on_chunk(message, source),
                qos.EVENTS,
                raw=True,
            )
        self._tuning.follower = driver.follower
        self.driver = driver  # from now on the loop ticks

    def activate(self) -> None:
        """Be punctual from now on; what moves the arm is `control/enable`."""
        prepare_logging()
        self.scheduling = prefer_punctuality(self.priority)

    def deactivate(self) -> None:
        """Bring the arm to rest and have the robot hold it; that takes up to half a second after the transition."""
        self._arm.release("deactivated")

    def cleanup(self) -> None:
        """Stop ticking. Raises VlaError while the arm is being brought to rest."""
        driver = self._arm
        if not driver.released:
            raise VlaError("the arm is still being brought to rest: try again")
        self.driver = None
        if self._intake is not None:
            self._intake.close()
        time.sleep(2.0 / self.rate)  # the loop's thread may be inside a tick that still publishes
        self.publish_progress(driver)  # disabled: the guard need not wonder about the silence that follows
        # Who learns that a publisher is gone before its last message was read drops that message.
        self._progress.wait_for_all_acked(Duration(seconds=LAST_WORD_S))

    def _make_publishers(self, embodiment: Embodiment) -> None:
        self._progress = self.create_publisher(DiagnosticStatus, "control/progress", qos.STREAM)
        self._transitions = self.create_publisher(DiagnosticStatus, "control/transitions", qos.EVENTS)
        self._poses = {
            arm.name: self.create_publisher(PoseStamped, commanded_pose_topic(embodiment, arm.name), qos.STREAM)
            for arm in embodiment.arms
        }

    # -- the loop's thread -------------------------------------------------------------------------------------------
    def tick(self, monotonic: float, lateness: float = 0.0) -> None:
        """Compute and send one command, `lateness` [s] after it was due; report now and then."""
        self._lateness = max(self._lateness, lateness)
        driver = self.driver
        if driver is None:
            return
        self._ticks += 1
        phase = self._ticks % self._report_every
        idle = not self.active and driver.released and not self._auxiliary_output.drives
        if phase not in (0, self._report_every // 2) and idle:
            return  # nobody can enable it: what it reports is to be true, and nodes that load need the processor
        command = driver.tick(monotonic)
        if command is not None and not self._shadow:
            for name, output in self._outputs.items():
                output.publish(command.arms[name], driver.now)
            for name, joints in self._joint_outputs.items():
                joints.publish(command.joint_groups[name])
            self._auxiliary_output.publish(command, driver.now)
        elif command is None and self._auxiliary_output.drives:
            self._auxiliary_output.brake(driver.time_at(monotonic))
        if phase == 0:
            self.publish_progress(driver)
        elif phase == self._report_every // 2:  # not in the same tick: each one stays short
            for name, publisher in self._poses.items():
                T = driver.follower.progress.arms[name].T_base_ee_commanded
                publisher.publish(messages.pose_stamped(T, driver.now, self._base_frame))

    def publish_progress(self, driver: RobotDriver) -> None:
        """Publish what control is doing."""
        progress, follower = driver.follower.progress, driver.follower
        hold_reason = progress.hold_reason if driver.now > 0.0 else NO_JOINT_STATES
        if not self.active and not progress.enabled:
            hold_reason = INACTIVE
        report = ControlProgress(
            stamp=driver.now,
            enabled=progress.enabled,
            shadow=progress.shadow,
            estop=follower.emergency_stopped,
            hold_reason=hold_reason,
            sequence=progress.sequence,
            source=progress.source,
            index=progress.index,
            executed_s=progress.executed_s,
            remaining_s=progress.remaining_s,
            status=progress.status.value,
            end_effectors=dict(progress.end_effectors),
            sealed=dict(self._sealed),
            refused=self._refused,
            held=driver.held,
            lateness_ms=1e3 * self._lateness,
        )
        self._lateness = 0.0
        level = messages.ERROR if report.estop else messages.OK
        self._progress.publish(messages.diagnostic(NAME, level, report.hold_reason, report.values()))

    def _hand_over(self) -> None:
        """Have the robot hold its position: control has let go of it."""
        if self._shadow:
            return
        self.handing_over = self._hold.switch(True)
        if self.handing_over is not None:
            self.handing_over.add_done_callback(self._on_handed_over)

    def _on_handed_over(self, answer: Future) -> None:
        """Say that an arm is not held."""
        if refusal := self._hold.refusal(answer):
            self.get_logger().error(f"the robot does not hold itself: {refusal}")

    @property
    def _arm(self) -> RobotDriver:
        """Return the driver: there from configure to cleanup, as callbacks are."""
        if self.driver is None:
            raise VlaError("control is not configured")
        return self.driver

    # -- the executor's thread ---------------------------------------------------------------------------------------
    def _on_joint_state(self, message: JointState) -> None:
        sample = self._reader.read(message)
        if sample is not None:
            self._arm.observe(time.monotonic(), sample.stamp, sample.position, sample.velocity)

    def _on_odometry(self, message: Odometry) -> None:
        stamp = messages.seconds(message.header.stamp)
        self._arm.follower.observe_base(stamp, *messages.odometry_values(message))

    def _on_seal(self, cup: str, message: JointState) -> None:
        sealed = messages.seal(message)
        if sealed is not None:
            self._sealed[cup] = sealed

    def _warn_once(self, text: str) -> None:
        if text != self._warned.get("sensor"):
            self.get_logger().warning(text)
        self._warned["sensor"] = text

    def _on_chunk(self, message: bytes, source: str) -> None:
        if self._intake is not None and (refused := self._intake.put(message, source)):
            self._refuse(refused, source)

    def _on_instruction(self, message: String) -> None:
        self._arm.instruct(instruction_hash(message.data) if message.data else 0)

    def _on_estop(self, message: Bool) -> None:
        if not message.data and time.monotonic() - self._born < STALE_RELEASE_S:
            return
        self._arm.emergency_stop(message.data)
        if message.data != self._estop:
            self._estop = message.data
            text = "e-stop: damped stop, then hold" if message.data else "e-stop released: enable control"
            self.get_logger().warning(text)

    def _on_enable(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        try:
            response.message = self._enable() if request.data else self._disable()
            response.success = True
        except VlaError as error:
            response.success, response.message = False, str(error)
        return response

    def _enable(self) -> str:
        if not self.active:
            raise VlaError("control is not active: activate it first (ros2 lifecycle set … activate)")
        if self._hold.absence and not self._shadow:
            raise VlaError(f"the robot cannot be switched to our commands: {self._hold.absence}")
        self._arm.enable(time.monotonic())
        self._refused = ""
        if self._shadow:
            return "control enabled in shadow mode: nothing is sent to the robot"
        switched = self._hold.switch(False)
        if switched is not None:
            switched.add_done_callback(self._on_switched)
        return "control enabled"

    def _on_switched(self, answer: Future) -> None:
        """Give the arm up again when the robot does not take commands: it would stand still, or be limp."""
        refusal = self._hold.refusal(answer)
        if refusal and self.driver is not None:
            self.get_logger().error(f"the robot takes no commands: {refusal}")
            self.driver.release("the robot takes no commands")

    def _disable(self) -> str:
        self._arm.release("disabled")
        return "control disabled: the arm comes to rest and is held"

    # -- the thread of chunks ----------------------------------------------------------------------------------------
    def _take_chunk(self, driver: RobotDriver, message: bytes, source: str) -> None:
        takes_over = driver.takes_over
        try:
            transition = driver.submit(messages.chunk_from_bytes(message), source)
        except ChunkError as error:
            self._refuse(str(error), source)
        else:
            self._transitions.publish(transitions.spliced(transition, source, max(takes_over, driver.next_tick)))
            self._refused = ""
            self._warned.pop(source, None)

    def _refuse(self, reason: str, source: str) -> None:
        self._transitions.publish(transitions.refused(reason, source))
        if reason != self._warned.get(source):
            self.get_logger().warning(f"chunk of {source} refused: {reason}")
        self._refused = self._warned[source] = reason

    @property
    def failed(self) -> bool:
        """Say whether no chunk is taken any more, by a fault of this program."""
        return self._intake is not None and self._intake.failed

    # -- either ------------------------------------------------------------------------------------------------------
    def publish_diagnostics(self, loop: PacedLoop) -> None:
        """Publish how punctual the loop is."""
        report = loop.report()
        values = {
            "rate_hz": f"{self.rate:g}",
            "scheduling": self.scheduling,
            "ticks": str(report.ticks),
            "overruns": str(report.overruns),
            "lateness_median_ms": f"{report.lateness_median_ms:.3f}",
            "lateness_p99_ms": f"{report.lateness_p99_ms:.3f}",
            "lateness_p999_ms": f"{report.lateness_p999_ms:.3f}",
            "lateness_max_ms": f"{report.lateness_max_ms:.3f}",
            "tick_median_us": f"{report.tick_median_us:.1f}",
            "tick_p99_us": f"{report.tick_p99_us:.1f}",
        }
        text = "not configured" if self.driver is None else self.driver.follower.progress.hold_reason
        self.diagnose(messages.OK, text or "following a chunk", values, "control")


def serve(stop: StopRequest) -> int:
    """Run the loop in this thread and the executor in another; when asked to stop, bring the arm to rest first."""
    node = ControlNode()
    spinner = Spinner(node, stop)
    stop_asked: float | None = None

    def tick(monotonic: float) -> None:
        nonlocal stop_asked
        node.tick(monotonic, loop.lateness)
        driver = node.driver
        if node.failed:
            failed.set()
            loop.stop()
        if stop and stop_asked is None:
            stop_asked = monotonic
            if driver is not None:
                driver.release("shutting down")
        if stop_asked is not None:
            handed_over = node.handing_over is None or node.handing_over.done()
            held = driver is None or (driver.released and handed_over)
            if held or monotonic - stop_asked > EXIT_TIMEOUT_S:
                loop.stop()

    loop = PacedLoop(node.rate, tick)
    over, failed = threading.Event(), threading.Event()

    def spin() -> None:
        try:
            while not over.is_set():
                spinner.once()
        except BaseException:
            failed.set()
            loop.stop()  # a loop that hears nothing any more must not go on; the guard holds the arm
            raise

    thread = threading.Thread(target=spin, name="executor", daemon=True)
    steady_timer(node, 2.0, lambda: node.publish_diagnostics(loop))
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    node.start()
    thread.start()
    left = False
    try:
        loop.run()
    finally:
        if node.driver is not None:
            left = node.driver.drives(time.monotonic())  # the launcher must know that nobody holds the arm
            node.publish_progress(node.driver)  # as at cleanup
        over.set()
        with contextlib.suppress(RuntimeError):
            thread.join(0.3)
    return 1 if failed.is_set() or left else 0


def main() -> int:
    """Run the node."""
    return run_node("control", serve)


if __name__ == "__main__":
    raise SystemExit(main())
