# SPDX-License-Identifier: Apache-2.0
"""Cameras turned level by the table that they see beside the totes, which is surer than their published calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from vla_ros.policies.gam.perception.tote_fit import HIGH, LOW, NominalTote
from vla_ros.policies.geometric.perceiving.point_cloud import AxisAlignedBox, deproject
from vla_ros.policies.geometric.perceiving.table_plane import fit_table, level_together
from vla_ros.policies.observation import CameraView

_AROUND = 0.5  # [m] about the totes that points count in
_BESIDE = 0.04  # [m] about a nominal tote that none counts in: its floor and its rim are no table
_STRIDE, _FLOATING = 3, 0.02  # [px]; [m] of depth


def levelled(views: Mapping[str, CameraView], totes: Sequence[NominalTote]) -> dict[str, CameraView]:
    """Return views whose cameras are turned so that the table, as each sees it beside `totes`, is level.

    It is then at the same height for all: the mean of theirs. A camera that sees no table stays as it is published.
    """
    places = np.array([tote.center for tote in totes])
    low, high = places.min(axis=0) - _AROUND, places.max(axis=0) + _AROUND
    box = AxisAlignedBox((low[0], low[1], LOW), (high[0], high[1], HIGH))
    planes = {}
    for name, view in views.items():
        points = deproject(view, box, _STRIDE, _FLOATING).points
        for tote in totes:
            half = np.array(tote.size.outside) / 2 + _BESIDE
            points = points[(np.abs(points[:, :2] - tote.center) > half).any(axis=1)]
        plane = fit_table(points, LOW, HIGH)
        if plane is not None:
            planes[name] = plane
    if not planes:
        return dict(views)
    _, poses = level_together(planes, {name: views[name].calibration[1] for name in planes})
    return {name: replace(view, T_base_camera=poses.get(name, view.T_base_camera)) for name, view in views.items()}
