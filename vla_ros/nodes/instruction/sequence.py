# SPDX-License-Identifier: Apache-2.0
"""Sentences one after the other, by what a policy says of each: the task status of its chunks (GR-3, section 3.1)."""

from __future__ import annotations

from collections import deque

from controllers.chunks.chunk import TaskStatus, instruction_hash
from vla_ros.tasks.sentences import SentenceResult, SentenceState, numbered, same, split_sentences

NOT_THERE = "the policy finds nothing that the instruction names"
STOPPED = "a person took the instruction away"
ENOUGH = 3  # chunks in a row with the same status: one alone of a learned policy may be wrong


class InstructionSequence:
    """Follow sentences to their end.

    One that is terminated is done, and the next is the instruction. One that is invalid is refused: then there is no
    instruction until a person skips it or says another.
    """

    def __init__(self, text: str, enough: int = ENOUGH) -> None:
        """Take the sentences of `text`; a status counts when `enough` chunks in a row have it.

        Raises ConfigError for sentences that cannot follow each other.
        """
        self._ahead = deque(split_sentences(text))  # the one that counts now first
        self._past: list[SentenceResult] = []
        self._enough = enough
        self._refusal = ""  # why the one that counts now is refused
        self._status, self._count = TaskStatus.ONGOING, 0  # of the last chunks, and how many in a row have it
        self._events: list[str] = []
        self._announce()

    # -- what is asked, and how far it is ------------------------------------------------------------------------------
    @property
    def instruction(self) -> str:
        """Return the sentence that the policy is to act on now; "": none, while a person decides and after the end."""
        return "" if self.finished or self._refusal else self._ahead[0]

    @property
    def waits(self) -> bool:
        """Say whether a person must decide."""
        return bool(self._refusal)

    @property
    def finished(self) -> bool:
        """Say whether no sentence is left."""
        return not self._ahead

    @property
    def success(self) -> bool:
        """Say whether all was done; what a person said otherwise need not be."""
        states = {one.state for one in self._past} - {SentenceState.REPLACED}
        return self.finished and states == {SentenceState.DONE}

    @property
    def results(self) -> tuple[SentenceResult, ...]:
        """Return what became of each sentence so far, those ahead included."""
        ahead = [SentenceResult(one) for one in self._ahead]
        if self._refusal:
            ahead[0] = SentenceResult(self._ahead[0], SentenceState.REFUSED, self._refusal)
        return (*self._past, *ahead)

    def take_events(self) -> list[str]:
        """Return what happened since the last call, a line each."""
        events, self._events = self._events, []
        return events

    # -- what the policy says ------------------------------------------------------------------------------------------
    def note_chunk(self, instruction: int, status: TaskStatus) -> None:
        """Take the status of a chunk that was computed for the sentence with this `instruction_hash`."""
        if not self.instruction or instruction != instruction_hash(self.instruction):
            return  # of a sentence before
        self._count = self._count + 1 if status is self._status else 1
        self._status = status
        if status is TaskStatus.ONGOING or self._count < self._enough:
            return
        if status is TaskStatus.TERMINATED:
            self._end(SentenceState.DONE)
        else:
            self._refuse(NOT_THERE)

    def explain(self, reason: str) -> None:
        """Take why the policy refused the sentence, in its own words."""
        if self._refusal and reason and reason != self._refusal:
            self._refuse(reason)

    # -- what a person says --------------------------------------------------------------------------------------------
    def skip(self) -> str:
        """Go on to the next sentence; return which one was left, "" after the end."""
        if self.finished:
            return ""
        left = self._named()
        self._leave(SentenceState.SKIPPED, "a person skipped it")
        return left

    def say(self, text: str) -> None:
        """Have what a person says, one sentence or several, stand for the sentence that counts now.

        Those after it stay. The sentence itself, once it was refused, is tried again. "" ends it all. Raises
        ConfigError for sentences that cannot follow each other; then nothing changes.
        """
        if self.finished or (text.strip() and same(text, self.instruction)):
            return
        if not text.strip():
            self._leave(SentenceState.SKIPPED, STOPPED, go_on=False)
            self._past += [SentenceResult(one, SentenceState.SKIPPED, STOPPED) for one in self._ahead]
            self._ahead.clear()
            return
        said = list(split_sentences(text))
        if same(said[0], self._ahead[0]):
            self._ahead.popleft()  # again, and perhaps more
        else:
            self._leave(SentenceState.REPLACED, "a person said another", go_on=False)
        if self._ahead and same(said[-1], self._ahead[0]):
            said.pop()  # what comes next anyway
        self._ahead.extendleft(reversed(said))
        self._begin()

    # ------------------------------------------------------------------------------------------------------------------
    def _named(self) -> str:
        return numbered((*self._past, *(SentenceResult(one) for one in self._ahead)), self._ahead[0])

    def _announce(self) -> None:
        self._events.append(self._named())

    def _refuse(self, reason: str) -> None:
        self._refusal = reason
        self._events.append(f"refused: {self._named()} ({reason})")

    def _leave(self, state: SentenceState, reason: str, go_on: bool = True) -> None:
        """End the sentence that counts now because a person says so; what the policy refused stays refused."""
        if self._refusal:
            state, reason = SentenceState.REFUSED, self._refusal
        self._end(state, reason, go_on)

    def _end(self, state: SentenceState, reason: str = "", go_on: bool = True) -> None:
        self._events.append(f"{state.value}: {self._named()}{f' ({reason})' if reason else ''}")
        self._past.append(SentenceResult(self._ahead.popleft(), state, reason))
        self._refusal = ""
        if go_on:
            self._begin()

    def _begin(self) -> None:
        """Begin the next sentence, of which no chunk has been heard."""
        self._refusal, self._status, self._count = "", TaskStatus.ONGOING, 0
        if not self.finished:
            self._announce()
