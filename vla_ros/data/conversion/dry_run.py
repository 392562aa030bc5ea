# SPDX-License-Identifier: Apache-2.0
"""What conversion would refuse of a bag, and why: everything that it does, but for encoding the pictures."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.conversion.bag_index import Span
from vla_ros.data.conversion.bag_to_dataset import (
    FOREIGN_BYTES,
    BagContent,
    ConversionSettings,
    bag_namespace,
    unled,
)
from vla_ros.data.conversion.sources import Source, locate
from vla_ros.robots.embodiment import load_embodiment


@dataclass(frozen=True)
class EpisodeVerdict:
    """What conversion makes of one episode."""

    refusal: str = ""  # why it is refused; "" when it is not
    unused_s: float = 0.0  # [s] of the marked episode that no frame covers: a stream begins late or ends early


@dataclass(frozen=True)
class DryRun:
    """What conversion makes of a bag."""

    found: tuple[tuple[Source, str], ...] = ()  # what the contract needs, and which of the bag's topics that is
    missing: tuple[str, ...] = ()  # topics that it needs and the bag has not
    episodes: dict[int, EpisodeVerdict] = field(default_factory=dict)  # by number
    refusal: str = ""  # of the whole bag

    def verdict(self, number: int) -> EpisodeVerdict:
        """Return what becomes of an episode."""
        unseen = EpisodeVerdict("conversion does not see it: it is marked on another topic than the contract's")
        return EpisodeVerdict(self.refusal) if self.refusal else self.episodes.get(number, unseen)


def dry_run(bag: BagReader, settings: ConversionSettings) -> DryRun:
    """Convert an open bag into nothing. Whatever is wrong with it is told, not raised."""
    path = bag.files.path
    refusal, verdicts = "", {}
    try:
        content = BagContent(bag, settings)
        verdicts = {span.number: _verdict(content, span) for span in content.spans}
    except VlaError as error:
        refusal = unled(path, error)
    except FOREIGN_BYTES as error:
        refusal = f"cannot be converted ({type(error).__name__}: {error})"
    contract = settings.contract
    located = locate(contract, load_embodiment(contract.robot), bag, bag_namespace(bag, settings.namespace))
    return DryRun(
        tuple((source, topic) for source, topic, there in located if there),
        tuple(topic for _, topic, there in located if not there),
        verdicts,
        refusal,
    )


def _verdict(content: BagContent, span: Span) -> EpisodeVerdict:
    try:
        times = content.read(span, lambda camera, image: None).times
    except VlaError as error:
        return EpisodeVerdict(unled(content.index.bag.files.path, error))
    unused = float(times[0] - span.start + span.end - times[-1]) - 2.0 * content.contract.period  # it is a grid
    return EpisodeVerdict(unused_s=max(0.0, unused) if np.isfinite(unused) else 0.0)
