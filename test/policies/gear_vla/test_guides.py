# SPDX-License-Identifier: Apache-2.0
"""A thing marked by a colour, in picture and words; what queries of actions do not see while they learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from controllers.errors import ConfigError
from vla_ros.policies.gear_vla.mask_guide import COLORS, draw_color, guide, guided_words
from vla_ros.policies.gear_vla.modality_dropping import DroppingConfig, Modality, attention_mask, draw_dropping


def test_what_is_meant_is_colored_and_the_rest_grey():
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    mask = np.zeros((20, 30), dtype=bool)
    mask[5:9, 6:12] = True
    before = picture.copy()
    made = guide(picture, mask, "red")
    assert (picture == before).all()
    assert (made[~mask].std(axis=-1) == 0.0).all()
    grey = made[~mask].mean()
    np.testing.assert_allclose(made[mask].mean(axis=0), 0.5 * grey + 0.5 * np.array(COLORS["red"]), atol=12)


@pytest.mark.parametrize(
    ("instruction", "thing", "made"),
    [
        ("put the apple into the plate", "apple", "put the object with the red-colored mask into the plate"),
        ("grasp a Blue cup", "blue cup", "grasp the object with the red-colored mask"),
        ("apple, please", "apple", "the object with the red-colored mask, please"),
    ],
)
def test_words_name_the_color_of_the_mask(instruction, thing, made):
    assert guided_words(instruction, thing, "red") == made


@pytest.mark.parametrize(
    ("instruction", "thing", "words"),
    [
        ("put the pineapple into the plate", "apple", "names 'apple' 0 times"),
        ("put the apple beside the apple", "apple", "names 'apple' 2 times"),
        ("put it away", " ", "0 times"),
    ],
)
def test_words_that_do_not_name_one_thing_are_refused(instruction, thing, words):
    with pytest.raises(ConfigError, match=words):
        guided_words(instruction, thing, "red")


def test_marks_that_mean_nothing_are_refused():
    picture, mask = np.zeros((4, 4, 3), dtype=np.uint8), np.ones((4, 4), dtype=bool)
    with pytest.raises(ConfigError, match="empty"):
        guide(picture, ~mask, "red")
    with pytest.raises(ConfigError, match="of its size"):
        guide(picture, mask[:2], "red")
    for refused in (lambda: guide(picture, mask, "rde"), lambda: guided_words("take the cup", "cup", "rde")):
        with pytest.raises(ConfigError, match="did you mean 'red'"):
            refused()
    assert draw_color(np.random.default_rng(0)) in COLORS


def test_as_often_as_in_the_paper():
    dropped = draw_dropping(20_000, torch.Generator().manual_seed(0)).numpy()
    kinds = dropped @ np.array([1, 2])
    shares = np.bincount(kinds, minlength=4) / len(kinds)
    np.testing.assert_allclose(shares, [0.4, 0.2, 0.2, 0.2], atol=0.01)
    assert not draw_dropping(100, torch.Generator(), DroppingConfig(0.0, 0.0, 0.0)).any()
    for wrong in ((0.5, 0.4, 0.2), (-0.1, 0.0, 0.0)):
        with pytest.raises(ConfigError, match="at most 1 together"):
            DroppingConfig(*wrong)


def test_masks_keep_out_what_is_dropped_and_what_is_not_there():
    modalities = torch.tensor([Modality.OTHER, Modality.WRIST, Modality.WRIST, Modality.STATE])
    there = torch.tensor([[True, True, False, True]] * 3)
    dropped = torch.tensor([[False, False], [True, False], [True, True]])
    assert attention_mask(modalities, there).tolist() == there.tolist()
    assert attention_mask(modalities, there, dropped).tolist() == [
        [True, True, False, True],
        [True, False, False, True],
        [True, False, False, False],
    ]
