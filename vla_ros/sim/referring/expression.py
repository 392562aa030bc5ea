# SPDX-License-Identifier: Apache-2.0
"""What a noun phrase says of an object, as it was read: nothing is looked up in a scene here."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.sim.referring.lexicon import Noun


@dataclass(frozen=True)
class Relation:
    """Where it stands to another thing: a key of relations.RELATIONS, or "closest to"."""

    way: str
    anchor: Expression


@dataclass(frozen=True)
class Expression:
    """A noun phrase, such as "the biggest red mug left of the box"."""

    nouns: frozenset[Noun] | None = None  # None: any object
    colors: frozenset[str] | None = None  # any of them; None: any colour
    doubtful: bool = False  # "the orange" may be a colour, or a thing
    opinion: bool = False  # a property is named that no truth decides
    extremes: tuple[str, ...] = ()  # keys of resolving.EXTREMES
    relations: tuple[Relation, ...] = ()
    excluded: tuple[Expression, ...] = ()  # "not the blue one"
