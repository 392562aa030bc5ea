# SPDX-License-Identifier: Apache-2.0
"""Hands recorded by an emulated headset and a camera of Chromium's own, as folders that `vla convert` reads."""

from __future__ import annotations

import errno
import math

import numpy as np
import pytest
from pages.operator_page import FRAMES, TAP, TOKEN, eventually, sync_api
from pages.page_looks import CONTRAST, NAMELESS, PHONE
from scipy.spatial.transform import Rotation

from vla_ros.data.hands.demonstration import R_ROBOT_XR, read_demonstration
from vla_ros.teleop.hand_recording.arrival import DiskError
from vla_ros.teleop.hand_recording.server import HandRecordingServer
from vla_ros.teleop.hand_recording.settings import HandRecordingSettings
from vla_ros.teleop.hand_recording.store import DemonstrationStore
from vla_ros.teleop.serving.page_server import Listening

SMALL = {"viewport": {"width": 320, "height": 400}, "device_scale_factor": 0.5}  # drawn by the processor, twice a frame
# A camera of few pixels: this machine's processor draws and compresses every one of them.
FEW_PIXELS = """
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = ({ video }) => real({ video: { ...video, width: 320, height: 240 } });
"""
# Somebody who says no; a headless browser's own question is always answered with yes.
DENIED = """
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (asked) => {
    if (!window.permitted) throw new DOMException("Permission denied", "NotAllowedError");
    return real(asked);
  };
"""
CAMERA = {"permissions": ["camera"]}
FLOOR = (0.1, 0.0, -0.7)


class Site:
    """A folder of demonstrations behind the real server."""

    def __init__(self, root, **settings):
        self.root, self.log = root, []
        self.store = DemonstrationStore(
            root,
            HandRecordingSettings("front", 0.08, **{"instruction": "pick up the red mug", "floor": FLOOR} | settings),
        )
        listening = Listening("127.0.0.1", 0, ("127.0.0.1",), TOKEN)
        self.server = HandRecordingServer(self.store, listening, lambda level, text: self.log.append(text))
        self.server.start()
        self.link = self.server.links[0]

    def close(self):
        self.server.close()
        self.store.close()

    def demonstration(self, name="demonstration_000001"):
        eventually(lambda: name in self.store.names(), f"{name} never came: {self.log}")
        return read_demonstration(self.root / name)


@pytest.fixture
def demonstrations(tmp_path):
    """Return what serves a folder of demonstrations."""
    sites = []

    def start(**settings):
        sites.append(Site(tmp_path / f"demonstrations{len(sites)}", **settings))
        return sites[-1]

    yield start
    for site in sites:
        site.close()


class Recording:
    """Somebody with a headset on, before the demonstrations' page."""

    def __init__(self, visit, site, scripts, mode="vr", size=SMALL):
        self.site, self.person = site, visit(site.link, "", scripts=(FEW_PIXELS, *scripts), **size, **CAMERA)
        self.page = self.person.page
        self.person.until("document.querySelector('#preview').videoWidth > 0")
        self.page.press(f"#enter-{mode}", "Enter")
        self.ready()

    def ready(self):
        self.person.reads("#state", "Ready")

    def set(self, script, *arguments):
        self.page.evaluate(f"([{', '.join('abcdefgh'[: len(arguments)])}]) => {{ {script} }}", list(arguments))

    def place(self, side, *p):
        self.set("headset.controllers[a].position.set(b, c, d)", side, *p)

    def button(self, side, name, value):
        self.set("headset.controllers[a].updateButtonValue(b, c)", side, name, value)

    def tap(self, side, name):
        self.page.evaluate(TAP, [side, name])

    def frames(self, count):
        """Wait for frames that begin from now on; the page does its part in each before this."""
        self.page.evaluate(f"async (count) => {{ {FRAMES} await frames(count); }}", count)

    def pinch(self, side, value):
        self.set("headset.hands[a].updatePinchValue(b)", side, value)

    def recording(self, on):
        eventually(lambda: (self.page.get_attribute("#record", "data-recording") == "true") == on)

    def last(self, seconds):
        """Record on until so much was recorded, in the page's own time, pictures included."""
        self.person.until(
            f"""(() => {{ const text = document.querySelector("#recording-time").textContent.split(":");
                          return 60 * text[0] + 1 * text[1] >= {seconds}; }})()"""
        )
        self.frames(2)  # what counts are the frames, and the last may have been before the clock said so


@pytest.fixture
def record(demonstrations, visit, headset):
    """Return what puts a headset on before the page of a folder of demonstrations."""

    def start(*scripts, mode="vr", **settings):
        return Recording(visit, demonstrations(**settings), (*headset, *scripts), mode)

    return start


# He looks along the room's −x, from (1, 2); the hand is 0.4 m before him and 0.1 m to the right.
TURNED = f"""
  headset.position.set(1, 1.6, 2);
  headset.quaternion.set(0, {math.sin(math.pi / 4)}, 0, {math.cos(math.pi / 4)});
  headset.controllers.right.position.set(0.6, 1.1, 1.9);
"""


def test_a_controller_is_recorded_as_it_was_moved_from_where_one_stood(record):
    worn = record(TURNED)
    worn.set("headset.controllers.right.quaternion.set(a, b, c, d)", 0, math.sin(math.pi / 4), 0, math.cos(math.pi / 4))
    worn.frames(3)
    worn.tap("right", "a-button")
    worn.recording(True)
    worn.last(1)
    worn.place("right", 0.5, 1.0, 1.7)
    worn.button("right", "trigger", 1)
    worn.last(2)
    worn.tap("left", "x-button")
    worn.recording(False)
    demonstration = worn.site.demonstration()
    first, last = demonstration.poses[0], demonstration.poses[-1]
    # The controller went 0.1 m forward, 0.2 m to the right and 0.1 m down, for one who looks along the room's −x.
    np.testing.assert_allclose(last[:3] - first[:3], (0.1, -0.2, -0.1), atol=1e-5)
    # The place of the grip in iwer's controller is some centimetres from the controller's own.
    np.testing.assert_allclose(first[:3], (0.4 + FLOOR[0], -0.1, 1.1 + FLOOR[2]), atol=0.08)
    np.testing.assert_allclose(demonstration.widths[[0, -1]], (0.08, 0.0), atol=1e-6)
    # A head that looks forward from 1.6 m, in the robot's base.
    np.testing.assert_allclose(
        demonstration.cameras[:, :3],
        np.tile((FLOOR[0], 0.0, 1.6 + FLOOR[2]), (len(demonstration.cameras), 1)),
        atol=1e-5,
    )
    np.testing.assert_allclose(
        Rotation.from_quat(demonstration.cameras[0, 3:]).apply([0.0, 0.0, 1.0]), (1, 0, 0), atol=1e-5
    )
    assert demonstration.config.instruction == "pick up the red mug"
    assert len(demonstration.pictures) >= 5
    assert (
        demonstration.times[0]
        <= demonstration.picture_times[0]
        < demonstration.picture_times[-1]
        <= demonstration.times[-1] + 0.01
    )
    sizes = {path.stat().st_size > 1000 for path in demonstration.pictures}
    assert sizes == {True}
    assert np.diff(demonstration.picture_times).min() > 1 / 15 - 0.005
    worn.person.reads("#demonstration-list", "pick up the red mug")


def test_the_tools_orientation_is_the_hands(record):
    """Two demonstrations whose controllers differ by a turn of 0.5 rad about the room's vertical differ by that."""
    worn = record()
    for number, angle in ((1, 0.0), (2, 0.5)):
        worn.set("headset.controllers.right.quaternion.set(a, b, c, d)", 0, math.sin(angle / 2), 0, math.cos(angle / 2))
        worn.ready()
        worn.frames(3)
        worn.tap("right", "a-button")
        worn.last(1)
        worn.tap("right", "a-button")
        worn.site.demonstration(f"demonstration_{number:06d}")
    before, after = (
        Rotation.from_quat(worn.site.demonstration(f"demonstration_{n:06d}").poses[-1, 3:]) for n in (1, 2)
    )
    np.testing.assert_allclose((after * before.inv()).as_rotvec(), (0, 0, 0.5), atol=1e-4)


def test_bare_hands_are_recorded_and_the_other_hands_pinch_begins_and_ends(record):
    worn = record("headset.primaryInputMode = 'hand';")
    worn.person.until("[...headset.inputSources].every((source) => source.hand)")
    worn.set("headset.hands.right.position.set(0.1, 1.1, -0.4)")
    worn.pinch("right", 1)  # the hand that is recorded: no button
    worn.frames(3)
    worn.pinch("right", 0)
    worn.pinch("left", 1)
    worn.recording(True)
    worn.pinch("left", 0)
    worn.last(1)
    worn.set("headset.hands.right.position.set(0.1, 1.0, -0.5)")
    worn.last(2)
    worn.pinch("right", 1)
    worn.last(3)
    worn.pinch("left", 1)
    worn.recording(False)
    demonstration = worn.site.demonstration()
    before = np.flatnonzero(demonstration.widths > 0.03)[-1]  # closing moves the finger tips
    np.testing.assert_allclose(
        demonstration.poses[before, :3] - demonstration.poses[0, :3], (0.1, 0.0, -0.1), atol=1e-4
    )
    assert demonstration.widths[0] > 0.03
    assert demonstration.widths[-1] < 0.01
    assert len(demonstration.pictures) >= 5


@pytest.mark.parametrize("hand", ["right", "left"])
def test_a_bare_hands_tool_is_where_thumb_and_index_finger_meet(record, hand):
    """Its approach is from the knuckles to the tips, and its fingers close as these do."""
    worn = record(
        "headset.primaryInputMode = 'hand'; window.joints = {};",
        """
        const real = XRFrame.prototype.getJointPose;
        XRFrame.prototype.getJointPose = function (joint, base) {
          const pose = real.call(this, joint, base);
          const { x, y, z } = pose.transform.position;
          joints[`${joint.jointName} ${x > 0 ? "right" : "left"}`] = [x, y, z];
          return pose;
        };
        """,
        hand=hand,
    )
    other = "left" if hand == "right" else "right"
    worn.set("headset.hands.right.position.set(0.3, 1.1, -0.4); headset.hands.left.position.set(-0.3, 1.1, -0.4)")
    worn.frames(3)
    worn.pinch(other, 1)
    worn.recording(True)
    worn.pinch(other, 0)
    worn.last(1)
    worn.page.evaluate("document.querySelector('#keep').click()")
    pose = worn.site.demonstration().poses[-1]
    seen = worn.page.evaluate("joints")
    names = ("thumb-tip", "index-finger-tip", "thumb-phalanx-proximal", "index-finger-phalanx-proximal")
    # The person stands at the room's origin and looks along its −z.
    thumb, index, thumb_knuckle, index_knuckle = (R_ROBOT_XR @ seen[f"{name} {hand}"] + FLOOR for name in names)
    np.testing.assert_allclose(pose[:3], (thumb + index) / 2, atol=1e-4)
    tool = Rotation.from_quat(pose[3:]).as_matrix()
    reach = (thumb + index - thumb_knuckle - index_knuckle) / 2
    np.testing.assert_allclose(tool[:, 2], reach / np.linalg.norm(reach), atol=1e-4)
    # Of hands held palm down: from the left finger to the right one, as the y of a tool that points down.
    closing = (index - thumb) if hand == "right" else (thumb - index)
    assert tool[:, 1] @ closing > 0.8 * np.linalg.norm(closing)


def test_b_throws_away_and_held_makes_forward_where_one_looks(record):
    worn = record()
    worn.tap("right", "a-button")
    worn.recording(True)
    worn.last(1)
    worn.tap("right", "b-button")
    worn.recording(False)
    worn.person.reads("#notes", "Thrown away")
    worn.set("headset.quaternion.set(0, a, 0, b)", math.sin(math.pi / 4), math.cos(math.pi / 4))
    worn.frames(3)
    worn.button("left", "y-button", 1)
    worn.page.wait_for_timeout(1200)
    worn.button("left", "y-button", 0)
    worn.frames(3)
    worn.tap("right", "a-button")
    worn.last(1)
    worn.tap("right", "a-button")
    demonstration = worn.site.demonstration()
    np.testing.assert_allclose(
        Rotation.from_quat(demonstration.cameras[0, 3:]).apply([0.0, 0.0, 1.0]), (1, 0, 0), atol=1e-5
    )
    assert worn.site.store.names() == ["demonstration_000001"]


def test_what_is_too_short_is_not_kept_and_keys_and_buttons_do_the_same(record):
    worn = record(mode="ar")
    # A slow clock: on a busy machine a picture and a few frames take more than the second that counts.
    worn.set(
        "window.clock = performance.now.bind(performance); const began = clock();"
        "performance.now = () => began + (clock() - began) / 20;"
    )
    worn.page.keyboard.press("n")
    worn.recording(True)
    worn.frames(5)
    worn.page.keyboard.press("y")
    worn.person.reads("#notes", "Nothing is kept: it lasted")
    worn.set("performance.now = clock")
    worn.page.evaluate("document.querySelector('#start').click()")
    worn.last(1)
    worn.page.evaluate("document.querySelector('#keep').click()")
    assert worn.site.demonstration().config.hand == "right"


def test_a_hand_that_is_not_seen_cannot_be_recorded_and_nan_never_leaves_the_page(record):
    worn = record()
    worn.set("headset.controllers.right.connected = false")
    worn.person.reads("#state", "The right hand is not seen")
    worn.page.keyboard.press("n")
    worn.person.reads("#notes", "The right hand is not seen")
    worn.set("headset.controllers.right.connected = true")
    worn.ready()
    worn.page.keyboard.press("n")
    worn.frames(5)
    worn.set("headset.controllers.right.position.set(NaN, 1, 0)")
    worn.frames(5)
    worn.place("right", 0.25, 1.4, -0.3)
    worn.last(1)
    worn.page.keyboard.press("y")
    assert np.isfinite(worn.site.demonstration().poses).all()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("preview.srcObject.getTracks()[0].dispatchEvent(new Event('ended'))", "The camera has stopped"),
        ("headset.activeSession.end()", "The headset was left"),
        ("headset.recenter()", "The headset was recentred"),
        ("headset.updateVisibilityState('hidden')", "The headset was taken off"),
        ("{ const now = performance.now.bind(performance); performance.now = () => now() + 119e3; }", "120 s"),
    ],
)  # fmt: skip
def test_a_demonstration_that_is_cut_off_is_kept_as_far_as_it_went(record, event, words):
    worn = record()
    worn.page.keyboard.press("n")
    worn.last(1)
    worn.page.evaluate(event)
    worn.recording(False)
    worn.person.reads("#notes", words)
    worn.person.reads("#notes", "What was recorded is kept")
    assert len(worn.site.demonstration().times) >= 2


def test_a_picture_that_stands_still_is_said_at_once(record):
    worn = record()
    worn.page.keyboard.press("n")
    worn.last(1)
    worn.set("preview.pause()")
    worn.person.reads("#notes", "The camera's picture stands still")
    worn.set("preview.play()")
    worn.last(4)
    worn.page.keyboard.press("y")
    worn.person.reads("#demonstration-list", "vla convert leaves it out")
    shown = np.diff(worn.site.demonstration().picture_times)
    assert shown.max() > 1.0
    assert shown.min() > 0.05, "no picture is recorded twice"


def test_a_lost_network_keeps_demonstrations_until_it_is_back(record):
    worn = record()
    worn.page.keyboard.press("n")
    worn.last(1)
    worn.person.context.set_offline(True)
    worn.page.keyboard.press("y")
    worn.recording(False)
    worn.person.reads("#demonstration-list", "Not sent yet")
    worn.person.reads("#link-text", "1 not sent")
    worn.person.reads("#banner", "The server is not reached")
    with worn.page.expect_event("dialog") as asked:  # who leaves now would lose it
        worn.page.on("dialog", lambda dialog: dialog.dismiss())
        worn.page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    assert worn.site.store.names() == []
    worn.person.context.set_offline(False)
    assert len(worn.site.demonstration().pictures) >= 3
    worn.person.reads("#demonstration-list", "demonstration_000001")
    worn.person.until("document.querySelectorAll('#demonstration-list li').length === 1")
    assert worn.page.get_attribute("#link", "class") == "pill good"


def test_a_full_disk_and_a_new_token_keep_the_demonstration_on_the_page(record, monkeypatch):
    worn = record()

    def full(words):
        raise DiskError(OSError(errno.ENOSPC, "No space left on device"))

    monkeypatch.setattr(worn.site.store, "make_room", full)
    worn.page.keyboard.press("n")
    worn.last(1)
    worn.page.keyboard.press("y")
    worn.person.reads("#demonstration-list", "The server's disk is full: make room there")
    monkeypatch.undo()
    worn.site.demonstration()
    cookies = worn.person.context.cookies()
    worn.person.context.clear_cookies()
    worn.person.reads("#banner", "This link is no longer valid")
    worn.ready()
    worn.page.keyboard.press("n")
    worn.last(1)
    worn.page.keyboard.press("y")
    worn.person.reads("#demonstration-list", "open the new one in another tab")
    worn.person.context.add_cookies(cookies)
    worn.site.demonstration("demonstration_000002")


def test_a_demonstration_that_is_refused_says_why_and_can_be_given_up(record, monkeypatch):
    from vla_ros.teleop.fields import ProtocolError

    worn = record()

    def refuse(*arguments):
        raise ProtocolError("the demonstration is of the wrong sort")

    monkeypatch.setattr(worn.site.store, "keep", refuse)
    worn.page.keyboard.press("n")
    worn.last(1)
    worn.page.keyboard.press("y")
    worn.person.reads("#demonstration-list", "the demonstration is of the wrong sort")
    worn.set("headset.activeSession.end()")
    worn.page.on("dialog", lambda dialog: dialog.accept())
    worn.page.get_by_label("Throw away pick up the red mug").click()
    worn.person.until("document.querySelectorAll('#demonstration-list li').length === 0")
    assert worn.site.store.names() == []


def test_thrown_away_demonstrations_come_back(record):
    worn = record()
    for number in (1, 2):
        worn.ready()
        worn.page.keyboard.press("n")
        worn.last(1)
        worn.page.keyboard.press("y")
        worn.site.demonstration(f"demonstration_{number:06d}")
    worn.set("headset.activeSession.end()")
    worn.page.get_by_label("Throw away demonstration_000001").click()
    worn.person.until("document.querySelectorAll('#demonstration-list li').length === 1")
    assert worn.site.store.names() == ["demonstration_000002"]
    worn.person.reads("#demonstration-count", "1 in trash")
    worn.page.click("#undo")
    worn.person.until("document.querySelectorAll('#demonstration-list li').length === 2")
    names = worn.page.eval_on_selector_all(
        "#demonstration-list li", "rows => rows.map((row) => row.dataset.demonstration)"
    )
    assert names == ["demonstration_000002", "demonstration_000001"]
    worn.person.until(
        "[...document.querySelectorAll('#demonstration-list img')].every((image) => image.naturalWidth === 240)"
    )


# -- without a headset, without a camera -----------------------------------------------------------------------------
def test_a_camera_that_is_denied_is_said_and_can_be_turned_on_later(demonstrations, visit):
    site = demonstrations()
    person = visit(site.link, "", scripts=(DENIED,))
    person.reads("#camera-problem", "The camera is off")
    person.page.click("#camera-on")
    person.reads("#camera-problem", "The camera was not allowed")
    person.reads("#state", "The camera was not allowed")
    person.page.evaluate("window.permitted = true")
    person.page.click("#camera-on")
    person.until("document.querySelector('#preview').videoWidth > 0")
    person.reads("#state", "Put the headset on")


def test_each_thing_that_is_missing_is_said_in_plain_words(demonstrations, visit):
    without = "Object.defineProperty(Navigator.prototype, 'xr', { get: () => undefined });"
    person = visit(demonstrations(instruction="").link, "", scripts=(without,), **CAMERA)
    person.reads("#headset-text", "This browser has no WebXR")
    person.reads("#state", "Say first what you will do")
    person.page.fill("#instruction", "  stack   the bowls ")
    person.reads("#state", "Put the headset on and enter VR or AR")
    assert person.page.is_disabled("#start")

    person = visit(demonstrations().link, "", scripts=(
        "Object.defineProperty(window, 'isSecureContext', { get: () => false });"
        "Object.defineProperty(Navigator.prototype, 'mediaDevices', { get: () => undefined });",
    ))  # fmt: skip
    person.reads("#camera-problem", "no camera to a page that is not on https")
    person.reads("#headset-text", "A headset needs https")

    empty = "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotFoundError'); };"
    person = visit(demonstrations().link, "", scripts=(empty,), **CAMERA)
    person.reads("#camera-problem", "There is no camera here")
    person.reads("#headset-text", "No headset on this device")


def test_who_has_no_token_sees_where_to_find_it(demonstrations, visit):
    person = visit(demonstrations().link.replace(TOKEN, "another-token-of-some"), "")
    assert person.answer.status == 401
    person.reads("body", "vla hands")


LONG = "take the small blue screwdriver by its handle and put it into the second drawer from the top, then close it"


def fill(site):
    """Two demonstrations of other times: one that convert leaves out, one with long words."""
    import json

    for number, (words, warning) in enumerate(
        ((LONG, ""), ("pick up the mug", "a hole of 0.41 s at 3.2 s: record it again")), 1
    ):
        folder = site.root / f"demonstration_{number:06d}"
        folder.mkdir()
        (folder / "demonstration.yaml").write_text(f"instruction: {words}\n")
        summary = {"id": "", "recorded": "", "seconds": 12.4, "pictures": 180, "lost": 3, "warning": warning}
        (folder / "summary.json").write_text(json.dumps(summary))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_word_can_be_read(demonstrations, visit, headset, theme):
    site = demonstrations()
    fill(site)
    person = visit(site.link, "", scripts=headset, color_scheme=theme, reduced_motion="reduce")
    sync_api.expect(person.page.locator("html")).to_have_attribute("data-theme", theme)
    person.until("document.querySelectorAll('#demonstration-list li').length === 2")
    assert person.page.evaluate(CONTRAST) == []
    assert person.page.evaluate(NAMELESS) == []


@pytest.mark.parametrize(
    "size", [PHONE, {"viewport": {"width": 740, "height": 360}}, {"viewport": {"width": 1280, "height": 800}}]
)
def test_nothing_hangs_over_on_any_screen(demonstrations, visit, headset, size):
    site = demonstrations()
    fill(site)
    person = visit(site.link, "", scripts=headset, **size, **CAMERA)
    person.until("document.querySelectorAll('#demonstration-list li').length === 2")
    person.until("document.querySelector('#preview').videoWidth > 0")
    width = size["viewport"]["width"]
    assert person.page.evaluate("document.documentElement.scrollWidth") <= width
    for selector in ("#enter-vr", "#enter-ar", "#instruction", "#start", "#camera", "#demonstration-list button"):
        box = person.page.locator(selector).first.bounding_box()
        assert box["x"] >= 0, selector
        assert box["x"] + box["width"] <= width, selector
        assert box["height"] >= 32, selector


def test_the_keyboard_alone_reaches_everything_and_nothing_comes_from_elsewhere(demonstrations, visit, headset):
    site = demonstrations()
    fill(site)
    person = visit(site.link, "", scripts=headset, **CAMERA)
    person.until("document.querySelectorAll('#demonstration-list li').length === 2")
    person.until("document.querySelector('#preview').videoWidth > 0")
    reached = set()
    for _ in range(30):
        person.page.keyboard.press("Tab")
        reached.add(
            person.page.evaluate(
                "document.activeElement.id || document.activeElement.ariaLabel || document.activeElement.textContent"
            )
        )
    assert {
        "theme",
        "camera",
        "enter-vr",
        "enter-ar",
        "instruction",
        "Left",
        "Right",
        "Throw away demonstration_000001",
    } <= reached
    names = person.page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert len(names) > 20
    assert all(name.startswith(site.link.partition("?")[0]) for name in names)
    assert "token" not in person.page.url
