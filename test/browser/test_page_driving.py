# SPDX-License-Identifier: Apache-2.0
"""Keys, mouse and gamepad move the same virtual hand and send the same message."""

from itertools import pairwise

import pytest
from pages.operator_page import eventually
from robot_rigs.small_robot import SmallRobot

# A gamepad of the standard layout, whose sticks and buttons the test sets.
GAMEPAD = """
  window.pad = { id: "Test pad", connected: true, mapping: "standard", axes: [0, 0, 0, 0],
    buttons: Array.from({ length: 17 }, () => ({ pressed: false, touched: false, value: 0 })) };
  navigator.getGamepads = () => [window.pad];
  window.press = (i, value) => { window.pad.buttons[i] = { pressed: value > 0.1, touched: false, value }; };
"""


@pytest.fixture
def site(serve):
    return serve()


@pytest.fixture
def driver(site, visit):
    operator = visit(site.link).seated()
    operator.page.click("#enable")
    eventually(lambda: site.robot.enabled)
    return operator


def clutched(robot: SmallRobot) -> bool:
    return bool(robot.received) and robot.received[-1].hands["right"].clutch


def test_a_held_key_moves_the_arm_its_way(site, driver):
    """Forward is +x of the robot, left +y, up +z."""
    for key, axis, sign in (("w", 0, 1), ("s", 0, -1), ("a", 1, 1), ("d", 1, -1), ("r", 2, 1)):
        eventually(lambda: not clutched(site.robot))
        start = list(site.robot.p["right"])
        driver.page.keyboard.down(key)
        eventually(lambda way=(axis, sign, start): way[1] * (site.robot.p["right"][way[0]] - way[2][way[0]]) > 0.02)
        driver.page.keyboard.up(key)
        moved = [abs(now - before) for now, before in zip(site.robot.p["right"], start, strict=True)]
        assert max(moved) == moved[axis]
        assert sorted(moved)[1] < 1e-6
    assert site.robot.received[-1].source == "keys"


def test_the_hand_moves_as_smoothly_as_a_hand(site, driver):
    """No step is longer than a hand makes at the slowest frame, and no message is lost or repeated."""
    driver.page.keyboard.down("w")
    eventually(lambda: site.robot.p["right"][0] > 0.5)
    driver.page.keyboard.up("w")
    eventually(lambda: not clutched(site.robot))
    packets = site.robot.received
    for one, next_one in pairwise(packets):
        assert next_one.n == one.n + 1
        step = abs(next_one.hands["right"].position[2] - one.hands["right"].position[2])
        assert step <= 0.05 * 0.12 + 1e-9
        assert next_one.t > one.t


def test_twisting_turns_about_the_vertical(site, driver):
    driver.page.keyboard.down("q")
    eventually(lambda: site.robot.received and site.robot.received[-1].hands["right"].orientation[1] > 0.05)
    x, y, z, w = site.robot.received[-1].hands["right"].orientation
    assert abs(x) < 1e-9
    assert abs(z) < 1e-9
    assert abs(x * x + y * y + z * z + w * w - 1) < 1e-6


# A page whose hands advance three times a second: the robot's state comes in between.
SELDOM = """
  const real = window.setInterval;
  window.setInterval = (what, ms, ...rest) => real(what, ms === 16 ? 300 : ms, ...rest);
"""


def test_a_press_is_kept_although_the_robots_state_comes_before_the_hand_engages(site, visit):
    """A free hand takes over what the gripper does, and had forgotten what it was just commanded."""
    operator = visit(site.link, scripts=(SELDOM,)).seated()
    operator.page.click("#enable")
    eventually(lambda: site.robot.enabled)
    eventually(lambda: not clutched(site.robot))
    operator.page.keyboard.press("g")
    eventually(lambda: site.robot.gripper["right"] < 0.001)


def test_the_gripper_closes_and_opens(site, driver):
    driver.page.keyboard.press("g")
    eventually(lambda: site.robot.gripper["right"] < 0.001)
    driver.reads("#gripper", "Open gripper")
    driver.page.click("#gripper")
    eventually(lambda: site.robot.gripper["right"] > 0.079)
    driver.reads("#gripper", "Close gripper")


def test_engaging_drops_nothing_that_is_held(site, driver):
    site.robot.gripper["right"] = 0.024
    driver.until("document.querySelector('#gripper').textContent === 'Open gripper'")
    driver.page.keyboard.down("w")
    eventually(lambda: clutched(site.robot))
    driver.page.keyboard.up("w")
    assert site.robot.gripper["right"] == pytest.approx(0.024, abs=1e-6)


def test_whoever_leaves_the_window_lets_go(site, driver):
    driver.page.keyboard.down("w")
    eventually(lambda: clutched(site.robot))
    driver.page.evaluate("window.dispatchEvent(new Event('blur'))")
    eventually(lambda: not clutched(site.robot))
    at = list(site.robot.p["right"])
    count = len(site.robot.received)
    eventually(lambda: len(site.robot.received) > count + 5)  # still there, and still free
    assert not any(hands.hands["right"].clutch for hands in site.robot.received[count:])
    assert site.robot.p["right"] == at


# What macOS sends while Command is held: of the other key no keyup.
COMMAND_DOWN = {"key": "Meta", "code": "MetaLeft", "metaKey": True}
COMMAND_UP = {"key": "Meta", "code": "MetaLeft", "metaKey": False}
WITH_COMMAND = {"key": "a", "code": "KeyA", "metaKey": True}


@pytest.mark.parametrize(
    ("kind", "event"),
    [("keydown", COMMAND_DOWN), ("keyup", COMMAND_UP), ("keydown", WITH_COMMAND), ("keyup", WITH_COMMAND)],
)
def test_no_key_is_held_beside_command(site, driver, kind, event):
    driver.page.keyboard.down("w")
    eventually(lambda: clutched(site.robot))
    driver.page.evaluate("([kind, event]) => window.dispatchEvent(new KeyboardEvent(kind, event))", [kind, event])
    eventually(lambda: not clutched(site.robot), "the arm goes on after a key of which no keyup came")
    count = len(site.robot.received)
    eventually(lambda: len(site.robot.received) > count + 5)
    assert not any(hands.hands["right"].clutch for hands in site.robot.received[count:])
    driver.page.keyboard.up("w")
    driver.page.keyboard.down("s")
    eventually(lambda: clutched(site.robot), "and the next key is held again")
    driver.page.keyboard.up("s")


def test_typing_an_instruction_moves_nothing(site, driver):
    field = driver.page.locator("#instruction")
    field.click()
    field.press_sequentially("was der arm soll")
    field.press("Enter")
    eventually(lambda: site.robot.instruction == "was der arm soll")
    assert site.robot.p["right"] == [0.45, 0.0, 0.3]
    assert not site.robot.stopped


def test_dragging_the_pad_moves_the_hand_by_as_much(site, driver):
    start = list(site.robot.p["right"])
    box = driver.page.locator("#pad-plane").bounding_box()
    x, y = box["x"] + 40, box["y"] + box["height"] - 20
    driver.page.mouse.move(x, y)
    driver.page.mouse.down()
    driver.page.mouse.move(x + 100, y - 50, steps=8)
    eventually(lambda: site.robot.p["right"][1] < start[1] - 0.055)
    driver.page.mouse.up()
    eventually(lambda: not clutched(site.robot))
    forward, left, up = (now - before for now, before in zip(site.robot.p["right"], start, strict=True))
    assert forward == pytest.approx(0.03, abs=2e-3)  # 0.6 mm a pixel
    assert left == pytest.approx(-0.06, abs=2e-3)
    assert abs(up) < 1e-6
    assert any(hands.source == "pointer" for hands in site.robot.received)


def test_a_gamepad_needs_its_clutch(site, visit):
    operator = visit(site.link, scripts=(GAMEPAD,)).seated()
    site.robot.enabled = True
    operator.page.evaluate("window.pad.axes[1] = -1")
    count = len(site.robot.received)
    eventually(lambda: len(site.robot.received) > count + 3)
    assert site.robot.p["right"][0] == 0.45
    operator.page.evaluate("window.press(5, 1)")
    eventually(lambda: site.robot.p["right"][0] > 0.47)
    operator.page.evaluate("window.press(7, 0.5)")
    eventually(lambda: site.robot.gripper["right"] == pytest.approx(0.04, abs=1e-3))
    assert site.robot.received[-1].source == "gamepad"
    operator.page.evaluate("window.press(5, 0)")
    eventually(lambda: not clutched(site.robot))  # at once: the clutch is in the hand
    operator.page.evaluate("window.press(8, 1)")
    eventually(lambda: site.robot.stopped)


def test_a_gamepads_clutch_drops_nothing_that_is_held(site, visit):
    """RT rests while RB engages: the gripper stays as it is until RT is moved."""
    operator = visit(site.link, scripts=(GAMEPAD,)).seated()
    site.robot.enabled, site.robot.gripper["right"] = True, 0.024
    operator.until("document.querySelector('#gripper').textContent === 'Open gripper'")
    operator.page.evaluate("window.press(5, 1)")
    eventually(lambda: clutched(site.robot))
    count = len(site.robot.received)
    eventually(lambda: len(site.robot.received) > count + 40)  # in 25 a gripper would be open
    assert site.robot.gripper["right"] == pytest.approx(0.024, abs=1e-6)
    operator.page.evaluate("window.press(7, 1)")
    eventually(lambda: site.robot.gripper["right"] < 0.001)
    operator.page.evaluate("window.press(7, 0)")
    eventually(lambda: site.robot.gripper["right"] > 0.079)


def test_a_gamepad_of_another_layout_is_not_used_and_said(site, visit):
    """Its third axis is a trigger, −1 at rest, and would turn the hand for as long as its sixth button is held."""
    operator = visit(site.link, scripts=(GAMEPAD,)).seated()
    site.robot.enabled = True
    operator.page.evaluate("""() => {
      Object.assign(window.pad, { mapping: "", axes: [0, 0, -1, 0, 0, -1] });
      window.dispatchEvent(Object.assign(new Event("gamepadconnected"), { gamepad: window.pad }));
      window.press(5, 1);
    }""")
    operator.reads("#notes", "does not know the buttons of “Test pad”")
    count = len(site.robot.received)
    eventually(lambda: len(site.robot.received) > count + 3)
    assert not any(packet.hands["right"].clutch for packet in site.robot.received)
    operator.page.evaluate("window.pad.mapping = 'standard'")
    eventually(lambda: clutched(site.robot))


def test_two_arms_one_at_a_time_by_key(serve, visit):
    site = serve(SmallRobot(("right", "left"), base=True))
    operator = visit(site.link).seated()
    site.robot.enabled = True
    operator.page.keyboard.press("2")
    operator.page.keyboard.down("w")
    eventually(lambda: site.robot.p["left"][0] > 0.47)
    operator.page.keyboard.up("w")
    assert site.robot.p["right"][0] == 0.45
    operator.page.keyboard.down("ArrowUp")
    eventually(lambda: site.robot.received[-1].sticks.get("left") == (0.0, -1.0))
    eventually(lambda: site.robot.received[-1].hands["left"].clutch)  # or the robot would not move its base
    lately = lambda: site.robot.received[-10:]  # noqa: E731
    eventually(lambda: len({packet.hands["left"].position for packet in lately()}) == 1)  # the arm rides along
    eventually(lambda: all(packet.sticks for packet in lately()))
    operator.page.keyboard.up("ArrowUp")
    eventually(lambda: not site.robot.received[-1].sticks)
