# SPDX-License-Identifier: Apache-2.0
"""The page of `vla trial` in a real browser: the question, the pictures, the answers, on any screen."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from pages.operator_page import eventually, sync_api
from pages.page_looks import CONTRAST, NAMELESS, PHONE

from vla_ros.teleop.serving.page_server import Listening
from vla_ros.teleop.verdicts.board import VerdictBoard
from vla_ros.teleop.verdicts.server import VerdictServer

QUESTION = {
    "number": 3, "scene": 2, "scenes": 40, "turn": 1, "instruction": "pick up the red mug", "cameras": ["front"],
    "placement": ["red mug: +45 cm ahead, -12 cm to the left, turned by +30°  ← meant"], "state": "begin",
}  # fmt: skip


@pytest.fixture
def trial() -> Iterator[tuple[VerdictBoard, str, list[bool]]]:
    board, drawn = VerdictBoard(), []

    def draw(camera: str, outlines: bool) -> bytes:
        drawn.append(outlines)
        return cv2.imencode(".jpg", np.full((24, 32, 3), 255 if outlines else 0, np.uint8))[1].tobytes()

    listening = Listening("127.0.0.1", 0, ("localhost",), "a-token-of-twenty-one")
    server = VerdictServer(board, draw, listening, lambda level, text: None)
    server.start()
    yield board, server.links[0], drawn
    server.close()


def test_a_person_sees_the_scene_begins_and_judges(browser, trial) -> None:
    board, link, drawn = trial
    board.show(QUESTION)
    page = browser.new_page(viewport={"width": 800, "height": 600})
    try:
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(link)
        sync_api.expect(page.get_by_role("heading", name="pick up the red mug")).to_be_visible()
        sync_api.expect(page.get_by_text("Trial 3, scene 2 of 40, the second of two")).to_be_visible()
        sync_api.expect(page.get_by_text("red mug: +45 cm ahead")).to_be_visible()
        sync_api.expect(page.get_by_role("img", name="Camera front")).to_be_visible()
        sync_api.expect(page.get_by_role("button", name="Success")).to_be_hidden()
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate(NAMELESS) == []
        page.get_by_label("Show where things are to stand").uncheck()
        eventually(lambda: drawn[-1] is False)
        page.get_by_role("button", name="Begin").click()
        eventually(lambda: board.take() == ("begin", ""))
        board.show(QUESTION | {"state": "ended"})
        page.get_by_role("button", name="Void").click()
        sync_api.expect(page.get_by_text("a void episode needs a reason")).to_be_visible()
        page.get_by_label("Reason, for a void episode").fill("the cup fell")
        page.get_by_role("button", name="Void").click()
        eventually(lambda: board.take() == ("void", "the cup fell"))
        sync_api.expect(page.get_by_role("button", name="Void")).to_be_hidden()  # one answer a question
        assert troubles == []
    finally:
        page.close()


def test_a_reason_that_is_being_typed_outlives_the_end_of_its_episode_and_no_more(browser, trial) -> None:
    board, link, _ = trial
    board.show(QUESTION | {"state": "running"})
    page = browser.new_page()
    try:
        page.goto(link)
        reason = page.get_by_label("Reason, for a void episode")
        sync_api.expect(page.get_by_role("button", name="End the episode")).to_be_visible()
        reason.fill("the cup fell")
        board.show(QUESTION | {"state": "ended"})
        sync_api.expect(page.get_by_text("It has ended")).to_be_visible()
        page.get_by_role("button", name="Void").click()
        eventually(lambda: board.take() == ("void", "the cup fell"))
        board.show(QUESTION | {"number": 4})
        sync_api.expect(page.get_by_text("Trial 4")).to_be_visible()
        sync_api.expect(reason).to_have_value("")
    finally:
        page.close()


@pytest.mark.parametrize("size", [PHONE, {"viewport": {"width": 1280, "height": 800}}])
def test_nothing_hangs_over_on_any_screen(browser, trial, size) -> None:
    board, link, _ = trial
    board.show(QUESTION | {"state": "ended"})
    context = browser.new_context(**size)
    try:
        page = context.new_page()
        page.goto(link)
        sync_api.expect(page.get_by_role("button", name="Failure")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    finally:
        context.close()
