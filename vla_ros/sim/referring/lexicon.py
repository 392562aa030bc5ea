# SPDX-License-Identifier: Apache-2.0
"""Every word that the judge knows: the catalogue's, all families of config/tasks/wording.yaml, and a scene's own.

Unlike a policy, a judge may know the words that are kept unseen.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from vla_ros.objects.category import categories
from vla_ros.objects.colors import color_ranges
from vla_ros.policies.geometric.language import COLOR_WORDS, singular
from vla_ros.sim.scenes.wording import FAMILIES, family

Noun = tuple[str, str]  # category and shape; shape "": all of its shapes
ANY_NOUNS = frozenset(("object", "thing", "item", "one", "stuff", "piece", "something", "anything"))
_DETERMINER_TEXT = "a an the this that these those my your our his her its their some any"
DETERMINERS = frozenset(_DETERMINER_TEXT.split())
# What an instruction may hold before and after the words for the object without a change of its meaning.
_FILLER_TEXT = """
please kindly now just then can could would will shall may must let us lets want wants need needs like i you we he
she it me him her them somebody someone to up for of and so hey hi hello ok okay robot arm gripper hand fingers dear
thanks thank try grab grasp grip pick picking take taking get fetch lift raise hold bring give pass reach go find
collect retrieve move remove seize snatch catch clutch pinch hoist obtain acquire deliver carry choose select search
look locate do does see where is are here there out away again
"""
FILLERS = frozenset(_FILLER_TEXT.split())
# Properties that no truth decides: they leave a single candidate as it is, and several open.
_OPINION_TEXT = """
round flat old new nice shiny dark light bright pale deep plain short thick thin wide narrow heavy clean dirty soft
hard colored coloured toy wooden plastic metal metallic rubber paper ceramic steel
"""
OPINIONS = frozenset(_OPINION_TEXT.split())
_TYPO_MIN, _TYPO_ALIKE = 6, 0.86  # letters of a word that may be misspelt, and how alike it must be


def tokens(text: str) -> tuple[str, ...]:
    """Return an instruction's words, lower case, without punctuation; hyphens and underscores part words."""
    text = re.sub(r"['’](s|re|d|ll|m|ve|t)?\b", "", text.lower())
    return tuple(re.findall(r"\w+", text.replace("_", " ")))


def _key(phrase: str) -> str:
    # Compared without spaces, so that 'screw-driver', 'screw driver' and 'screwdriver' are one word.
    return "".join(tokens(phrase))


@dataclass(frozen=True)
class Lexicon:
    """Nouns and colours by their phrases, written without spaces."""

    nouns: Mapping[str, frozenset[Noun]]
    colors: Mapping[str, frozenset[str]]
    longest: int  # words of the longest phrase

    @classmethod
    def of(cls, own: Mapping[str, str]) -> Lexicon:
        """Return the built-in lexicon with a scene's own nouns (phrase → category), which come before the others."""
        nouns, colors, longest = _built_in()
        if not own:
            return cls(nouns, colors, longest)
        mine = {_key(phrase): frozenset({(category, "")}) for phrase, category in own.items()}
        return cls({**nouns, **mine}, colors, max(longest, *(len(tokens(phrase)) for phrase in own)))

    def nouns_at(self, words: Sequence[str], start: int) -> Iterator[tuple[frozenset[Noun], int]]:
        """Yield what a noun phrase at `start` may mean and where it ends, the longest phrase first."""
        for end in range(min(start + self.longest, len(words)), start, -1):
            for last in (words[end - 1], singular(words[end - 1])):
                meaning = self.nouns.get("".join((*words[start : end - 1], last)))
                if meaning:
                    yield meaning, end
                    break
        meaning = self._misspelt(words[start])
        if meaning:
            yield meaning, start + 1

    def colors_at(self, words: Sequence[str], start: int) -> Iterator[tuple[frozenset[str], int]]:
        """Yield the colours that a phrase at `start` may mean and where it ends, the longest phrase first."""
        for end in range(min(start + self.longest, len(words)), start, -1):
            phrase = "".join(words[start:end])
            for form in (phrase, phrase.removesuffix("ish"), phrase.removesuffix("dish")):
                if form in self.colors:
                    yield self.colors[form], end
                    break

    def knows(self, word: str) -> bool:
        """Say whether a word is part of any phrase."""
        return word in self._parts or singular(word) in self._parts or self._misspelt(word) is not None

    @cached_property
    def _parts(self) -> frozenset[str]:
        return frozenset({*_words_of_phrases(), *self.nouns, *self.colors})

    def _misspelt(self, word: str) -> frozenset[Noun] | None:
        if len(word) < _TYPO_MIN or word in self.nouns or singular(word) in self.nouns or word in _words_of_phrases():
            return None
        alike = [noun for noun in self.nouns if len(noun) >= _TYPO_MIN and noun[0] == word[0]]
        near = difflib.get_close_matches(singular(word), alike, n=1, cutoff=_TYPO_ALIKE)
        return self.nouns[near[0]] if near else None


@cache
def asking_sentences() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Return the words before and after the description, of every way to ask in every family."""
    sentences = {asking for name in FAMILIES for asking in family(name).asking}
    parts = (sentence.partition("the {}") for sentence in sorted(sentences))
    return tuple(sorted({((*tokens(before), "the"), tokens(after)) for before, _, after in parts}))


@cache
def _phrases() -> tuple[dict[str, set[Noun]], dict[str, set[str]]]:
    """Return nouns and colours by their phrases as they are written."""
    nouns: dict[str, set[Noun]] = {}
    colors: dict[str, set[str]] = {name: {name} for name in color_ranges()}
    for name, category in categories().items():
        for word in (name, *category.synonyms):
            nouns.setdefault(word, set()).add((name, ""))
    for words in (family(name) for name in FAMILIES):
        for key, others in words.nouns.items():
            name, _, shape = key.partition("/")
            for word in others:
                nouns.setdefault(word, set()).add((name, shape))
        for color, others in words.colors.items():
            for word in others:
                colors.setdefault(word, set()).add(color)
    for word, color in COLOR_WORDS.items():
        if color in color_ranges() and word not in colors:
            colors[word] = {color}
    return nouns, colors


@cache
def _built_in() -> tuple[dict[str, frozenset[Noun]], dict[str, frozenset[str]], int]:
    nouns, colors = _phrases()
    longest = max(len(tokens(phrase)) for phrase in (*nouns, *colors))
    return (
        {_key(phrase): frozenset(meaning) for phrase, meaning in nouns.items()},
        {_key(phrase): frozenset(meaning) for phrase, meaning in colors.items()},
        longest,
    )


@cache
def _words_of_phrases() -> frozenset[str]:
    nouns, colors = _phrases()
    return frozenset(word for phrase in (*nouns, *colors) for word in tokens(phrase))
