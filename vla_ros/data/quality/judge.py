# SPDX-License-Identifier: Apache-2.0
"""Every measure over every episode: a score each, and why."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vla_ros.data.bags.information import episode_json, episode_line
from vla_ros.data.quality import actions, conversion, ending, gripper, images, motion, reach, skew, streams
from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData
from vla_ros.data.quality.finding import Finding, reasons, score
from vla_ros.data.quality.streams import is_used

Measure = Callable[[EpisodeData, QualityConfig], Iterator[Finding]]
MEASURES: tuple[Measure, ...] = tuple(
    module.measure for module in (conversion, streams, skew, images, motion, reach, actions, gripper, ending)
)


@dataclass(frozen=True, eq=False)
class Judgement:
    """What was found of one episode."""

    data: EpisodeData
    findings: tuple[Finding, ...]
    bag: str = ""  # name of its bag, where there are several

    @property
    def label(self) -> str:
        """Return what tells it from the others: its number, behind the name of its bag."""
        return f"{self.bag}/{self.data.episode.number}" if self.bag else str(self.data.episode.number)

    @property
    def contract(self) -> str:
        """Return the name of the contract it was judged by; "" without one."""
        return self.data.contract.name if self.data.contract else ""

    @property
    def refusal(self) -> str:
        """Return why `vla convert` would refuse it; "" when it would not, or nobody knows."""
        return self.data.contract.refusal if self.data.contract else ""

    @property
    def score(self) -> float:
        """Return 0 to 100."""
        return score(self.findings)

    @property
    def reasons(self) -> list[str]:
        """Return why it is not 100, what costs most first."""
        return reasons(self.findings)


def as_text(judgement: Judgement, start: int) -> str:
    """Return the episode in a line, its score and its reasons below; times count from `start` [ns]."""
    by = f", contract {judgement.contract}" if judgement.contract else ", no contract"
    line = f"{episode_line(judgement.data.episode, start)}: score {judgement.score:.0f}{by}"
    return "\n".join([line, *(f"  {reason}" for reason in judgement.reasons)])


def as_json(judgement: Judgement, start: int) -> dict[str, Any]:
    """Return the episode with its score, reasons and figures; times count from `start` [ns]."""
    bag = {"bag": judgement.bag} if judgement.bag else {}
    return (
        bag
        | episode_json(judgement.data.episode, start)
        | {
            "score": round(judgement.score, 2),
            "contract": judgement.contract or None,
            "refusal": judgement.refusal or None,
            "reasons": judgement.reasons,
            "figures": {finding.name: finding.value for finding in judgement.findings},
        }
    )


def judge(episodes: Sequence[EpisodeData], config: QualityConfig, bag: str = "") -> list[Judgement]:
    """Measure every episode; `bag` names theirs where there are several."""
    return [
        Judgement(data, tuple(_weighed(f, data, config) for measure in MEASURES for f in measure(data, config)), bag)
        for data in episodes
    ]


def _weighed(finding: Finding, data: EpisodeData, config: QualityConfig) -> Finding:
    """Return a finding with what it costs here: little where it is about topics the data is not made of."""
    if all(is_used(topic, data, config) for topic in finding.topics):
        return finding
    return dataclasses.replace(finding, loss=config.other_share * finding.loss, aside=True)
