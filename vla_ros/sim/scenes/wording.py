# SPDX-License-Identifier: Apache-2.0
"""Families of words for asking and naming, read from config/tasks/wording.yaml; what is unseen is in no other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import load_config, share_directory
from vla_ros.objects.category import GROUNDING, NOVEL, categories
from vla_ros.objects.colors import color_ranges
from vla_ros.sim.scenes.relations import CLOSEST, EXTREMES, RELATIONS, SIDES
from vla_ros.sim.scenes.sizes import OF_TWO, SIZES

FAMILIES = ("common", "training", "unseen")
_USUAL = {"evaluation": "common", "generation": "training"}  # of a stream
EVALUATED = ("common", "unseen")  # what an evaluation may say
KINDS = ("plain", "noun", "color", "relation")
TO_ANOTHER = (*RELATIONS, CLOSEST)  # what is said of how a thing stands to another
OF_SEVERAL = (*EXTREMES, *SIDES, *SIZES, *OF_TWO)  # and of which one of several it is


@dataclass(frozen=True)
class Family:
    """One family: sentences, other words for colours and nouns, and how often they are taken."""

    asking: tuple[str, ...]  # sentences with {} for the description
    other: float  # 0…1, for noun and colour each
    synonyms: bool  # the catalogue's are among the other nouns
    colors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    nouns: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of a category, or of category/shape
    kinds: dict[str, float] = field(default_factory=lambda: {"plain": 1.0})  # weights of kinds of description
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)  # words for where it stands, and for its size

    def __post_init__(self) -> None:
        if not 0.0 <= self.other <= 1.0:
            raise ConfigError(f"other must be 0 to 1, got {self.other}")
        for sentence in self.asking:
            if sentence.count("{}") != 1 or "the {}" not in sentence:
                raise ConfigError(f"asking: '{sentence}' must hold 'the {{}}' once")
        for color in self.colors:
            if color not in color_ranges():
                raise ConfigError(unknown_name("color", color, color_ranges()))
        for key in self.nouns:
            category, _, shape = key.partition("/")
            if category not in categories():
                raise ConfigError(unknown_name("category", category, categories()))
            if shape and shape not in categories()[category].shapes:
                raise ConfigError(unknown_name(f"shape of {category}", shape, categories()[category].shapes))
        for kind, weight in self.kinds.items():
            if kind not in KINDS:
                raise ConfigError(unknown_name("kind", kind, KINDS))
            if weight < 0.0:
                raise ConfigError(f"kinds: the weight of '{kind}' must not be negative, got {weight:g}")
        if self.kinds.get("plain", 0.0) <= 0.0:
            raise ConfigError("kinds: plain needs a weight above 0: it is what every scene's target can be called")
        for way, phrases in self.places.items():
            if way not in (*TO_ANOTHER, *OF_SEVERAL):
                raise ConfigError(unknown_name("place", way, (*TO_ANOTHER, *OF_SEVERAL)))
            for phrase in phrases:
                if phrase.count("{}") != (way in OF_SEVERAL):
                    how = "hold '{}' once" if way in OF_SEVERAL else "be the words between two things"
                    raise ConfigError(f"places: '{phrase}' of {way} must {how}")
        if missing := [way for way in (*TO_ANOTHER, *OF_SEVERAL) if not self.places.get(way)]:
            raise ConfigError(f"places: no words for {', '.join(missing)}")

    @property
    def names(self) -> Iterator[str]:
        """Return all its other words for colours and nouns."""
        for words in (*self.colors.values(), *self.nouns.values()):
            yield from words

    @property
    def said_of_places(self) -> set[str]:
        """Return its words for where things stand and how large they are."""
        return {phrase for phrases in self.places.values() for phrase in phrases}

    @property
    def asking_words(self) -> set[str]:
        """Return the words of its sentences."""
        return set(re.findall(r"[a-z]+", " ".join(self.asking).lower()))


@dataclass(frozen=True)
class Wording:
    """The whole file."""

    everyday: tuple[str, ...]  # words that all families may ask with
    families: dict[str, Family]

    def __post_init__(self) -> None:
        if set(self.families) != set(FAMILIES):
            raise ConfigError(f"families must be {', '.join(FAMILIES)}, got {', '.join(self.families) or 'none'}")
        unseen = self.families["unseen"]
        seen = [self.families[name] for name in FAMILIES if name != "unseen"]
        shared = unseen.asking_words & set().union(*(family.asking_words for family in seen)) - set(self.everyday)
        if shared:
            raise ConfigError(f"unseen asks with '{min(shared)}', as another family does: choose another word")
        known = _catalogue_words() | {name for family in seen for name in family.names}
        if taken := known & set(unseen.names):
            raise ConfigError(f"unseen names with '{min(taken)}', which is known elsewhere: choose another word")
        if taken := unseen.said_of_places & set().union(*(family.said_of_places for family in seen)):
            raise ConfigError(f"unseen says '{min(taken)}', as another family does: choose other words")
        _check_novel(self.families["training"], seen)
        _check_colors(self.families["training"])


def _check_novel(training: Family, seen: list[Family]) -> None:
    """Refuse words for what no data holds in families that data is said in."""
    novel = {name for name, category in categories().items() if category.split == NOVEL}
    if leaked := {key for key in training.nouns if key.split("/")[0] in novel}:
        raise ConfigError(f"training has words for '{min(leaked)}', which is novel: remove them")
    names = {word for name in novel for word in (name, *categories()[name].synonyms)}
    if leaked := names & {name for family in seen for name in family.names}:
        raise ConfigError(f"'{min(leaked)}' names what is novel, and another family says it: remove it there")


def _check_colors(training: Family) -> None:
    """Refuse words of colour that name a thing of which data has no demonstrations: the colour would say its noun."""
    undemonstrated = {name: category for name, category in categories().items() if category.split in (GROUNDING, NOVEL)}
    nouns = {part for name, one in undemonstrated.items() for word in (name, *one.synonyms) for part in word.split()}
    said = {part for words in training.colors.values() for word in words for part in word.split()} | set(color_ranges())
    if shared := nouns & said:
        raise ConfigError(
            f"'{min(shared)}' is a word of colour in training, and a noun of grounding or novel categories: remove one"
        )


def _catalogue_words() -> set[str]:
    nouns: Mapping[str, tuple[str, ...]] = {name: category.synonyms for name, category in categories().items()}
    return {*color_ranges(), *nouns, *(word for words in nouns.values() for word in words)}


@cache
def wording() -> Wording:
    """Return all families."""
    return load_config(share_directory() / "config" / "tasks" / "wording.yaml", Wording)


def usual_family(stream: str, wording: str | None) -> str:
    """Return the family of words that a request asks for, else what is usual for its stream.

    Raises ConfigError for one that does not exist, or that the stream may not have.
    """
    name = wording or _USUAL[stream]
    if name == "unseen" and stream == "generation":
        raise ConfigError("wording 'unseen' is for stream evaluation: data that held it would spoil the test")
    if name not in FAMILIES:
        raise ConfigError(unknown_name("wording", name, FAMILIES))
    return name


def family(name: str) -> Family:
    """Return one family. Raises ConfigError naming the nearest."""
    if name not in FAMILIES:
        raise ConfigError(unknown_name("wording", name, FAMILIES))
    return wording().families[name]
