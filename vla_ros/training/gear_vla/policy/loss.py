# SPDX-License-Identifier: Apache-2.0
"""What the small GEAR-VLA minimises, and how well it does on episodes that were kept back.

Shape legend: B samples, L latent actions, F FAST tokens, H steps, A numbers of an action.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from vla_ros.policies.action_transformer.flow_matching import flow_loss, sample_actions
from vla_ros.policies.actions.encoding import ROTATION_SIZES
from vla_ros.policies.actions.fast.tokenizer import FastTokenizer
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.gear_vla.modality_dropping import DroppingConfig, draw_dropping
from vla_ros.policies.gear_vla.network import GearVlaNetwork
from vla_ros.policies.gear_vla.token_decoder import Memory
from vla_ros.training.gear_vla.policy.config import Objectives
from vla_ros.training.gear_vla.policy.samples import GearVlaSamples
from vla_ros.training.stages.mixture import portions

Batch = dict[str, Tensor]
AT_ONCE = 32


class GearVlaBatches:
    """Make batches of samples; sentences are embedded and chunks spelled once."""

    def __init__(
        self,
        samples: GearVlaSamples,
        states: Normaliser,
        actions: Normaliser,
        fast: FastTokenizer,
        room: int | None = None,
    ) -> None:
        """`room`: FAST tokens of a chunk that are learned at most, where the network has places for no more."""
        self._samples = samples
        self._states = states.normalise(samples.states).astype(np.float32)
        self._actions = actions.normalise(samples.actions).astype(np.float32)
        self._words = {text: word_tokens(text) for text in set(samples.words)}
        self._fast = [tokens[:room] for tokens in fast.encode(samples.actions)]
        self.fast_most = max(map(len, self._fast))

    def of(self, rows: np.ndarray) -> Batch:
        """Return a batch of these samples."""
        samples = self._samples
        spelled = [self._fast[row] for row in rows.tolist()]
        fast = np.zeros((len(rows), max(map(len, spelled))), dtype=np.int64)
        counts = np.zeros(fast.shape, dtype=np.float32)
        for i, tokens in enumerate(spelled):
            fast[i, : len(tokens)] = tokens
            counts[i, : len(tokens)] = 1.0
        return {
            "cells": torch.from_numpy(samples.cells[rows]).float(),
            "words": torch.from_numpy(np.stack([self._words[samples.words[row]] for row in rows.tolist()])),
            "state": torch.from_numpy(self._states[rows]),
            "actions": torch.from_numpy(self._actions[rows]),
            "counts": torch.from_numpy(samples.counts[rows]),
            "latent": torch.from_numpy(samples.latent[rows].astype(np.int64)),
            "fast": torch.from_numpy(fast),
            "fast_counts": torch.from_numpy(counts),
        }


def gear_vla_loss(
    network: GearVlaNetwork,
    batch: Batch,
    objectives: Objectives,
    dropping: DroppingConfig,
    acts: bool,
    rng: torch.Generator,
) -> dict[str, Tensor]:
    """Return the terms of equations 1 and 2; `acts`: the action transformer learns as well."""
    dropped = draw_dropping(len(batch["state"]), rng, dropping).to(batch["state"].device)
    memory = network.remember(batch["cells"], batch["words"], batch["state"], dropped=dropped)
    latent = batch["latent"]
    decoded = network.decoder(memory, latent, batch["fast"] if objectives.fast else batch["fast"][:, :0])
    losses = {}
    if objectives.latent_actions:
        losses["latent"] = objectives.latent_actions * cross_entropy(decoded.latent.flatten(0, 1), latent.flatten())
    if objectives.fast:
        each = cross_entropy(decoded.fast.flatten(0, 1), batch["fast"].flatten(), reduction="none")
        weights = batch["fast_counts"].flatten()
        losses["fast"] = objectives.fast * (each * weights).sum() / weights.sum()
    if not acts:
        return losses
    with torch.set_grad_enabled(torch.is_grad_enabled() and not objectives.stop_gradient):
        own = torch.rand(len(latent), 1, generator=rng).to(latent.device) < objectives.own_latents
        given = torch.where(own, decoded.latent.argmax(dim=2), latent)
        prefix = network.prefix(memory, network.decoder(memory, given, batch["fast"][:, :0]).pairs)
    state = torch.where(dropped[:, 1:], 0.0, batch["state"])
    counts = batch["counts"][..., None].expand_as(batch["actions"])
    flow = flow_loss(network.transformer, prefix, state, batch["actions"], counts, objectives.times, rng)
    return losses | {"flow": objectives.flow * flow}


@torch.inference_mode()
def judge_tokens(network: GearVlaNetwork, batches: GearVlaBatches, rows: np.ndarray) -> dict[str, float]:
    """Return how many tokens of held rows are foretold, given those before each, and the mean of their −log p."""
    latent, fast, nats, fast_nats, weights = [], [], [], [], []
    for part in portions(rows, AT_ONCE):
        batch = batches.of(part)
        decoded = network.decoder(_remembered(network, batch), batch["latent"], batch["fast"])
        known = batch["fast_counts"] > 0
        latent.append(float((decoded.latent.argmax(2) == batch["latent"]).float().mean()))
        fast.append(float((decoded.fast.argmax(2) == batch["fast"])[known].float().mean()))
        nats.append(float(cross_entropy(decoded.latent.flatten(0, 1), batch["latent"].flatten())))
        fast_nats.append(float(cross_entropy(decoded.fast[known], batch["fast"][known])))
        weights.append(len(part))
    columns = {"latent_right": latent, "latent_nats": nats, "fast_right": fast, "fast_nats": fast_nats}
    return {name: float(np.average(values, weights=weights)) for name, values in columns.items()}


@torch.inference_mode()
def judge_actions(
    network: GearVlaNetwork, batches: GearVlaBatches, rows: np.ndarray, actions: Normaliser, contract: ActionContract
) -> dict[str, float]:
    """Return how far tools are off [mm] in chunks as it acts, median over held rows, and how far they go at all.

    `tool_mm` at the last step, `first_mm` at the first third; `still_mm` is the error at the last step of a policy that
    stays where it is, of absolute actions where the first of them is. Chunks that an episode's end cuts off say
    nothing; where there are no others there are no figures.
    """
    last, early, still = [], [], []
    rng = torch.Generator().manual_seed(0)
    for part in portions(rows, AT_ONCE):
        batch = batches.of(part)
        memory = _remembered(network, batch)
        prefix = network.prefix(memory, network.decoder.say(memory)[1])
        noise = torch.randn(batch["actions"].shape, generator=rng)
        made = actions.restore(sample_actions(network.transformer, prefix, batch["state"], noise).numpy())
        wanted = actions.restore(batch["actions"].numpy())
        third = wanted.shape[1] // 3
        whole = batch["counts"][:, -1].numpy() > 0
        for arm in range(len(contract.arms)):
            way, own = (_way(given[whole], arm, contract) for given in (wanted, made))
            last.append(np.linalg.norm((own - way)[:, -1], axis=1))
            early.append(np.linalg.norm((own - way)[:, third], axis=1))
            began = way[:, 0] if contract.reference == "absolute" else 0.0
            still.append(np.linalg.norm(way[:, -1] - began, axis=1))
    columns = {"tool_mm": last, "first_mm": early, "still_mm": still}
    found = {name: np.concatenate(values) for name, values in columns.items()}
    return {name: 1000.0 * float(np.median(values)) for name, values in found.items() if len(values)}


def _way(rows: np.ndarray, arm: int, contract: ActionContract) -> np.ndarray:
    """Return where the tool of an arm is (B, H, 3) [m] by actions (B, H, A): from where it was, or in the base."""
    start = (3 + ROTATION_SIZES[contract.rotation]) * arm
    positions = rows[..., start : start + 3]
    return positions.cumsum(axis=1) if contract.reference == "delta" else positions


def _remembered(network: GearVlaNetwork, batch: Batch) -> Memory:
    return network.remember(batch["cells"], batch["words"], batch["state"])
