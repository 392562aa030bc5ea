# SPDX-License-Identifier: Apache-2.0
"""The page before the real bridge: simulator, cameras, state and control as processes over real DDS."""

import itertools
import socket
from pathlib import Path

import numpy as np
import pytest
from pages.operator_page import TOKEN, WAIT_S, eventually
from rig.nodes import NodeUnderTest, Operator

from vla_ros.teleop.serving.pairing import keep_token

SMALL = {"viewport": {"width": 320, "height": 400}, "device_scale_factor": 0.5}  # drawn by the processor, twice a frame
STILL = 3e-3  # [m] an arm that is not told to move stays within this


@pytest.fixture(scope="module")
def graph(browser, tmp_path_factory):
    """Start the nodes once; the arm starts disabled, as ever. No guard: a busy machine is not what is tested here."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pairing = {"port": port, "folder": str(tmp_path_factory.mktemp("pairing"))}
    keep_token(Path(pairing["folder"]), TOKEN)
    nodes = [
        NodeUnderTest("sim", seed=1, camera_rate_hz=5.0),
        *(NodeUnderTest(name, use_sim_time=True) for name in ("state", "control")),
        NodeUnderTest("camera", use_sim_time=True, seed=1),
        NodeUnderTest("vr_bridge", use_sim_time=True, autostart=True, **pairing),
    ]
    operator = Operator()
    try:
        assert operator.ready()
        assert operator.spin_until(lambda: "bridge" in operator.diagnostics, 60.0)
        yield f"http://127.0.0.1:{port}/?token={TOKEN}", operator
    finally:
        for node in nodes:
            node.kill()
        operator.close()


@pytest.fixture
def arm(graph):
    """Return the test's own node, which sees what the arm does."""
    yield graph[1]
    graph[1].set_estop(False)
    graph[1].enable(False)
    until(graph[1], lambda: not graph[1].progress.enabled)


@pytest.fixture
def link(graph):
    return graph[0]


def place(arm: Operator) -> np.ndarray:
    arm.spin(0.01)
    return arm.T_base_ee[:3, 3].copy()


def moved(arm: Operator, start: np.ndarray) -> np.ndarray:
    return arm.T_base_ee[:3, 3] - start


def left_and_down(page, hand: str, step: int) -> None:
    """Move an emulated hand a little: more than 6 cm at once would be no hand's motion."""
    page.page.evaluate(f"{hand}.position.set({0.2 - 0.005 * step}, {1.2 - 0.0025 * step}, -0.3)")


def enabled(page) -> None:
    """Enable the arm, and wait until the page knows: a hand that moves before has to let go first."""
    page.page.keyboard.press("o")
    page.reads("#doing", "Ready: the arm waits for a hand")


def until(arm: Operator, done) -> None:
    """Wait for something of the graph, while the page lives on."""
    assert arm.spin_until(done, WAIT_S), arm.progress


def close_gripper(page, arm: Operator) -> None:
    """Press G, and again where packets came so late that the bridge has let go of the hand meanwhile."""
    for _ in range(4):
        page.page.keyboard.press("g")
        if arm.spin_until(lambda: arm.progress.end_effectors["panda_hand/width"] < 0.005, WAIT_S / 4):
            return
    raise AssertionError(f"the gripper does not close: {arm.progress}")


def test_keys_move_the_simulated_arm_and_the_estop_ends_it(link, arm, visit):
    ada = visit(link).seated()
    for camera in (0, 1):
        ada.until(f"document.querySelectorAll('.camera')[{camera}]?.dataset.late === 'false'")
    ada.reads("#doing", "Disabled: the arm does not follow")
    ada.page.click("#enable")
    until(arm, lambda: arm.progress.enabled)
    ada.reads("#doing", "Ready: the arm waits for a hand")
    start = place(arm)
    ada.page.keyboard.down("w")
    until(arm, lambda: arm.T_base_ee[0, 3] - start[0] > 0.04)
    ada.reads(".arm", "Clutch engaged")
    ada.reads("#latency", "command")
    ada.page.keyboard.up("w")
    close_gripper(ada, arm)
    ada.page.keyboard.down("r")
    until(arm, lambda: arm.progress.moving)
    ada.page.keyboard.press("Space")
    until(arm, lambda: arm.progress.estop)
    ada.reads("#estop", "STOPPED")
    ada.page.keyboard.up("r")
    until(arm, lambda: arm.speed < 0.02)
    ada.page.click("#banner-action")
    until(arm, lambda: not arm.progress.estop)
    assert np.linalg.norm(place(arm) - start) < 0.5


def test_a_headset_moves_the_simulated_arm_as_the_hand_moves(link, arm, visit, headset):
    ada = visit(link, scripts=headset, **SMALL).seated()
    hand = "window.headset.controllers.right"
    enabled(ada)
    ada.page.press("#enter-vr", "Enter")
    ada.page.evaluate(f"{hand}.position.set(0.2, 1.2, -0.3)")
    ada.page.evaluate(f"{hand}.updateButtonValue('squeeze', 1)")
    ada.reads(".arm", "Clutch engaged")
    start, step = place(arm), itertools.count(1)
    eventually(lambda: left_and_down(ada, hand, next(step)) or arm.spin_until(lambda: moved(arm, start)[1] > 0.05, 0.1))
    forward, left, up = moved(arm, start)
    assert up == pytest.approx(-0.5 * left, abs=0.01)
    assert forward == pytest.approx(0.0, abs=0.01)
    ada.page.evaluate(f"{hand}.updateButtonValue('squeeze', 0)")
    ada.reads(".arm", "Clutch free")
    ada.page.evaluate(f"{hand}.position.set(0.5, 1.6, 0.3)")
    until(arm, lambda: arm.progress.hold_reason == "chunk exhausted")
    held = place(arm)
    arm.spin(0.5)
    assert np.linalg.norm(place(arm) - held) < STILL


def test_a_page_that_goes_away_leaves_an_arm_that_holds(link, arm, visit):
    ada = visit(link, "Ada").seated()
    enabled(ada)
    ada.page.keyboard.down("s")
    until(arm, lambda: arm.progress.moving)
    ada.context.close()
    until(arm, lambda: arm.progress.hold_reason == "chunk exhausted")
    held = place(arm)
    bob = visit(link, "Bob").seated()
    bob.reads(".arm", "Clutch free")
    assert np.linalg.norm(place(arm) - held) < STILL
