# SPDX-License-Identifier: Apache-2.0
"""An instruction in plain English to what must be found: a category, colours, or nothing known."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# Everyday words for a colour that the catalogue calls by a plainer name.
COLOR_WORDS = {
    "crimson": "red",
    "scarlet": "red",
    "maroon": "red",
    "ruby": "red",
    "navy": "blue",
    "azure": "blue",
    "cobalt": "blue",
    "lime": "green",
    "emerald": "green",
    "olive": "green",
    "golden": "yellow",
    "lemon": "yellow",
    "violet": "purple",
    "lilac": "purple",
    "lavender": "purple",
    "magenta": "pink",
    "rose": "pink",
    "tan": "brown",
    "beige": "brown",
    "gray": "grey",
    "grey": "gray",
    "silver": "grey",
    "teal": "cyan",
    "turquoise": "cyan",
    "tangerine": "orange",
    "ivory": "white",
    "cream": "white",
}
ANY_NOUNS = {"object", "thing", "item", "one", "stuff", "piece", "toy", "something", "anything"}
# Words that start a phrase which says where the thing is or goes, not what it is.
RELATIONS = (
    r"next to|close to|closest to|nearest to|adjacent to|alongside|beyond|in front of|on top of|left of|right of|"
    r"to the|near|beside|by|behind|under|below|above|over|"
    r"from|off|on|onto|upon|in|into|inside|at|towards?|between|against|with|that|which|who|where|and|then|before|"
    r"without|instead|not|but"
)
FILLER_TEXT = """
a an the this that these those my your our his her its some any please kindly now just can could would will you
i we me us it to up of for want need like grab grasp pick picking take get fetch lift raise hold bring give hand
pass reach go find collect retrieve move try remove robot arm gripper hey ok okay let s and colored coloured
color colour is are be there here over out small big large little tiny tall short long round flat old new nice
shiny dark light bright pale deep plain only single whole entire first kind sort
"""
FILLERS = frozenset(FILLER_TEXT.split())


@dataclass(frozen=True)
class Vocabulary:
    """The words a catalogue understands: noun phrases to categories, and its colour names."""

    nouns: Mapping[str, str]  # phrase, singular, lower case → category
    colors: frozenset[str]
    color_words: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        words = {word: name for word, name in COLOR_WORDS.items() if name in self.colors and word not in self.colors}
        object.__setattr__(self, "color_words", {**words, **{name: name for name in self.colors}})

    @classmethod
    def of(cls, categories: Iterable[str], synonyms: Mapping[str, str], colors: Iterable[str]) -> Vocabulary:
        """Collect the vocabulary; a category is a word for itself, underscores read as spaces."""
        nouns = {_normal(word): category for word, category in synonyms.items()}
        nouns.update({_normal(category): category for category in categories})
        return cls(nouns, frozenset(colors))


@dataclass(frozen=True)
class Request:
    """What the instruction names. `known` is False when its noun is not in the vocabulary."""

    category: str | None
    colors: tuple[str, ...]
    known: bool


def parse_instruction(text: str, vocabulary: Vocabulary) -> Request:
    """Read what an instruction names; a noun after a relation ('next to the mug') is never the target."""
    colors = "|".join(map(re.escape, sorted(vocabulary.color_words)))
    # 'red and white' is one description, not two phrases.
    text = re.sub(rf"\b({colors}) and (?=({colors})\b)", r"\1 ", _normal(text))
    found = None
    for clause in re.split(r"[,.;:!?]", text):
        parts = re.split(rf"\b({RELATIONS})\b", clause)
        relations = ["", *parts[1::2]]
        for relation, phrase in zip(relations, parts[0::2], strict=True):
            words = phrase.split()
            if found is None and not relation:
                found = _read_phrase(words, vocabulary)
            elif found and not found.colors and relation in ("that", "which") and "is" in words:
                # 'the mug that is red'
                after = tuple(color for word in words if (color := _color(word, vocabulary)))
                found = Request(found.category, after, found.known)
    return found or Request(None, (), False)


def _read_phrase(words: list[str], vocabulary: Vocabulary) -> Request | None:
    """Return what a phrase names, or None when it names nothing ('pick up')."""
    category, span = _find_noun(words, vocabulary.nouns)
    colors = tuple(
        dict.fromkeys(
            color
            for i, word in enumerate(words)
            if not (category and span[0] <= i < span[1]) and (color := _color(word, vocabulary))
        )
    )
    if category:
        return Request(category, colors, True)
    rest = [word for word in words if word not in FILLERS and not _color(word, vocabulary)]
    if any(singular(word) in ANY_NOUNS for word in rest) or (colors and not rest):
        # 'the orange': a lone colour word that is also a fruit was caught as a noun above.
        return Request(None, colors, True)
    return Request(None, colors, False) if rest else None


def _find_noun(words: list[str], nouns: Mapping[str, str]) -> tuple[str | None, tuple[int, int]]:
    """Find the noun phrase: the longest, then the last, because the head of an English noun phrase comes last."""
    compact = {phrase.replace(" ", ""): category for phrase, category in nouns.items()}
    longest = 1 + max((phrase.count(" ") + 1 for phrase in nouns), default=0)
    singulars = [singular(word) for word in words]
    for size in range(longest, 0, -1):
        for start in range(len(words) - size, -1, -1):
            for candidate in (words, singulars):
                # Compared without spaces, so that 'screw-driver' and 'screwdriver' are one word.
                phrase = "".join(candidate[start : start + size])
                if phrase in compact:
                    return compact[phrase], (start, start + size)
    for start in range(len(words) - 1, -1, -1):
        # Typing errors, for words long enough that one wrong letter is not another word.
        if len(words[start]) >= 5 and words[start] not in FILLERS:
            near = difflib.get_close_matches(singulars[start], nouns, n=1, cutoff=0.86)
            if near:
                return nouns[near[0]], (start, start + 1)
    return None, (0, 0)


def _color(word: str, vocabulary: Vocabulary) -> str | None:
    for form in (word, word.removesuffix("ish"), word.removesuffix("dish")):
        if form in vocabulary.color_words:
            return vocabulary.color_words[form]
    return None


def singular(word: str) -> str:
    """Return the singular of an English noun, by rule."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


def _normal(text: str) -> str:
    # Hyphens and underscores join one noun ('screw-driver', 'tin_can'); an apostrophe ends a word ("don't", "mug's").
    return " ".join(re.sub(r"['’]\w*", "", text.lower()).replace("_", " ").replace("-", " ").split())
