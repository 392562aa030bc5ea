# SPDX-License-Identifier: Apache-2.0
"""Read an instruction to its last word, in every way that it can be read; one that holds a foreign word has no reading.

description = [determiner] property… head place…
property    = colour | size | side | opinion | superlative
head        = noun | "thing" | a colour alone | superlative "of the two" property… noun
place       = relation description | "on the left" | "closest to the robot" | "that is" property | "not" description
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from itertools import islice

from vla_ros.objects.colors import color_ranges
from vla_ros.sim.referring.expression import Expression, Relation
from vla_ros.sim.referring.lexicon import ANY_NOUNS, DETERMINERS, FILLERS, OPINIONS, Lexicon, asking_sentences
from vla_ros.sim.scenes.relations import DENSEST

WORDS_MAX, READINGS_MAX, DEPTH_MAX = 40, 64, 2

# Before a noun, or after "that is": what it makes extreme.
SUPERLATIVES = {
    "leftmost": "leftmost", "rightmost": "rightmost", "left": "left", "right": "right", "left hand": "left",
    "right hand": "right", "nearest": "nearest", "closest": "nearest", "nearer": "nearest", "closer": "nearest",
    "near": "nearest", "farthest": "farthest", "furthest": "farthest", "farther": "farthest", "further": "farthest",
    "far": "farthest", "most distant": "farthest", "biggest": "biggest", "largest": "biggest", "bigger": "biggest",
    "larger": "biggest", "big": "biggest", "large": "biggest", "smallest": "smallest", "smaller": "smallest",
    "small": "smallest", "little": "smallest", "tiny": "smallest", "tinier": "smallest", "tiniest": "smallest",
    "tallest": "tallest", "taller": "tallest", "tall": "tallest", "highest": "tallest", "higher": "tallest",
    "longest": "longest", "longer": "longest", "long": "longest", "lengthiest": "longest", "lengthier": "longest",
}  # fmt: skip
_SELF = ("the robot", "the arm", "the base", "the robot base", "you", "me", "us")
OF_SEVERAL = ("of the two", "of the three", "of both", "of the")  # between "the larger" and "mugs"
_SIDES = ("{}", "{} side", "{} hand side", "far {}", "{} of the table", "{} side of the table")
# After a noun: what it makes extreme.
PLACES = (
    {
        f"{preposition} {side.format(word)}": f"{word}most" if side.startswith("far") else word
        for word in ("left", "right")
        for side in _SIDES
        for preposition in ("on the", "at the", "to the", "from the", "on your", "on my", "to your", "to my")
    }
    | {
        f"{word} {preposition} {self}": extreme
        for words, preposition, extreme in (
            (("closest", "nearest", "closer", "nearer", "close", "near"), "to", "nearest"),
            (("farthest", "furthest", "farther", "further", "far"), "from", "farthest"),
        )
        for word in (*words, *(f"the {word}" for word in words if word.endswith("est")))
        for self in _SELF
    }
    | {f"{preposition} the densest spot": DENSEST for preposition in ("from", "in", "at")}
    | {f"{far} to the {word}": f"{word}most" for far in ("furthest", "farthest") for word in ("left", "right")}
)
# After a noun, before another description.
RELATIONS = {
    "left of": "left of", "to the left of": "left of", "on the left of": "left of", "at the left of": "left of",
    "on the left side of": "left of", "to the left side of": "left of", "on the left hand side of": "left of",
    "right of": "right of", "to the right of": "right of", "on the right of": "right of",
    "at the right of": "right of", "on the right side of": "right of", "to the right side of": "right of",
    "on the right hand side of": "right of",
    "behind": "behind", "beyond": "behind", "on the far side of": "behind",
    "in front of": "in front of", "on this side of": "in front of", "on the near side of": "in front of",
    "next to": "next to", "beside": "next to", "by": "next to", "near": "next to", "near to": "next to",
    "close to": "next to", "alongside": "next to", "adjacent to": "next to",
    "closest to": "closest to", "nearest to": "closest to", "nearest": "closest to",
}  # fmt: skip
_ALSO_THINGS = ("orange",)  # colours that a thing is called by as well
NOT = ("not", "but not", "and not", "instead of", "rather than")
# What adds nothing after a noun: everything stands on the table.
NOWHERE = ("on the table", "off the table", "from the table", "at the table", "over there", "there", "here")
_LINKS = ("that is", "which is", "that are", "which are", "that stands", "which stands", "that lies", "which lies",
          "that sits", "which sits", "standing", "lying", "sitting", "located", "placed", "the one", "one")  # fmt: skip


def read(words: Sequence[str], lexicon: Lexicon) -> tuple[Expression, ...]:
    """Return every different reading of an instruction's words; none when it cannot be read whole."""
    if len(words) > WORDS_MAX:
        return ()
    reader = _Reader(tuple(words), lexicon)
    found: list[Expression] = []
    for before, after in asking_sentences():
        end = len(words) - len(after)
        if words[: len(before)] == before and words[end:] == after and len(before) < end:
            found += _Reader(tuple(words[len(before) : end]), lexicon).whole()
    if not found:
        found = reader.between_fillers()
    return tuple(dict.fromkeys(found))


class _Reader:
    """Read descriptions from a row of words."""

    def __init__(self, words: tuple[str, ...], lexicon: Lexicon) -> None:
        self._words, self._lexicon = words, lexicon

    def whole(self) -> list[Expression]:
        """Return the readings as one description."""
        readings = (expression for expression, end in self._description(0, 0) if end == len(self._words))
        return list(islice(readings, READINGS_MAX))

    def between_fillers(self) -> list[Expression]:
        """Return the readings as one description among words that say nothing of it."""
        tail = len(self._words)
        while tail and self._words[tail - 1] in FILLERS:
            tail -= 1
        for start in range(len(self._words)):
            found = [expression for expression, end in islice(self._description(start, 0), READINGS_MAX) if end >= tail]
            if found:
                return found
            if self._words[start] not in FILLERS:
                return []
        return []

    def _description(self, start: int, depth: int) -> Iterator[tuple[Expression, int]]:
        while start < len(self._words) and self._words[start] in DETERMINERS:
            start += 1
        for phrase in ("one of the", "one of"):
            start = self._after(phrase, start) or start
        for expression, end in self._head(start, Expression()):
            yield from self._places(expression, end, depth)

    def _head(self, start: int, said: Expression) -> Iterator[tuple[Expression, int]]:
        if start >= len(self._words):
            return
        for nouns, end in self._lexicon.nouns_at(self._words, start):
            yield dataclasses.replace(said, nouns=nouns), end
        if self._words[start].removesuffix("s") in ANY_NOUNS:
            yield said, start + 1
        for more, end in self._property(start, said):
            yield from self._head(end, more)
            if self._words[end - 1] in color_ranges():
                yield dataclasses.replace(more, doubtful=self._words[end - 1] in _ALSO_THINGS), end
            elif more.extremes != said.extremes:
                yield more, end

    def _property(self, start: int, said: Expression) -> Iterator[tuple[Expression, int]]:
        for colors, end in self._lexicon.colors_at(self._words, start):
            end = self._after("and", end) or end
            yield dataclasses.replace(said, colors=colors | (said.colors or frozenset())), end
        for phrase, extreme in SUPERLATIVES.items():
            if end := self._after(phrase, start):
                yield dataclasses.replace(said, extremes=(*said.extremes, extreme)), end
        if start < len(self._words) and self._words[start] in OPINIONS:
            yield dataclasses.replace(said, opinion=True), start + 1

    def _places(self, said: Expression, start: int, depth: int) -> Iterator[tuple[Expression, int]]:
        """Yield what may follow a head, longest first, and the description as it is."""
        for more, end in self._place(said, start, depth):
            yield from self._places(more, end, depth)
        yield said, start

    def _place(self, said: Expression, start: int, depth: int) -> Iterator[tuple[Expression, int]]:
        for phrase, extreme in PLACES.items():
            if end := self._after(phrase, start):
                yield dataclasses.replace(said, extremes=(*said.extremes, extreme)), end
        if said.extremes and said.nouns is None:
            for phrase in OF_SEVERAL:
                if end := self._after(phrase, start):
                    yield from self._head(end, said)
        for phrase in NOWHERE:
            if end := self._after(phrase, start):
                yield said, end
        for phrase in _LINKS:
            if end := self._after(phrase, start):
                yield from self._place(said, end, depth)
                if phrase not in ("the one", "one"):
                    yield from self._property(self._after("the", end) or end, said)
        if end := self._after("in", start):
            yield from self._colored(end, said)
        if depth == DEPTH_MAX:
            return
        for phrase, way in RELATIONS.items():
            if end := self._after(phrase, start):
                for anchor, after in self._description(end, depth + 1):
                    yield dataclasses.replace(said, relations=(*said.relations, Relation(way, anchor))), after
        for phrase in NOT:
            if end := self._after(phrase, start):
                for other, after in self._description(end, depth + 1):
                    yield dataclasses.replace(said, excluded=(*said.excluded, other)), after

    def _colored(self, start: int, said: Expression) -> Iterator[tuple[Expression, int]]:
        return ((more, end) for more, end in self._property(start, said) if more.colors != said.colors)

    def _after(self, phrase: str, start: int) -> int:
        """Return where a phrase at `start` ends; 0 when another stands there."""
        words = tuple(phrase.split())
        return start + len(words) if self._words[start : start + len(words)] == words else 0


def foreign_words(words: Sequence[str], lexicon: Lexicon) -> tuple[str, ...]:
    """Return the words that no description can hold."""
    return tuple(dict.fromkeys(word for word in words if word not in _structure() and not lexicon.knows(word)))


def _structure() -> frozenset[str]:
    phrases = (*SUPERLATIVES, *OF_SEVERAL, *PLACES, *RELATIONS, *NOT, *NOWHERE, *_LINKS, "and in of is")
    asking = {word for before, after in asking_sentences() for word in (*before, *after)}
    words = frozenset(word for phrase in phrases for word in phrase.split())
    return words | FILLERS | DETERMINERS | ANY_NOUNS | OPINIONS | asking
