# SPDX-License-Identifier: Apache-2.0
"""An instruction of several sentences, one after the other, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Any

from controllers.chunks.chunk import instruction_hash
from controllers.errors import ConfigError

NEXT = "; "  # between sentences; whoever writes them may leave the space out


class SentenceState(Enum):
    """How far a sentence has come, in the words of reports."""

    AHEAD = "open"
    DONE = "done"
    NOT_DONE = "not done"  # by a judge, who sees the truth
    REFUSED = "refused"  # by the policy: what is asked for is not there
    SKIPPED = "skipped"  # by a person
    REPLACED = "replaced"  # by another sentence of a person's


@dataclass(frozen=True)
class SentenceResult:
    """What became of one sentence."""

    sentence: str
    state: SentenceState = SentenceState.AHEAD
    reason: str = ""  # why it is not done; empty where it is, or is still open

    def values(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"sentence": self.sentence, "state": self.state.value, "reason": self.reason}


def split_sentences(text: str, name: str = "instruction ") -> tuple[str, ...]:
    """Return the sentences of an instruction, in order.

    Raises ConfigError, with `name` before the text, for one that is empty or says what the one before it says: a policy
    could not tell the second from the first.
    """
    sentences = tuple(one.strip() for one in text.split(NEXT.strip()))
    if len(sentences) == 1 and sentences[0]:
        return sentences
    for number, one in enumerate(sentences, start=1):
        if not one:
            raise ConfigError(f"{name}'{text}': sentence {number} of {len(sentences)} is empty: leave it out")
    for number, (one, following) in enumerate(pairwise(sentences), start=2):
        if same(one, following):
            raise ConfigError(
                f"{name}'{text}': sentence {number} says what sentence {number - 1} says, and a policy could not tell "
                "them apart: say it otherwise, or once"
            )
    return sentences


def same(one: str, other: str) -> bool:
    """Say whether two sentences are the same to policies and control."""
    return instruction_hash(one) == instruction_hash(other)


def numbered(results: tuple[SentenceResult, ...], sentence: str) -> str:
    """Return the sentence that counts now with its place among all, "2 of 3: …"; alone it stands as it is."""
    over = sum(one.state is not SentenceState.AHEAD for one in results)
    return f"{over + 1} of {len(results)}: {sentence}" if over < len(results) > 1 else sentence
