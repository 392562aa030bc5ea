# SPDX-License-Identifier: Apache-2.0
"""An episode in plots below each other: joints, their speed, images, gripper, and when messages came."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

import matplotlib
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData
from vla_ros.data.quality.judge import Judgement
from vla_ros.data.quality.motion import arm_joints
from vla_ros.data.quality.streams import COUNT_MIN

matplotlib.use("agg")
POINTS = 2000  # of a line: more than the eye sees
WIDTH, ROW = 10.0, 1.6  # [in]
SHADE = "#cccccc"


def draw(judgement: Judgement, config: QualityConfig, file: IO[bytes]) -> None:
    """Draw an episode into a PNG."""
    with rc_context({"text.parse_math": False}):  # a dollar in somebody's name begins no formula
        _draw(judgement, config, file)


def _draw(judgement: Judgement, config: QualityConfig, file: IO[bytes]) -> None:
    data = judgement.data
    panels: list[Callable[[Axes], None]] = []
    joints = arm_joints(data)
    if joints is not None:
        begin = float(joints.time[0])
        panels += [lambda axes: _joints(axes, data, begin), lambda axes: _speed(axes, data, begin, config)]
        if _widths(data):
            panels.append(lambda axes: _gripper(axes, data, begin))
    if any(len(series.time) for series in data.images.values()):
        panels.append(lambda axes: _images(axes, data, config))
    panels.append(lambda axes: _streams(axes, data))
    heights = [1.0] * (len(panels) - 1) + [max(1.0, 0.12 * len(_regular(data)))]
    figure = Figure(figsize=(WIDTH, ROW * sum(heights)), dpi=90, layout="constrained")
    grid = figure.subplots(len(panels), 1, squeeze=False, height_ratios=heights)
    for panel, axes in zip(panels, grid[:, 0], strict=True):
        panel(axes)
        axes.tick_params(labelsize=7)
        axes.margins(x=0.0)
    grid[-1, 0].set_xlabel("[s]", fontsize=8)
    figure.savefig(file, format="png")


def _thin(values: np.ndarray) -> np.ndarray:
    return values[:: max(1, len(values) // POINTS)]


def _joints(axes: Axes, data: EpisodeData, begin: float) -> None:
    joints = arm_joints(data)
    assert joints is not None
    for name, q in zip(joints.names, joints.q.T, strict=True):
        axes.plot(_thin(joints.time) - begin, _thin(q), linewidth=0.9, label=name)
    axes.set_ylabel("q [rad]", fontsize=8)
    axes.legend(fontsize=6, ncols=4, loc="upper right")


def _speed(axes: Axes, data: EpisodeData, begin: float, config: QualityConfig) -> None:
    joints = arm_joints(data)
    assert joints is not None
    time, speed = _thin(joints.time) - begin, _thin(joints.speed())
    axes.plot(time, speed, linewidth=0.9)
    top = max(float(speed.max()), config.moving_speed)
    axes.fill_between(time, 0.0, top, where=speed < config.still_speed, color=SHADE, label="nothing moves")
    axes.set_ylabel("fastest [rad/s]", fontsize=8)
    axes.legend(fontsize=6, loc="upper right")


def _widths(data: EpisodeData) -> dict[str, np.ndarray]:
    """Return the opening (T,) [m] of each gripper whose fingers are heard."""
    if data.joints is None or data.embodiment is None:
        return {}
    found = {gripper.name: data.joints.columns(gripper.joints) for gripper in data.embodiment.grippers}
    return {name: data.joints.q[:, columns].sum(axis=1) for name, columns in found.items() if columns is not None}


def _gripper(axes: Axes, data: EpisodeData, begin: float) -> None:
    assert data.joints is not None
    widths = _widths(data)
    for name, width in widths.items():
        axes.plot(_thin(data.joints.time) - begin, _thin(1e3 * width), linewidth=0.9, label=name)
    if len(widths) > 1:
        axes.legend(fontsize=6, loc="upper right")
    axes.set_ylabel("opening [mm]", fontsize=8)


def _images(axes: Axes, data: EpisodeData, config: QualityConfig) -> None:
    for topic, series in sorted(data.images.items()):
        if len(series.time):
            axes.plot(series.time - series.time[0], series.brightness, linewidth=0.9, label=topic)
    axes.axhline(config.dark_level, color=SHADE, linewidth=0.8)
    axes.set_ylabel("brightness", fontsize=8)
    axes.legend(fontsize=6, loc="upper right")


def _regular(data: EpisodeData) -> list[str]:
    return [topic for topic, stream in sorted(data.streams.items()) if len(stream.received) >= COUNT_MIN]


def _streams(axes: Axes, data: EpisodeData) -> None:
    """Mark each message: a gap is a gap to the eye."""
    topics = _regular(data)
    if not topics:
        axes.text(0.5, 0.5, "no topic with messages", ha="center", fontsize=8)
        return
    begin = min(float(data.streams[topic].received[0]) for topic in topics)
    lines = [_thin(data.streams[topic].received) - begin for topic in topics]
    axes.eventplot(lines, linewidths=0.4, linelengths=0.8)
    axes.set_yticks(range(len(topics)), topics)
    axes.tick_params(axis="y", labelsize=5)
    axes.set_ylabel("received", fontsize=8)
