# SPDX-License-Identifier: Apache-2.0
"""Batches of the small GR-3, its losses, and how well it does on frames that were kept back.

Frames with actions, robots' and people's hands', teach vision-language part and action transformer by flow matching,
by the numbers that were measured; sentences about what is seen, in robots' frames and in pictures with boxes alone,
teach the vision-language part which thing they mean (report, section 3.2, where that is next-token prediction).
Shape legend: B frames with actions, G sentences about pictures, N things, T words, H steps, D numbers of an action with
the task status, S numbers of the state.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.nn import functional as F

from controllers.chunks.chunk import TaskStatus
from vla_ros.policies.action_transformer.flow_matching import flow_loss, sample_actions
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.gr3.small.grasp_numbers import grasp_numbers
from vla_ros.policies.gr3.small.network import Seen, SmallGr3
from vla_ros.policies.gr3.small.reader import WORDS, spoken
from vla_ros.policies.gr3.small.thing_numbers import tool_poses
from vla_ros.policies.kv_cache.prefix import Prefix
from vla_ros.training.gr3.action_frames import ABSENT, UNKNOWN
from vla_ros.training.gr3.config import Mixing
from vla_ros.training.gr3.grasp_crops import crop_batch, crop_loss, judge_crops
from vla_ros.training.gr3.grasps import POSE, GraspsToCome
from vla_ros.training.gr3.samples import Gr3Samples, SeenColumns

OFF_M, OFF_RAD = 0.003, 0.04  # [m], [rad] standard deviations by which a grasp that is found is off
UNFOUND = 0.1  # share of grasps that are not found
LOST = 0.04  # share of things that go missing, as proposals do
TRIES = 20  # for an instruction that does not fit

Batch = dict[str, Tensor]


class Gr3Batches:
    """Make batches of samples; sentences are embedded once."""

    def __init__(self, samples: Gr3Samples, states: Normaliser, actions: Normaliser, status: bool) -> None:
        self._samples = samples
        frames = samples.action
        self._states = states.normalise(frames.state).astype(np.float32)
        self._states[frames.hands] = 0.0
        numbers = actions.normalise(frames.actions).astype(np.float32)
        self._actions = np.concatenate([numbers, frames.status[..., None]], axis=2) if status else numbers
        moves = frames.counts[..., None] * frames.measured.astype(np.float32)
        said = np.repeat(~frames.hands[:, None, None], moves.shape[1], axis=1).astype(np.float32)
        self._counts = np.concatenate([moves, said], axis=2) if status else moves
        self._status = status
        robots = ~frames.hands
        self._surveyed = float(frames.surveyed[robots].mean()) if robots.any() else 0.0  # share of robots' frames

    def robots(self, rows: np.ndarray, mixing: Mixing, rng: np.random.Generator) -> Batch:
        """Return frames with actions (B,), robots' some with other instructions than those carried out in them."""
        frames = self._samples.action
        actions, counts = self._actions[rows].copy(), self._counts[rows].copy()
        sentences, meant, receptacles = [], [], []
        # Elsewhere nobody can tell what is not there from what is not seen.
        refuses = max(mixing.invalid, min(0.5, mixing.invalid / max(self._surveyed, 1e-3)))
        for i, row in enumerate(rows.tolist()):
            chance, words, target = rng.uniform(), frames.words[row], int(frames.target[row])
            receptacle = int(frames.receptacle[row])
            refused = refuses if frames.surveyed[row] else 0.0
            if frames.hands[row]:
                pass  # another instruction teaches the status, and what does not stand there is not known
            elif chance < refused and (other := self._unfit(frames.names[row], rng)):
                words, target, receptacle = other, ABSENT, UNKNOWN
                self._only_status(actions[i], counts[i], TaskStatus.INVALID)
            elif frames.before[row] and chance < refused + _often(mixing.done):
                words, target, receptacle = frames.before[row], int(frames.before_target[row]), UNKNOWN
                self._only_status(actions[i], counts[i], TaskStatus.TERMINATED)
            sentences.append(words)
            meant.append(target)
            receptacles.append(receptacle)
        carried_out = np.array(
            [words == frames.words[row] for words, row in zip(sentences, rows.tolist(), strict=True)]
        )
        beside = _grasps_beside(frames.grasps, rows, frames.grasps.known[rows] & carried_out, rng)
        state = np.concatenate([self._states[rows], beside], axis=1)
        state[rng.uniform(size=len(rows)) < mixing.blank] = 0.0
        seen = _seen(self._samples.seen, rows, rng)
        return (
            seen
            | _said(sentences, meant, receptacles, seen)
            | {
                "state": torch.from_numpy(state),
                "actions": torch.from_numpy(actions),
                "counts": torch.from_numpy(counts),
            }
        )

    def grasps(self, rows: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return crops (B,) of things that are about to be grasped, and questions about them."""
        return crop_batch(self._samples.grasps, self._samples.action.grasps, rows, rng)

    def pictures(self, rows: np.ndarray, rng: np.random.Generator) -> Batch:
        """Return frames with boxes alone (G,), each with one of its sentences."""
        columns = self._samples.grounding
        assert columns is not None
        chosen = [columns.texts[row][int(rng.integers(len(columns.texts[row])))] for row in rows.tolist()]
        seen = _seen(columns, rows, rng)
        return seen | _said([text for _, text in chosen], [row for row, _ in chosen], [UNKNOWN] * len(rows), seen)

    def plain(self, rows: np.ndarray) -> Batch:
        """Return frames with actions (B,) as they are."""
        return self.robots(rows, Mixing(grounding=0.0, invalid=0.0, done=0.0, blank=0.0), np.random.default_rng(0))

    def _unfit(self, names: frozenset[str], rng: np.random.Generator) -> str:
        """Return a sentence of other scenes about what is not in this one; "" where none is found."""
        asked = self._samples.asked
        for _ in range(TRIES if asked else 0):
            sentence, name = asked[int(rng.integers(len(asked)))]
            if name not in names:
                return sentence
        return ""

    def _only_status(self, actions: np.ndarray, counts: np.ndarray, status: TaskStatus) -> None:
        """Let a chunk (H, D) teach its status and nothing else (report, section 3.1)."""
        counts[:] = 0.0
        if self._status:
            actions[:, -1], counts[:, -1] = status.value, 1.0


def _grasps_beside(grasps: GraspsToCome, rows: np.ndarray, known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what stands beside the state (B, GRASP_NUMBERS): the grasp to come, as far off as one that is found."""
    off = rng.normal(size=(len(rows), 6)) * ([OFF_M] * 3 + [OFF_RAD] * 3)
    # Unit quaternions also where nothing is known.
    made = tool_poses(np.where(known[:, None], grasps.poses[rows], (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)))
    made[:, :3, 3] += off[:, :3]
    made[:, :3, :3] = Rotation.from_rotvec(off[:, 3:]).as_matrix() @ made[:, :3, :3]
    tools = np.where(known[:, None, None], grasps.tools[rows], (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    poses = tool_poses(tools.reshape(-1, POSE)).reshape(*tools.shape[:2], 4, 4)
    found = known & (rng.uniform(size=len(rows)) > UNFOUND)
    return grasp_numbers(made, grasps.openings[rows], poses, found)


def _often(share: float) -> float:
    """Return how often of the few frames in which something has just been done that is what is asked about."""
    return min(0.5, 10.0 * share)


def _seen(columns: SeenColumns, rows: np.ndarray, rng: np.random.Generator) -> Batch:
    most = max(1, int(columns.count[rows].max()))
    there = np.arange(most) < columns.count[rows][:, None]
    kept = there & (rng.uniform(size=there.shape) > LOST)
    return {
        "looks": torch.from_numpy(columns.looks[rows][:, :most].astype(np.float32)),
        "geometry": torch.from_numpy(columns.geometry[rows][:, :most].astype(np.float32)),
        "numbers": torch.from_numpy(columns.numbers[rows][:, :most].astype(np.float32)),
        "there": torch.from_numpy(kept),
        "objects": torch.from_numpy(columns.objects[rows][:, :most].astype(np.int64)),
    }


def _said(sentences: list[str], meant: list[int], receptacles: list[int], seen: Batch) -> Batch:
    """Return words (G, T, …), which role each thing has in them (G, N, ROLES), and which are known (G, ROLES)."""
    roles = torch.tensor([meant, receptacles]).T
    return {
        "words": torch.from_numpy(np.stack([_tokens(text) for text in sentences])).float(),
        "meant": ((seen["objects"][..., None] == roles[:, None]) & (roles >= 0)[:, None]).float(),
        "known": roles != UNKNOWN,
    }


@lru_cache(maxsize=200_000)
def _tokens(text: str) -> np.ndarray:
    rows = spoken(text)
    padded = np.zeros((WORDS, rows.shape[1]), dtype=np.float16)
    padded[: len(rows)] = rows
    return padded


def gr3_loss(network: SmallGr3, batch: dict[str, Any], times: int, rng: torch.Generator) -> dict[str, Tensor]:
    """Return the losses: the flow's of robots' frames, and what is meant of all sentences."""
    robots: Batch = batch["robots"]
    seen = seen_of(robots)
    understood = network.understand(seen)
    prefix = network.prefix(seen, understood.tokens)
    flow = flow_loss(network.transformer, prefix, robots["state"], robots["actions"], robots["counts"], times, rng)
    losses = {"flow": flow} | _choices("robot_", understood.roles, robots)
    pictures: Batch = batch["pictures"]
    if pictures:
        losses |= _choices("", network.understand(seen_of(pictures)).roles, pictures)
    crops: Batch = batch.get("grasps", {})
    return losses | (crop_loss(network.grasp, crops, rng) if crops else {})


def seen_of(batch: Batch) -> Seen:
    """Return what the network takes of a batch."""
    words = batch["words"]
    most = int((words != 0).any(dim=2).any(dim=0).nonzero().max()) + 1
    return Seen(batch["looks"], batch["geometry"], batch["numbers"], batch["there"], words[:, :most])


def _choices(name: str, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the losses of logits (G, N, ROLES): has each the role, and which of them has it; of all roles together."""
    parts = [
        _choice(logits[..., role], batch["meant"][..., role], batch["there"], batch["known"][:, role])
        for role in range(logits.shape[2])
    ]
    binary, choice = (torch.stack(part).sum() for part in zip(*parts, strict=True))
    return {f"{name}binary": binary, f"{name}choice": choice}


def _choice(logits: Tensor, meant: Tensor, there: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Return the losses of logits (G, N) of one role, where it is `known` (G,)."""
    meant = meant * there
    weight = there * known[:, None] * (1.0 + 2.0 * meant)
    binary = F.binary_cross_entropy_with_logits(logits, meant, weight, reduction="sum") / weight.sum().clamp(min=1.0)
    asked = (meant.sum(dim=1) > 0) & known
    # Several boxes, in several views, are the one thing: the share of all of them.
    likely = torch.log_softmax(logits[asked], dim=1).masked_fill(meant[asked] == 0, -torch.inf).logsumexp(dim=1)
    return binary, -likely.sum() / asked.sum().clamp(min=1)


@torch.inference_mode()
def judge_gr3(
    network: SmallGr3,
    batches: Gr3Batches,
    robots: np.ndarray,
    hands: np.ndarray,
    pictures: np.ndarray,
    grasps: np.ndarray,
    actions: Normaliser,
    tools: int,
) -> dict[str, float]:
    """Return how far first actions and grasps are off [mm], how often status and what is meant are right.

    `robots`, `hands`, `pictures` and `grasps` are rows; what people's hands do has a figure of its own.
    """
    errors, right = _judged_actions(network, batches, robots, actions, tools)
    figures = {"action_mm": float(np.median(errors)), "action_mm_p90": float(np.quantile(errors, 0.9))}
    if len(right):
        figures["status_right"] = float(right.mean())
    if len(grasps):
        figures |= judge_crops(network.grasp, batches.grasps(grasps, np.random.default_rng(0)))
    if len(hands):
        figures["hands_action_mm"] = float(np.median(_judged_actions(network, batches, hands, actions, tools)[0]))
    chosen = []
    for rows in np.array_split(pictures, max(1, len(pictures) // 64)) if len(pictures) else ():
        batch = batches.pictures(rows, np.random.default_rng(0))
        logits, meant = network.understand(seen_of(batch)).roles[..., 0], batch["meant"][..., 0]
        there = (meant * batch["there"]).sum(dim=1) > 0
        hit = meant.gather(1, logits.argmax(dim=1, keepdim=True))[:, 0] > 0
        refused = logits.amax(dim=1) < 0
        chosen.append(torch.where(there, hit & ~refused, refused).numpy())
    return figures | ({"meant_right": float(np.concatenate(chosen).mean())} if chosen else {})


def _judged_actions(
    network: SmallGr3, batches: Gr3Batches, frames: np.ndarray, actions: Normaliser, tools: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return errors [mm] of the first actions that count, and whether the status of each frame is right, if told."""
    off, right, size = [], [np.zeros(0, dtype=bool)], len(actions.mean)
    for rows in np.array_split(frames, max(1, len(frames) // 64)):
        batch = batches.plain(rows)
        made = _made(network, batch)
        error = actions.restore((made - batch["actions"])[..., :size].numpy()) - actions.mean
        first = np.stack([np.linalg.norm(error[:, 0, 6 * hand : 6 * hand + 3], axis=1) for hand in range(tools)])
        counted = np.stack([batch["counts"][:, 0, 6 * hand].numpy() > 0 for hand in range(tools)])
        off.append(1000.0 * first[counted])
        if made.shape[2] > size:
            right.append(
                (made[..., size].mean(dim=1).round() == batch["actions"][..., size].mean(dim=1).round()).numpy()
            )
    return np.concatenate(off), np.concatenate(right)


def _made(network: SmallGr3, batch: Batch) -> Tensor:
    seen = seen_of(batch)
    prefix: Prefix = network.prefix(seen, network.understand(seen).tokens)
    noise = torch.randn(batch["actions"].shape, generator=torch.Generator().manual_seed(0))
    return sample_actions(network.transformer, prefix, batch["state"], noise)
