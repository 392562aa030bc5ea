# SPDX-License-Identifier: Apache-2.0
"""An episode as arrays: what the measures look at. Times are [s]; N samples, J joints."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np

from vla_ros.data.bags.episodes import BagEpisode
from vla_ros.robots.embodiment import Embodiment


def is_stamped(stamps: np.ndarray) -> bool:
    """Say whether stamps (N,) [s] are all there; zeros alone are what a node leaves that sets none."""
    return len(stamps) > 0 and bool(np.isfinite(stamps).all()) and bool(stamps.any())


@dataclass(frozen=True, eq=False)
class Stream:
    """When the messages of a topic were received and what time they are stamped with."""

    received: np.ndarray  # (N,) [s] since the bag's beginning
    sent: np.ndarray  # (N,) [s] likewise
    stamped: np.ndarray  # (N,) [s], NaN where a type has no stamp

    @property
    def times(self) -> np.ndarray:
        """Return the stamps, or when they were sent for what has none: a slow simulation delays, it does not lose."""
        return self.stamped if self.has_stamps else self.sent

    @property
    def has_stamps(self) -> bool:
        """Say whether every message is stamped."""
        return is_stamped(self.stamped)


@dataclass(frozen=True, eq=False)
class JointSeries:
    """Joint states, by name."""

    names: tuple[str, ...]
    time: np.ndarray  # (N,) stamps
    q: np.ndarray  # (N, J) [rad], [m]
    dq: np.ndarray  # (N, J) [rad/s], [m/s]

    def columns(self, names: tuple[str, ...]) -> list[int] | None:
        """Return where named joints are, None when one is not there."""
        return [self.names.index(name) for name in names] if set(names) <= set(self.names) else None

    def only(self, names: Collection[str]) -> JointSeries:
        """Return those of the named joints that are there."""
        columns = [i for i, name in enumerate(self.names) if name in names]
        return JointSeries(tuple(self.names[i] for i in columns), self.time, self.q[:, columns], self.dq[:, columns])

    def speed(self) -> np.ndarray:
        """Return the speed of the fastest joint (N,)."""
        return np.abs(self.dq).max(axis=1) if self.dq.size else np.zeros(len(self.time))


@dataclass(frozen=True, eq=False)
class ImageSeries:
    """What matters of a camera's colour images."""

    time: np.ndarray  # (N,) stamps
    brightness: np.ndarray  # (N,) mean grey level, 0 … 255
    change: np.ndarray  # (N,) mean difference to the image before, grey levels; the first has infinity


@dataclass(frozen=True, eq=False)
class Commands:
    """Numbers sent to a controller, in the order of its joints."""

    time: np.ndarray  # (N,) received
    values: np.ndarray  # (N, J)


@dataclass(frozen=True)
class ContractView:
    """What a contract takes of an episode, and what conversion by it says."""

    name: str  # of the contract
    origin: str  # how it is known that it is this one
    rates: dict[str, float]  # [Hz] at least, of each topic that it takes samples of; 0: as config/quality.yaml says
    missing: tuple[str, ...] = ()  # topics that it needs and the bag has not
    refusal: str = ""  # why `vla convert` would refuse the episode
    unused_s: float = 0.0  # [s] of the episode for which one of the topics does not speak


@dataclass(frozen=True, eq=False)
class EpisodeData:
    """All of it."""

    episode: BagEpisode
    streams: dict[str, Stream]
    joints: JointSeries | None = None
    images: dict[str, ImageSeries] = field(default_factory=dict)  # by topic
    commands: dict[str, Commands] = field(default_factory=dict)  # by topic
    chunks: int = 0
    refused: tuple[str, ...] = ()  # why, of each chunk that was
    embodiment: Embodiment | None = None  # None: nobody knows which robot it was
    contract: ContractView | None = None  # None: nobody knows what data it is to become
    usable: frozenset[str] = frozenset()  # without a contract: the topics that any known one would take

    def stream(self, end: str) -> Stream | None:
        """Return the stream whose topic's name ends so."""
        return next((stream for name, stream in self.streams.items() if name.endswith(f"/{end}")), None)
