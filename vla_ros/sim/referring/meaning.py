# SPDX-License-Identifier: Apache-2.0
"""What an instruction means in a scene: the objects that count, those that may be meant, and why it is not clear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.sim.referring.grammar import foreign_words, read
from vla_ros.sim.referring.lexicon import Lexicon, tokens
from vla_ros.sim.referring.resolving import resolve
from vla_ros.sim.referring.scene_object import SceneObject


@dataclass(frozen=True)
class Meaning:
    """Objects by what an instruction says of them; of all others it is sure that they are not meant."""

    named: tuple[SceneObject, ...]  # each of them counts
    open: tuple[SceneObject, ...] = ()  # whether they are meant nobody can decide
    doubt: str = ""  # why something is open


def meaning(instruction: str, objects: Sequence[SceneObject], own_nouns: Mapping[str, str] | None = None) -> Meaning:
    """Return what an instruction means; `own_nouns`: phrases and categories of a folder of objects.

    A sentence that cannot be read to its last word leaves every object open: half of a sentence may mean another one.
    """
    own = own_nouns or {word: i.category for i in objects for word in (category_words(i.category), *i.words)}
    lexicon, words = Lexicon.of(own), tokens(instruction)
    readings = [resolve(reading, objects, frozenset(own.values())) for reading in read(words, lexicon)]
    if not readings:
        foreign = foreign_words(words, lexicon)
        doubt = f"it does not know {' and '.join(map(repr, foreign))}" if foreign else "it cannot read the sentence"
        return Meaning((), tuple(objects), f"the instruction was not understood by the judge: {doubt}")
    named = tuple(item for item in objects if all(reading[item.name] for reading in readings))
    possible = tuple(item for item in objects if item not in named and any(r[item.name] is not False for r in readings))
    return Meaning(named, possible, "the instruction leaves open whether it is meant" if possible else "")


def means_alone(instruction: str, name: str, objects: Sequence[SceneObject]) -> bool:
    """Say whether an instruction means one object, surely and no other."""
    meant = meaning(instruction, objects)
    return [item.name for item in meant.named] == [name] and not meant.open


def first_meant(texts: Iterable[str], name: str, objects: Sequence[SceneObject]) -> str:
    """Return the first of these instructions that means one object, surely and no other; "" where none does."""
    return next((text for text in texts if means_alone(text, name, objects)), "")


def object_name(given: str, names: Iterable[str]) -> str:
    """Return the name of an object that is there, spaces read as underscores. Raises ConfigError that names them."""
    known, name = list(names), given.strip().replace(" ", "_")
    if name not in known:
        raise ConfigError(f"success_object:={given}: not in the scene, which holds {', '.join(known)}")
    return name


def category_words(category: str) -> str:
    """Return a category as it is said."""
    return category.replace("_", " ")
