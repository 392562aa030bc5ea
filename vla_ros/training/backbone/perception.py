# SPDX-License-Identifier: Apache-2.0
"""Batches and losses of the two networks that find what is meant: proposals and matching.

Shape legend: B samples, V = 2 views, N objects.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.backbone import matching, proposals
from vla_ros.policies.backbone.matching import MatchNetwork
from vla_ros.policies.backbone.proposals import ProposalNetwork
from vla_ros.policies.backbone.standing import NUMBERS, standing
from vla_ros.policies.backbone.word_tokens import filled
from vla_ros.training.pictures.crop_variation import dealt, dealt_colors, varied
from vla_ros.training.pictures.flat_patterns import draw_flat_pattern
from vla_ros.training.pictures.frames import SEEN
from vla_ros.training.pictures.recoloring import draw_recoloring
from vla_ros.training.pictures.samples import Samples
from vla_ros.training.pictures.sentences import NO_LABEL, disguised_tokens

ELSEWHERE = 0.1  # of the picture: standard deviation by which a scene is moved in it
DISGUISED = 0.3  # share of sentences whose words of colour are made up
WRONG = 1.5  # [px] standard deviation of the edges of proposals
UNCALIBRATED = 0.1  # share of frames of which it is not known where things stand
PRINTED = 0.4  # share of frames over which a flat pattern is drawn
ROUND = 128  # crops


def colored(images: Tensor, rng: torch.Generator) -> Tensor:
    """Change brightness, contrast and colour balance of pictures (B, …, H, W, 3) uint8, each its own way."""
    shape = (len(images), *([1] * (images.ndim - 2)), 3)
    gain = 1.0 + 0.06 * torch.randn(shape, generator=rng)
    gain = gain * (1.0 + 0.15 * torch.randn((*shape[:-1], 1), generator=rng))
    shift = 10.0 * torch.randn((*shape[:-1], 1), generator=rng)
    gain, shift = gain.to(images.device), shift.to(images.device)
    return ((images.float() - 128.0) * gain + 128.0 + shift).clamp_(0, 255).to(torch.uint8)


def printed(pictures: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return pictures (B, V, H, W, 3) uint8, some with flat patterns beside the boxes (B, V, N, 5), shares of them."""
    result = pictures.copy()
    scale = np.tile((pictures.shape[3], pictures.shape[2]), 2)
    for sample, shown in zip(result, boxes, strict=True):
        if rng.uniform() < PRINTED:
            for view, (picture, seen) in enumerate(zip(sample, shown, strict=True)):
                sample[view] = draw_flat_pattern(picture, seen[seen[:, 4] > 0, :4] * scale, rng)
    return result


def proposal_batch(samples: Samples, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return pictures (B, V, H, W, 3) and boxes (B, V, N, 5) of these frames."""
    boxes = samples.columns["boxes"][rows]
    pictures = printed(samples.columns["pictures"][rows], boxes, rng)
    return {"pictures": torch.from_numpy(pictures), "boxes": torch.from_numpy(boxes)}


def proposal_step(network: ProposalNetwork, batch: dict[str, Tensor], rng: torch.Generator) -> dict[str, Tensor]:
    """Return the losses of one batch of proposal_batch."""
    boxes = batch["boxes"].flatten(0, 1)
    maps = network(colored(batch["pictures"].flatten(0, 1), rng))
    return proposals.proposal_loss(maps, boxes[..., :4], boxes[..., 4] >= SEEN)


def match_batch(samples: Samples, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return crops of everything in these frames and the sentences about them.

    A thing is one box of one view; things of both views stand side by side. Extra things that are none teach that
    a proposal may be nothing.
    """
    columns = samples.columns
    things = columns["things"][rows]  # (B, V, N)
    # Frames have room for more things than stand in most: what none of these has costs time and teaches nothing.
    things = things[..., : filled((things >= 0).any(axis=(0, 1)))]
    count, views, most = things.shape
    there = things >= 0
    boxes = columns["boxes"][rows][:, :, :most]
    labels = columns["labels"][rows][:, :most].copy()
    recolorings = [
        draw_recoloring(_color_names(colors), [text for _, text in samples.texts[row]], rng)
        for colors, row in zip(labels[..., 1], rows, strict=True)
    ]
    deals = dealt_colors(count, rng)
    crops = varied(samples.crops[things[there]], samples.crop, rng)
    scenes, _, which = np.nonzero(there)
    for crop, scene, color in zip(crops, scenes, _color_names(labels[scenes, which, 1]), strict=True):
        crop[:] = recolorings[scene].painted(crop, color, rng)
    crops = dealt(crops, deals[scenes])
    geometry = np.zeros((count, views, most, matching.GEOMETRY), dtype=np.float32)
    geometry[..., :4] = boxes[..., :4] + 0.004 * rng.normal(size=boxes[..., :4].shape)
    geometry[..., 4] = rng.uniform(0.3, 1.0, size=things.shape)
    if samples.few:
        # Or where a scene's things lie in the picture tells which scene it is, and what is meant in it.
        geometry[..., :4] += np.tile(ELSEWHERE * rng.normal(size=(count, views, 1, 2)), 2)
    geometry[:, 0, :, 5], geometry[:, 1, :, 6] = 1.0, 1.0
    geometry[..., matching.IN_PICTURE :] = _places(columns, rows, there, rng)
    asked = [(i, *pick) for i, row in enumerate(rows) for pick in samples.texts[row]]
    meant = np.zeros((len(asked), views, most), dtype=np.float32)
    for number, (_, target, _) in enumerate(asked):
        if target >= 0:
            meant[number, :, target] = 1.0
    anew = (deals != np.eye(3)).any(axis=(1, 2)) | np.array([bool(one.became) for one in recolorings])
    labels[anew, :, 1] = NO_LABEL
    labels = np.repeat(labels[:, None], views, axis=1)
    words = np.stack(
        [
            disguised_tokens(text, rng, deals[i], recolorings[i])
            if anew[i] or rng.uniform() < DISGUISED
            else samples.tokens(text)
            for i, _, text in asked
        ]
    )
    words = words[:, : filled((words != 0).any(axis=(0, 2)))]
    # A thing now and then goes missing from a view, as proposals do.
    kept = there & (rng.uniform(size=there.shape) > 0.04)
    return {
        "crops": torch.from_numpy(crops),
        "there": torch.from_numpy(there.reshape(count, -1)),
        "kept": torch.from_numpy(kept.reshape(count, -1)),
        "geometry": torch.from_numpy(geometry.reshape(count, -1, matching.GEOMETRY)),
        "scene": torch.tensor([i for i, _, _ in asked]),
        "meant": torch.from_numpy(meant.reshape(len(asked), -1)),
        "words": torch.from_numpy(words).float(),
        "labels": torch.from_numpy(labels[there]),
    }


def _color_names(numbers: np.ndarray) -> list[str]:
    """Return the catalogue's colours of these numbers (N,); "" for what has none."""
    names = [*load_catalogue().colors, ""]  # NO_LABEL is the last
    return [names[number] for number in numbers]


def _places(columns: dict[str, Any], rows: np.ndarray, there: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return where things (B, V, N) stand as the policy finds it, by boxes that are a little wrong: (…, NUMBERS)."""
    places = np.zeros((*there.shape, NUMBERS), dtype=np.float32)
    for scene, (row, shown) in enumerate(zip(rows, there, strict=True)):
        if rng.uniform() < UNCALIBRATED:
            continue
        sizes = [(int(width), int(height)) for width, height in columns["sizes"][row]]
        boxes = [
            columns["boxes"][row, v, : there.shape[2]][shown[v], :4] * np.tile(size, 2) for v, size in enumerate(sizes)
        ]
        boxes = [box + WRONG * rng.normal(size=box.shape) for box in boxes]
        for view, found in enumerate(standing(columns["calibrations"][row], boxes, sizes)):
            places[scene, view, shown[view]] = found
    return places


def match_step(network: MatchNetwork, batch: dict[str, Tensor], rng: torch.Generator) -> dict[str, Tensor]:
    """Return the losses of one batch of match_batch."""
    seen = network.encode(colored(_filled_up(batch["crops"]), rng))[: len(batch["crops"])]
    there = batch["there"]
    looks = seen.new_zeros((*there.shape, seen.shape[1]))
    looks[there] = seen
    scene = batch["scene"]
    kept = batch["kept"][scene]
    # Now and then only the words tell: nothing is learned of a noun that is never missed.
    words = batch["words"]
    dropped = torch.rand(words.shape[:2], generator=rng) < 0.05
    dropped[:, 0] = False
    words = torch.where(dropped[..., None].to(words.device), 0.0, words)
    logits = network(looks[scene], batch["geometry"][scene], kept, words)
    meant = batch["meant"] * kept
    weight = kept.float() * (1.0 + 2.0 * meant)
    binary = F.binary_cross_entropy_with_logits(logits, meant, weight, reduction="sum") / weight.sum()
    per_view, wanted = logits.unflatten(1, (2, -1)).flatten(0, 1), meant.unflatten(1, (2, -1)).flatten(0, 1)
    asked = wanted.sum(dim=1) > 0
    # The mean; 0 where no sentence of the batch is about a thing that is there, which the mean of none is not.
    choice = F.cross_entropy(per_view[asked], wanted[asked].argmax(dim=1), reduction="sum") / asked.sum().clamp(min=1)
    labels = batch["labels"]
    return {
        "binary": binary,
        "choice": choice,
        "category": 0.5 * _label_loss(network.category(seen).float(), labels[:, 0]),
        "color": 0.5 * _label_loss(network.color(seen).float(), labels[:, 1]),
    }


def _filled_up(crops: Tensor) -> Tensor:
    """Return crops (N, S, S, 3) and, for a GPU, the first ones again up to a multiple of ROUND.

    cuDNN plans its work anew for each number of them, which takes seconds; empty ones would change what batch
    normalisation learns.
    """
    if not crops.is_cuda:
        return crops
    wanted = -(-len(crops) // ROUND) * ROUND
    return crops[torch.arange(wanted, device=crops.device) % len(crops)]


def _label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of the things that have a label; 0 where none has."""
    summed = F.cross_entropy(logits, labels, label_smoothing=0.05, ignore_index=NO_LABEL, reduction="sum")
    return summed / (labels != NO_LABEL).sum().clamp(min=1)
