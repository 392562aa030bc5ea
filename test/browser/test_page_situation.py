# SPDX-License-Identifier: Apache-2.0
"""One truth: what the page says of the robot, first as a function of what it knows, then wherever it stands."""

import json

import pytest
from pages.operator_page import eventually, sync_api
from robot_rigs.small_robot import SmallCollection, SmallRobot

FAULT = "fault: a joint is commanded 4.3 times its acceleration limit"
ARM = {"clutched": False, "refused": ""}
WAITS = "chunk exhausted"
STATE = {"mode": "teleop", "enabled": True, "estop": False, "held": "", "hold_reason": WAITS, "shadow": False}
ADA, BOB, NOBODY = ({"yours": True, "driver": "Ada"}, {"yours": False, "driver": "Bob"}, {"yours": False, "driver": ""})
OFF = {"mode": "disabled", "enabled": False}
MOVES = {"arm": ARM | {"clutched": True}, "hold_reason": ""}
POLICY, SILENT = {"mode": "policy", "hold_reason": ""}, OFF | {"hold_reason": "control does not answer"}
DOUBT = POLICY | {"doubt": "this looks like a failure (lstm 0.8 over 0.5): waiting for a person"}
BARRED = MOVES | {"arm": {"clutched": True, "refused": "too fast"}}
STOPPED, HELD = {"estop": True}, OFF | {"held": FAULT}

# phase, seat, what is otherwise than of an arm that waits → name, tone, words, button
SITUATIONS = [
    ("connecting", ADA, {}, "connecting", "", "No word from the robot", None),
    ("lost", ADA, STOPPED, "lost", "red", "Connection lost: the arm holds", "Try now"),
    ("open", ADA, None, "unheard", "", "No word from the robot yet", None),
    ("open", ADA, STOPPED | HELD | MOVES, "stopped", "red", "Stopped by the e-stop", "Release e-stop"),
    ("open", BOB, STOPPED | OFF, "stopped", "red", "Stopped by the e-stop", None),
    ("open", NOBODY, STOPPED, "stopped", "red", "Stopped by the e-stop", "Take the seat"),
    ("open", ADA, HELD | MOVES, "held", "red", f"Held after a {FAULT}. Enable again to go on.", "Enable again"),
    ("open", ADA, OFF | {"held": "e-stop"}, "held", "red", "Held since the e-stop. Enable again", "Enable again"),
    ("open", BOB, HELD, "held", "red", f"Held after a {FAULT}. Enable again to go on.", None),
    ("open", ADA, OFF | {"mode": "home"}, "home", "good", "The arm is on its way home", None),
    ("open", ADA, OFF, "disabled", "amber", "Disabled (chunk exhausted): the arm does not follow.", "Enable"),
    ("open", ADA, SILENT, "disabled", "amber", "(control does not answer)", "Enable"),
    ("open", NOBODY, OFF, "disabled", "amber", "Disabled", "Take the seat"),
    ("open", NOBODY, {}, "nobody", "amber", "Nobody drives: the arm holds", "Take the seat"),
    ("open", NOBODY, POLICY, "nobody", "amber", "the policy moves the arm", "Take the seat"),
    ("open", ADA, {"mode": "hold"}, "hold", "amber", "Holds still: chunk exhausted", None),
    ("open", ADA, POLICY, "policy", "good", "The policy moves the arm", None),
    ("open", ADA, {"mode": "policy"}, "policy", "amber", "which holds: chunk exhausted", None),
    ("open", ADA, DOUBT, "doubt", "amber", "The policy waits for a person", "Try again"),
    ("open", BOB, DOUBT, "doubt", "amber", "The policy waits for a person", None),
    ("open", NOBODY, DOUBT, "doubt", "amber", "The policy waits for a person", "Take the seat"),
    ("open", ADA, DOUBT | {"mode": "teleop"}, "ready", "good", "Ready: the arm waits for a hand", None),
    ("open", ADA, BARRED, "refused", "amber", "Not followed: too fast", None),
    ("open", ADA, MOVES, "moving", "good", "You move the arm", None),
    ("open", ADA, MOVES | {"shadow": True}, "moving", "good", "You move the arm (shadow: it does not move)", None),
    ("open", BOB, MOVES, "moving", "good", "Bob moves the arm", None),
    ("open", ADA, {}, "ready", "good", "Ready: the arm waits for a hand", None),
]  # fmt: skip


def facts(phase: str, seat: dict, changed: dict | None) -> dict:
    state = None
    if changed is not None:
        state = STATE | {name: value for name, value in changed.items() if name != "arm"}
        state["arms"] = {"panda": changed.get("arm", ARM)}
    return {"phase": phase, "reason": "", "retry": 0, "seat": seat, "state": state}


def test_what_matters_most_is_said_and_the_button_is_of_who_can_press_it(serve, visit):
    page = visit(serve().link).seated().page
    found = page.evaluate(
        """async (all) => {
          const { situation } = await import("/page/model/situation.js");
          return all.map(situation);
        }""",
        [facts(*case[:3]) for case in SITUATIONS],
    )
    for (phase, seat, changed, name, tone, words, button), said in zip(SITUATIONS, found, strict=True):
        case = json.dumps([phase, seat, changed])
        assert (said["name"], said["tone"]) == (name, tone), case
        assert words in said["words"], case
        assert (said["banner"] or {}).get("action") == button, case
        assert said["follows"] == (name in ("doubt", "nobody", "hold", "policy", "refused", "moving", "ready")), case
        if said["tone"] == "good" and said["banner"]:  # never green beside a warning
            assert said["banner"]["tone"] == "info", case


@pytest.fixture
def site(serve):
    return serve(collection=SmallCollection())


def shown(operator) -> dict:
    return operator.page.evaluate(
        """() => ({ tone: document.querySelector('#doing').dataset.tone,
                    words: document.querySelector('#doing').textContent,
                    banner: document.querySelector('#banner').hidden ? "" : document.querySelector('#banner').className,
                    enable: document.querySelector('#enable').textContent.trim(),
                    engaged: document.querySelector('#engaged').textContent,
                    start: document.querySelector('#start').disabled })"""
    )


def test_a_fault_in_mid_motion_is_said_everywhere_until_it_is_enabled_again(site, visit):
    ada = visit(site.link).seated()
    ada.page.keyboard.press("o")
    eventually(lambda: site.robot.enabled)
    ada.page.keyboard.down("w")
    ada.reads("#doing", "You move the arm")
    site.robot.held = FAULT
    site.robot.refused = f"control is held ({FAULT}): enable it again"
    ada.reads("#banner", "Held after a fault: a joint is commanded 4.3 times")
    ada.reads("#engaged", "Not followed")
    said = shown(ada)
    assert (said["tone"], said["banner"]) == ("red", "banner red")
    assert said["enable"] == "Enable O"
    assert said["start"]
    ada.reads("#start-why", "Enable the arm again first.")
    ada.page.keyboard.up("w")
    site.robot.refused = ""
    ada.page.keyboard.press("o")  # as the button: it enables, and does not disable what is held
    eventually(lambda: not site.robot.held)
    assert [name for name, _ in site.robot.commands] == ["enable", "enable"]
    sync_api.expect(ada.page.locator("#banner")).to_be_hidden()


def test_what_control_refuses_is_no_green_light(site, visit):
    site.robot.enabled, site.robot.source = True, "teleop"
    ada = visit(site.link).seated()
    ada.page.keyboard.down("w")
    ada.reads("#doing", "You move the arm")
    site.robot.refused = "a point of the chunk is out of the workspace"
    ada.reads("#doing", "Not followed: a point of the chunk is out of the workspace")
    assert shown(ada)["tone"] == "amber"
    ada.page.keyboard.up("w")


def test_after_an_estop_the_banner_leads_from_release_to_enable(site, visit):
    site.robot.enabled = True
    ada = visit(site.link).seated()
    ada.page.keyboard.press("Space")
    ada.reads("#banner", "E-stop. The arm is stopped.")
    site.robot.held, site.robot.enabled = "e-stop", True  # as control does: it keeps the arm, and holds it
    ada.page.click("#banner-action")
    ada.reads("#banner", "Held since the e-stop.")
    assert shown(ada)["enable"] == "Enable O"
    ada.page.click("#banner-action")
    eventually(lambda: not site.robot.held)
    sync_api.expect(ada.page.locator("#banner")).to_be_hidden()
    assert shown(ada)["enable"] == "Disable O"


def test_start_waits_for_an_arm_that_follows_and_says_so(site, visit):
    ada = visit(site.link).seated()
    sync_api.expect(ada.page.locator("#start")).to_be_disabled()
    ada.reads("#start-why", "Enable the arm first.")
    assert ada.page.get_attribute("#start", "title") == "Enable the arm first."
    ada.page.keyboard.press("n")
    ada.reads("#notes", "Enable the arm first.")
    assert site.collection.calls == []
    ada.page.keyboard.press("o")
    sync_api.expect(ada.page.locator("#start")).to_be_enabled()
    sync_api.expect(ada.page.locator("#start-why")).to_be_hidden()
    ada.page.keyboard.press("n")
    ada.reads("#recording-mark", "REC 0:0")
    assert site.collection.calls == ["start"]


def test_an_episode_that_nobody_attends_to_is_counted_down_and_kept_by_a_press(serve, visit):
    # A starved page says nothing for a second, and sees a countdown late.
    site = serve(SmallRobot(), SmallCollection(), idle_timeout=2.5)
    site.robot.enabled = True
    ada = visit(site.link).seated()
    ada.page.keyboard.press("n")
    ada.reads("#recording-mark", "REC")
    ada.reads("#ending", "Ends by itself in 4 s: nothing is moved.")
    ada.reads("#recording-mark", "· ends in")
    ada.page.click("#keep-recording")
    sync_api.expect(ada.page.locator("#ending")).to_be_hidden()
    assert site.collection.calls == ["start"]
    ada.reads("#ending", "Ends by itself in")
    sync_api.expect(ada.page.locator("#recording-mark")).to_be_hidden(timeout=20e3)
    ada.reads("#notes", "episode_000000 has ended by itself: nothing is moved")
    assert site.collection.calls == ["start", "abandon"]


def test_the_help_is_closed_by_the_key_that_opens_it_and_estop_keys_stop_all_the_same(site, visit):
    ada = visit(site.link).seated()
    overlay = ada.page.locator("#overlay")
    ada.page.keyboard.press("?")
    ada.reads(".sheet", "Keys, gamepad, headset")
    ada.page.keyboard.press("?")
    sync_api.expect(overlay).to_be_hidden()
    ada.page.click("#seat")  # any sheet
    ada.reads(".sheet header button", "Close ?")
    ada.page.keyboard.press("?")
    sync_api.expect(overlay).to_be_hidden()
    assert site.robot.commands == []  # nothing was stopped by closing
    for key in ("Space", "Escape"):
        ada.page.keyboard.press("?")
        sync_api.expect(overlay).to_be_visible()
        ada.page.keyboard.press(key)
        eventually(lambda: site.robot.stopped)
        site.robot.stopped = False
        eventually(lambda: not ada.page.evaluate("document.body.dataset.stopped === 'true'"))
        if key == "Space":
            ada.page.keyboard.press("?")
    sync_api.expect(overlay).to_be_hidden()


def test_every_main_button_names_its_key(site, visit):
    ada = visit(site.link).seated()
    keys = {"enable": "O", "start": "N", "success": "Y", "failure": "U", "redo": "⌫"}
    for name, key in keys.items():
        assert ada.page.text_content(f"#{name} kbd") == key
    ada.page.keyboard.press("?")
    for key in ("O", "N", "Y", "U", "Backspace"):
        assert ada.page.locator(f".help dt:text-is('{key}')").count() == 1
