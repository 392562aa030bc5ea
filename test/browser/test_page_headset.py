# SPDX-License-Identifier: Apache-2.0
"""The page in an emulated headset (iwer): clutch, both hands, gripper, buttons, and what a headset does wrong."""

import math

import cv2
import numpy as np
import pytest
from pages.operator_page import FRAMES, TAP, eventually
from pages.pair_on_page import PairOnPage
from robot_rigs.small_robot import SmallCollection, SmallRobot

PLACE = "([side, x, y, z]) => window.headset.controllers[side].position.set(x, y, z)"
TURN = "([side, x, y, z, w]) => window.headset.controllers[side].quaternion.set(x, y, z, w)"
BUTTON = "([side, name, value]) => window.headset.controllers[side].updateButtonValue(name, value)"
STICK = "([side, x, y]) => window.headset.controllers[side].updateAxes('thumbstick', x, y)"

SMALL = {"viewport": {"width": 320, "height": 400}, "device_scale_factor": 0.5}  # drawn by the processor, twice a frame


class Worn:
    """A headset on somebody's head, in the page."""

    def __init__(self, operator, site):
        self.operator, self.robot = operator, site.robot
        operator.seated()
        operator.page.press("#enter-vr", "Enter")
        eventually(lambda: self.robot.received and self.robot.received[-1].source == "xr")

    def place(self, side, *position):
        """Move a controller as a hand does, not by a jump."""
        self.operator.page.evaluate(PLACE, [side, *position])

    def turn(self, side, *quaternion):
        self.operator.page.evaluate(TURN, [side, *quaternion])

    def button(self, side, name, value):
        self.operator.page.evaluate(BUTTON, [side, name, value])

    def tap(self, side, name):
        """Press for at least one frame that the page has read."""
        self.operator.page.evaluate(TAP, [side, name])

    def frame(self):
        """Wait until the page has read what was set, and the robot has heard of it."""
        self.operator.page.evaluate(f"async () => {{ {FRAMES} await frames(2); }}")
        count = len(self.robot.received)
        eventually(lambda: len(self.robot.received) > count + 2)

    def hand(self, side="right"):
        return self.robot.received[-1].hands.get(side)

    def squeeze(self, side="right"):
        """Hold the clutch until the robot knows."""
        self.button(side, "squeeze", 1)
        eventually(lambda: self.clutched(side))

    def clutched(self, side="right"):
        hand = self.hand(side)
        return hand is not None and hand.clutch


@pytest.fixture
def wear(serve, visit, headset):
    """Return what puts a headset on before a robot."""

    def put_on(robot=None, collection=None, scripts=()):
        site = serve(robot or SmallRobot(), collection)
        site.robot.enabled = True
        return Worn(visit(site.link, scripts=(*headset, *scripts), **SMALL), site), site

    return put_on


def test_the_arm_follows_only_while_squeezed_and_reclutching_does_not_jump(wear):
    worn, site = wear()
    worn.place("right", 0.2, 1.2, -0.3)
    worn.frame()
    worn.place("right", 0.2, 1.3, -0.3)
    worn.frame()
    assert site.robot.p["right"] == [0.45, 0.0, 0.3]
    worn.squeeze()
    worn.place("right", 0.25, 1.32, -0.4)
    eventually(lambda: site.robot.p["right"][0] > 0.54)
    assert site.robot.p["right"] == pytest.approx([0.55, -0.05, 0.32], abs=1e-5)
    worn.button("right", "squeeze", 0)
    eventually(lambda: not worn.clutched())
    worn.place("right", -0.3, 0.9, 0.2)
    worn.frame()
    worn.squeeze()
    worn.frame()
    assert site.robot.p["right"] == pytest.approx([0.55, -0.05, 0.32], abs=1e-5)


def test_the_trigger_closes_the_gripper_as_far_as_it_is_pulled(wear):
    worn, site = wear()
    worn.button("right", "squeeze", 1)
    worn.button("right", "trigger", 0.25)
    eventually(lambda: site.robot.gripper["right"] == pytest.approx(0.06, abs=1e-6))
    worn.button("right", "trigger", 1)
    eventually(lambda: site.robot.gripper["right"] == pytest.approx(0.0, abs=1e-6))


def test_both_hands_drive_two_arms_and_the_sticks_a_base(wear):
    worn, site = wear(SmallRobot(("right", "left"), base=True))
    for side in ("right", "left"):
        worn.squeeze(side)
    worn.place("right", 0.25, 1.5, -0.5)
    worn.place("left", -0.25, 1.4, -0.4)
    eventually(lambda: site.robot.p["right"] != [0.45, 0.0, 0.3] and site.robot.p["left"] != [0.45, 0.0, 0.3])
    worn.button("left", "squeeze", 0)
    eventually(lambda: not worn.clutched("left"))
    assert worn.clutched()
    assert worn.robot.received[-1].sticks == {"left": (0.0, 0.0), "right": (0.0, 0.0)}  # iwer's unused axes are null
    worn.operator.page.evaluate(STICK, ["left", 0, -1])
    eventually(lambda: worn.robot.received[-1].sticks["left"] == (0.0, -1.0))


def test_one_arm_is_driven_by_whichever_hand_squeezes(wear):
    worn, site = wear()
    worn.button("left", "squeeze", 1)
    eventually(lambda: worn.clutched())
    start = site.robot.p["right"][2]
    worn.place("left", -0.2, 1.9, -0.3)
    eventually(lambda: site.robot.p["right"][2] != start)


def test_a_controller_that_dies_while_it_is_squeezed_leaves_the_arm_to_the_other(wear):
    worn, _ = wear()
    worn.squeeze()
    worn.operator.page.evaluate("window.headset.controllers.right.connected = false")
    eventually(lambda: worn.hand() is None)
    worn.button("left", "squeeze", 1)
    eventually(lambda: worn.clutched())


def test_the_headsets_turns_are_sent_to_a_robot_with_a_head(wear):
    worn, _ = wear(PairOnPage())
    worn.squeeze("left")
    eventually(lambda: worn.robot.received[-1].head is not None)
    assert worn.robot.received[-1].head == pytest.approx((0.0, 0.0, 0.0, 1.0), abs=1e-6)
    half = math.radians(15.0)
    worn.operator.page.evaluate(f"headset.quaternion.set(0, {math.sin(half)}, 0, {math.cos(half)})")
    eventually(
        lambda: worn.robot.received[-1].head == pytest.approx((0.0, math.sin(half), 0.0, math.cos(half)), abs=1e-6)
    )


def test_a_robot_without_a_head_is_told_nothing_of_the_headsets(wear):
    worn, _ = wear()
    worn.squeeze()
    eventually(lambda: worn.clutched())
    assert worn.robot.received[-1].head is None


def test_forward_is_where_the_operator_looks(wear):
    """The head is turned by 90° to the left before the headset is entered: forward is the room's −x."""
    turned = f"window.headset.quaternion.set(0, {math.sin(math.pi / 4)}, 0, {math.cos(math.pi / 4)});"
    worn, site = wear(scripts=(turned,))
    worn.place("right", -0.3, 1.2, 0.0)
    worn.frame()
    worn.squeeze()
    worn.place("right", -0.4, 1.2, 0.0)
    eventually(lambda: site.robot.p["right"][0] > 0.54)
    assert site.robot.p["right"] == pytest.approx([0.55, 0.0, 0.3], abs=1e-4)


def test_recentring_lets_go_of_what_is_clutched(wear):
    """Where forward is changes, and with it where the hand seems to be: by less than what counts as a jump here."""
    worn, site = wear()
    worn.squeeze()
    worn.operator.page.evaluate("window.headset.position.x += 0.04")
    worn.frame()
    before, count = list(site.robot.p["right"]), len(site.robot.received)
    seen = worn.hand().position
    worn.operator.page.evaluate("window.headset.recenter()")
    eventually(lambda: worn.hand() is not None and worn.hand().position != seen)
    worn.frame()
    assert worn.hand().position[0] == pytest.approx(seen[0] - 0.04, abs=1e-6)
    assert any(not packet.hands for packet in site.robot.received[count:])
    assert site.robot.p["right"] == pytest.approx(before, abs=1e-6)


# All of it in the page: a busy machine would make a short press a long one, or an episode of a moment one of seconds.
PRESS_TWICE = f"""async () => {{ {FRAMES}
  const tap = async () => {{
    for (const value of [1, 0]) {{
      headset.controllers.right.updateButtonValue("a-button", value);
      await frames(2);
    }}
  }};
  await tap();
  while (document.querySelector(".record").dataset.recording !== "true") await frames(1);
  await tap();
}}"""
FALL_ASLEEP = f"""async () => {{ {FRAMES}
  headset.controllers.right.updateButtonValue("a-button", 1);
  await frames(2);
  headset.controllers.right.connected = false;
  await frames(2);
  headset.controllers.right.updateButtonValue("a-button", 0);
}}"""


def test_a_press_too_many_at_the_start_is_no_success(wear):
    """The scene is still built, nothing seems to happen, and A is pressed again just as the recording begins."""
    worn, site = wear(collection=SmallCollection())
    worn.operator.page.evaluate(PRESS_TWICE)
    worn.operator.page.wait_for_timeout(1000)
    assert site.collection.calls == ["start"]
    worn.tap("right", "a-button")
    eventually(lambda: site.collection.calls == ["start", "success"])


def test_a_button_of_which_the_end_was_not_seen_is_no_short_press(wear):
    """A controller may fall asleep in mid-press, and come back minutes later: no episode is to begin by that."""
    worn, site = wear(collection=SmallCollection())
    worn.operator.page.evaluate(FALL_ASLEEP)
    worn.operator.page.wait_for_timeout(1000)
    worn.operator.page.evaluate("window.headset.controllers.right.connected = true")
    eventually(lambda: worn.hand() is not None)
    worn.frame()
    worn.tap("right", "a-button")
    eventually(lambda: site.collection.calls)
    assert site.collection.calls == ["start"]
    assert site.robot.commands == []
    eventually(lambda: worn.operator.page.evaluate("document.querySelector('.record').dataset.recording") == "true")


def test_buttons_start_keep_and_discard_episodes_and_go_home(wear):
    worn, site = wear(collection=SmallCollection())
    site.robot.enabled = True
    worn.tap("right", "a-button")
    eventually(lambda: site.collection.calls == ["start"])
    eventually(lambda: worn.operator.page.evaluate("document.querySelector('.record').dataset.recording") == "true")
    worn.operator.page.wait_for_timeout(1000)  # no success is shorter
    worn.tap("left", "x-button")
    eventually(lambda: site.collection.calls == ["start", "success"])
    eventually(lambda: worn.operator.page.evaluate("document.querySelector('.record').dataset.recording") == "false")
    worn.tap("right", "a-button")
    eventually(lambda: site.collection.calls[2:] == ["start"])
    eventually(lambda: worn.operator.page.evaluate("document.querySelector('.record').dataset.recording") == "true")
    worn.tap("right", "b-button")
    eventually(lambda: site.collection.calls[3:] == ["redo"])
    worn.button("right", "a-button", 1)
    eventually(lambda: ("home", {}) in site.robot.commands)
    worn.button("right", "a-button", 0)
    worn.frame()
    assert site.collection.calls[4:] == [], "a long press is no short one"


def test_a_pressed_stick_is_the_estop(wear):
    worn, site = wear()
    worn.squeeze()
    worn.button("left", "thumbstick", 1)
    eventually(lambda: site.robot.stopped)


def test_squeezing_takes_the_arm_from_a_policy(wear):
    robot = SmallRobot()
    robot.policy, robot.source = True, "policy"
    worn, site = wear(robot)
    eventually(lambda: "true" in worn.operator.page.get_attribute("[data-mode=policy]", "aria-pressed"))
    worn.button("right", "squeeze", 1)
    eventually(lambda: ("take", {}) in site.robot.commands)
    worn.button("right", "squeeze", 0)
    worn.button("right", "b-button", 1)
    eventually(lambda: ("give", {}) in site.robot.commands)


def test_a_hand_that_is_not_tracked_is_not_sent_and_nan_never_leaves_the_page(wear):
    worn, site = wear()
    worn.squeeze()
    worn.operator.page.evaluate("window.headset.controllers.right.position.set(NaN, 1, 0)")
    eventually(lambda: worn.hand() is None)
    worn.place("right", 0.2, 1.2, -0.3)
    eventually(lambda: worn.hand() is not None)
    worn.operator.page.evaluate("window.headset.controllers.right.connected = false")
    eventually(lambda: worn.hand() is None)
    assert not any("refused" in text for text in site.log)


def test_taking_the_headset_off_lets_go_and_the_keys_work_again(wear):
    worn, site = wear()
    worn.squeeze()
    worn.operator.page.evaluate("window.headset.updateVisibilityState('hidden')")
    eventually(lambda: worn.robot.received[-1].hands == {})
    worn.operator.page.evaluate("window.headset.updateVisibilityState('visible')")
    eventually(lambda: worn.hand() is not None)
    worn.operator.page.evaluate("window.headset.activeSession.end()")
    eventually(lambda: site.robot.received[-1].source != "xr" and not worn.clutched())
    worn.operator.page.keyboard.down("w")
    eventually(lambda: worn.clutched() and site.robot.received[-1].source == "keys")
    worn.operator.page.keyboard.up("w")


def test_pictures_and_state_are_drawn_in_the_headset(wear):
    """The emulator shows on the page what the eyes see: the pictures' colours are there, in their order."""
    worn, site = wear(SmallRobot(cameras=("front", "side")))

    def seen():
        site.show(0, (0, 0, 255))  # ever anew: old ones are shown dark
        site.show(1, (0, 255, 0))
        screen = np.frombuffer(worn.operator.page.screenshot(), np.uint8)
        blue, green, red = np.moveaxis(cv2.imdecode(screen, cv2.IMREAD_COLOR).astype(int), 2, 0)
        return [(red > 200) & (green < 60) & (blue < 60), (green > 200) & (red < 60) & (blue < 60)]

    drawn = []

    def both_seen():
        masks = seen()
        if all(mask.sum() > 200 for mask in masks):
            drawn[:] = masks
        return drawn

    eventually(both_seen)
    reds, greens = (np.argwhere(mask)[:, 1].mean() for mask in drawn)
    assert reds < greens, "the first camera hangs at the left"
