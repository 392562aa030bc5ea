# SPDX-License-Identifier: Apache-2.0
"""The operator's bridge in a real graph: simulator, state, control; a real websocket, real DDS."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from arms.teleoperated_arm import figure_eight, tremor
from diagnostic_msgs.msg import DiagnosticStatus
from free_port import free_port
from geometry_msgs.msg import PoseStamped
from pages.bridge_link import TOKEN, link
from pages.live_page import LivePage
from PIL import Image as PillowImage
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.srv import GetParameters, ListParameters, SetParameters
from rclpy.parameter import Parameter
from rig.nodes import JOINTS, NodeUnderTest, Operator
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger

from controllers.errors import VlaError
from controllers.rotations import from_matrix
from vla_ros import messages, qos
from vla_ros.nodes.arm.way_home import HOME_TOLERANCE
from vla_ros.policies.capabilities.failure_score import ACTING, WAITING
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.serving.pairing import keep_token
from vla_ros.teleop.simulated_hand.connection import Connection
from vla_ros.teleop.simulated_hand.habits import Habits
from vla_ros.teleop.simulated_hand.hand import ArmBarred, SimulatedHand, Waypoint

JERK_MAX = 6500.0  # [m/s³] of the tool: Franka Control Interface documentation, limits for Panda
CLUTCHED_S = 0.3
POLICY_CHUNK_S = 3.0
STILL = 2e-3  # [m] an arm that is not told to move stays within this


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """Start the nodes once; at the end the bridge must go quietly."""
    port, folder = free_port(), tmp_path_factory.mktemp("pairing")
    keep_token(folder, TOKEN)
    nodes = {
        "sim": NodeUnderTest("sim", seed=1),
        # No guard: on a machine that others keep busy it may latch the e-stop in the middle of a test.
        **{name: NodeUnderTest(name, use_sim_time=True) for name in ("state", "control")},
        "bridge": NodeUnderTest("vr_bridge", use_sim_time=True, autostart=True, port=port, folder=str(folder)),
    }
    operator = Operator()
    try:
        assert operator.ready(), {name: node.process.poll() for name, node in nodes.items()}
        assert operator.spin_until(lambda: "bridge" in operator.diagnostics, 60.0), nodes["bridge"].process.poll()
        yield port, operator, nodes
        code, output, seconds = nodes["bridge"].stop()
        assert code == 0, output
        assert "Traceback" not in output, output
        assert TOKEN in output  # the link
        assert seconds < 4.0
    finally:
        for node in nodes.values():
            node.kill()
        operator.close()


@pytest.fixture
def operator(graph) -> Operator:
    """Return the operator of an arm that is enabled and at rest, its bridge in the operator's charge."""
    operator = graph[1]
    assert operator.reset().success
    operator.enable_at_rest()
    return operator


@pytest.fixture
def open_page(graph, operator):
    """Return what opens a page; all are closed at the end."""
    opened = []

    def open_page(name: str = "Ada", seat: str = "drive") -> LivePage:
        opened.append(LivePage(link(graph[0]), name, seat))
        return opened[-1]

    yield open_page
    for page in opened:
        page.close()


@pytest.fixture
def page(operator, open_page):
    """Return the driver's page, whose hand is still and not clutched."""
    page = open_page()
    assert operator.spin_until(lambda: page.connection.seat["yours"])
    page.command("take")
    assert operator.spin_until(lambda: page.state["enabled"] and page.state["mode"] == "teleop", 30.0)
    return page


def forward(speed: float, distance: float):
    """Return a hand that goes away from the operator, once the clutch has surely been heard of: it is gripped there."""
    return lambda time: np.array([0.0, 1.2, -min(speed * max(time - CLUTCHED_S, 0.0), distance)])


def moved(operator: Operator, T_start: np.ndarray) -> np.ndarray:
    return operator.T_base_ee[:3, 3] - T_start[:3, 3]


def commanded(page: LivePage) -> np.ndarray:
    """Return where control sends the tool (3,) [m], as the page is told."""
    return np.array(page.state["arms"]["panda"]["commanded"]["p"])


def settled(operator: Operator, page: LivePage) -> np.ndarray:
    """Wait until control sends the tool (3,) [m] to the same place for a second; return where."""
    places = [commanded(page)]

    def moves_on() -> bool:
        return float(np.linalg.norm(commanded(page) - places[-1])) > 1e-4

    while operator.spin_until(moves_on, 1.0):
        places.append(commanded(page))
    return places[-1]


def test_a_clutched_hand_moves_the_arm_and_letting_go_holds_it(operator, page):
    start, sent_from = operator.T_base_ee.copy(), commanded(page)
    page.go(forward(0.1, 0.1))
    assert operator.spin_until(lambda: operator.progress.source == "teleop" and operator.progress.moving)
    # Let go before, and the command stays short of where the hand is. What the hand goes while nothing of it is heard
    # for long, as when others want all processors, is not followed (`teleop/test_motion.py`).
    shift = settled(operator, page) - sent_from
    assert 0.05 < shift[0] < 0.102, shift
    np.testing.assert_allclose(shift[1:], 0.0, atol=1e-3)
    assert page.state["arms"]["panda"]["clutched"]
    figures = lambda: page.state["latency"]  # noqa: E731
    measured = lambda: all((figures()[name] or 0.0) > 0.0 for name in ("command_ms", "tick_ms"))  # noqa: E731
    assert operator.spin_until(measured, 30.0), figures()
    page.go(forward(1.0, 5.0), clutch=False)  # wherever it goes now
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 30.0)
    operator.spin(0.5)
    np.testing.assert_allclose(moved(operator, start), shift, atol=1e-2)
    assert not page.state["arms"]["panda"]["clutched"]


def test_the_trigger_closes_the_gripper(operator, page):
    page.go(lambda time: np.array([0.0, 1.0, 0.0]))
    page.gripper = 1.0
    assert operator.spin_until(lambda: operator.progress.end_effectors["panda_hand/width"] < 0.005, 30.0)
    page.gripper = 0.0
    assert operator.spin_until(lambda: operator.progress.end_effectors["panda_hand/width"] > 0.075, 30.0)


class CommandedPath:
    """Where control has sent the tool, by control/commanded_pose, 50 times a second of simulated time."""

    def __init__(self, operator: Operator) -> None:
        self._poses: dict[float, np.ndarray] = {}
        self._node = operator.node
        self._subscription = self._node.create_subscription(
            PoseStamped, "control/commanded_pose", self._on_pose, qos.EVENTS
        )

    def _on_pose(self, message: PoseStamped) -> None:
        self._poses[messages.seconds(message.header.stamp)] = messages.transform(message.pose)[:3, 3]

    def close(self) -> tuple[np.ndarray, np.ndarray]:
        """Return times (T,) [s] and places (T, 3) [m]."""
        self._node.destroy_subscription(self._subscription)
        times = np.array(sorted(self._poses))
        return times, np.array([self._poses[time] for time in times])


def derivative(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the rates of change between samples, however far apart these are."""
    return 0.5 * (times[1:] + times[:-1]), np.diff(values, axis=0) / np.diff(times)[:, None]


def fastest(values: np.ndarray) -> float:
    return float(np.linalg.norm(values, axis=1).max())


def test_no_jump_at_any_of_twenty_clutches(operator, page):
    commanded = CommandedPath(operator)
    rng = np.random.default_rng(3)
    for number in range(20):
        place = rng.uniform(-0.4, 0.4, 3)  # has nothing to do with where it let go
        direction = 1.0 if number % 2 else -1.0
        page.go(lambda time, p=place, d=direction: p + np.array([0.05 * d * np.sin(3.0 * time), 0.0, 0.0]))
        operator.spin(0.25 + 0.2 * rng.uniform())
        page.clutch = False
        operator.spin(0.08)
    times, path = commanded.close()
    assert len(path) > 100
    assert fastest(path - path[0]) > 0.02  # it was moved about
    times, velocity = derivative(times, path)
    times, acceleration = derivative(times, velocity)
    assert fastest(velocity) < 0.9
    assert fastest(derivative(times, acceleration)[1]) < 0.1 * JERK_MAX


def test_a_figure_eight_by_a_trembling_hand_keeps_the_limits(operator, page):
    operator.transitions.clear()
    commanded = CommandedPath(operator)
    page.go(lambda time: figure_eight(time) + tremor(time))
    operator.spin(9.0)
    page.clutch = False
    times, path = commanded.close()
    assert not [transition.message for transition in operator.transitions if transition.level == messages.WARN]
    # A machine that stalls is latched anew and slows the simulation: how large the eight becomes is no test here.
    assert (path.max(axis=0) - path.min(axis=0))[1:].min() > 0.05
    times, velocity = derivative(times, path)
    times, acceleration = derivative(times, velocity)
    assert fastest(velocity) < 0.9  # control's own limit, in simulated time, along two axes
    assert fastest(derivative(times, acceleration)[1]) < 0.1 * JERK_MAX


def test_gaps_are_made_up_for_without_a_jump_or_another_clutch(operator, page):
    """Five gaps of 0.25 s: 10 cm of the hand's way, of which a machine that stalls as well may cost some."""
    page.go(forward(0.08, 0.3))
    assert operator.spin_until(lambda: operator.progress.source == "teleop" and operator.progress.moving)
    operator.transitions.clear()
    path = CommandedPath(operator)
    for _ in range(5):
        page.speaking = False
        operator.spin(0.25)
        page.speaking = True
        operator.spin(0.5)
    settled(operator, page)
    assert page.state["arms"]["panda"]["clutched"]
    times, places = path.close()
    assert not [transition.message for transition in operator.transitions if transition.level == messages.WARN]
    assert places[-1][0] - places[0][0] > 0.24, "what the hand went in the gaps is missing"
    times, velocity = derivative(times, places)
    times, acceleration = derivative(times, velocity)
    assert fastest(velocity) < 0.8
    assert fastest(derivative(times, acceleration)[1]) < 0.1 * JERK_MAX


@pytest.mark.parametrize("how", ["silence", "lost network", "NaN", "nonsense"])
def test_when_the_hands_cannot_be_trusted_the_arm_holds(operator, page, open_page, how):
    page.go(forward(0.1, 1.0))
    assert operator.spin_until(lambda: operator.progress.moving, 30.0)
    if how == "silence":
        page.speaking = False
    elif how == "lost network":
        page.speaking = False
        page.drop()
    elif how == "NaN":
        page.result(page.connection.send_text('{"type": "hands", "n": 1, "t": NaN, "source": "xr", "hands": {}}'))
    else:
        page.result(page.connection.send_text("nonsense"))
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 30.0)
    start = operator.T_base_ee.copy()
    operator.spin(0.5)
    assert np.linalg.norm(moved(operator, start)) < 2 * STILL
    if how in ("NaN", "nonsense"):
        assert page.connection.refused
        # Until the clutch is let go and pressed again.
        assert operator.spin_until(lambda: "press it again" in page.state["arms"]["panda"]["refused"], 30.0)
        page.go(forward(0.1, 1.0), clutch=False)
        operator.spin(0.2)
        page.go(forward(0.1, 1.0))
        assert operator.spin_until(lambda: operator.progress.moving, 30.0)
    elif how == "silence":
        assert operator.spin_until(lambda: page.noted("not heard any more"), 30.0)
    if how == "lost network":
        again = open_page("Ada again")
        assert operator.spin_until(lambda: again.connection.seat["yours"], 30.0)


def test_a_second_driver_moves_nothing(operator, page, open_page):
    other = open_page("Bob")
    assert operator.spin_until(lambda: other.connection.seat and not other.connection.seat["yours"], 30.0)
    start = operator.T_base_ee.copy()
    other.go(forward(0.2, 1.0))
    operator.spin(1.0)
    assert np.linalg.norm(moved(operator, start)) < STILL
    with pytest.raises(VlaError, match="you are watching"):
        other.command("home")
    assert other.noted("Ada drives: you watch")


def released(operator: Operator, page: LivePage) -> bool:
    """Release the e-stop, and return whether control has heard it: in its first seconds it takes no release."""
    page.command("estop", on=False)
    return operator.spin_until(lambda: not operator.progress.estop, 1.0)


def test_the_estop_of_a_watcher_stops_a_motion_and_stays(operator, page, open_page):
    page.go(forward(0.15, 1.0))
    assert operator.spin_until(lambda: operator.progress.moving and operator.speed > 0.05, 30.0)
    watcher = open_page("Eve", "watch")
    watcher.command("estop", on=True)
    assert operator.spin_until(lambda: operator.progress.estop and operator.speed < 0.02, 30.0)
    assert operator.spin_until(lambda: page.state["estop"], 30.0)
    with pytest.raises(VlaError, match="e-stop"):
        page.command("enable")
    with pytest.raises(VlaError, match="you are watching"):
        watcher.command("estop", on=False)
    operator.spin(0.5)  # where a stop turns round, the arm is slow as well
    start = operator.T_base_ee.copy()
    assert any(released(operator, page) for _ in range(5))
    operator.spin(0.5)
    assert np.linalg.norm(moved(operator, start)) < STILL  # releasing enables nothing
    page.command("enable")
    operator.spin(0.5)
    # The clutch is still held, and has been all the time.
    assert np.linalg.norm(moved(operator, start)) < STILL
    assert "press it again" in page.state["arms"]["panda"]["refused"]


def fault(operator: Operator) -> None:
    """Have a joint be elsewhere all at once, as an encoder that lies says it."""
    publisher = operator.node.create_publisher(JointState, "joint_states", qos.STREAM)
    names = [*JOINTS, "panda_finger_joint1", "panda_finger_joint2"]

    def faulted() -> bool:
        leap = JointState(name=names, position=[*(operator.joints.position + 0.5), 0.04, 0.04])
        leap.header.stamp = messages.stamp(operator.stamp)
        publisher.publish(leap)
        return operator.spin_until(lambda: "joint states jump" in operator.progress.held, 0.2)

    assert operator.spin_until(faulted, 30.0)
    operator.node.destroy_publisher(publisher)


def test_after_a_fault_the_page_says_so_until_it_is_enabled_again(operator, page):
    page.go(forward(0.1, 1.0))
    assert operator.spin_until(lambda: page.state["arms"]["panda"]["clutched"], 30.0)
    fault(operator)
    assert operator.spin_until(lambda: "joint states jump" in page.state["held"], 30.0)
    assert not page.state["enabled"]
    assert page.state["mode"] == "disabled"
    assert operator.spin_until(lambda: not page.state["arms"]["panda"]["clutched"], 30.0)
    assert "control is held (fault: joint states jump" in page.state["arms"]["panda"]["refused"]
    page.clutch = False
    page.command("enable")
    assert operator.spin_until(lambda: page.state["enabled"] and not page.state["held"], 30.0)
    page.go(forward(0.1, 1.0))
    assert operator.spin_until(lambda: operator.progress.moving, 30.0)


def test_the_operator_takes_the_arm_from_a_policy_and_gives_it_back(operator, page):
    def policy_moves() -> bool:
        # Long enough that it is under way when the operator takes the arm, however long the test's own steps take.
        operator.send(operator.chunk((0.0, 0.0, 0.01), duration=POLICY_CHUNK_S))
        operator.spin(0.2)
        return operator.progress.source == "policy" and operator.progress.moving

    policy_moves()
    page.command("give")
    assert operator.spin_until(policy_moves, 30.0)
    assert page.state["mode"] == "policy"
    page.go(forward(0.1, 0.2))  # clutching alone takes nothing
    operator.spin(0.3)
    assert "take it first" in page.state["arms"]["panda"]["refused"]
    assert operator.spin_until(policy_moves, 30.0)
    page.command("take")
    assert operator.spin_until(lambda: operator.progress.source == "teleop", 30.0)
    operator.transitions.clear()
    policy_moves()
    assert operator.progress.source == "teleop"
    # The operator's next chunk, which is accepted, clears the reason in control/progress.
    assert operator.spin_until(
        lambda: any("'policy' is refused" in transition.message for transition in operator.transitions), 5.0
    )
    page.clutch = False
    operator.spin(0.2)
    page.go(forward(0.1, 0.2))
    assert operator.spin_until(lambda: operator.progress.moving, 30.0)
    policy_moves()
    assert page.state["arms"]["panda"]["refused"] == ""  # the policy's refusals are not the hand's
    page.clutch = False
    page.command("give")
    assert operator.spin_until(policy_moves, 30.0)
    page.command("hold")
    assert operator.spin_until(lambda: page.state["mode"] == "hold" and operator.progress.source == "teleop", 30.0)


def test_a_policy_that_waits_for_a_person_goes_on_when_it_is_given_the_arm(operator, page):
    asked = []

    def resume(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        asked.append(True)
        response.success = True
        return response

    node = operator.node
    topic = node.create_publisher(DiagnosticStatus, "policy/failure_score", qos.LATCHED)
    service = node.create_service(Trigger, "policy/resume", resume)

    def say(doing: str) -> None:
        topic.publish(messages.diagnostic("failure detector", messages.WARN, f"a failure: {doing}", {"doing": doing}))

    def give() -> None:
        with contextlib.suppress(VlaError):  # asked again, where the answer does not come
            page.command("give")

    def given() -> bool:
        operator.send(operator.chunk((0.0, 0.0, 0.01), duration=POLICY_CHUNK_S))  # a policy runs
        asking = threading.Thread(target=give)  # the answer is this thread's
        asking.start()
        assert operator.spin_until(lambda: not asking.is_alive(), 30.0)
        return bool(asked)

    try:
        say(WAITING)
        assert operator.spin_until(lambda: page.state["doubt"] == f"a failure: {WAITING}", 30.0)
        assert operator.spin_until(lambda: page.noted("asks for you"), 30.0)
        assert operator.spin_until(given, 30.0)
        say(ACTING)
        assert operator.spin_until(lambda: page.state["doubt"] == "", 30.0)
    finally:
        node.destroy_publisher(topic)
        node.destroy_service(service)


def test_in_a_slow_world_a_quick_hand_is_followed_at_the_speed_of_that_world(operator, page):
    """The hand lives in wall time, the arm in a world at a quarter of that."""
    poses: list[tuple[float, np.ndarray]] = []
    node = operator.node
    subscription = node.create_subscription(
        PoseStamped, "control/commanded_pose",
        lambda m: poses.append((messages.seconds(m.header.stamp), messages.transform(m.pose)[:3, 3])), qos.EVENTS,
    )  # fmt: skip
    slow_down = node.create_client(SetParameters, "sim_node/set_parameters")
    assert operator.spin_until(slow_down.service_is_ready)
    try:
        slow_down.call_async(SetParameters.Request(parameters=[factor(0.25)]))
        assert operator.spin_until(lambda: float(operator.diagnostics["sim"]["real_time_factor"]) < 0.3, 30.0)
        poses.clear()
        page.go(lambda time: np.array([0.25 * np.sin(3.0 * time), 1.2, 0.0]))  # 0.75 m/s: 3 m/s to the arm
        operator.spin(6.0)
        hold = operator.progress.hold_reason
    finally:
        slow_down.call_async(SetParameters.Request(parameters=[factor(1.0)]))
        node.destroy_subscription(subscription)
    assert hold == ""
    assert operator.spin_until(lambda: float(operator.diagnostics["sim"]["real_time_factor"]) > 0.3, 30.0)
    stamps, places = np.array([stamp for stamp, _ in poses]), np.array([place for _, place in poses])
    later = np.searchsorted(stamps, stamps + 0.02)
    kept = later < len(stamps)
    speed = np.linalg.norm(places[later[kept]] - places[kept], axis=1) / (stamps[later[kept]] - stamps[kept])
    assert np.ptp(places[:, 1]) > 0.05
    assert speed.max() < 2.0 * 0.5  # [m/s] where the hand turns back, what joins its chunks goes further than they do


def factor(value: float) -> ParameterMessage:
    return Parameter("real_time_factor", value=value).to_parameter_msg()


def test_a_scripted_operator_takes_the_tool_where_it_is_to_go(graph, operator):
    start = operator.T_base_ee.copy()
    q = np.array(from_matrix(start[:3, :3]))
    turned = tuple((Rotation.from_rotvec([0.0, 0.0, 0.5]) * Rotation.from_quat(q)).as_quat().tolist())
    places = [start[:3, 3] + np.array(shift) for shift in ([0.12, 0.25, -0.1], [0.15, -0.2, 0.05])]
    waypoints = [Waypoint(Pose(places[0], tuple(q)), closed=1.0), Waypoint(Pose(places[1], turned))]
    reached, outcome = [], []

    async def drive() -> int:
        async with Connection(link(graph[0]), "script") as connection:
            await connection.command("take")
            hand = SimulatedHand(connection, "panda", Habits(reach=0.15), seed=3)
            for waypoint in waypoints:
                await hand.reach(waypoint)
                reached.append(np.array(connection.state["arms"]["panda"]["commanded"]["p"]))
            await hand.let_go()
            return hand.clutches

    thread = threading.Thread(target=lambda: outcome.append(asyncio.run(drive())))
    thread.start()
    assert operator.spin_until(lambda: not thread.is_alive(), 90.0)
    assert outcome
    assert outcome[0] >= 3  # half a metre is further than an arm's reach
    for place, there in zip(places, reached, strict=True):
        assert np.linalg.norm(there - place) < 0.015
    np.testing.assert_allclose(operator.T_base_ee[:3, 3], places[1], atol=0.02)
    # Closed at the first, and still so after every clutch.
    assert operator.progress.end_effectors["panda_hand/width"] < 0.005
    angle = (Rotation.from_quat(turned).inv() * Rotation.from_matrix(operator.T_base_ee[:3, :3])).magnitude()
    assert angle < 0.08


@pytest.mark.parametrize("why", ["disabled", "fault", "e-stop"])
def test_a_scripted_operator_makes_no_strokes_at_an_arm_that_does_not_follow(graph, operator, why):
    words = {
        "disabled": "control is disabled: enable it",
        "fault": "control is held (fault: joint states jump",
        "e-stop": "the e-stop is latched",
    }
    strokes, outcome = [], []

    class Counted(SimulatedHand):
        async def _stroke(self, shift, turn):
            strokes.append(operator.progress.follows)
            await super()._stroke(shift, turn)

    async def drive() -> None:
        async with Connection(link(graph[0]), "script") as connection:
            await connection.command("take")
            goal = Pose(np.array([0.5, 0.2, 0.4]), (1.0, 0.0, 0.0, 0.0))
            try:
                await Counted(connection, "panda", Habits(speed=0.05)).carry_out([Waypoint(goal)])
            except ArmBarred as error:
                outcome.append(str(error))

    thread = threading.Thread(target=lambda: asyncio.run(drive()))
    if why == "disabled":
        assert operator.enable(False).success
        assert operator.spin_until(lambda: not operator.progress.enabled, 30.0)
        operator.spin(0.2)
    thread.start()
    if why in ("fault", "e-stop"):
        assert operator.spin_until(lambda: operator.progress.moving, 20.0)
        fault(operator) if why == "fault" else operator.set_estop(True)
    try:
        assert operator.spin_until(lambda: not thread.is_alive(), 30.0)
        assert words[why] in outcome[0]
        assert len(strokes) <= (1 if why in ("fault", "e-stop") else 0)
    finally:
        operator.set_estop(False)


def test_pictures_words_and_speed_reach_where_they_belong(operator, page):
    said = []
    subscription = operator.node.create_subscription(String, "instruction", lambda m: said.append(m.data), qos.LATCHED)
    page.command("instruct", text="pick up the red mug")
    assert operator.spin_until(lambda: "pick up the red mug" in said, 30.0)
    assert operator.spin_until(lambda: page.state["instruction"] == "pick up the red mug", 30.0)
    operator.node.destroy_subscription(subscription)
    publisher = operator.node.create_publisher(Image, "cameras/side/color/image_raw", qos.IMAGES)
    writer = messages.ImageWriter("side_color_optical_frame")
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32] = (200, 30, 30)

    def shown() -> bool:
        publisher.publish(writer.write_color(operator.stamp, image))
        operator.spin(0.05)
        return bool(page.connection.pictures.get(1))

    assert operator.spin_until(shown, 20.0)
    seen = np.asarray(PillowImage.open(io.BytesIO(page.connection.picture[1])))
    assert seen.shape == image.shape
    assert np.abs(seen[24, 8].astype(int) - image[24, 8]).max() < 20
    assert page.state["cameras"][1]["rate"] > 0.0
    operator.node.destroy_publisher(publisher)
    page.command("speed", scale=0.1)
    page.go(forward(1.0, 0.2))
    operator.spin(1.0)
    start = operator.T_base_ee.copy()
    began = operator.stamp
    operator.spin(1.0)
    assert moved(operator, start)[0] / (operator.stamp - began) < 0.08
    page.command("speed", scale=1.0)


def test_home_from_the_page_and_hands_wait_meanwhile(operator, page):
    home = load_embodiment("franka").arms[0].home
    page.go(forward(0.2, 0.15))
    assert operator.spin_until(lambda: np.abs(operator.joints.position - home).max() > 0.08, 30.0)
    page.clutch = False
    assert page.command("home") == "going home"
    assert operator.spin_until(lambda: page.state["mode"] == "home", 30.0)
    page.go(forward(0.2, 0.15))
    assert operator.spin_until(lambda: page.noted("home: enable to go on"), 60.0), list(page.connection.notes)
    assert operator.spin_until(lambda: operator.speed < 0.02, 30.0)
    np.testing.assert_allclose(operator.joints.position, home, atol=HOME_TOLERANCE)
    assert not operator.progress.enabled
    assert operator.spin_until(lambda: page.state["mode"] == "disabled", 30.0)


def test_the_token_is_neither_a_parameter_nor_on_a_command_line(graph, operator):
    """Both are for everybody on this machine to read; so would be what names it on /parameter_events."""
    node, bridge = operator.node, graph[2]["bridge"].process
    listing = node.create_client(ListParameters, "vr_bridge_node/list_parameters")
    reading = node.create_client(GetParameters, "vr_bridge_node/get_parameters")
    assert operator.spin_until(lambda: listing.service_is_ready() and reading.service_is_ready(), 30.0)
    listed = listing.call_async(ListParameters.Request())
    assert operator.spin_until(listed.done, 30.0)
    names = listed.result().result.names
    assert {"token_file", "folder"} <= set(names)
    read = reading.call_async(GetParameters.Request(names=names))
    assert operator.spin_until(read.done, 30.0)
    assert len(read.result().values) == len(names)
    assert TOKEN not in str(read.result().values)
    assert TOKEN.encode() not in Path(f"/proc/{bridge.pid}/cmdline").read_bytes()
    assert TOKEN.encode() not in Path(f"/proc/{bridge.pid}/environ").read_bytes()
    node.destroy_client(listing)
    node.destroy_client(reading)


def test_a_port_that_is_taken_and_a_folder_that_cannot_be_are_one_line(graph, tmp_path):
    (tmp_path / "file").write_text("")
    cases = {"port": ({"port": graph[0]}, "give another"), "folder": ({"folder": str(tmp_path / "file")}, "folder")}
    for given, reason in cases.values():
        parameters = {"port": 0, "folder": str(tmp_path), "host": "localhost", "autostart": True}
        node = NodeUnderTest("vr_bridge", **(parameters | given))
        output, _ = node.process.communicate(timeout=60.0)
        assert node.process.returncode == 2, output
        assert reason in output.strip().split("\n")[-1]
        assert "Traceback" not in output


class FakeLeader:
    """A leader's joint states from another namespace, fifty times a second."""

    def __init__(self, operator: Operator) -> None:
        self._node, self.q = operator.node, np.zeros(len(JOINTS))
        self._publisher = self._node.create_publisher(JointState, "/leader/joint_states", qos.STREAM)
        self._speaks, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._speak, daemon=True)
        self._thread.start()

    def say(self, q: np.ndarray) -> None:
        """Be at q (7,) [rad] from now on."""
        self.q = q
        self._speaks.set()

    def _speak(self) -> None:
        while not self._over.wait(0.02):
            if self._speaks.is_set():
                self._publisher.publish(JointState(name=list(JOINTS), position=self.q.tolist()))

    def close(self) -> None:
        self._over.set()
        self._thread.join(5.0)
        self._node.destroy_publisher(self._publisher)


@pytest.fixture
def led(graph, operator, tmp_path):
    """Return a page whose bridge hears a leader, and the leader."""
    keep_token(tmp_path, TOKEN)
    port, patient = free_port(), tmp_path / "patient.yaml"
    patient.write_text("stale_s: 2.0\n")  # a busy machine keeps this process from speaking
    given = {"autostart": True, "use_sim_time": True, "port": port, "folder": str(tmp_path)}
    bridge = NodeUnderTest("vr_bridge", **given, leader="/leader", leader_map=str(patient))
    leader, pages = FakeLeader(operator), []

    def there() -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return True
        return False

    try:
        assert operator.spin_until(there, 60.0), bridge.process.poll()
        pages.append(LivePage(link(port)))
        yield pages[0], leader
    finally:
        for page in pages:
            page.close()
        leader.close()
        bridge.kill()


def test_an_arm_follows_a_leader_that_agrees_and_comes_slowly_to_one_that_does_not(led, operator):
    page, leader = led
    said = lambda: page.state["arms"]["panda"]["refused"] or ""  # noqa: E731
    assert operator.spin_until(lambda: "nothing has been heard of the leader" in said())
    start = operator.joints.position[: len(JOINTS)].copy()
    leader.say(start + np.array([0.0, 0.0, 0.0, 0.4, 0.0, 0.0, 0.0]))
    assert operator.spin_until(lambda: "panda_joint4 of the leader is 0.40 rad above" in said()), said()
    assert operator.speed < 0.01
    page.command("take")
    at_leader = lambda: np.abs(operator.joints.position[: len(JOINTS)] - leader.q).max() < 0.02  # noqa: E731
    assert operator.spin_until(lambda: "comes to the leader slowly" in said()), said()
    fastest: list[float] = []
    assert operator.spin_until(lambda: fastest.append(operator.speed) or (at_leader() and not said())), said()
    assert max(fastest) < 0.5
    assert operator.progress.source == "teleop"
    leader.say(leader.q + 0.1)
    assert operator.spin_until(at_leader), said()
    leader.say(leader.q * np.nan)
    assert operator.spin_until(lambda: "nan for panda_joint1" in said()), said()
    assert operator.spin_until(lambda: operator.speed < 0.01 and operator.progress.hold_reason == "chunk exhausted")


def test_a_bridge_that_is_killed_leaves_the_arm_in_a_hold(graph, operator, page, tmp_path):
    nodes = graph[2]
    page.go(forward(0.1, 1.0))
    assert operator.spin_until(lambda: operator.progress.moving, 30.0)
    nodes["bridge"].process.kill()
    held = lambda: operator.progress.hold_reason == "chunk exhausted" and operator.speed < 0.01  # noqa: E731
    assert operator.spin_until(held, 30.0)
    operator.spin(0.5)  # what a starved machine had still to deliver
    assert operator.spin_until(held, 30.0)
    start = operator.T_base_ee.copy()
    operator.spin(0.5)
    assert np.linalg.norm(moved(operator, start)) < 2 * STILL
    nodes["bridge"].kill()
    keep_token(tmp_path, TOKEN)
    nodes["bridge"] = NodeUnderTest("vr_bridge", autostart=True, use_sim_time=True, port=0, folder=str(tmp_path))
    operator.diagnostics.pop("bridge", None)
    assert operator.spin_until(lambda: "bridge" in operator.diagnostics, 60.0)
