# SPDX-License-Identifier: Apache-2.0
"""What the small GEAR-VLA learns from: frames of demonstrations as its eyes see them, with all that followed.

Eyes and latent-action tokenizer learn nothing here, so that each frame is looked at once, into a file an episode.
Shape legend: F frames, V views, C cells of a view, P numbers of a cell, S numbers of the state, H steps of a chunk, A
numbers of an action, L latent actions of a chunk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from controllers.errors import ConfigError
from vla_ros.data.datasets.annotation_names import VALID
from vla_ros.data.datasets.content import episode_digests
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.action_transformer.state_numbers import state_numbers
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.backbone.proposals import ProposalNetwork, small_pictures
from vla_ros.policies.contract import DataContract
from vla_ros.policies.families.network_file import weights_digest
from vla_ros.policies.gear_vla.geometry.network import GeometryNetwork
from vla_ros.policies.gear_vla.latent_actions.tokenizer import LatentActionTokenizer
from vla_ros.policies.gear_vla.network import look
from vla_ros.training.gear_vla.policy.config import GearVlaTraining
from vla_ros.training.pictures.kept_file import kept_file
from vla_ros.training.pictures.samples import Stacked

AT_ONCE = 8  # frames that are looked at

Progress = Callable[[int, int], None]  # episodes that are looked at, and all


@dataclass(frozen=True, eq=False)
class GearVlaSamples:
    """Frames that are learned from."""

    cells: Stacked  # (F, V, C, P) float16
    words: list[str]  # (F,)
    states: np.ndarray  # (F, S)
    actions: np.ndarray  # (F, H, A) as the contract has them, relative to the chunk's first pose if it says so
    counts: np.ndarray  # (F, H) 1 where a step counts, else 0: behind the end
    latent: np.ndarray  # (F, L)
    episodes: np.ndarray  # (F,) which episode of all

    def __len__(self) -> int:
        return len(self.words)

    def split(self, share: float) -> tuple[np.ndarray, np.ndarray]:
        """Return rows to learn from and rows of episodes that are kept back. Raises ConfigError for too few."""
        held = self.episodes % max(2, round(1.0 / share)) == 0
        if held.all() or not held.any():
            raise ConfigError(f"{len(np.unique(self.episodes))} episodes are too few to learn from and to be judged by")
        return np.flatnonzero(~held), np.flatnonzero(held)


def read_samples(
    roots: Sequence[Path],
    contract: DataContract,
    config: GearVlaTraining,
    eye: ProposalNetwork,
    geometry: GeometryNetwork | None,
    tokenizer: LatentActionTokenizer,
    folder: Path,
    progress: Progress = lambda done, total: None,
) -> GearVlaSamples:
    """Choose frames of datasets and look at them, into a folder; what is there already is kept.

    `progress` may raise: the episode under way is then looked at again next time. Raises ConfigError where nothing is
    an example.
    """
    eye.eval()  # a map is of one picture, not of those beside it
    lookers = (eye,) if geometry is None else (eye, geometry.eval())
    parts: list[tuple[np.ndarray, ...]] = []
    words: list[str] = []
    files: list[Path] = []
    readers = [LeRobotReader(root) for root in roots]
    total, looked_at = sum(len(reader.metadata.episodes) for reader in readers), 0
    eyes, head = " ".join(map(weights_digest, lookers)), IMAGES + next(iter(contract.cameras))
    codes = weights_digest(tokenizer.network)
    for reader in readers:
        size = tokenizer.config.height, tokenizer.config.width
        digests = episode_digests(reader.metadata)
        with reader, LeRobotReader(reader.metadata, size, videos=[head]) as small:
            rng = np.random.default_rng(config.seed)
            examples, ahead = _examples(reader), max(contract.action.horizon, _steps(tokenizer, reader)[-1])
            for number, episode in enumerate(reader.metadata.episodes):
                progress(looked_at, total)
                looked_at += 1
                useful = _without_errors(examples[episode.start : episode.start + episode.length], ahead)
                count = min(config.frames_an_episode, len(useful))
                if not count:
                    continue
                places = (np.arange(count) + rng.uniform(size=count)) / count * len(useful)
                offsets = useful[places.astype(int)]
                rows = episode.start + offsets
                seen, coded = f"{eyes} {digests[number]}", f"{codes} {digests[number]}"
                files.append(_looked(reader, number, offsets, tuple(contract.cameras), eye, geometry, seen, folder))
                latent = _latent_actions(small, head, number, offsets, tokenizer, coded, folder)
                words += [reader.task(row) for row in rows.tolist()]
                which = np.full(count, looked_at - 1)
                parts.append((*_numbers(reader, rows, contract), latent, which))
    progress(total, total)
    if not files:
        raise ConfigError(f"{roots[0]}: holds no second that is all worth imitating: generate or record more episodes")
    states, actions, counts, latent, episodes = (np.concatenate(column) for column in zip(*parts, strict=True))
    return GearVlaSamples(Stacked(files), words, states, actions, counts, latent, episodes)


def _examples(reader: LeRobotReader) -> np.ndarray:
    """Return which actions (frames,) are worth imitating: all where a dataset does not say."""
    if VALID not in reader.metadata.features:
        return np.ones(len(reader), dtype=bool)
    return reader.column(VALID).ravel() != 0


def _without_errors(examples: np.ndarray, ahead: int) -> np.ndarray:
    """Return frames (N,) of an episode's `examples` (T,) that begin `ahead` of them, or all until its end.

    Tokens say a chunk as a whole, and latent actions what is seen in a second: none of it can be left out.
    """
    errors = np.concatenate([[0], np.cumsum(~examples)])
    ends = np.minimum(np.arange(len(examples)) + ahead, len(examples))
    return np.flatnonzero(errors[ends] == errors[:-1])


def _numbers(
    reader: LeRobotReader, rows: np.ndarray, contract: DataContract
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return states (F, S), actions (F, H, A) and counts (F, H) of frames."""
    names = reader.metadata.features[STATE].names or contract.state
    columns = [names.index(channel) for channel in contract.state]
    states = state_numbers(reader.column(STATE)[rows][:, columns], contract.state)
    encoding, steps = ActionEncoding(contract.action, contract.quaternion_side), range(contract.action.horizon)
    actions, counts = np.empty((len(rows), len(steps), encoding.size)), np.empty((len(rows), len(steps)))
    for i, row in enumerate(rows.tolist()):
        window, inside = reader.window(ACTION, row, steps)
        anchor = reader.column(ANCHOR)[row] if contract.action.stores_anchor else np.zeros(0)
        actions[i], counts[i] = encoding.training_chunk(window, anchor), inside
    return states.astype(np.float32), actions.astype(np.float32), counts.astype(np.float32)


def _looked(
    reader: LeRobotReader,
    episode: int,
    offsets: np.ndarray,
    cameras: tuple[str, ...],
    eye: ProposalNetwork,
    geometry: GeometryNetwork | None,
    eyes: str,
    folder: Path,
) -> Path:
    """Return the file with the cells (F, V, C, P) of an episode's frames, which is made where it is missing."""

    def make() -> np.ndarray:
        views = []
        for camera in cameras:
            wanted = set(offsets.tolist())
            frames = reader.images(IMAGES + camera, episode)
            shown = {k: picture for k, picture in enumerate(frames) if k in wanted}
            views.append(small_pictures([shown[k] for k in offsets.tolist()]))
        pictures = torch.from_numpy(np.stack(views, axis=1))
        with torch.inference_mode():
            return torch.cat([look(eye, geometry, part) for part in pictures.split(AT_ONCE)]).half().numpy()

    return _kept(folder, "cells", f"{reader.metadata.root} {episode} {offsets.tolist()} {cameras} {eyes}", make)


def _latent_actions(
    reader: LeRobotReader,
    key: str,
    episode: int,
    offsets: np.ndarray,
    tokenizer: LatentActionTokenizer,
    codes: str,
    folder: Path,
) -> np.ndarray:
    """Return the latent actions (F, L) of the second that follows each frame; the last one stands in behind the end."""
    steps = _steps(tokenizer, reader)

    def make() -> np.ndarray:
        frames = np.stack(list(reader.images(key, episode)))
        clips = frames[np.minimum(offsets[:, None] + steps, len(frames) - 1)]
        return tokenizer.codes(clips).reshape(len(offsets), -1)

    what = f"{reader.metadata.root} {episode} {offsets.tolist()} {codes}"
    return np.load(_kept(folder, "latent", what, make))


def _steps(tokenizer: LatentActionTokenizer, reader: LeRobotReader) -> np.ndarray:
    """Return the frames (T,) of a clip, counted from its first."""
    return np.round(np.array(tokenizer.config.seconds) * reader.metadata.fps).astype(int)


def _kept(folder: Path, name: str, what: str, make: Callable[[], np.ndarray]) -> Path:
    path = folder / f"{name}_{hashlib.sha256(what.encode()).hexdigest()[:16]}.npy"
    return kept_file(path, lambda file: np.save(file, make()))
