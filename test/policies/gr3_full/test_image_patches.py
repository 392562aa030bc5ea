# SPDX-License-Identifier: Apache-2.0
"""Images are prepared as transformers' own processor for Qwen prepares them."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GR-3")

from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from controllers.errors import ConfigError
from vla_ros.policies.gr3.full.image_patches import image_patches, scaled_image

SIDE, MERGE, FRAMES = 14, 2, 2  # of Qwen2.5-VL


def picture(height: int, width: int) -> np.ndarray:
    """Return a picture of smooth things and hard edges."""
    rows, columns = np.mgrid[:height, :width]
    waves = [127 + 90 * np.sin(rows / 17 + columns / step) for step in (23, 31, 11)]
    image = np.stack(waves, axis=2)
    image[height // 3 : height // 2, width // 4 : width // 2] = 255, 0, 40
    return image.astype(np.uint8)


def processed(image: np.ndarray, most: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Return what transformers makes of a picture, of at most so many pixels, and the patches (rows, columns)."""
    processor = Qwen2VLImageProcessorPil(size={"shortest_edge": 56 * 56, "longest_edge": most})
    made = processor(image, return_tensors="pt")
    _, rows, columns = made["image_grid_thw"][0].tolist()
    return made["pixel_values"].numpy(), (rows, columns)


def ours(image: np.ndarray, rows: int, columns: int) -> np.ndarray:
    scaled = scaled_image(image, rows * SIDE, columns * SIDE)
    return image_patches(scaled[None], SIDE, MERGE, FRAMES)[0].numpy()


@pytest.mark.parametrize(
    ("shape", "most"),
    [((224, 308), 10**6), ((56, 112), 10**6), ((480, 640), 224 * 308), ((480, 640), 10**6), ((720, 1280), 400 * 400)],
)
def test_the_numbers_are_the_processors(shape: tuple[int, int], most: int) -> None:
    image = picture(*shape)
    expected, grid = processed(image, most)
    np.testing.assert_allclose(ours(image, *grid), expected, atol=1e-5)


def test_an_image_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="uint8 RGB"):
        scaled_image(np.zeros((4, 4, 3)), 8, 8)
