# SPDX-License-Identifier: Apache-2.0
"""The judgement of a bag, for whoever shows it: every measure, and what conversion makes of each episode."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from vla_ros.data.bags.image_reading import IMAGE_TYPES
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.conversion import sources
from vla_ros.data.conversion.bag_to_dataset import ConversionSettings, bag_namespace
from vla_ros.data.conversion.dry_run import DryRun, dry_run
from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.contract_choice import ContractChoice, choose_contract, known_contracts
from vla_ros.data.quality.episode_data import ContractView, EpisodeData
from vla_ros.data.quality.judge import Judgement, judge
from vla_ros.data.quality.reading import read_bag
from vla_ros.policies.contract import DataContract
from vla_ros.robots.embodiment import load_embodiment

CAMERA_RATE = 0.9  # of the contract's: at least so often a camera is to speak


@dataclass(frozen=True)
class IntendedConversion:
    """How the bag is going to be converted, as far as that is known; see ConversionSettings."""

    contract: DataContract | None = None
    robot: str = ""  # where the bag does not say which it was
    task: str = ""
    namespace: str = ""
    skew_max_s: float | None = None


def judge_bag(
    bag: BagReader,
    config: QualityConfig,
    intended: IntendedConversion | None = None,
    name: str = "",
    progress: Callable[[int], None] = lambda time: None,
) -> list[Judgement]:
    """Judge every episode of an open bag; `name` tells the bag from others, `progress` gets receive times [ns]."""
    wanted = intended or IntendedConversion()
    namespace = bag_namespace(bag, wanted.namespace)
    choice = choose_contract(bag, wanted.contract, wanted.robot, namespace)
    episodes = read_bag(bag, wanted.robot, progress)
    if choice is None:
        usable = _usable(bag, wanted.robot)
        return judge([dataclasses.replace(data, usable=usable) for data in episodes], config, name)
    settings = ConversionSettings(choice.contract, wanted.task, namespace, failures=True, skew_max_s=wanted.skew_max_s)
    done = dry_run(bag, settings)
    return judge([dataclasses.replace(data, contract=_view(choice, done, data)) for data in episodes], config, name)


def _view(choice: ContractChoice, done: DryRun, data: EpisodeData) -> ContractView:
    verdict = done.verdict(data.episode.number)
    rates = {
        topic: CAMERA_RATE * choice.contract.fps if source.types == IMAGE_TYPES else 0.0
        for source, topic in done.found
        if not source.constant
    }
    return ContractView(choice.contract.name, choice.origin, rates, done.missing, verdict.refusal, verdict.unused_s)


def _usable(bag: BagReader, robot: str) -> frozenset[str]:
    """Return the topics of a bag that any known contract would take samples of, in whatever namespace."""
    ends = {
        f"/{source.topic.lstrip('/')}"
        for contract in known_contracts(robot)
        for source in sources.contract_sources(contract, load_embodiment(contract.robot))
        if not source.constant
    }
    suffixes = ("", *sources.SUFFIXES.values())
    return frozenset(topic for topic in bag.topics if topic.endswith(tuple(end + s for end in ends for s in suffixes)))
