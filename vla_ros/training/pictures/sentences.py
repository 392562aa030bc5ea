# SPDX-License-Identifier: Apache-2.0
"""Sentences about the objects of a frame, in the wording of training, drawn anew whenever frames are cut."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np

from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.category import TRAINED, categories, split_names
from vla_ros.objects.model import ObjectModel, Part
from vla_ros.policies.backbone.word_tokens import Color, color_words, word_tokens
from vla_ros.policies.backbone.words import WordEmbedding
from vla_ros.policies.graspvla.small.part_search import BY
from vla_ros.sim.scenes.descriptions import describe, instruction_for
from vla_ros.sim.scenes.naming import draw_color, draw_noun
from vla_ros.sim.scenes.objects import same_color, same_name
from vla_ros.sim.scenes.places import NAMED as KINDS
from vla_ros.sim.scenes.places import could_mean, find_place, say_place
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.telling_apart import Table
from vla_ros.sim.scenes.wording import family
from vla_ros.training.generation import annotations as notes
from vla_ros.training.pictures.recoloring import Recoloring

ABSENT = 0.3  # share of sentences about something that is not there
NEARLY = 0.6  # share of those in which category or colour are those of something that is there
OTHER_COLOR = 0.65  # share of those in another colour: one of another category is more like a noun nobody knows
NAMED = 0.25  # share of sentences that are a name alone, as captions and web data say it
BABBLED = 0.2  # share of sentences that ask in words without sense: what is around a name says nothing of what is meant
BEFORE, AFTER = 5, 3  # words without sense around a name, at most
LED = 0.5  # share of those in which one of LEADS stands before the name: "of" must not only say where a thing is
LEADS = ("of", "for", "to", "up", "at", "with", "on", "about", "from", "by", "into")
UNKNOWN = 0.15  # share of sentences with a noun that no language has: then the colour alone decides
RELATED = 0.4  # share of the others in which only a place or a size tells the thing from one of the same name or colour
UNKNOWN_ABSENT = 0.25  # share of those about a colour that is not there
UNKNOWN_BARE = 0.4  # share of those without a colour: nobody can know what is meant
ONE_PIECE = 0.5  # share of such nouns that are one sub-word; the others are two or three put together
SHADES = 0.7, 1.4  # brightness of a made-up word of colour, as a share of the word's in whose place it stands
TINTED = 0.1  # standard deviation of its red, green and blue, 0 to 1
NO_LABEL = -1  # of a category or colour that the catalogue does not hold
LIKE_KNOWN = 0.25  # share of the others that begin like a known one, as "carrot" begins like "car"


class Sentences:
    """Ask for objects that are there, and now and then for one that is not."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._catalogue = load_catalogue()
        self._words = family("training")

    def of_frame(
        self,
        names: list[str],
        positions: np.ndarray,
        seen: np.ndarray,
        count: int,
        said: Sequence[tuple[int, str]] = (),
        extents: np.ndarray | None = None,
    ) -> list[tuple[int, str]]:
        """Return rows of objects, -1 for one that is not there, and how they are requested; `count` at most.

        `names` are "colour category", `positions` (N, 3) [m], `seen` (N,) says which may be requested; `said` is what
        a person requested in this frame. `extents` are rows of annotations.EXTENTS; None: of sizes nothing is said.
        Where some things have no name, or are parts of others, nothing is said of how they stand to others.
        """
        if any(not name or name.startswith(BY) for name in names):
            return self._of_named(names, seen, count, said)
        placed = []
        for i, name in enumerate(names):
            T = np.eye(4)
            T[:3, 3] = positions[i]
            placed.append(PlacedObject(f"{i}", _model(name), T))
        table = Table.unsized(placed) if extents is None else notes.standing([p.name for p in placed], extents)
        asked = list(said)
        order = self._rng.permutation(np.flatnonzero(seen[: len(names)])).tolist()
        for i in order:
            if len(asked) >= count:
                break
            if self._rng.uniform() < ABSENT:
                asked.append((-1, self._absent(placed)))
            asked += self._about(i, placed, table)
        while order and len(asked) < count:
            # Of frames with few things as much is asked, half of it about what is not there: what stands alone would
            # else nearly always be what is meant.
            way, i = self._rng.integers(3), int(self._rng.choice(order))
            if way == 0:
                asked.append((-1, self._absent(placed)))
            else:
                asked += self._about(i, placed, table) if way == 1 else [self._unknown(i, placed)]
        return asked[:count]

    def _about(self, i: int, placed: list[PlacedObject], table: Table) -> list[tuple[int, str]]:
        """Ask for object i, now and then in a way that nobody can know; not at all where nothing tells it apart."""
        if self._rng.uniform() < UNKNOWN:
            return [self._unknown(i, placed)]
        if self._rng.uniform() < RELATED and (phrase := self._by_place(i, placed, table)):
            return [(i, self._say(phrase, "relation"))]
        described = describe(placed[i], placed, self._catalogue, self._rng, table)
        return [] if described is None else [(i, self._say(described.phrase, described.kind))]

    def _by_place(self, i: int, placed: list[PlacedObject], table: Table) -> str:
        """Name object i so that its place or its size has to be looked at; "" where neither tells it from the others.

        "The mug left of the box" teaches nothing of what is left where there is one mug: then it is a "thing".
        """
        target, others = placed[i], [*placed[:i], *placed[i + 1 :]]
        alike = [kind for kind in KINDS if any(could_mean(kind, target.model, other.model) for other in others)]
        place = find_place(target, others, self._rng, table, alike) if alike else None
        return say_place(target.model, place, self._catalogue, self._words, self._rng) if place else ""

    def _of_named(
        self, names: list[str], seen: np.ndarray, count: int, said: Sequence[tuple[int, str]]
    ) -> list[tuple[int, str]]:
        """Ask for the things whose names are known, in as many ways; what else there is nobody has said."""
        asked = list(said)
        known = [i for i, name in enumerate(names) if name and seen[i]]
        while known and len(asked) < count:
            i = known[len(asked) % len(known)]
            if names[i].startswith(BY):
                asked.append((i, names[i]))
                continue
            model = _model(names[i])
            noun = draw_noun(model, self._catalogue, self._words, self._rng).replace("_", " ")
            asked.append((i, self._say(f"{draw_color(model, self._words, self._rng)} {noun}")))
        return asked

    def _say(self, phrase: str, kind: str = "plain") -> str:
        chance = self._rng.uniform()
        if chance < NAMED:
            return phrase
        if chance > NAMED + BABBLED:
            return instruction_for(phrase, kind, self._words, self._rng)
        # What follows "left of the red mug" would look like a part of the place.
        before, after = (self._babble(most) for most in (BEFORE, 0 if kind == "relation" else AFTER))
        lead = [str(self._rng.choice(LEADS))] if self._rng.uniform() < LED else []
        return " ".join([*before, *lead, "the", phrase, *after])

    def _babble(self, most: int) -> list[str]:
        return self._rng.choice(_sub_words()[0], size=self._rng.integers(most + 1)).tolist()

    def _absent(self, placed: list[PlacedObject]) -> str:
        """Ask for what is not there, most often by the colour or the category of something that is."""
        seen = self._catalogue.models(TRAINED, "generation")
        while True:
            other = seen[int(self._rng.integers(len(seen)))]
            color = str(self._rng.choice(self._catalogue.colors_of(other)))
            if self._rng.uniform() < NEARLY:
                like = placed[int(self._rng.integers(len(placed)))].model
                if self._rng.uniform() < OTHER_COLOR:
                    other, color = like, str(self._rng.choice(self._catalogue.colors))
                else:
                    color = like.color
            other = dataclasses.replace(other, color=color)
            if not any(same_name(other, there.model) for there in placed):
                noun = draw_noun(other, self._catalogue, self._words, self._rng).replace("_", " ")
                return self._say(f"{draw_color(other, self._words, self._rng)} {noun}")

    def _unknown(self, i: int, placed: list[PlacedObject]) -> tuple[int, str]:
        """Ask for object i by its colour and a noun nobody knows; -1 for a colour that is not there, or none.

        Of several in that colour each is as good as the others: that is learned as well.
        """
        model, meant = placed[i].model, i
        others = sorted(set(self._catalogue.colors) - {there.model.color for there in placed})
        if others and self._rng.uniform() < UNKNOWN_ABSENT:
            model, meant = dataclasses.replace(model, color=str(self._rng.choice(others))), -1
            if any(same_color(model, there.model) for there in placed):
                model, meant = placed[i].model, i
        noun = _made_up(self._rng)
        if self._rng.uniform() < UNKNOWN_BARE:
            return -1, self._say(noun)
        return meant, self._say(f"{draw_color(model, self._words, self._rng)} {noun}")

    @staticmethod
    def label(name: str) -> tuple[int, int]:
        """Return the numbers of an object's category and colour; -1 for what the catalogue does not hold."""
        color, _, category = name.partition(" ")
        catalogue = load_catalogue()
        numbers = [list(words).index(word) if word in words else NO_LABEL for word, words in
                   ((category, catalogue.categories), (color, catalogue.colors))]  # fmt: skip
        return numbers[0], numbers[1]


def disguised_tokens(
    text: str, rng: np.random.Generator, deal: np.ndarray | None = None, recoloring: Recoloring | None = None
) -> np.ndarray:
    """Return word_tokens of a sentence whose words of colour are made up: what they mean stands in their colour alone.

    `recoloring` is which colours have become others in its pictures, and `deal` (3, 3) what has become of red, green
    and blue thereafter; None: they are what they were.

    There are a few dozen words for the colours of training. Without this their tokens are learned, and a new word of
    colour is taken for whatever its tokens come nearest to.
    """
    colors: dict[str, Color] = {}
    spoken = recoloring.spoken(text) if recoloring else {}

    def dealt(those: np.ndarray) -> list[Color]:  # (N, 3)
        return [tuple(row) for row in np.clip(those if deal is None else those @ deal.T, -1.0, 1.0).tolist()]

    def disguise(found: re.Match[str]) -> str:
        word = found[0]
        if word not in color_words() or word in _nouns():
            return word
        color = (np.array(spoken.get(word, color_words()[word])) + 1) / 2
        shade = color * rng.uniform(*SHADES) + TINTED * rng.normal(size=3)
        made_up = _made_up(rng)
        (colors[made_up],) = dealt(2 * np.clip(shade, 0.0, 1.0)[None] - 1)
        return made_up

    disguised = re.sub("[a-z]+", disguise, text.lower())
    nouns, theirs = _colored_nouns()
    colors |= zip(nouns, dealt(theirs), strict=True)
    return word_tokens(disguised, colors)


def _made_up(rng: np.random.Generator) -> str:
    """Return a noun that says nothing: one sub-word or several."""
    starts, others = _sub_words()
    if rng.uniform() < ONE_PIECE:
        return str(rng.choice(starts))
    start = str(rng.choice(_trained() if rng.uniform() < LIKE_KNOWN else starts))
    return start + "".join(rng.choice(others, size=int(rng.integers(1, 3))).tolist())


@cache
def _trained() -> np.ndarray:
    splits = split_names(TRAINED)
    return np.array([name for name, split in load_catalogue().splits.items() if split in splits])


@cache
def _nouns() -> frozenset[str]:
    catalogue = load_catalogue()
    return frozenset({*catalogue.categories, *catalogue.synonyms})


@cache
def _colored_nouns() -> tuple[list[str], np.ndarray]:
    """Return the nouns that are words of colour as well, and their colours (N, 3)."""
    both = sorted(_nouns() & color_words().keys())
    return both, np.array([color_words()[word] for word in both])


@cache
def _sub_words() -> tuple[np.ndarray, np.ndarray]:
    """Return what words begin with, and what they go on with, without what means something here.

    What evaluation says as unseen words is left out as well: else it would not be unseen.
    """
    known = {*_nouns(), *color_words(), "object", "thing"}
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
    shape = None
    if category in categories() and color in categories()[category].colors:
        alike = (model for model in catalogue.objects if model.category == category)
        shape = next((model for model in alike if color in catalogue.colors_of(model)), None)
    if shape is None:  # furniture, or somebody's own: where it stands and what it is called is enough
        return ObjectModel(name, category, color, (Part("box", (0.03, 0.03, 0.03)),), 0.1, 0.5)
    return catalogue.vary(shape, np.random.default_rng(0), color)
