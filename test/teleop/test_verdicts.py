# SPDX-License-Identifier: Apache-2.0
"""The page for verdicts: who may see and answer, and that an answer is to the question that is shown."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from controllers.errors import VlaError
from vla_ros.teleop.serving.page_server import Listening
from vla_ros.teleop.verdicts.board import REASON_MAX, VerdictBoard
from vla_ros.teleop.verdicts.server import VerdictServer

TOKEN = "a-token-of-twenty-one"


@pytest.fixture
def server() -> Iterator[tuple[VerdictBoard, str]]:
    board = VerdictBoard()
    draw = lambda camera, outlines: b"\xff\xd8" + str(outlines).encode() if camera == "front" else None  # noqa: E731
    server = VerdictServer(
        board, draw, Listening("127.0.0.1", 0, ("localhost",), TOKEN), lambda level, text: pytest.fail(text)
    )
    server.start()
    yield board, f"http://127.0.0.1:{server.port}"
    server.close()


def ask(url: str, data: object = None, origin: str = "", token: str = TOKEN) -> tuple[int, bytes]:
    body = None if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
    port = url.split(":")[2].partition("/")[0]
    request = urllib.request.Request(url, body, {"Cookie": f"vla_teleop_{port}={token}"})
    if origin:
        request.add_header("Origin", origin)
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_whoever_has_no_token_sees_and_answers_nothing(server) -> None:
    board, url = server
    board.show({"state": "begin", "instruction": "secret"})
    for path, data in (
        ("/trial", None),
        ("/trial/answer", {"id": 1, "word": "begin"}),
        ("/trial/cameras/front.jpg", None),
    ):
        status, body = ask(url + path, data, token="another-token-of-that")
        assert status == 401
        assert b"secret" not in body
    assert board.take() is None


def test_a_question_is_shown_and_answered_once(server) -> None:
    board, url = server
    board.show({"state": "begin", "number": 3, "instruction": "pick up the red mug"})
    board.say("it broke")
    shown = json.loads(ask(f"{url}/trial")[1])
    assert (shown["instruction"], shown["said"]) == ("pick up the red mug", ["it broke"])
    assert ask(f"{url}/trial/answer", {"id": shown["id"], "word": "begin"})[0] == 200
    again = ask(f"{url}/trial/answer", {"id": shown["id"], "word": "begin"})  # a second press
    assert (again[0], b"look again" in again[1]) == (400, True)
    assert board.take() == ("begin", "")
    assert board.take() is None
    board.show({"state": "ended"})
    now = json.loads(ask(f"{url}/trial")[1])["id"]
    assert b"needs a reason" in ask(f"{url}/trial/answer", {"id": now, "word": "void", "reason": " "})[1]
    assert ask(f"{url}/trial/answer", {"id": now, "word": "void", "reason": "the  cup fell"})[0] == 200
    assert board.take() == ("void", "the cup fell")


def test_another_sites_page_answers_nothing(server) -> None:
    board, url = server
    board.show({"state": "begin"})
    assert ask(f"{url}/trial/answer", {"id": 1, "word": "begin"}, origin="http://elsewhere.example")[0] == 403
    assert board.take() is None


@pytest.mark.parametrize(
    "given",
    [b"{", b"[]", {}, {"id": 1}, {"id": 1, "word": "success"}, {"id": 1, "word": 3}, {"id": 1, "word": "begin", "x": 1},
     {"id": 1, "word": "begin", "reason": "x" * (REASON_MAX + 1)}, {"id": True, "word": ["begin"]}],
)  # fmt: skip
def test_what_is_no_answer_is_refused_in_a_line(server, given: object) -> None:
    board, url = server
    board.show({"state": "begin"})
    status, body = ask(f"{url}/trial/answer", given)
    assert status == 400
    assert len(json.loads(body)["error"].splitlines()) == 1
    assert board.take() is None


def test_pictures_and_page_are_served(server) -> None:
    _, url = server
    assert ask(f"{url}/trial/cameras/front.jpg")[1] == b"\xff\xd8True"
    assert ask(f"{url}/trial/cameras/front.jpg?outlines=0")[1] == b"\xff\xd8False"
    assert ask(f"{url}/trial/cameras/none.jpg")[0] == 404
    assert b"Blind trial" in ask(f"{url}/")[1]
    for part in ("trial/main.js", "style/trial.css"):
        assert ask(f"{url}/page/{part}")[0] == 200


def test_an_answer_to_what_was_asked_before_counts_no_more() -> None:
    board = VerdictBoard()
    board.show({"state": "running"})
    board.answer({"id": 1, "word": "end"})
    board.show({"state": "ended"})
    assert board.take() is None
    with pytest.raises(VlaError, match="look again"):
        board.answer({"id": 1, "word": "success"})
