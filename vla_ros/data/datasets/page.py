# SPDX-License-Identifier: Apache-2.0
"""One episode as one HTML file that needs nothing else: pictures of every camera, curves of every number, a slider."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator

import cv2
import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.datasets.features import DEFAULT_FEATURES, STRING, Feature
from vla_ros.data.datasets.page_template import TEMPLATE
from vla_ros.data.datasets.reader import LeRobotReader

PICTURE_WIDTH, JPEG_QUALITY = 320, 70
PICTURES_MAX = 240  # of a camera; a longer episode shows every second, third … frame
WIDTH, HEIGHT = 760, 120  # [px] of a plot
COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2")


def episode_page(reader: LeRobotReader, episode: int) -> str:
    """Return the page of an episode. Raises ConfigError when there is no such episode."""
    metadata = reader.metadata
    if not 0 <= episode < len(metadata.episodes):
        raise ConfigError(f"{metadata.root}: episode {episode} is not one of 0 to {len(metadata.episodes) - 1}")
    record = metadata.episodes[episode]
    frames = slice(record.start, record.start + record.length)
    step = -(-record.length // PICTURES_MAX)
    pictures = {
        key: [_jpeg(image) for k, image in enumerate(reader.images(key, episode)) if k % step == 0]
        for key in metadata.video_keys
    }
    plots = "\n".join(
        _plot(name, feature, reader.column(name)[frames])
        for name, feature in metadata.features.items()
        if not feature.is_video and feature.dtype != STRING and name not in DEFAULT_FEATURES
    )
    cameras = "\n".join(
        f'<figure><img data-camera="{html.escape(key)}" alt="{html.escape(key)}"><figcaption>{html.escape(key)}'
        "</figcaption></figure>"
        for key in metadata.video_keys
    )
    title = f"{metadata.root.resolve().name}, episode {episode}"
    facts = (
        f"{' / '.join(record.tasks)}: {record.length} frames, {record.length / metadata.fps:.1f} s at "
        f"{metadata.fps} Hz, robot {metadata.robot}" + (f", from {record.source}" if record.source else "")
    )
    data = json.dumps({"pictures": pictures, "step": step, "frames": record.length, "fps": metadata.fps})
    parts = {
        "TITLE": html.escape(title),
        "FACTS": html.escape(facts),
        "CAMERAS": cameras,
        "PLOTS": plots,
        "DATA": data.replace("</", "<\\/"),
        "LAST": str(record.length - 1),
    }
    page = TEMPLATE
    for name, text in parts.items():
        page = page.replace(f"@{name}@", text)
    return page


def _jpeg(image: np.ndarray) -> str:
    height = max(1, round(image.shape[0] * PICTURE_WIDTH / image.shape[1]))
    small = cv2.resize(image, (PICTURE_WIDTH, height), interpolation=cv2.INTER_AREA)
    done, data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ConfigError(f"a picture of {image.shape[1]}x{image.shape[0]} cannot be compressed")
    return base64.b64encode(data.tobytes()).decode()


def _plot(name: str, feature: Feature, values: np.ndarray) -> str:
    """Return a feature's curves as SVG, each with its name."""
    table = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    names = feature.names if feature.names is not None and len(feature.names) == table.shape[1] else None
    labels = [names[i] if names is not None else str(i) for i in range(table.shape[1])]
    low, high = float(table.min()), float(table.max())
    span = high - low or 1.0
    lines = "".join(_curves(table, labels, low, span))
    legend = " ".join(
        f'<span style="color:{COLORS[i % len(COLORS)]}">{html.escape(label)}</span>' for i, label in enumerate(labels)
    )
    return (
        f"<h2>{html.escape(name)}</h2><p class=legend>{legend}</p>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">{lines}'
        f'<line class="cursor" x1="0" x2="0" y1="0" y2="{HEIGHT}"/>'
        f'<text x="4" y="12">{high:.4g}</text><text x="4" y="{HEIGHT - 4}">{low:.4g}</text></svg>'
    )


def _curves(table: np.ndarray, labels: list[str], low: float, span: float) -> Iterator[str]:
    x = np.linspace(0.0, WIDTH, len(table)) if len(table) > 1 else np.array([0.0])
    y = HEIGHT - 4.0 - (table - low) / span * (HEIGHT - 8.0)
    for i, label in enumerate(labels):
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y[:, i], strict=True))
        color = COLORS[i % len(COLORS)]
        yield f'<polyline points="{points}" stroke="{color}"><title>{html.escape(label)}</title></polyline>'
