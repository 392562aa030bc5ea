# SPDX-License-Identifier: Apache-2.0
"""What a person is asked and answers, wherever: whether to begin, and what became of the episode."""

from __future__ import annotations

import queue
import sys
import threading
from dataclasses import dataclass
from typing import Protocol, TextIO

from vla_ros.evaluation.blind.trials import Verdict

BEGIN, END, LEAVE = "begin", "end", "leave"
HELP = "s: success, f: failure, v REASON: void (it counts nowhere and is run again), q: leave"


@dataclass(frozen=True)
class Answer:
    """What a person said: a verdict, or one of BEGIN, END (the episode, then ask) and LEAVE."""

    word: str = ""
    verdict: Verdict | None = None
    reason: str = ""  # of a void one; of others what the person adds


@dataclass(frozen=True)
class Question:
    """What a person is to know at one time."""

    number: int  # of the trial, from 1
    scene: int  # n-th scene, from 1
    scenes: int
    turn: int  # 0: the first of two in this scene, 1: the second
    instruction: str
    placement: tuple[str, ...]  # a line each: what stands where
    state: str  # begin, running, ended
    seed: int = 0


class Person(Protocol):
    """Somebody who is asked: in the terminal, or on a page."""

    def ask(self, question: Question) -> None:
        """Show what is to be answered now."""

    def answer(self) -> Answer | None:
        """Return the next answer; None: there is none yet."""

    def say(self, text: str) -> None:
        """Tell something."""


def read_answer(text: str, state: str) -> Answer | str:
    """Return what a line of text answers in this state; a string: what is wrong with it."""
    word, _, rest = text.strip().partition(" ")
    word, rest = word.lower(), " ".join(rest.split())[:500]
    if word in ("q", "quit", "leave"):
        return Answer(LEAVE)
    if state == "begin":
        if word in ("", "b", "begin"):
            return Answer(BEGIN)
        return "Enter begins the episode, q leaves"
    if word in ("e", "end") and state == "running":
        return Answer(END)
    if word in ("s", "success"):
        return Answer(verdict=Verdict.SUCCESS, reason=rest)
    if word in ("f", "failure"):
        return Answer(verdict=Verdict.FAILURE, reason=rest)
    if word in ("v", "void"):
        return Answer(verdict=Verdict.VOID, reason=rest) if rest else "a void episode needs a reason: v REASON"
    return HELP


class Terminal:
    """Lines in, lines out; reading waits in a thread of its own, so that an episode can be watched meanwhile."""

    def __init__(self, source: TextIO | None = None, sink: TextIO | None = None) -> None:
        self._source, self._sink = source or sys.stdin, sink or sys.stdout
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._state = ""
        threading.Thread(target=self._read, daemon=True, name="answers").start()

    def ask(self, question: Question) -> None:
        """Print what is to be answered; what was typed before answers nothing: an arm might move by it."""
        self._drop_lines()
        self._state = question.state
        if question.state == "begin":
            turn = "first" if question.turn == 0 else "second"
            self.say(f"\ntrial {question.number}: scene {question.scene} of {question.scenes}, the {turn} of two")
            self.say(f"  asked for: {question.instruction}")
            for line in question.placement:
                self.say(f"  {line}")
            self.say("Enter begins, q leaves >")
        elif question.state == "running":
            self.say("it is running; e ends it, s, f or v REASON judge it at once")
        else:
            self.say(f"it has ended. {HELP} >")

    def answer(self) -> Answer | None:
        """Return the next answer; None: there is none yet. The end of the input leaves."""
        try:
            line = self._lines.get_nowait()
        except queue.Empty:
            return None
        if line is None:
            self._lines.put(None)
            return Answer(LEAVE) if self._state != "running" else None
        if self._state == "running" and not line.strip():
            return None
        answer = read_answer(line, self._state)
        if isinstance(answer, Answer):
            return answer
        self.say(answer)
        return None

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._sink, flush=True)

    def _drop_lines(self) -> None:
        try:
            while self._lines.get_nowait() is not None:
                pass
            self._lines.put(None)
        except queue.Empty:
            pass

    def _read(self) -> None:
        try:
            for line in self._source:
                self._lines.put(line)
        except (OSError, ValueError):
            pass
        self._lines.put(None)
