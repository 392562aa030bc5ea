# SPDX-License-Identifier: Apache-2.0
"""A picture of the critic's calibration: what is true where it scores so much, a panel a criterion."""

from __future__ import annotations

import io
from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from vla_ros.training.gam.score_quality import calibration

matplotlib.use("agg")
COLUMNS, SIZE = 4, 2.6  # panels in a row, [in]
CURVE, GREY = "#1f4fd8", "#777777"


def draw_calibration(pairs: Mapping[str, np.ndarray]) -> bytes:
    """Return a PNG of scores and labels (2, N) by criterion; a dot's size is how many candidates stand behind it."""
    columns = min(COLUMNS, len(pairs))
    rows = -(-len(pairs) // columns)
    figure = Figure(figsize=(SIZE * columns, SIZE * rows), dpi=100, layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels[len(pairs) :]:
        panel.axis("off")
    for panel, (name, (scores, labels)) in zip(panels, pairs.items(), strict=False):
        found = calibration(scores, labels)
        panel.plot([0.0, 1.0], [0.0, 1.0], "--", color=GREY, linewidth=0.8)
        panel.plot(found.scores, found.labels, color=CURVE, linewidth=1.2)
        panel.scatter(found.scores, found.labels, 8.0 + 60.0 * found.counts / found.counts.max(), color=CURVE)
        panel.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), aspect="equal")
        panel.set_title(f"{name}, error {found.error:.3f}, n = {len(scores)}", fontsize=7)
        panel.tick_params(labelsize=6)
    figure.supxlabel("score", fontsize=8)
    figure.supylabel("label", fontsize=8)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
