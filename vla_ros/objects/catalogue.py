# SPDX-License-Identifier: Apache-2.0
"""The catalogue: which objects exist, in which categories and colours. Public knowledge, not a scene's truth."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.category import ACTION, HALVES, RECEPTACLE, categories, chosen_categories
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.procedural import make_object

# Words for the same thing to many people: a scene never holds two of one group in the target's colour.
ALIKE = (("mug", "cup"), ("jar", "can"), ("tube", "bottle"), ("remote", "phone"))


@dataclass(frozen=True, eq=False)
class Catalogue:
    """Objects by name, and the words for them.

    A procedural catalogue has one object of each shape, as drawn; `vary` makes the copies that stand in scenes.
    """

    objects: tuple[ObjectModel, ...]
    splits: Mapping[str, str]  # category → action | grounding | novel | receptacle
    synonyms: Mapping[str, str]  # other word → category
    procedural: bool  # its objects can be repainted
    receptacles: tuple[ObjectModel, ...] = ()  # what is there to be put into or onto; no split holds them
    between: bool = (
        False  # copies are no shapes of it, but lie between two of a half, wherever a table of them is known
    )

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(self.splits)

    @property
    def colors(self) -> tuple[str, ...]:
        return tuple(color_ranges())

    def models(self, categories: str = ACTION, stream: str = "") -> tuple[ObjectModel, ...]:
        """Return the objects of some categories: action, grounding, novel, all, a single one, or several joined by '+'.

        `stream`: those alone that scenes of it are drawn from; "": those of both. A folder of objects has neither
        splits nor halves: all of them.
        """
        chosen = chosen_categories(categories)
        if stream not in ("", *HALVES):
            raise ConfigError(unknown_name("stream", stream, HALVES))
        if not self.procedural:
            return self.objects
        return tuple(
            model
            for model in self.objects
            if model.category in chosen and (not stream or half_of(model) == HALVES[stream])
        )

    def vary(self, model: ObjectModel, rng: np.random.Generator, color: str | None = None) -> ObjectModel:
        """Return another copy of the object: colour (any that it comes in unless given), shade, size, mass.

        An object of a folder is what it is: it comes back unchanged.
        """
        if not self.procedural:
            return model
        chosen = color or str(rng.choice(self.colors_of(model)))
        return make_object(
            model.category, categories()[model.category].shapes[model.shape], chosen, rng, between=self.between
        )

    def colors_of(self, model: ObjectModel) -> tuple[str, ...]:
        """Return the colours this object comes in."""
        if not self.procedural:
            return (model.color,)
        category = categories()[model.category]
        return category.half_of(category.shapes[model.shape]).colors


def half_of(model: ObjectModel) -> str:
    """Return which half of its category a built-in object belongs to: training or evaluation."""
    return "training" if model.shape < len(categories()[model.category].training.shapes) else "evaluation"


@cache
def _procedural_catalogue() -> Catalogue:
    models: list[ObjectModel] = []
    receptacles: list[ObjectModel] = []
    for name, category in categories().items():
        for shape in category.shapes:
            rng = np.random.default_rng(zlib.crc32(f"{name}_{shape}".encode()))
            colors = category.half_of(shape).colors
            color = colors[int(rng.integers(len(colors)))]
            (receptacles if category.split == RECEPTACLE else models).append(
                make_object(name, shape, color, rng, lazy=True)
            )
    return Catalogue(
        objects=tuple(models),
        splits={name: category.split for name, category in categories().items()},
        synonyms={word: name for name, category in categories().items() for word in category.synonyms},
        procedural=True,
        receptacles=tuple(receptacles),
    )


def load_catalogue(objects: str | Path | None = None) -> Catalogue:
    """Return the procedural catalogue, or that of a folder of objects (docs/objects.md). Raises ConfigError."""
    if objects is None or str(objects) == "":
        return _procedural_catalogue()
    from vla_ros.objects.folder import object_files

    folder = Path(objects).expanduser().resolve()
    files = object_files(folder) if folder.is_dir() else []
    return _folder_catalogue(folder, tuple((str(path), path.stat().st_mtime_ns) for path in files))


def with_receptacles(own: Catalogue) -> Catalogue:
    """Return a catalogue with the built-in receptacles among its objects, for who must tell one from the other."""
    built_in = _procedural_catalogue()
    splits = {model.category: built_in.splits[model.category] for model in built_in.receptacles}
    words = {word: category for word, category in built_in.synonyms.items() if category in splits}
    return replace(
        own,
        objects=(*own.objects, *built_in.receptacles),
        splits={**splits, **own.splits},
        synonyms={**words, **own.synonyms},
    )


@lru_cache(maxsize=4)
def _folder_catalogue(folder: Path, files: tuple[tuple[str, int], ...]) -> Catalogue:
    """Return a folder's catalogue, read again when any of its `files` (path, time of change) differs."""
    from vla_ros.objects.folder import load_folder  # knows this module

    return load_folder(folder)
