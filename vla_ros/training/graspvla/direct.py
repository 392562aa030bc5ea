# SPDX-License-Identifier: Apache-2.0
"""The ablation without a progressive chain: one network learns actions from pictures and words, beside grounding.

As in GraspVLA, section 5.6 (vanilla): it is co-trained to box things and to point at what is meant, but neither is told
to what acts.
Shape legend: F frames, V = 2 views, B samples, R variants of a frame, H steps of a chunk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from controllers.errors import ConfigError
from vla_ros.data.datasets.features import IMAGES
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.backbone import proposals
from vla_ros.policies.graspvla.small.direct_expert import COLUMNS, ROWS, DirectExpert, lines_of_sight
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.training.backbone.perception import colored, printed
from vla_ros.training.generation import annotations as notes
from vla_ros.training.graspvla.motion import MotionSamples, flow_error
from vla_ros.training.graspvla.validation import judge_flow
from vla_ros.training.pictures.frames import SEEN, Views
from vla_ros.training.pictures.samples import Samples
from vla_ros.training.stages.mixture import MixturePart, draw
from vla_ros.training.stages.run import JUDGED, Run, judge_each, usable_rows
from vla_ros.training.stages.stage import Stage

GROUNDING = 0.25  # share of each batch
REWORDED = 0.5  # share of frames of demonstrations that are requested otherwise than the demonstration was
NONE = -1  # cell of what a view does not show


@dataclass(frozen=True, eq=False)
class ShownMotion:
    """Frames with what was done in them: of demonstrations the first `count`, of grounding the others."""

    samples: Samples
    sizes: tuple[tuple[int, int], ...]  # (V,) width and height [px] of the cameras' pictures
    words: list[str]  # (count,)
    targets: np.ndarray  # (count,) row of the object that is meant
    tokens: np.ndarray  # (count, R, TOKENS, TOKEN_SIZE)
    actions: np.ndarray  # (count, H, 7)
    counts: np.ndarray  # (count, H) which steps count

    @property
    def count(self) -> int:
        """Return how many frames are of demonstrations."""
        return len(self.words)


def row_starts(roots: Sequence[Path]) -> list[int]:
    """Return at which row each dataset begins when all are counted on."""
    return np.cumsum([0, *(load_metadata(root).frames for root in roots)])[:-1].tolist()


def shown_motion(
    pieces: Mapping[Path, Sequence[Path]], samples: Samples, motion: MotionSamples, views: Views
) -> ShownMotion:
    """Join frames of demonstrations that were cut with the motion that followed them.

    `pieces` are the folders of each dataset of demonstrations, with which `samples` begins. Raises ConfigError for
    frames cut by an earlier version.
    """
    places = {int(row): place for place, row in enumerate(motion.rows)}
    parts: list[tuple[str, int, int | None]] = []
    for root, start in zip(pieces, row_starts(list(pieces)), strict=True):
        with LeRobotReader(root) as reader:
            features, targets = reader.metadata.features, reader.column(notes.TARGET)
            for folder in pieces[root]:
                file = folder / "rows.npy"
                if not file.is_file():
                    raise ConfigError(f"{folder}: was cut by an earlier version: remove {folder.parent}")
                parts += [(reader.task(r), int(targets[r]), places.get(start + r)) for r in np.load(file).tolist()]
    found = np.array([0 if place is None else place for _, _, place in parts])
    done = np.array([place is not None for _, _, place in parts])
    sizes = [features[IMAGES + view].shape[1::-1] for view in views]
    return ShownMotion(
        samples,
        tuple((width, height) for width, height in sizes),
        [words for words, _, _ in parts],
        np.array([target for _, target, _ in parts]),
        motion.tokens[found],
        motion.actions[found],
        motion.counts[found] * done[:, None],
    )


def direct_stage(networks: SmallGraspVla, shown: ShownMotion, validation: float, run: Run) -> Stage:
    """Return the stage of an expert that looks for itself."""
    episodes, count = shown.samples.episodes, shown.count
    mixture = [MixturePart(count, validation, 1.0 - GROUNDING, episodes=episodes[:count])]
    if count < len(episodes):
        mixture.append(MixturePart(len(episodes) - count, validation, GROUNDING, "grounding_", episodes[count:]))
    groups = usable_rows("expert", mixture, lambda rows: np.ones(len(rows), dtype=bool))
    mean, spread = networks.mean.clone(), networks.spread.clone()
    size = run.share(run.stages["expert"].batch)

    def batch(step: int) -> object:
        rng = run.random(1, step)
        made = direct_batch(shown, draw(groups, size, rng), rng)
        pictures = printed(made["pictures"].numpy(), made["boxes"].numpy(), rng)
        return made | {"pictures": torch.from_numpy(pictures)}

    def judge(network: Any, held: np.ndarray) -> dict[str, float]:
        chosen = held[:: max(1, len(held) // JUDGED)]
        return judge_direct(network, shown, chosen, mean.numpy(), spread.numpy())

    return run.stage(
        "expert",
        networks.expert,
        batch,
        lambda network, made, rng: direct_step(network, made, mean, spread, rng),
        judge_each(groups, judge),
    )


def direct_batch(shown: ShownMotion, rows: np.ndarray, rng: np.random.Generator) -> dict[str, Tensor]:
    """Return pictures, lines of sight, words, proprioception and actions; nothing was done where `counts` are 0."""
    samples, columns = shown.samples, shown.samples.columns
    texts = [_asked(shown, int(row), rng) for row in rows]
    acted = rows < shown.count
    own = np.where(acted, rows, 0)
    variant = rng.integers(0, shown.tokens.shape[1], size=len(rows))
    boxes = columns["boxes"][rows]
    sights = [
        [lines_of_sight(calibration, size, tool) for calibration, size in zip(calibrations, shown.sizes, strict=True)]
        for calibrations, tool in zip(columns["calibrations"][rows], columns["tools"][rows], strict=True)
    ]
    return {
        "pictures": torch.from_numpy(columns["pictures"][rows]),
        "boxes": torch.from_numpy(boxes),
        "sights": torch.from_numpy(np.array(sights)),
        "words": torch.from_numpy(np.stack([samples.tokens(text) for _, text in texts])).float(),
        "meant": torch.from_numpy(_cells(boxes, np.array([thing for thing, _ in texts]))),
        "tokens": torch.from_numpy(shown.tokens[own, variant]),
        "actions": torch.from_numpy(shown.actions[own]),
        "counts": torch.from_numpy((shown.counts[own] * acted[:, None]).astype(np.float32)),
    }


def _asked(shown: ShownMotion, row: int, rng: np.random.Generator) -> tuple[int, str]:
    """Return which object of a frame is meant, and the words for it."""
    texts = shown.samples.texts[row]
    if row < shown.count:
        target = int(shown.targets[row])
        others = [text for thing, text in texts if thing == target]
        return target, rng.choice(others) if others and rng.uniform() < REWORDED else shown.words[row]
    there = [(thing, text) for thing, text in texts if thing >= 0]
    return there[rng.integers(len(there))] if there else (NONE, "")


def _cells(boxes: np.ndarray, meant: np.ndarray) -> np.ndarray:
    """Return the cell (B, V) of the middle of the box that is meant, of boxes (B, V, N, 5) as shares of the picture."""
    own = np.take_along_axis(boxes, np.maximum(meant, 0)[:, None, None, None], axis=2)[:, :, 0]
    middle = (own[..., :2] + own[..., 2:4]) / 2.0
    column, row = (np.clip(middle, 0.0, 0.999) * (COLUMNS, ROWS)).astype(np.int64).transpose(2, 0, 1)
    return np.where((own[..., 4] >= SEEN) & (meant >= 0)[:, None], row * COLUMNS + column, NONE)


def direct_step(
    network: DirectExpert, batch: dict[str, Tensor], mean: Tensor, spread: Tensor, rng: torch.Generator
) -> dict[str, Tensor]:
    """Return the losses of one batch of direct_batch: of boxes, of the cell that is meant, of the flow."""
    pictures = colored(batch["pictures"], rng)
    seen, maps, logits = network.encode_observation(pictures, batch["sights"], batch["words"])
    boxes, meant = batch["boxes"].flatten(0, 1), batch["meant"].flatten()
    losses = proposals.proposal_loss(maps, boxes[..., :4], boxes[..., 4] >= SEEN)
    pointed = F.cross_entropy(logits.flatten(0, 1).float(), meant, ignore_index=NONE, reduction="sum")
    losses["meant"] = 0.3 * pointed / (meant != NONE).sum().clamp(min=1)
    tokens = torch.cat([network.encode(batch["tokens"]), seen], dim=1)
    losses["flow"] = 10.0 * flow_error(network, tokens, batch, mean, spread, rng, draws=1)
    return losses


@torch.inference_mode()
def judge_direct(
    network: DirectExpert, shown: ShownMotion, rows: np.ndarray, mean: np.ndarray, spread: np.ndarray
) -> dict[str, float]:
    """Return how often the cell that is meant is pointed at, or one beside it; of demonstrations judge_flow as well."""
    rng, right, tokens, actions = np.random.default_rng(0), [], [], []
    for chunk in np.array_split(rows, max(1, len(rows) // 32)):
        batch = direct_batch(shown, chunk, rng)
        seen, _, logits = network.encode_observation(batch["pictures"], batch["sights"], batch["words"])
        found, meant = logits.argmax(dim=2), batch["meant"]
        off = torch.maximum((found % COLUMNS - meant % COLUMNS).abs(), (found // COLUMNS - meant // COLUMNS).abs())
        right += (off <= 1)[meant != NONE].tolist()
        tokens.append(torch.cat([network.encode(batch["tokens"]), seen], dim=1))
        actions.append(batch["actions"].numpy())
    figures = {"cell_right": float(np.mean(right))}
    if rows[0] >= shown.count:
        return figures
    known = shown.counts[rows, 0] > 0
    return figures | judge_flow(network, torch.cat(tokens)[known], np.concatenate(actions)[known], mean, spread)
