# SPDX-License-Identifier: Apache-2.0
"""Colours keep their names under dim, bright and tinted light."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.objects.colors import color_ranges
from vla_ros.policies.geometric.perceiving.color_naming import ColorNamer, WhiteBalance


@pytest.fixture(scope="module")
def namer() -> ColorNamer:
    return ColorNamer(color_ranges())


@pytest.mark.parametrize("word", [word for word in color_ranges() if word not in ("white", "gray", "black", "brown")])
def test_fresh_paint_keeps_its_name_in_any_light(namer, word):
    rng = np.random.default_rng(3)
    balance = WhiteBalance()
    right = 0
    for _ in range(40):
        light = rng.uniform(0.4, 1.0) * np.array([1.0, rng.uniform(0.7, 1.0), rng.uniform(0.5, 1.0)])
        balance = WhiteBalance()
        balance.update("front", np.tile(0.93 * light * 255, (200, 1)).astype(np.uint8), 0.93)
        paint = np.array(color_ranges()[word].sample(rng)[:3])
        pixels = np.clip(paint * light * rng.uniform(0.6, 1.0, (100, 1)) * 255, 0, 255).astype(np.uint8)
        shares = namer.shares(balance.apply("front", pixels))
        right += namer.names[int(np.argmax(shares))] == word
    assert right >= 36


def test_probabilities_sum_to_one(namer):
    pixels = np.random.default_rng(0).uniform(0, 1.3, (500, 3)).astype(np.float32)
    np.testing.assert_allclose(namer.probabilities(pixels).sum(axis=1), 1.0, atol=1e-5)
