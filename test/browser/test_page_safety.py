# SPDX-License-Identifier: Apache-2.0
"""E-stop, seat, token, a lost network, messages that nobody should send: as an operator meets them."""

import json

import pytest
from pages.operator_page import TOKEN, eventually, sync_api
from pages.page_wire import Wire
from robot_rigs.small_robot import SmallRobot

# Keeps the page's websockets, so that a test can speak as a broken page would.
SOCKETS = """
  window.sockets = [];
  window.WebSocket = class extends WebSocket { constructor(...a) { super(...a); window.sockets.push(this); } };
"""
HAND = {"p": [0, 1, 0], "q": [0, 0, 0, 1], "clutch": True, "gripper": 0}
MALFORMED = [
    "{nonsense",
    '{"type": "dance"}',
    '{"type": "command", "id": 1, "command": "rm -rf", "arguments": {}}',
    '{"type": "hands", "n": 1, "t": 1, "source": "xr", "hands": {"right": {"p": [NaN, 0, 0]}}}',
    json.dumps({"type": "hands", "n": 1, "t": 1, "source": "xr", "hands": {"right": HAND | {"p": [0, 1e9, 0]}}}),
    json.dumps({"type": "hands", "n": 1, "t": 1, "source": "xr", "hands": {"right": HAND | {"weapon": True}}}),
]


@pytest.fixture
def site(serve):
    return serve()


@pytest.mark.parametrize("how", ["Space", "Escape", "click"])
def test_the_estop_latches_until_the_driver_releases_it(site, visit, how):
    operator = visit(site.link).seated()
    site.robot.enabled = True
    if how == "click":
        operator.page.click("#estop")
    else:
        operator.page.focus("#home")  # a focused button must not get the key
        operator.page.keyboard.press(how)
    eventually(lambda: site.robot.stopped)
    operator.reads("#estop", "STOPPED")
    operator.reads("#doing", "Stopped by the e-stop")
    sync_api.expect(operator.page.locator("#enable")).to_be_disabled()
    operator.page.keyboard.press("Space")  # no toggle
    operator.page.keyboard.down("w")
    count = len(site.robot.received)
    eventually(lambda: len(site.robot.received) > count + 10)
    assert not any(hands.hands["right"].clutch for hands in site.robot.received[count + 3 :])
    operator.page.keyboard.up("w")
    assert site.robot.stopped
    operator.page.click("#banner-action")
    eventually(lambda: not site.robot.stopped)
    operator.reads("#estop", "E-STOP")
    assert not site.robot.enabled
    assert ("home", {}) not in site.robot.commands


def test_the_estop_is_pressed_while_a_sheet_is_open_and_while_nobody_types_a_space(site, visit):
    operator = visit(site.link).seated()
    operator.page.keyboard.press("?")
    operator.reads(".sheet", "Keys, gamepad, headset")
    operator.page.click("#estop")
    eventually(lambda: site.robot.stopped)
    site.robot.stopped = False
    operator.page.keyboard.press("?")
    operator.page.keyboard.press("Escape")
    eventually(lambda: site.robot.stopped)
    sync_api.expect(operator.page.locator("#overlay")).to_be_hidden()


def test_a_second_driver_watches_is_told_and_can_stop(site, visit):
    driver = visit(site.link, "Ada").seated()
    watcher = visit(site.link, "Bob")
    watcher.reads("#banner", "Ada drives. You watch; your e-stop works.")
    driver.reads("#seat", "1 watches")
    sync_api.expect(watcher.page.locator("#enable")).to_be_disabled()
    site.robot.enabled = True
    watcher.page.keyboard.down("w")
    watcher.page.keyboard.press("o")
    watcher.reads("#notes", "Ada drives, you watch.")
    watcher.page.keyboard.up("w")
    assert ("disable", {}) not in site.robot.commands
    assert site.robot.p["right"] == [0.45, 0.0, 0.3]
    watcher.page.keyboard.press("Space")
    driver.reads("#estop", "STOPPED")
    sync_api.expect(watcher.page.locator("#banner-action")).to_be_hidden()  # releasing is the driver's
    driver.page.click("#seat")
    driver.page.click("button:text-is('Leave the seat')")
    watcher.page.click("#banner-action")
    watcher.seated()
    watcher.page.click("#banner-action")  # now it is his
    eventually(lambda: not site.robot.stopped)
    driver.reads("#banner", "Bob drives.")


def test_a_wrong_token_is_refused_in_plain_words(site, visit):
    operator = visit(site.link.replace(TOKEN, "wrong"))
    assert operator.answer.status == 401
    operator.reads("h1", "This link does not open the robot")
    operator.page.fill("input", TOKEN)
    operator.page.click("button")
    operator.seated()
    assert TOKEN not in operator.page.url  # not where it is photographed


def test_a_token_that_is_not_valid_any_more(serve, visit):
    """The bridge was started anew with another token while the page was open."""
    site = serve()
    operator = visit(site.link).seated()
    site.close()
    operator.reads("#link", "Offline")
    other = serve(port=site.port, token="another-token-of-length-31-char")
    operator.reads(".sheet", "The token is not valid any more")
    sync_api.expect(operator.page.locator("#estop")).to_be_visible()
    operator.page.fill(".sheet input", other.link)
    operator.page.click(".sheet form button")
    operator.seated()


def test_a_lost_network_holds_the_arm_and_the_page_comes_back(site, visit):
    wire = Wire(site.port)
    operator = visit(site.link.replace(str(site.port), str(wire.port))).seated()
    site.robot.enabled = True
    operator.page.keyboard.down("w")
    eventually(lambda: site.robot.p["right"][0] > 0.46)
    wire.cut()
    operator.reads("#banner", "Connection lost. The arm holds where it is.")
    operator.reads("#banner", "no word from the robot")
    operator.reads("#link", "Offline")
    sync_api.expect(operator.page.locator("#enable")).to_be_disabled()
    at = list(site.robot.p["right"])
    operator.page.keyboard.up("w")
    operator.page.keyboard.press("Space")
    operator.reads("#notes", "the robot has not heard the e-stop")
    operator.reads("#estop", "not sent yet")
    assert not site.robot.stopped
    wire.mend()
    eventually(lambda: site.robot.stopped, "what was pressed without a network is sent with it")
    operator.seated()
    operator.reads("#estop", "STOPPED")
    assert site.robot.p["right"] == at, "nothing that waited may move the arm"
    wire.close()


def test_what_is_pressed_without_a_network_is_sent_although_the_estop_was_latched_before_it_was_lost(site, visit):
    """Meanwhile somebody else may have released it, and drive."""
    wire = Wire(site.port)
    operator = visit(site.link.replace(str(site.port), str(wire.port))).seated()
    operator.page.keyboard.press("Escape")
    operator.reads("#estop", "STOPPED")
    wire.cut()
    operator.reads("#link", "Offline")
    site.robot.stopped, site.robot.enabled = False, True
    operator.page.keyboard.press("Escape")
    operator.reads("#notes", "the robot has not heard the e-stop")
    operator.reads("#estop", "not sent yet")
    wire.mend()
    eventually(lambda: site.robot.stopped, "what was pressed without a network is sent with it")
    operator.reads("#estop", "latched")
    operator.seated()
    operator.page.click("#banner-action")
    eventually(lambda: not site.robot.stopped, "it is pressed no more once the robot has said that it has stopped")
    operator.reads("#estop", "E-STOP")
    wire.close()


def test_a_bridge_that_starts_anew_is_found_again(serve, visit):
    site = serve()
    operator = visit(site.link).seated()
    watcher = visit(site.link, "Bob")
    watcher.reads("#banner", "Ada drives.")
    site.close()
    operator.reads("#banner", "Connection lost.")
    again = serve(SmallRobot(("right", "left")), port=site.port)
    operator.seated()
    operator.until("document.querySelectorAll('.arm').length === 2")  # another robot: another page
    assert again.robot.watched
    watcher.reads("#banner", "Ada drives.")  # whoever was quicker


def test_malformed_messages_are_refused_shown_and_end_the_connection(site, visit):
    operator = visit(site.link, scripts=(SOCKETS,)).seated()
    site.robot.enabled = True
    for text in MALFORMED:
        operator.page.evaluate("(text) => window.sockets.at(-1).send(text)", text)
        operator.reads("#notes", "The robot refused a message")
    assert site.robot.p["right"] == [0.45, 0.0, 0.3]
    operator.page.evaluate("() => { for (let i = 0; i < 10; i++) window.sockets[0].send('[]'); }")
    operator.until("window.sockets.length > 1")  # thrown out, and back by itself
    operator.seated()
    assert site.robot.p["right"] == [0.45, 0.0, 0.3]


def test_an_oversized_message_closes_the_connection(site, visit):
    operator = visit(site.link, scripts=(SOCKETS,)).seated()
    code = operator.page.evaluate(
        """() => new Promise((done) => {
          window.sockets[0].addEventListener('close', (event) => done(event.code));
          window.sockets[0].send(JSON.stringify({ type: 'ping', t: 1, more: 'x'.repeat(70000) }));
        })"""
    )
    assert code == 4400
    operator.until("window.sockets.length > 1")
    operator.seated()


def test_what_the_robot_refuses_is_read_on_the_page(site, visit):
    site.robot.refuse["enable"] = "control does not answer: is control_node running?"
    operator = visit(site.link).seated()
    operator.page.click("#enable")
    operator.reads("#notes", "control does not answer: is control_node running?")
    site.server.hub.note("error", "the disk is full: the episode was kept as far as it went")
    operator.reads("#notes", "the disk is full")
