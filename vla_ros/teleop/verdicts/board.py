# SPDX-License-Identifier: Apache-2.0
"""What the page shows, and what it answers: one question at a time, each answer to the question that is shown."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from typing import Any

from controllers.errors import VlaError
from vla_ros.teleop.fields import ProtocolError

WORDS = {  # of each state
    "begin": ("begin", "leave"),
    "running": ("end", "success", "failure", "void"),
    "ended": ("success", "failure", "void", "leave"),
}
REASON_MAX = 300  # [characters]


class VerdictBoard:
    """Shared by the command's thread and the server's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: dict[str, Any] = {"state": "", "id": 0}
        self._said: list[str] = []
        self._answers: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def show(self, question: Mapping[str, Any]) -> None:
        """Ask this; answers to anything before count no more."""
        with self._lock:
            self._shown = dict(question) | {"id": self._shown["id"] + 1}
            while not self._answers.empty():
                self._answers.get_nowait()

    def say(self, text: str) -> None:
        """Tell something beside."""
        with self._lock:
            self._said = [*self._said[-4:], text]

    def shown(self) -> dict[str, Any]:
        """Return what is asked, for the page."""
        with self._lock:
            return self._shown | {"said": list(self._said)}

    def take(self) -> tuple[str, str] | None:
        """Return the next answer, word and reason; None: there is none yet."""
        try:
            return self._answers.get_nowait()
        except queue.Empty:
            return None

    def answer(self, given: Any) -> None:
        """Take an answer. Raises ProtocolError for one that answers nothing that is asked, or has no reason."""
        if not isinstance(given, dict) or set(given) - {"id", "word", "reason"}:
            raise ProtocolError("an answer has id, word and reason")
        word, reason = given.get("word"), given.get("reason", "")
        if not isinstance(word, str) or not isinstance(reason, str) or len(reason) > REASON_MAX:
            raise ProtocolError(f"an answer is a word and a reason of {REASON_MAX} characters at most")
        reason = " ".join(reason.split())
        with self._lock:
            if given.get("id") != self._shown["id"]:
                raise VlaError("that question is over: look again")
            if word not in WORDS.get(self._shown["state"], ()):
                raise ProtocolError(f"'{word[:40]}' answers nothing that is asked now")
            if word == "void" and not reason:
                raise VlaError("a void episode needs a reason")
            self._shown = self._shown | {"id": self._shown["id"] + 1, "state": "heard"}
            self._answers.put((word, reason))
