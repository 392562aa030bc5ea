# SPDX-License-Identifier: Apache-2.0
"""The simulated robot: speaks the topics of a ros2_control arm, paced to the wall clock."""

from __future__ import annotations

import time
from collections.abc import Callable

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray
from rclpy.event_handler import QoSLivelinessChangedInfo, SubscriptionEventCallbacks
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from std_srvs.srv import Trigger

from controllers.errors import ConfigError, VlaError
from vla_ros import messages, qos
from vla_ros.nodes.episode.real_time_factor import RealTimeFactor
from vla_ros.nodes.memory import scene_made
from vla_ros.nodes.parameters import declare, declare_command, declare_robot
from vla_ros.nodes.scheduling import prefer_punctuality
from vla_ros.nodes.sim.controllers import SimulatedControllers
from vla_ros.nodes.sim.exposures import Exposures
from vla_ros.nodes.sim.pace import Pace
from vla_ros.nodes.sim.robot_topics import INTERFACES, make_robot_topics
from vla_ros.nodes.sim.scene_manager import SceneManager
from vla_ros.nodes.sim.scene_parameters import declare_scene
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.world import World

CLOCK_RATE = 100.0  # [Hz] of simulated time
TRUTH_RATE = 20.0  # [Hz]
# While control drives the arm, the world does not run further ahead of its last command than this [s]: a slow machine
# slows the world. A control that is dead is waited for once, and its last command stays in force.
COMMAND_AGE_MAX = 0.012
PATIENCE = 0.1  # [s] of wall time
# Nor does it run ahead of its pictures (Exposures): a slow machine costs time, and no frame. Commands, `sim/hold` and
# `sim/reset` are served meanwhile. Cameras that live and draw nothing are waited for once; dead ones are noticed
# sooner, by their liveliness (qos.DRAWN), so that an arm which is brought to rest then is not held up.
PICTURE_PATIENCE = 3.0  # [s] of wall time
RESET_GAP = 1.0  # [s] of simulated time between the worlds before and after a reset


class SimNode(Node):
    """Step the world, take commands, publish states. Published time never runs backwards, not at a reset either."""

    def __init__(self) -> None:
        super().__init__("sim_node")
        robot = declare_robot(self)
        first = declare_scene(
            self,
            change=lambda name, value: self._scenes.choose(name, value),
            check=lambda name, value: self._scenes.check(name, value),
        )
        self._scenes: SceneManager = SceneManager(self, first, robot)
        physics_rate = declare(self, "physics_rate_hz", 1000.0, "physics steps a second", 200.0, 10000.0)
        state_rate = declare(
            self, "state_rate_hz", 500.0, "joint states, and looks for commands, a second", 10.0, 2000.0
        )
        camera_rate = declare(self, "camera_rate_hz", 10.0, "exposures a second", 1.0, 60.0)
        self._delay = declare(self, "command_delay_s", 0.0, "delay of commands to the arm [s]", 0.0, 0.1)
        self._jitter = declare(self, "command_jitter_s", 0.0, "random part of that delay [s]", 0.0, 0.1)
        interface = declare(
            self, "interface", INTERFACES[0], "the arm's topics: those of controllers, or of the hardware "
            "that ros2_control drives over topics", choices=INTERFACES,
        )  # fmt: skip
        command = declare_command(self)
        self.factor_max = declare(
            self, "real_time_factor", 1.0, "simulated seconds a second, at most", 0.01, 100.0,
            change=lambda value: setattr(self, "factor_max", value),
        )  # fmt: skip
        self._wait_for_cameras = declare(
            self, "wait_for_cameras", True, "stand still until pictures are drawn; false: drop those that are late"
        )
        if state_rate > physics_rate:
            raise ConfigError(f"sim_node: state_rate_hz {state_rate:g} is above physics_rate_hz {physics_rate:g}")
        self._embodiment = load_embodiment(robot)
        self._timestep_ns = round(1e9 / physics_rate)
        self._substeps = round(physics_rate / state_rate)
        self.period = self._substeps * self._timestep_ns * 1e-9  # [s] of simulated time a round
        self._every = {
            name: max(1, round(1.0 / (rate * self.period)))
            for name, rate in (("clock", CLOCK_RATE), ("camera", camera_rate), ("truth", TRUTH_RATE))
        }
        self._rounds = 0
        self._factor = RealTimeFactor()
        self._complaint = ""
        self._control_is_dead = False
        self.commands = 0  # received so far
        self.waited = 0.0  # [s] of wall time, for control
        self.waited_for_pictures = 0.0  # [s] of wall time
        self._exposures, self._blind = Exposures(), ""  # what is being drawn; why it is waited for no longer
        driving = self._embodiment.command_modes(command)
        self._robot = make_robot_topics(interface, self, self._embodiment, driving, self._on_command, self._forgive)
        self._make_publishers()
        self._make_world()
        self.create_service(Trigger, "sim/reset", self._on_reset)
        self._scenes.announce()

    # -- one round -------------------------------------------------------------------------------------------------
    def advance(self) -> None:
        """Run the physics for one state period and publish what is due."""
        self.controllers.apply()
        self._world.step(self._substeps)
        self._rounds += 1
        due = {name for name, every in self._every.items() if self._rounds % every == 0}
        now = self.time
        self._robot.publish(self._world, now)
        if "clock" in due:
            self._clock_publisher.publish(messages.clock_message(now))
        if "camera" in due:
            state = self._world.render_state()
            state[0] = now
            self._render_state.publish(self._render_message.write(state))
            self._exposures.expose(now)
        if "truth" in due:
            poses = [self._world.object_pose(name) for name in self._world.object_names]
            self._publish_bodies(now)  # before the poses, whose time is the judge's
            self._truth.publish(messages.pose_array(poses, now, self._embodiment.base_frame))
        if self._factor.update(time.monotonic(), now):
            self._publish_diagnostics(now)

    @property
    def time(self) -> float:
        """Published simulated time [s], exact to the nanosecond: counted, not summed."""
        return self._rounds * self._substeps * self._timestep_ns * 1e-9

    @property
    def awaits_command(self) -> bool:
        """Say whether control is falling behind the world."""
        late = self.controllers.command_age > COMMAND_AGE_MAX + self._delay + self._jitter
        return late and not self._control_is_dead

    def give_up_waiting(self) -> None:
        """Go on without control until it speaks again."""
        self._control_is_dead = True

    @property
    def awaits_pictures(self) -> bool:
        """Say whether the next exposure would be one too many for the cameras."""
        exposes = (self._rounds + 1) % self._every["camera"] == 0
        return exposes and self._wait_for_cameras and self._exposures.full

    def give_up_pictures(self) -> None:
        """Go on without the cameras until they draw again."""
        self._exposures.forget()
        self._blind = f"no picture for {PICTURE_PATIENCE:g} s: the world goes on, and frames are missing"
        self.get_logger().warning(self._blind)

    # -- callbacks -------------------------------------------------------------------------------------------------
    def _on_drawn(self, message: Time) -> None:
        self._exposures.drawn(messages.seconds(message))
        if self._blind and self._exposures.attended:
            self._blind = ""
            self.get_logger().info("pictures are back: the world waits for them again")

    def _on_liveliness(self, event: QoSLivelinessChangedInfo) -> None:
        if not event.alive_count and self._exposures.attended:  # whoever started them says that they have gone
            self._exposures.forget()
            self._blind = "the cameras have gone: the world goes on, and frames are missing"

    def _on_command(self, complaint: str) -> None:
        self.commands += 1
        self._control_is_dead = False
        if complaint and complaint != self._complaint:
            self.get_logger().warning(complaint)
        self._complaint = complaint or self._complaint

    def _forgive(self) -> None:
        self._complaint = ""

    def _on_reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        if self._robot.refuses_reset:
            response.success, response.message = False, self._robot.refuses_reset
            return response
        try:
            with scene_made():
                changed = self._scenes.redraw()
                self._make_world()
        except VlaError as error:
            response.success, response.message = False, str(error)
            return response
        if isinstance(self.controllers, SimulatedControllers):
            self.controllers.hold(True)
        self._rounds += round(RESET_GAP / self.period)
        self._factor.restart()
        self._exposures.forget()  # the cameras may have to build the scene first
        if changed:
            self._scenes.announce()
        what = f"the scene is {self._scenes.scene.instruction!r} now" if changed else "the scene is as it was"
        response.success, response.message = True, f"{what}; enable control again"
        return response

    # -- set-up and publishing ---------------------------------------------------------------------------------------
    def _make_world(self) -> None:
        self._world = World(self._scenes.scene, self._embodiment, timestep=self._timestep_ns * 1e-9)
        self._render_message = messages.NumbersWriter(len(self._world.render_state()), self._scenes.label)
        self.controllers = self._robot.attach(self._world, self._delay, self._jitter)

    def _make_publishers(self) -> None:
        self._clock_publisher = self.create_publisher(Clock, "/clock", qos.STREAM)
        self._render_state = self.create_publisher(Float64MultiArray, "sim/render_state", qos.STREAM)
        self._truth = self.create_publisher(PoseArray, "sim/object_poses", qos.STREAM)
        self._joints = self.create_publisher(JointState, "sim/fixture_joints", qos.STREAM)
        self._cloths = self.create_publisher(Float64MultiArray, "sim/cloth_vertices", qos.STREAM)
        self._diagnostics = self.create_publisher(DiagnosticArray, "diagnostics", qos.EVENTS)
        alive = SubscriptionEventCallbacks(liveliness=self._on_liveliness)
        self.create_subscription(Time, "sim/drawn", self._on_drawn, qos.DRAWN, event_callbacks=alive)

    def _publish_bodies(self, now: float) -> None:
        """Publish where joints of fixtures and vertices of cloths are, of a scene that has some."""
        bodies = self._world.bodies
        if bodies.joints:
            self._joints.publish(messages.joint_position_message(bodies.joint_positions(), now))
        if bodies.cloths:
            vertices = {name: self._world.cloth_vertices(name) for name in bodies.cloths}
            self._cloths.publish(messages.point_sets_message(vertices))

    def _publish_diagnostics(self, now: float) -> None:
        factor = self._factor
        trouble = self._complaint or self._blind
        level = messages.WARN if factor.last < 0.8 * self.factor_max or trouble else messages.OK
        values = {
            "real_time_factor": f"{factor.last:.4f}",
            "real_time_factor_mean": f"{factor.mean:.4f}",
            "real_time_factor_worst_s": f"{factor.worst:.4f}",
            "waited_for_control_s": f"{self.waited:.3f}",
            "waited_for_cameras_s": f"{self.waited_for_pictures:.3f}",
            "active_controllers": " ".join(sorted(self.controllers.active)),
        }
        text = trouble or f"{factor.last:.2f} simulated seconds a second"
        self._diagnostics.publish(messages.diagnostic_array(now, messages.diagnostic("sim", level, text, values)))


def serve(stop: StopRequest) -> None:
    """Pace the world to the wall clock on absolute deadlines; between them commands are taken."""
    node = SimNode()
    spinner = Spinner(node, stop)
    prefer_punctuality()  # never real-time: a world too heavy for the machine would take all of it
    pace = Pace(time.monotonic())
    while not stop:
        now = time.monotonic()
        deadline = pace.next_round(node.period / node.factor_max, now)
        wait = deadline - now
        if wait <= 0.0:
            take_commands(node, spinner)
        while wait > 0.0 and not stop:
            spinner.once(wait)
            wait = deadline - time.monotonic()
        if node.awaits_command:
            waited = _stand_still(spinner, lambda: node.awaits_command, PATIENCE, node.give_up_waiting)
            take_commands(node, spinner)
            node.waited += waited
            pace.stood_still(waited)
        if node.awaits_pictures:
            waited = _stand_still(spinner, lambda: node.awaits_pictures, PICTURE_PATIENCE, node.give_up_pictures)
            take_commands(node, spinner)
            node.waited_for_pictures += waited
            pace.stood_still(waited)
        node.advance()


def take_commands(node: SimNode, spinner: Spinner) -> None:
    """Take all that waits: one a round would let commands pile up while the world is late, and old ones drive it."""
    for _ in range(qos.BUFFERED.depth):
        before = node.commands
        spinner.once(0.0)
        if node.commands == before:
            break


def _stand_still(spinner: Spinner, needed: Callable[[], bool], patience: float, give_up: Callable[[], None]) -> float:
    """Let the world stand still while that is `needed`, for `patience` [s] at most; return how long it was [s]."""
    began = now = time.monotonic()
    while needed() and not spinner.stop:
        spinner.once(0.005)
        now = time.monotonic()
        if now - began > patience:
            give_up()
    return now - began


def main() -> int:
    """Run the node."""
    return run_node("sim", serve)


if __name__ == "__main__":
    raise SystemExit(main())
