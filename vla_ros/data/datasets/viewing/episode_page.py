# SPDX-License-Identifier: Apache-2.0
"""One episode as one HTML file that needs nothing else: pictures with their boxes, curves, a slider.

Shape legend: T frames, N objects.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.datasets.annotation_names import OBJECT_NAMES, TARGET, VALID, boxes_column
from vla_ros.data.datasets.features import DEFAULT_FEATURES, IMAGES, STRING, Feature
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.viewing.colors import colors
from vla_ros.data.datasets.viewing.episode_template import TEMPLATE
from vla_ros.data.datasets.viewing.filling import fill, jpeg, script_data
from vla_ros.data.datasets.viewing.plots import feature_plots, svg

PICTURE_WIDTH = 370  # [px]
PICTURES_MAX = 240  # of a camera; a longer episode shows every second, third … frame
CALIBRATION = "observation.calibration."
DIGITS = 5


@dataclass(frozen=True)
class PageLinks:
    """Pages beside this one; "" for none."""

    index: str = ""
    before: str = ""
    after: str = ""


def episode_page(reader: LeRobotReader, episode: int, links: PageLinks | None = None) -> str:
    """Return the page of an episode. Raises ConfigError when there is no such episode."""
    metadata = reader.metadata
    if not 0 <= episode < len(metadata.episodes):
        raise ConfigError(f"{metadata.root}: episode {episode} is not one of 0 to {len(metadata.episodes) - 1}")
    record = metadata.episodes[episode]
    frames = slice(record.start, record.start + record.length)
    columns = {name: reader.column(name)[frames] for name, f in metadata.features.items() if not f.is_video}
    step = -(-record.length // PICTURES_MAX)
    facts = (
        f"{' / '.join(record.tasks)}: {record.length} frames, {record.length / metadata.fps:.1f} s at "
        f"{metadata.fps} Hz, robot {metadata.robot or 'unknown'}" + (f", from {record.source}" if record.source else "")
    )
    duration = (record.length - 1) / metadata.fps
    numbers = _Numbers(columns, metadata.features, _boxed_cameras(columns, metadata.video_keys), duration)
    data = {
        "pictures": {
            key: [jpeg(image, PICTURE_WIDTH) for k, image in enumerate(reader.images(key, episode)) if k % step == 0]
            for key in metadata.video_keys
        },
        "step": step,
        "frames": record.length,
        "fps": metadata.fps,
        "boxes": _boxes(columns, metadata.features),
        "objects": _objects(columns),
        "curves": numbers.curves,
        "tables": numbers.tables,
    }
    return fill(
        TEMPLATE,
        {
            "TITLE": html.escape(f"{metadata.root.resolve().name}, episode {episode}"),
            "FACTS": html.escape(facts),
            "NAVIGATION": _navigation(links or PageLinks()),
            "CAMERAS": "\n".join(_figure(key) for key in metadata.video_keys),
            "PLOTS": "\n".join(numbers.html),
            "DATA": script_data(data),
            "LAST": str(record.length - 1),
        },
    )


class _Numbers:
    """Every column that is no picture: curves where numbers change in time, else what holds at the frame shown."""

    def __init__(
        self, columns: dict[str, np.ndarray], features: dict[str, Feature], cameras: Sequence[str], duration: float
    ) -> None:
        self.html: list[str] = []
        self.curves: list[list[list[float]]] = []  # of each plot, a row a frame
        self.tables: dict[str, list[Any]] = {}  # column → what holds at each frame; one for all when it never changes
        left_out = columns[VALID] == 0 if VALID in columns else None
        if left_out is not None and left_out.any():
            self.html.append("<p class=note>Shaded: actions that are no example (annotation.action_valid 0).</p>")
        drawn = {boxes_column(camera) for camera in cameras}
        drawn |= set() if left_out is None or not left_out.any() else {VALID}
        later: list[str] = []
        for name, values in columns.items():
            feature = features[name]
            if name in DEFAULT_FEATURES or name in drawn:
                continue
            if feature.dtype == STRING or len(feature.shape) > 1 or name.startswith(CALIBRATION):
                later.append(self._table(name, feature, values))
                continue
            for plot in feature_plots(name, feature.names, values):
                self.html.append(svg(plot, duration, left_out))
                if plot.values.min() != plot.values.max():
                    self.curves.append(_rounded(plot.values))
        self.html += later

    def _table(self, name: str, feature: Feature, values: np.ndarray) -> str:
        rows = [str(value) for value in values] if feature.dtype == STRING else _rounded(values)
        self.tables[name] = rows[:1] if all(row == rows[0] for row in rows) else rows
        names = "".join(f"<th>{html.escape(label)}</th>" for label in feature.names or ())
        said = "" if len(self.tables[name]) > 1 else ", the same in every frame"
        opened = " open" if name.startswith(CALIBRATION) or feature.dtype == STRING else ""
        return (
            f"<details{opened}><summary>{html.escape(name)}{said}</summary>"
            f'<table data-table="{html.escape(name)}"><thead><tr>{names}</tr></thead><tbody></tbody></table></details>'
        )


def _boxed_cameras(columns: dict[str, np.ndarray], keys: Sequence[str]) -> list[str]:
    cameras = [key.removeprefix(IMAGES) for key in keys]
    return [camera for camera in cameras if boxes_column(camera) in columns]


def _boxes(columns: dict[str, np.ndarray], features: dict[str, Feature]) -> dict[str, list[list[list[float]]]]:
    """Return by camera and frame its boxes: row, then x1, y1, x2, y2 as shares of the picture, and the share seen."""
    found = {}
    for key, feature in features.items():
        column = boxes_column(key.removeprefix(IMAGES))
        if not feature.is_video or column not in columns:
            continue
        height, width = feature.shape[:2]
        shares = columns[column][..., :5] / np.array([width, height, width, height, 1.0])
        found[key] = [
            [[row, *np.round(box, 4).tolist()] for row, box in enumerate(frame) if box[4] > 0.0] for frame in shares
        ]
    return found


def _objects(columns: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return what the boxes are called at each frame, which one is meant, and their colours."""
    boxes = [values for name, values in columns.items() if name.startswith(boxes_column(""))]
    count = max((values.shape[1] for values in boxes), default=0)
    names = [str(text).split(";") for text in columns.get(OBJECT_NAMES, ())]
    targets = [int(row) for row in columns.get(TARGET, ())]
    return {
        "names": names[:1] if all(row == names[0] for row in names) else names,
        "targets": targets[:1] if len(set(targets)) == 1 else targets,
        "colors": colors(count),
    }


def _figure(key: str) -> str:
    name = html.escape(key)
    caption = html.escape(key.removeprefix(IMAGES))
    return (
        f'<figure data-camera="{name}"><div class=view><img alt="{caption}"><svg class=boxes viewBox="0 0 1 1" '
        f'preserveAspectRatio="none"></svg></div><figcaption>{caption}</figcaption></figure>'
    )


def _navigation(links: PageLinks) -> str:
    named = (("all episodes", links.index), ("◀ before", links.before), ("next ▶", links.after))
    return " ".join(f'<a href="{html.escape(target)}">{words}</a>' for words, target in named if target)


def _rounded(values: np.ndarray) -> list[Any]:
    """Return numbers (T, …) as short as the page needs them."""
    table = np.asarray(values, dtype=np.float64)
    digits = DIGITS - 1 - np.floor(np.log10(np.maximum(np.abs(table), 1e-6))).astype(int)
    rows: list[Any] = (np.round(table * 10.0**digits) / 10.0**digits).tolist()
    return rows
