# SPDX-License-Identifier: Apache-2.0
"""The page before the test robot: two hands, a gripper and a cup, sticks for base, lift and head."""

from __future__ import annotations

import os

import pytest
from pages.operator_page import eventually
from pages.page_looks import CONTRAST, NAMELESS, PHONE
from pages.pair_on_page import PairOnPage
from robot_rigs.two_armed_robot import pair

from vla_ros.teleop.sticks import Sticks

# A gamepad of the standard layout, whose sticks and buttons the test sets.
GAMEPAD = """
  window.pad = { id: "Test pad", connected: true, mapping: "standard", axes: [0, 0, 0, 0],
    buttons: Array.from({ length: 17 }, () => ({ pressed: false, touched: false, value: 0 })) };
  navigator.getGamepads = () => [window.pad];
  window.press = (i, value) => { window.pad.buttons[i] = { pressed: value > 0.1, touched: false, value }; };
"""
LT, UP, DOWN, LEFT, RIGHT = 6, 12, 13, 14, 15
PUSHED = {  # key: the channel it moves, and which way
    "ArrowUp": ("base/velocity.x", 1),
    "ArrowLeft": ("base/velocity.y", 1),
    "PageUp": ("lift_joint/velocity", 1),
    "PageDown": ("lift_joint/velocity", -1),
    ",": ("head_pan_joint/velocity", 1),  # to the left
    ".": ("head_pan_joint/velocity", -1),
    "Home": ("head_tilt_joint/velocity", -1),  # up
    "End": ("head_tilt_joint/velocity", 1),
}


@pytest.fixture
def site(serve):
    site = serve(PairOnPage())
    site.robot.enabled = True
    return site


@pytest.fixture
def driver(site, visit):
    driver = visit(site.link, scripts=(GAMEPAD,)).seated()
    for camera, colour in enumerate(((90, 60, 30), (40, 90, 40), (30, 50, 100))):
        site.show(camera, colour)
    driver.until("document.querySelectorAll('.arm').length === 2")
    return driver


def pushed(site) -> dict[str, float]:
    """Return what the sticks of the newest packet ask of the robot's channels, where they ask for anything."""
    received = site.robot.received
    if not received:
        return {}
    asked = Sticks(pair(), 0.25).velocities(received[-1])
    return {channel: value for channel, value in asked.items() if value}


def test_each_hand_has_its_arm_and_its_tool(site, driver):
    driver.reads("#robot-name", "pair")
    driver.reads("#robot-what", "2 arms, base, lift, head")
    for arm, hand, tool in (("left", "left hand", "Gripper"), ("right", "right hand", "Suction")):
        driver.reads(f"[data-arm={arm}]", f"{arm} ({hand})")
        driver.reads(f"[data-arm={arm}] .gauge >> nth=0", tool)
    driver.reads("[data-arm=left] .gauge >> nth=0", "90 mm")
    driver.reads("[data-arm=right] .gauge >> nth=0", "off")


def test_the_cup_is_switched_by_a_button_and_says_whether_it_holds(site, driver):
    driver.page.click("[data-side=right]")
    driver.reads("#gripper", "Suction on")
    driver.reads("#tool-word", "suction")
    driver.page.click("#gripper")
    eventually(lambda: site.robot.gripper["right"] == 1.0)
    eventually(lambda: site.robot.received[-1].hands["right"].gripper == pytest.approx(1.0))
    assert not site.robot.received[-1].hands["left"].clutch
    for sealed, words in ((None, "on"), (False, "on, open"), (True, "holds")):
        site.robot.sealed = sealed
        driver.reads("[data-arm=right] .gauge b >> nth=0", words)
    driver.reads("#gripper", "Suction off")
    driver.page.click("[data-side=left]")
    driver.reads("#gripper", "Close gripper")
    driver.reads("#tool-word", "gripper")


@pytest.mark.parametrize("key", PUSHED)
def test_keys_drive_what_is_no_arm(site, driver, key):
    channel, sign = PUSHED[key]
    driver.page.keyboard.down(key)
    eventually(lambda: sign * pushed(site).get(channel, 0.0) > 0.0)
    assert set(pushed(site)) == {channel}
    driver.page.keyboard.up(key)
    eventually(lambda: not pushed(site))


def test_a_gamepad_drives_base_lift_and_head(site, driver):
    driver.page.evaluate(f"press({LT}, 1); window.pad.axes = [0, -1, 0, -1]; press({LEFT}, 1); press({DOWN}, 1)")
    wanted = {"base/velocity.x", "lift_joint/velocity", "head_pan_joint/velocity", "head_tilt_joint/velocity"}
    eventually(lambda: set(pushed(site)) == wanted)
    assert min(pushed(site).values()) > 0.0, "forward, up, to the left, down"
    selected = "document.querySelector('[data-side][aria-pressed=true]').dataset.side"
    assert driver.page.evaluate(selected) == "right", "the D-pad looks about, and chooses no hand"
    driver.page.evaluate(f"press({LT}, 0); window.pad.axes = [0, 0, 0, 0]; press({LEFT}, 0); press({DOWN}, 0)")
    eventually(lambda: not pushed(site))
    driver.page.evaluate(f"press({LEFT}, 1)")
    driver.until(f"{selected} === 'left'")


@pytest.mark.parametrize("size", [{}, PHONE], ids=["desk", "phone"])
def test_everything_can_be_read(site, visit, size):
    operator = visit(site.link, reduced_motion="reduce", **size).seated()
    for camera, colour in enumerate(((90, 60, 30), (40, 90, 40), (30, 50, 100))):
        site.show(camera, colour)
    operator.until("document.querySelectorAll('.arm').length === 2")
    operator.reads("#base-keys", "End head")
    assert operator.page.evaluate(CONTRAST) == []
    assert operator.page.evaluate(NAMELESS) == []
    width = operator.page.evaluate("document.documentElement.scrollWidth")
    assert width <= size.get("viewport", {"width": 1280})["width"]
    if shots := os.environ.get("VLA_SCREENSHOTS"):
        operator.page.screenshot(path=f"{shots}/two_arms_{'phone' if size else 'desk'}.png", full_page=True)
