# SPDX-License-Identifier: Apache-2.0
"""Sentences about the objects of a frame, in the wording of training, drawn anew whenever frames are cut."""

from __future__ import annotations

import dataclasses
import re
from functools import cache, lru_cache

import numpy as np

from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.policies.graspvla.small.word_tokens import color_words
from vla_ros.policies.graspvla.words import WordEmbedding
from vla_ros.sim.scenes.descriptions import Description, describe
from vla_ros.sim.scenes.instructions import draw_color, write_instruction
from vla_ros.sim.scenes.objects import same_color, same_name
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.wording import family

ABSENT = 0.12  # share of sentences about something that is not there
NAMED = 0.25  # share of sentences that are a name alone, as captions and web data say it
BABBLED = 0.2  # share of sentences that ask in words without sense: what is around a name says nothing of what is meant
BEFORE, AFTER = 5, 3  # words without sense around a name, at most
UNKNOWN = 0.2  # share of sentences with a noun that no language has: then the colour alone decides
UNKNOWN_ABSENT = 0.3  # share of those about a colour that is not there
ONE_PIECE = 0.4  # share of such nouns that are one sub-word; the others are two or three put together
LIKE_KNOWN = 0.25  # share of the others that begin like a known one, as "carrot" begins like "car"


class Sentences:
    """Ask for objects that are there, and now and then for one that is not."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._catalogue = load_catalogue()
        self._words = family("training")

    def of_frame(self, names: list[str], positions: np.ndarray, seen: np.ndarray, count: int) -> list[tuple[int, str]]:
        """Return rows of objects, -1 for one that is not there, and how they are asked for; `count` at most.

        `names` are "colour category", `positions` (N, 3) [m], `seen` (N,) says which may be asked for.
        """
        placed = []
        for i, name in enumerate(names):
            T = np.eye(4)
            T[:3, 3] = positions[i]
            placed.append(PlacedObject(f"{i}", _model(name), T))
        asked: list[tuple[int, str]] = []
        for i in self._rng.permutation(np.flatnonzero(seen[: len(names)])):
            if len(asked) == count:
                break
            if self._rng.uniform() < ABSENT:
                asked.append((-1, self._absent(placed)))
            if self._rng.uniform() < UNKNOWN:
                asked.append(self._unknown(int(i), placed))
                continue
            described = describe(placed[i], placed, self._catalogue, self._rng)
            if described is not None and len(asked) < count:
                asked.append((int(i), self._asked(described)))
        return asked

    def _asked(self, described: Description) -> str:
        chance = self._rng.uniform()
        if chance < NAMED:
            return described.phrase
        if chance < NAMED + BABBLED:
            # What follows "left of the red mug" would look like a part of the place.
            return self._babbled(described.phrase, 0 if described.kind == "relation" else AFTER)
        return described.text

    def _babbled(self, phrase: str, after: int) -> str:
        starts, _ = _sub_words()
        before, behind = (self._rng.choice(starts, size=self._rng.integers(most + 1)) for most in (BEFORE, after))
        return " ".join([*before, "the", phrase, *behind])

    def _absent(self, placed: list[PlacedObject]) -> str:
        seen = self._catalogue.models("seen")
        while True:
            model = seen[int(self._rng.integers(len(seen)))]
            colors = self._catalogue.colors_of(model)
            other = _model(f"{self._rng.choice(colors)} {model.category}")
            if not any(same_name(other, there.model) for there in placed):
                return write_instruction(other, self._catalogue, self._rng)

    def _unknown(self, i: int, placed: list[PlacedObject]) -> tuple[int, str]:
        """Ask for object i by its colour and a noun nobody knows, or for a colour that is not there (-1).

        Of several in that colour each is as good as the others: that is learned as well.
        """
        model, meant = placed[i].model, i
        others = sorted(set(self._catalogue.colors) - {there.model.color for there in placed})
        if others and self._rng.uniform() < UNKNOWN_ABSENT:
            model, meant = dataclasses.replace(model, color=str(self._rng.choice(others))), -1
            if any(same_color(model, there.model) for there in placed):
                model, meant = placed[i].model, i
        phrase = f"{draw_color(model, self._words, self._rng)} {_made_up(self._rng)}"
        if self._rng.uniform() < BABBLED:
            return meant, self._babbled(phrase, AFTER)
        return meant, str(self._rng.choice(self._words.asking)).format(phrase)

    @staticmethod
    def label(name: str) -> tuple[int, int]:
        """Return the numbers of an object's category and colour."""
        color, category = name.split(" ", 1)
        catalogue = load_catalogue()
        return catalogue.categories.index(category), catalogue.colors.index(color)


def _made_up(rng: np.random.Generator) -> str:
    """Return a noun that says nothing: one sub-word or several."""
    starts, others = _sub_words()
    if rng.uniform() < ONE_PIECE:
        return str(rng.choice(starts))
    known = [name for name, split in load_catalogue().splits.items() if split == "seen"]
    start = str(rng.choice(known if rng.uniform() < LIKE_KNOWN else starts))
    return start + "".join(rng.choice(others, size=int(rng.integers(1, 3))).tolist())


@cache
def _sub_words() -> tuple[np.ndarray, np.ndarray]:
    """Return what words begin with, and what they go on with, without what means something here.

    What evaluation says as unseen words is left out as well: else it would not be unseen.
    """
    catalogue = load_catalogue()
    known = {*catalogue.categories, *catalogue.synonyms, *color_words(), "object", "thing"}
    known |= {word for name in family("training").names for word in name.split()}
    unseen = family("unseen")
    known |= unseen.asking_words | {word for name in unseen.names for word in re.findall("[a-z]+", name)}
    starts, others = WordEmbedding().sub_words()
    return np.array([word for word in starts if word not in known]), np.array(others)


@lru_cache(maxsize=512)
def _model(name: str) -> ObjectModel:
    """Return an object of a "colour category": its like, where the frame's own is not known."""
    color, category = name.split(" ", 1)
    catalogue: Catalogue = load_catalogue()
    shape = next(model for model in catalogue.objects if model.category == category)
    return catalogue.vary(shape, np.random.default_rng(0), color)
