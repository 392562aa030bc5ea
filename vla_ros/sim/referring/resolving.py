# SPDX-License-Identifier: Apache-2.0
"""Which objects of a scene a description fits: surely, surely not, or as a matter of opinion (None)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from vla_ros.sim.referring.expression import Expression, Relation
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.objects import same_color, same_noun
from vla_ros.sim.scenes.relations import CLEAR, DENSEST, RELATIONS, crowding, distance
from vla_ros.sim.scenes.relations import EXTREMES as FAR_AND_NEAR

Verdict = bool | None
Verdicts = dict[str, Verdict]  # by the object's name
Measure = Callable[[SceneObject, Sequence[SceneObject]], float | None]  # of one object among all; None: not known
CROWDED = 0.02  # [m] by which others stand nearer to what stands most densely than to anything else


def _placed(key: str) -> Measure:
    return lambda item, _: None if item.spot is None else FAR_AND_NEAR[key](item.spot)


def _size(edge: Callable[[SceneObject], float], sign: int = 1) -> Measure:
    return lambda item, _: sign * math.log(edge(item)) if edge(item) > 0.0 else None


def _crowding(item: SceneObject, objects: Sequence[SceneObject]) -> float | None:
    others = [other.spot for other in objects if other is not item and other.spot is not None]
    return None if item.spot is None or len(others) < len(objects) - 1 else crowding(item.spot, others)


# What "nearest" and the like are the greatest of, and by how much it must lead to be seen without measuring.
EXTREMES: dict[str, tuple[Measure, float]] = {
    "leftmost": (_placed("leftmost"), CLEAR), "left": (_placed("leftmost"), CLEAR),
    "rightmost": (_placed("rightmost"), CLEAR), "right": (_placed("rightmost"), CLEAR),
    "nearest": (_placed("nearest"), CLEAR), "farthest": (_placed("farthest"), CLEAR),
    "biggest": (_size(lambda item: item.volume), 0.2), "smallest": (_size(lambda item: item.volume, -1), 0.2),
    "tallest": (_size(lambda item: item.height), 0.1), "longest": (_size(lambda item: item.length), 0.1),
    DENSEST: (_crowding, CROWDED),
}  # fmt: skip
_SIDES = ("left", "right")


def resolve(said: Expression, objects: Sequence[SceneObject], own: frozenset[str] = frozenset()) -> Verdicts:
    """Return what a description says of each object of the scene; `own` are the categories of the scene's folder."""
    verdicts: Verdicts = {item.name: _names(said, item) for item in objects}
    if not any(verdicts.values()):
        # Nothing is exactly so: what somebody may call so is meant, or nothing.
        return {item.name: None if _may_name(said, item, own) else False for item in objects}
    for relation in said.relations:
        verdicts = _related(relation, verdicts, objects, own)
    for other in said.excluded:
        excluded = resolve(other, objects, own)
        verdicts = _both(verdicts, {name: _opposite(verdict) for name, verdict in excluded.items()})
    for extreme in said.extremes:
        measure, margin = EXTREMES[extreme]
        verdicts = _leading({i.name: measure(i, objects) for i in objects}, margin, verdicts, side=extreme in _SIDES)
    if said.doubtful or (said.opinion and sum(verdict is not False for verdict in verdicts.values()) > 1):
        return _open(verdicts)
    return verdicts


def _names(said: Expression, item: SceneObject) -> bool:
    noun = said.nouns is None or any(item.category == c and shape in ("", item.shape) for c, shape in said.nouns)
    return noun and (said.colors is None or item.color in said.colors)


def _may_name(said: Expression, item: SceneObject, own: frozenset[str]) -> bool:
    """Say whether somebody may call it so: a cup a mug, red orange, an object of a folder by a word of ours."""
    noun = said.nouns is None or any(
        same_noun(_Called(category, ""), item) or not (item.built_in or category in own) for category, _ in said.nouns
    )
    color = said.colors is None or not item.built_in or any(same_color(_Called("", c), item) for c in said.colors)
    return noun and color


class _Called:
    def __init__(self, category: str, color: str) -> None:
        self.category, self.color = category, color
        self.accents: tuple[str, ...] = ()


def _related(relation: Relation, verdicts: Verdicts, objects: Sequence[SceneObject], own: frozenset[str]) -> Verdicts:
    """Keep of the candidates those that stand so to the anchor."""
    found = resolve(relation.anchor, objects, own)
    anchors = [item for item in objects if found[item.name]]
    if not anchors:  # where they stand to what is not there, or only may be meant, is open
        return _open(verdicts)
    if relation.way == "closest to":
        if len(anchors) > 1:
            return _open(verdicts)
        gaps = {item.name: _nearness(item, anchors[0]) for item in objects}
        return _leading(gaps, CLEAR, verdicts | {anchors[0].name: False})
    stands = {item.name: _any(_stands(relation.way, item, a) for a in anchors if a is not item) for item in objects}
    kept = _both(verdicts, stands)
    possible = [name for name, verdict in kept.items() if verdict is not False]
    if not possible:  # of whom it is said, somebody sees it so: from another side, perhaps, or more generously
        return _open(verdicts)
    # "The mug next to the box" is the one that stands so at all, though it stands a little apart.
    return {name: name in possible for name in kept} if len(possible) == 1 else kept


def _stands(way: str, item: SceneObject, anchor: SceneObject) -> Verdict:
    return None if item.spot is None or anchor.spot is None else RELATIONS[way](item.spot, anchor.spot)


def _nearness(item: SceneObject, anchor: SceneObject) -> float | None:
    return None if item.spot is None or anchor.spot is None else -distance(item.spot, anchor.spot)


def _leading(values: Mapping[str, float | None], margin: float, verdicts: Verdicts, side: bool = False) -> Verdicts:
    """Keep of the candidates the one of the greatest value; open are those that it leads by less than `margin`.

    `side`: of more than two, any on that side of their middle may be meant as well; of one alone it must be positive.
    """
    candidates = [name for name, verdict in verdicts.items() if verdict]
    known = {name: value for name in candidates if (value := values[name]) is not None}
    if not candidates or len(known) < len(candidates):
        return verdicts if len(candidates) == 1 else _open(verdicts)
    best, middle = max(known.values()), (max(known.values()) + min(known.values())) / 2
    close = [name for name, value in known.items() if value > best - margin]
    kept: Verdicts = {name: None if verdict is None else False for name, verdict in verdicts.items()}
    if side and len(known) == 1:
        return kept | {name: True if best > 0.0 else None for name in close}
    if side and len(known) > 2:
        kept |= {name: None for name, value in known.items() if value > middle}
    return kept | {name: True if len(close) == 1 else None for name in close}


def _open(verdicts: Verdicts) -> Verdicts:
    """Leave every candidate to opinion."""
    return {name: None if verdict is not False else False for name, verdict in verdicts.items()}


def _any(verdicts: Iterable[Verdict]) -> Verdict:
    every = list(verdicts)
    return True if True in every else None if None in every else False


def _both(first: Verdicts, second: Verdicts) -> Verdicts:
    return {name: False if False in (first[name], second[name]) else first[name] and second[name] for name in first}


def _opposite(verdict: Verdict) -> Verdict:
    return None if verdict is None else not verdict
