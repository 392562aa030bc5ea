# SPDX-License-Identifier: Apache-2.0
"""Batches and losses of the three networks that look: proposals, matching, grasp.

Shape legend: B samples, V = 2 views, N objects, P points, K grasps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.nn import functional as F

from vla_ros.documents import read_json
from vla_ros.policies.backbone import matching, proposals
from vla_ros.policies.backbone.matching import MatchNetwork
from vla_ros.policies.backbone.proposals import ProposalNetwork
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.policies.graspvla.small import grasp_network
from vla_ros.policies.graspvla.small.grasp_network import GraspNetwork
from vla_ros.policies.graspvla.small.grasp_pose import soft_bins, to_angles
from vla_ros.policies.graspvla.small.view_geometry import camera_matrix
from vla_ros.training.graspvla.flat_patterns import draw_flat_pattern
from vla_ros.training.graspvla.frames import SEEN
from vla_ros.training.graspvla.sentences import NO_LABEL, disguised_tokens

NUMBERS = ("calibrations", "boxes", "things", "labels", "windows", "middles", "options", "tools", "closed")
PICTURES = ("pictures", "crops", "grasp_crops")
GRID = np.array([0.10, 0.10, 0.075])  # [m] half edges of where a grasp is looked for around the object's middle
ELSEWHERE = 0.1  # of the picture: standard deviation by which a scene is moved in it
DISGUISED = 0.3  # share of sentences whose words of colour are made up
PRINTED = 0.4  # share of frames over which a flat pattern is drawn
NEAR = 0.010  # [m] standard deviation of "a grasp is here"

TEXTS_MAX = 1 << 30  # [B] of the sentences of a folder that training itself has cut


class Stacked:
    """Arrays in files, one after the other along the first axis, that are read as they are requested."""

    def __init__(self, paths: list[Path]) -> None:
        self._parts = [np.load(path, mmap_mode="r") for path in paths]
        self._ends = np.cumsum([len(part) for part in self._parts])
        self.starts = [0, *self._ends[:-1].tolist()]  # row at which each file begins
        self.shape = (int(self._ends[-1]), *self._parts[0].shape[1:])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Return a copy of rows (R,): (R, …)."""
        taken = np.empty((len(rows), *self.shape[1:]), dtype=self._parts[0].dtype)
        for i, (row, part) in enumerate(zip(rows, np.searchsorted(self._ends, rows, side="right"), strict=True)):
            taken[i] = self._parts[part][row - self._ends[part]]
        return taken


class Samples:
    """All frames that were cut: numbers in memory, pictures in their files."""

    def __init__(self, folders: list[Path], few: bool = False) -> None:
        """`few`: of so few scenes that each would be known by heart; matching is shown them in more ways."""
        parts = {name: [np.load(f / f"{name}.npy") for f in folders] for name in NUMBERS}
        pictures = {name: Stacked([f / f"{name}.npy" for f in folders]) for name in PICTURES}
        starts = pictures["crops"].starts
        parts["things"] = [np.where(t >= 0, t + o, -1) for t, o in zip(parts["things"], starts, strict=True)]
        self.few = few
        self.columns: dict[str, Any] = {name: np.concatenate(values) for name, values in parts.items()}
        self.columns |= {name: pictures[name] for name in ("pictures", "grasp_crops")}
        self.crops = pictures["crops"]
        self.texts = [text for f in folders for text in read_json(f / "texts.json", TEXTS_MAX)]
        self._tokens: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.texts)

    def forget_labels(self) -> None:
        """Let categories and colours teach nothing: networks that number others are to learn from these frames."""
        self.columns["labels"] = np.full_like(self.columns["labels"], NO_LABEL)

    def tokens(self, text: str) -> np.ndarray:
        """Return a sentence's tokens, embedded once."""
        if text not in self._tokens:
            self._tokens[text] = word_tokens(text).astype(np.float16)
        return self._tokens[text]


def colored(images: Tensor, rng: torch.Generator) -> Tensor:
    """Change brightness, contrast and colour balance of pictures (B, …, H, W, 3) uint8, each its own way."""
    shape = (len(images), *([1] * (images.ndim - 2)), 3)
    gain = 1.0 + 0.06 * torch.randn(shape, generator=rng)
    gain = gain * (1.0 + 0.15 * torch.randn((*shape[:-1], 1), generator=rng))
    shift = 10.0 * torch.randn((*shape[:-1], 1), generator=rng)
    gain, shift = gain.to(images.device), shift.to(images.device)
    return ((images.float() - 128.0) * gain + 128.0 + shift).clamp_(0, 255).to(torch.uint8)


def printed(pictures: np.ndarray, boxes: np.ndarray, rng: torch.Generator) -> np.ndarray:
    """Return pictures (B, V, H, W, 3) uint8, some with flat patterns beside the boxes (B, V, N, 5), shares of them."""
    random = np.random.default_rng(int(torch.randint(2**62, (1,), generator=rng)))
    result = pictures.copy()
    scale = np.tile((pictures.shape[3], pictures.shape[2]), 2)
    for sample, shown in zip(result, boxes, strict=True):
        if random.uniform() < PRINTED:
            for view, (picture, seen) in enumerate(zip(sample, shown, strict=True)):
                sample[view] = draw_flat_pattern(picture, seen[seen[:, 4] > 0, :4] * scale, random)
    return result


def proposal_step(
    network: ProposalNetwork, samples: Samples, rows: np.ndarray, rng: torch.Generator
) -> dict[str, Tensor]:
    """Return the losses of both views of these frames."""
    device = next(network.parameters()).device
    pictures, boxes = samples.columns["pictures"][rows], torch.from_numpy(samples.columns["boxes"][rows])
    images = torch.from_numpy(printed(pictures, boxes.numpy(), rng)).flatten(0, 1).to(device)
    boxes = boxes.flatten(0, 1).to(device)
    maps = network(colored(images, rng))
    return proposals.proposal_loss(maps, boxes[..., :4], boxes[..., 4] >= SEEN)


def match_batch(samples: Samples, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return crops of everything in these frames and the sentences about them.

    A thing is one box of one view; things of both views stand side by side. Extra things that are none teach that
    a proposal may be nothing.
    """
    columns = samples.columns
    things = columns["things"][rows]  # (B, V, N)
    count, views, most = things.shape
    there = things >= 0
    boxes = columns["boxes"][rows]
    shift = int(samples.crops.shape[1] - matching.CROP)
    crops = samples.crops[things[there]]
    y, x = rng.integers(0, shift + 1, size=2)
    crops = crops[:, y : y + matching.CROP, x : x + matching.CROP]
    geometry = np.zeros((count, views, most, matching.GEOMETRY), dtype=np.float32)
    geometry[..., :4] = boxes[..., :4] + 0.004 * rng.normal(size=boxes[..., :4].shape)
    geometry[..., 4] = rng.uniform(0.3, 1.0, size=things.shape)
    if samples.few:
        # Or where a scene's things lie in the picture tells which scene it is, and what is meant in it.
        geometry[..., :4] += np.tile(ELSEWHERE * rng.normal(size=(count, views, 1, 2)), 2)
        crops = np.where(rng.uniform(size=(len(crops), 1, 1, 1)) < 0.5, crops, crops[:, :, ::-1])
    geometry[:, 0, :, 5], geometry[:, 1, :, 6] = 1.0, 1.0
    asked = [(i, *pick) for i, row in enumerate(rows) for pick in samples.texts[row]]
    meant = np.zeros((len(asked), views, most), dtype=np.float32)
    for number, (_, target, _) in enumerate(asked):
        if target >= 0:
            meant[number, :, target] = 1.0
    labels = np.repeat(columns["labels"][rows][:, None], views, axis=1)
    words = np.stack(
        [disguised_tokens(text, rng) if rng.uniform() < DISGUISED else samples.tokens(text) for _, _, text in asked]
    )
    # A thing now and then goes missing from a view, as proposals do.
    kept = there & (rng.uniform(size=there.shape) > 0.04)
    return {
        "crops": torch.from_numpy(np.ascontiguousarray(crops)),
        "there": torch.from_numpy(there.reshape(count, -1)),
        "kept": torch.from_numpy(kept.reshape(count, -1)),
        "geometry": torch.from_numpy(geometry.reshape(count, -1, matching.GEOMETRY)),
        "scene": torch.tensor([i for i, _, _ in asked]),
        "meant": torch.from_numpy(meant.reshape(len(asked), -1)),
        "words": torch.from_numpy(words).float(),
        "labels": torch.from_numpy(labels[there]),
    }


def match_step(network: MatchNetwork, batch: dict[str, Tensor], rng: torch.Generator) -> dict[str, Tensor]:
    """Return the losses of one batch of match_batch."""
    seen = network.encode(colored(batch["crops"], rng))
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


def _label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of the things that have a label; 0 where none has."""
    summed = F.cross_entropy(logits, labels, label_smoothing=0.05, ignore_index=NO_LABEL, reduction="sum")
    return summed / (labels != NO_LABEL).sum().clamp(min=1)


def grasp_batch(samples: Samples, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return crops, questions about points around the object, and what the answers should be."""
    columns = samples.columns
    shift = columns["grasp_crops"].shape[2] - grasp_network.CROP
    count = len(rows)
    crops = np.empty((count, 2, grasp_network.CROP, grasp_network.CROP, 3), dtype=np.uint8)
    corners = np.empty((count, 2, 2))
    for i, kept in enumerate(columns["grasp_crops"][rows]):
        for view in range(2):
            y, x = rng.integers(0, shift + 1, size=2)
            crops[i, view] = kept[view, y : y + grasp_network.CROP, x : x + grasp_network.CROP]
            corners[i, view] = x, y
    options = columns["options"][rows]  # (B, K, 9)
    weights = options[..., 8]
    centre = columns["middles"][rows] + 0.006 * rng.normal(size=(count, 3))
    points = _points(centre, options, weights, rng)
    squared = ((points[:, :, None] - options[:, None, :, :3]) ** 2).sum(axis=3)  # (B, P, K)
    likeness = weights[:, None] * np.exp(-0.5 * squared / NEAR**2)
    where = np.stack(
        [places(columns, rows, view, points, corners[:, view], shift) for view in range(2)],
        axis=1,
    )
    # A fifth of the time the hand says nothing: it must not be the answer.
    known = rng.uniform(size=(count, 1)) > 0.2
    tool = np.where(known, columns["tools"][rows] + 0.001 * rng.normal(size=(count, 3)), np.nan)
    bins, numbers, trust = _orientations(options, likeness[:, :ASKED], rng)
    return {
        "crops": torch.from_numpy(crops),
        "places": torch.from_numpy(where).float(),
        "points": torch.from_numpy(points - centre[:, None]).float(),
        "tool": torch.from_numpy(tool - centre).float(),
        "quality": torch.from_numpy(likeness.max(axis=2)).float(),
        "bins": torch.from_numpy(bins),
        "numbers": torch.from_numpy(numbers),
        "trust": torch.from_numpy(trust).float(),
    }


ASKED, AROUND, ANYWHERE = 4, 44, 144  # points at grasps, near grasps, anywhere in the grid


def _points(centre: np.ndarray, options: np.ndarray, weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return points (B, P, 3) [m]; where no grasp is known all are anywhere."""
    count = len(centre)
    anywhere = centre[:, None] + GRID * rng.uniform(-1, 1, size=(count, ASKED + AROUND + ANYWHERE, 3))
    for i in range(count):
        known = np.flatnonzero(weights[i] > 0)
        if len(known) == 0:
            continue
        share = weights[i, known] / weights[i, known].sum()
        chosen = rng.choice(known, size=ASKED + AROUND, p=share)
        spread = np.where(np.arange(ASKED + AROUND) < ASKED, 0.003, 0.012)[:, None]
        anywhere[i, : ASKED + AROUND] = options[i, chosen, :3] + spread * rng.normal(size=(ASKED + AROUND, 3))
    return anywhere


def places(
    columns: dict[str, Any], rows: np.ndarray, view: int, points: np.ndarray, corner: np.ndarray, shift: int
) -> np.ndarray:
    """Return where a view's crop shows points (B, P, 3), -1 to 1: (B, P, 2)."""
    matrices = np.stack([camera_matrix(c) for c in columns["calibrations"][rows, view]])  # (B, 3, 4)
    image = np.einsum("bij,bpj->bpi", matrices[:, :, :3], points) + matrices[:, None, :, 3]
    pixels = image[..., :2] / image[..., 2:]
    x, y, side = columns["windows"][rows, view].T
    kept = grasp_network.CROP + shift
    origin, scale = np.stack([x, y], axis=1), (kept / side)[:, None, None]
    inside = (pixels + 0.5 - origin[:, None]) * scale - corner[:, None]
    return 2.0 * inside / grasp_network.CROP - 1.0


def _orientations(
    options: np.ndarray, likeness: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return soft bins (B, ASKED, ANGLES), opening [dm] and slope [rad] (B, ASKED, 2), and how far to trust them."""
    count, most = options.shape[:2]
    known = options[..., 8] > 0
    bins = np.zeros((count, most, grasp_network.ANGLES), dtype=np.float32)
    numbers = np.zeros((count, most, 2), dtype=np.float32)
    for i, k in zip(*np.nonzero(known), strict=True):
        heading, tilt, slope = to_angles(Rotation.from_quat(options[i, k, 3:7]).as_matrix())
        bins[i, k] = soft_bins(heading, tilt)
        numbers[i, k] = 10.0 * options[i, k, 7], slope
    total = likeness.sum(axis=2, keepdims=True)
    share = (likeness / np.maximum(total, 1e-6)).astype(np.float32)
    return share @ bins, share @ numbers, (total[..., 0] > 0.05).astype(np.float32)


def grasp_step(network: GraspNetwork, batch: dict[str, Tensor], rng: torch.Generator) -> dict[str, Tensor]:
    """Return the losses of one batch of grasp_batch."""
    seen = network.encode(colored(batch["crops"], rng))
    known = network.query(seen, batch["places"], batch["points"], batch["tool"])
    losses = {"quality": 4.0 * F.binary_cross_entropy_with_logits(network.judge(known), batch["quality"])}
    angles, numbers = network.turn(known[:, :ASKED])
    trust = batch["trust"]
    total = trust.sum().clamp(min=1.0)
    losses["turn"] = -(batch["bins"] * angles.log_softmax(dim=2)).sum(dim=2).mul(trust).sum() / total * 0.3
    losses["opening"] = ((numbers - batch["numbers"]).abs() * numbers.new_tensor([5.0, 2.0])).mean(dim=2).mul(
        trust
    ).sum() / total
    return losses
