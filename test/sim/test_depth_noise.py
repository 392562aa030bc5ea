# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.sim.depth_noise import StereoDepth, StereoNoise

FOCAL_LENGTH = 617.0  # [px]
NOISE = StereoNoise()
SHAPE = (480, 640)


def plane(distance: float) -> np.ndarray:
    return np.full(SHAPE, distance, dtype=np.float32)


def measured(depth: np.ndarray, seed: int = 1) -> np.ndarray:
    return StereoDepth(NOISE, *depth.shape, FOCAL_LENGTH).measure(depth, (seed,))


@pytest.mark.parametrize("distance", [0.5, 1.0, 1.5, 2.5])
def test_axial_noise_grows_with_the_square_of_distance(distance):
    """Intel: error = z² · subpixel / (focal length · baseline)."""
    image = measured(plane(distance))
    valid = image[image > 0.0]
    expected = distance**2 * NOISE.subpixel_noise / (NOISE.focal_length * NOISE.baseline)
    assert valid.std() == pytest.approx(expected, rel=0.1)
    assert valid.mean() == pytest.approx(distance, rel=0.01)


def test_noise_is_correlated_between_neighbours_only():
    error = measured(plane(1.0)) - 1.0
    error[error < -0.5] = 0.0
    near = np.corrcoef(error[:, :-1].ravel(), error[:, 1:].ravel())[0, 1]
    far = np.corrcoef(error[:, :-12].ravel(), error[:, 12:].ravel())[0, 1]
    assert near > 0.5
    assert abs(far) < 0.05


def test_disparity_is_quantised():
    image = measured(plane(1.0))
    disparity = NOISE.focal_length * NOISE.baseline / image[image > 0.0].astype(np.float64)
    steps = disparity / NOISE.disparity_step
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-2)
    assert len(np.unique(np.rint(steps))) > 5


def test_a_plain_wall_keeps_nearly_all_pixels():
    lost = (measured(plane(1.0)) == 0.0).mean()
    assert 0.0005 < lost < 0.01


def test_range_limits():
    assert not measured(plane(0.15)).any()
    assert not measured(plane(3.5)).any()
    assert measured(plane(0.3)).any()
    assert measured(plane(2.0)).any()


def test_nothing_is_reported_between_foreground_and_background_shadow():
    """The shadow left of a near box is as wide as the difference of the disparities in this image."""
    depth = plane(1.5)
    depth[100:380, 300:400] = 0.75
    image = measured(depth)
    scale = FOCAL_LENGTH * NOISE.baseline
    width = scale / 0.75 - scale / 1.5  # about 20 px
    shadow = image[150:330, int(300 - width) + 2 : 298]
    right = image[150:330, 404:420]
    assert (shadow == 0.0).mean() > 0.98
    assert (right == 0.0).mean() < 0.05


def test_edges_lose_pixels_and_the_rest_belong_to_the_front():
    depth = plane(1.5)
    depth[100:380, 300:400] = 0.75
    band = measured(depth)[99:101, 310:390]
    assert 0.4 < (band == 0.0).mean() < 0.95
    assert np.abs(band[band > 0.0] - 0.75).max() < 0.05


def test_grazing_surfaces_lose_pixels():
    rows = np.arange(SHAPE[0], dtype=np.float32)[:, None]
    ramp = np.broadcast_to(1.0 / (0.6 + rows / SHAPE[0] * 2.0), SHAPE).astype(np.float32)  # about slope 1 to 3
    steep = np.broadcast_to(1.0 / (0.6 + rows / 40.0), SHAPE).astype(np.float32)[:60]  # slope > 8
    assert (measured(ramp.copy()) == 0.0).mean() < 0.02
    lost = (measured(steep.copy()) == 0.0).mean()
    assert lost > 0.3


def test_equal_seeds_equal_noise():
    one, again, other = measured(plane(1.0), 1), measured(plane(1.0), 1), measured(plane(1.0), 2)
    np.testing.assert_array_equal(one, again)
    assert (one != other).mean() > 0.5


def test_a_frame_leaves_nothing_behind():
    sensor = StereoDepth(NOISE, *SHAPE, FOCAL_LENGTH)
    first = sensor.measure(plane(1.0), (1,))
    kept = first.copy()
    sensor.measure(plane(0.1), (2,))
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(sensor.measure(plane(1.0), (1,)), kept)


def test_result_is_float32_and_finite():
    image = measured(np.full(SHAPE, 20.0, dtype=np.float32))
    assert image.dtype == np.float32
    assert np.isfinite(image).all()


def test_absurd_parameters():
    with pytest.raises(ConfigError, match="must be > 0"):
        StereoNoise(baseline=0.0)
    with pytest.raises(ConfigError, match="is empty"):
        StereoNoise(range_min=4.0)
