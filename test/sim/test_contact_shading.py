# SPDX-License-Identifier: Apache-2.0
import numpy as np

from vla_ros.sim.contact_shading import shade_contacts

SHAPE = (480, 640)


def grey() -> np.ndarray:
    return np.full((*SHAPE, 3), 200, dtype=np.uint8)


def test_a_plain_wall_keeps_its_colour():
    shaded = shade_contacts(grey(), np.full(SHAPE, 1.0, dtype=np.float32))
    assert shaded.dtype == np.uint8
    np.testing.assert_allclose(shaded, 200, atol=1)


def test_a_table_seen_at_a_slope_keeps_its_colour():
    rows = np.arange(SHAPE[0], dtype=np.float32)[:, None]
    depth = np.broadcast_to(1.0 / (0.6 + rows / SHAPE[0]), SHAPE).astype(np.float32)
    assert shade_contacts(grey(), depth).min() > 190


def test_the_ground_around_an_object_is_darker_and_the_object_is_not():
    depth = np.full(SHAPE, 1.0, dtype=np.float32)
    depth[200:280, 280:360] = 0.9
    shaded = shade_contacts(grey(), depth)[..., 0].astype(int)
    assert shaded[240, 370] < 185
    assert shaded[240, 320] > 195
    assert shaded[240, 500] > 195


def test_what_is_far_behind_is_not_shaded():
    depth = np.full(SHAPE, 2.0, dtype=np.float32)
    depth[100:300, 200:400] = 1.0
    np.testing.assert_allclose(shade_contacts(grey(), depth), 200, atol=1)
