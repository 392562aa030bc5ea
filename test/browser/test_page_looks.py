# SPDX-License-Identifier: Apache-2.0
"""What makes the page usable by anybody: a phone, the keyboard alone, a dark room, a browser without WebXR."""

import pytest
from pages.operator_page import eventually, sync_api
from pages.page_looks import CONTRAST, NAMELESS, PHONE
from robot_rigs.small_robot import SmallCollection, SmallRobot

EPISODES = [
    {"name": f"episode_{i:06d}", "instruction": "put the red mug onto the plate at the left", "success": i != 1,
     "duration_s": 12.0, "quality": (95, 40, None)[i], "marks": ["3 gaps"] * i, "thumbnail": "", "video": ""}
    for i in range(3)
]  # fmt: skip


@pytest.fixture
def site(serve):
    collection = SmallCollection({"episodes": EPISODES, "trash": 1, "undo": "delete episode_000007", "wanted": 9})
    robot = SmallRobot(("right", "left"), cameras=("front", "side", "wrist"))
    robot.force["right"] = (3.0, 0.0, 20.0)
    return serve(robot, collection)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_word_can_be_read(site, visit, theme):
    operator = visit(site.link, color_scheme=theme, reduced_motion="reduce").seated()
    sync_api.expect(operator.page.locator("html")).to_have_attribute("data-theme", theme)
    operator.until("document.querySelectorAll('.episode').length === 3")
    operator.until("document.querySelectorAll('.arm').length === 2")
    assert operator.page.evaluate(CONTRAST) == []
    operator.page.keyboard.press("Space")
    operator.page.keyboard.press("?")
    operator.reads("#estop", "STOPPED")
    operator.until("getComputedStyle(document.querySelector('#enable')).cursor === 'not-allowed'")
    assert operator.page.evaluate(CONTRAST) == []
    assert operator.page.evaluate(NAMELESS) == []


def test_a_phone_shows_everything_and_the_estop_always(site, visit):
    operator = visit(site.link, **PHONE).seated()
    stop = operator.page.locator("#estop")
    for tab, seen in (("drive", "#pad-plane"), ("task", "#prompt-text"), ("episodes", ".episode")):
        operator.page.tap(f".tabs [data-tab={tab}]")
        sync_api.expect(operator.page.locator(seen).first).to_be_visible()
        assert operator.page.evaluate("document.documentElement.scrollWidth") <= 360
        operator.page.evaluate("window.scrollTo(0, 1e6)")
        box = stop.bounding_box()
        assert 0 <= box["x"] < 20
        assert box["width"] > 320
        assert box["height"] >= 56
        assert box["y"] + box["height"] <= 740
    operator.page.tap("#help")
    stop.tap()
    eventually(lambda: site.robot.stopped)


def test_a_finger_on_the_pad_moves_the_arm(site, visit):
    site.robot.enabled = True
    operator = visit(site.link, **PHONE).seated()
    touch = operator.context.new_cdp_session(operator.page)
    operator.page.evaluate("document.querySelector('#pad-plane').scrollIntoView({ block: 'center' })")
    box = operator.page.locator("#pad-plane").bounding_box()
    x, y = box["x"] + 150, box["y"] + box["height"] - 30

    def finger(kind, dy):
        points = [] if kind == "touchEnd" else [{"x": x, "y": y - dy}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    finger("touchStart", 0)
    for dy in range(0, 101, 10):
        finger("touchMove", dy)
    eventually(lambda: site.robot.p["right"][0] > 0.5)
    assert site.robot.received[-1].source == "pointer"
    finger("touchEnd", 0)


def test_the_keyboard_alone_reaches_everything(site, visit):
    site.robot.enabled = True  # or there is nothing to start
    operator = visit(site.link).seated()
    reached = set()
    for _ in range(80):
        operator.page.keyboard.press("Tab")
        name = operator.page.evaluate("document.activeElement?.id || document.activeElement?.className")
        if name == "skip" and "skip" in reached:
            break
        reached.add(name)
    wanted = {"seat", "theme", "help", "estop", "gripper", "speed", "scale", "enable", "home", "instruction", "start"}
    assert wanted <= reached
    assert {"skip", "skip-task", "undo", "thumb", "camera", "tilt"} <= reached
    operator.page.focus("#speed")
    operator.page.keyboard.press("ArrowLeft")
    eventually(lambda: site.robot.speed == pytest.approx(0.95))
    operator.page.focus("#enable")
    operator.page.keyboard.press("Enter")
    eventually(lambda: not site.robot.enabled)


def test_a_browser_without_webxr_says_so(site, visit):
    without = "Object.defineProperty(Navigator.prototype, 'xr', { get: () => undefined });"
    operator = visit(site.link, scripts=(without,))
    operator.reads("#headset-text", "This browser has no WebXR, so no headset. Drive with keys (press ?)")
    sync_api.expect(operator.page.locator("#enter-vr")).to_be_hidden()


def test_a_headset_that_cannot_be_entered_is_a_note(site, visit):
    broken = "navigator.xr.isSessionSupported = async () => true;"
    refuse = "navigator.xr.requestSession = async () => { throw new Error('the headset is asleep'); };"
    operator = visit(site.link, scripts=(broken + refuse,)).seated()
    operator.page.click("#enter-vr")
    operator.reads("#notes", "The headset cannot be entered: the headset is asleep")


def test_who_is_called_what_is_remembered(site, visit):
    operator = visit(site.link, name="").seated()
    operator.page.click("#seat")
    operator.page.fill(".sheet input", "Grace")
    operator.page.click("text=Rename")
    eventually(lambda: site.server.hub.seat.driver_name == "Grace")
    operator.page.goto(site.link)
    operator.seated()
    eventually(lambda: site.server.hub.seat.driver_name == "Grace")


def test_nothing_is_fetched_from_elsewhere(site, visit):
    operator = visit(site.link).seated()
    names = operator.page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert len(names) > 20
    assert all(name.startswith(f"http://127.0.0.1:{site.port}/") for name in names)
