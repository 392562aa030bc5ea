# SPDX-License-Identifier: Apache-2.0
"""What somebody wants of a scene: which object is requested, and where on the table it stands."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.objects import Kind, choose_kind
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.sets import Area

# Which part of an axis of the area a word means, from 0 to 1; x points away from the robot, y to its left.
_ALONG_X = {"near": (0.0, 0.5), "far": (0.5, 1.0)}
_ALONG_Y = {"right": (0.0, 0.5), "left": (0.5, 1.0)}
_MIDDLE, _ALL = (0.25, 0.75), (0.0, 1.0)
PLACES = (*_ALONG_X, *_ALONG_Y, "middle")


@dataclass(frozen=True)
class TargetQuery:
    """A target by its words: [colour] category[/shape]; any of the three may be left out."""

    color: str = ""
    category: str = ""
    shape: str = ""

    def fits(self, model: ObjectModel, catalogue: Catalogue) -> bool:
        """Say whether an object could be meant."""
        if self.category not in ("", _noun(model)):
            return False
        if self.color and self.color not in catalogue.colors_of(model):
            return False
        return self.shape in ("", _shape(model))


def fitting_words(words: str, models: tuple[ObjectModel, ...], catalogue: Catalogue) -> tuple[ObjectModel, ...]:
    """Return the objects that words could mean; "": all."""
    query = read_query(words)
    return tuple(model for model in models if query.fits(model, catalogue))


def read_query(words: str) -> TargetQuery:
    """Return what "red mug", "box/tea" or "red" means."""
    first, _, rest = words.strip().partition(" ")
    color, noun = (first, rest) if first in color_ranges() else ("", words.strip())
    category, _, shape = noun.strip().replace(" ", "_").partition("/")
    return TargetQuery(color, category, shape)


def choose_target(
    words: str,
    models: tuple[ObjectModel, ...],
    catalogue: Catalogue,
    rng: np.random.Generator,
    wished: tuple[ObjectModel, ...] = (),
) -> Kind:
    """Draw the scene's target among what the words fit; "": among all. Raises ConfigError that names what there is.

    `wished`: what it may be as well where words are given that none of `models` fits.
    """
    query = read_query(words)
    fitting = fitting_words(words, models, catalogue)
    if not fitting and words:
        fitting = fitting_words(words, wished, catalogue)
    if not fitting:
        raise ConfigError(_complaint(words, query, (*models, *wished), catalogue))
    kind = choose_kind(fitting, catalogue, rng)
    return dataclasses.replace(kind, color=query.color) if query.color else kind


def check_words(request: SceneRequest) -> None:
    """Raise ConfigError that names what there is where a request's words for its target fit none of its objects."""
    objects = request.objects
    catalogue = objects if isinstance(objects, Catalogue) else load_catalogue(objects)
    models = catalogue.models(request.categories, request.stream)
    choose_target(request.target, models, catalogue, np.random.default_rng(0), wishes(request, catalogue))


def wishes(request: SceneRequest, catalogue: Catalogue) -> tuple[ObjectModel, ...]:
    """Return what a target may be that somebody names: in evaluation objects of either half, in data of its own.

    Where nobody names one it is nothing, and so it is of a folder, which has no halves: what its target may be is all
    that a gripper can take.
    """
    named = catalogue.procedural and request.target and request.stream == "evaluation"
    return catalogue.models(request.categories) if named else ()


def _noun(model: ObjectModel) -> str:
    return model.category.replace(" ", "_")


def _shape(model: ObjectModel) -> str:
    return model.name.removeprefix(f"{model.category}_")


def _complaint(words: str, query: TargetQuery, models: tuple[ObjectModel, ...], catalogue: Catalogue) -> str:
    known = sorted({_noun(model) for model in models})
    if query.category and query.category not in known:
        if not catalogue.procedural and query.category in map(_noun, catalogue.objects):
            return (
                f"target '{words}': no gripper of this robot takes it in any pose that it rests in: `vla objects "
                "check` says what is in the way; set a smaller scale, other resting poses or more friction"
            )
        return f"target '{words}': {unknown_name('object', query.category, known)}"
    alike = [model for model in models if query.category in ("", _noun(model))]
    shapes = sorted({_shape(model) for model in alike})
    if query.shape and query.shape not in shapes:
        return f"target '{words}': {unknown_name('shape', query.shape, shapes)}"
    colors = sorted({color for model in alike for color in catalogue.colors_of(model)})
    return f"target '{words}': comes in {', '.join(colors)} only"


def part_of(area: Area, words: str) -> Area:
    """Return the part of an area that "near left" means; "" is all of it. Raises ConfigError for another word."""
    given = words.split()
    for word in given:
        if word not in PLACES:
            raise ConfigError(unknown_name("place", word, PLACES))
    along = [_span(given, words, axis) for axis in (_ALONG_X, _ALONG_Y)]
    center = [
        c + e * ((low + high) / 2 - 0.5) for c, e, (low, high) in zip(area.center, area.extent, along, strict=True)
    ]
    extent = [e * (high - low) for e, (low, high) in zip(area.extent, along, strict=True)]
    return Area((center[0], center[1]), (extent[0], extent[1]))


def _span(given: list[str], words: str, axis: dict[str, tuple[float, float]]) -> tuple[float, float]:
    found = [word for word in given if word in axis]
    if len(found) > 1:
        raise ConfigError(f"place '{words}': {' and '.join(found)} at once: name one")
    return axis[found[0]] if found else _MIDDLE if "middle" in given else _ALL
