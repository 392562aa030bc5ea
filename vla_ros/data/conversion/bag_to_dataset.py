# SPDX-License-Identifier: Apache-2.0
"""One bag into the episodes of a dataset, as its contract says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.bags.marks import TOPIC as MARKS
from vla_ros.data.bags.notes import NAMESPACE
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.conversion import sources
from vla_ros.data.conversion.bag_index import BagIndex, Span
from vla_ros.data.conversion.contract_values import ContractValues
from vla_ros.data.conversion.image_streams import ImageSampler
from vla_ros.data.conversion.numeric_streams import NumericSampler
from vla_ros.data.conversion.resampling import GRACE_S, ROUNDING_S, latest
from vla_ros.data.datasets.episode import EncodedEpisode, EpisodeEncoder, checked_column
from vla_ros.data.datasets.features import IMAGES, contract_features
from vla_ros.policies.contract import DataContract
from vla_ros.robots.embodiment import load_embodiment

FRAMES_MIN = 2
FOREIGN_BYTES = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)  # fail in any of these ways


@dataclass(frozen=True)
class ConversionSettings:
    """How bags become episodes."""

    contract: DataContract
    task: str = ""  # what every episode is called; default: the instruction that was given
    namespace: str = ""  # of the robot, where a bag holds several
    failures: bool = False  # take episodes that were marked as failed, too
    whole: bool = False  # a bag is one episode, whatever marks it holds
    codec: str = "h264"
    skew_max_s: float | None = None  # [s] allowed instead of the contract's

    @property
    def allowed(self) -> DataContract:
        """Return the contract with the limit that holds. Raises ConfigError for one that is no time."""
        if self.skew_max_s is None:
            return self.contract
        return dataclasses.replace(self.contract, skew_max_s=self.skew_max_s)


@dataclass
class ConvertedBag:
    """What came out of a bag."""

    episodes: list[EncodedEpisode] = field(default_factory=list)
    failures: int = 0  # episodes left out because they were marked as failed
    corrupt: list[str] = field(default_factory=list)  # why episodes could not be used, one line each


def bag_source(path: Path) -> str:
    """Name a bag so that it is known again, wherever it lies. Raises BagError for what is no bag."""
    with BagReader(path) as bag:
        return _source(bag)


def wanted_episodes(path: Path, settings: ConversionSettings) -> frozenset[str]:
    """Return the sources of the episodes that a bag is to give, by its marks alone. Raises VlaError as convert_bag."""
    with BagReader(path) as bag:
        marks = _topic(MARKS, bag_namespace(bag, settings.namespace))
        spans = [Span(0)] if settings.whole else BagIndex(bag, {}, marks=marks).spans()
        taken = [span.number for span in spans if span.success or settings.failures]
        return frozenset(_episode_source(bag, number) for number in taken)


def bag_namespace(bag: BagReader, given: str = "") -> str:
    """Return the robot's namespace in a bag: the given one, else what its recorder noted."""
    return (given or bag.custom_data.get(NAMESPACE, "")).strip("/")


class BagContent:
    """An open bag as a contract sees it: its episodes, and what the frames of each are made of."""

    def __init__(self, bag: BagReader, settings: ConversionSettings) -> None:
        """Read the times of the contract's topics. Raises VlaError for a bag that cannot be used at all."""
        self.settings, self.contract = settings, settings.allowed
        self.robot = load_embodiment(self.contract.robot)
        namespace = bag_namespace(bag, settings.namespace)
        self.topics = sources.resolve(self.contract, self.robot, bag, namespace)
        words, marks = _topic(sources.INSTRUCTION, namespace), _topic(MARKS, namespace)
        self.index = BagIndex(bag, self.topics, words, marks)
        self.spans = [Span(0)] if settings.whole else self.index.spans()

    def read(self, span: Span, give: Callable[[str, np.ndarray], None]) -> EpisodeContent:
        """Return an episode's columns and words; `give` gets the pictures, each with its camera's name.

        Raises VlaError for an episode that cannot be used.
        """
        contract, index = self.contract, self.index
        needed = sources.contract_sources(contract, self.robot)
        times = frame_times(contract, index, span, [item for item in needed if not item.constant])
        values = ContractValues(contract, self.robot)
        words = _words(index, self.settings, span, times[:-1])
        numeric = NumericSampler(index, values.numeric_sources(), times)
        images = {
            sources.camera_topic(contract, camera): ImageSampler(
                index,
                sources.camera_topic(contract, camera),
                self.topics[sources.camera_topic(contract, camera)],
                camera,
                stream,
                times[:-1],
                contract.skew_max_s,
                lambda image, camera=camera: give(camera, image),  # type: ignore[misc]
            )
            for camera, stream in contract.cameras.items()
        }
        wanted = numeric.needed | {name: sampler.needed for name, sampler in images.items()}
        for name, number, message in index.messages(wanted):
            if name in images:
                images[name].take(number, message)
            else:
                numeric.take(name, number, message)
        features = contract_features(contract)
        columns = {
            name: checked_column(name, features[name], column)
            for name, column in values.columns(numeric.values()).items()
        }
        return EpisodeContent(times, columns, words, self._relaxed(numeric, images))

    def _relaxed(self, numeric: NumericSampler, images: dict[str, ImageSampler]) -> float:
        """Return the longest hole [s] that the contract by itself does not allow; 0 without one."""
        own = self.settings.contract
        limits = ContractValues(own, self.robot).numeric_sources()
        holes = [gap for name, gap in numeric.gaps.items() if gap > limits[name].gap_max + ROUNDING_S]
        holes += [sampler.skew for sampler in images.values() if sampler.skew > own.skew_max_s + ROUNDING_S]
        return max(holes, default=0.0)


@dataclass(frozen=True, eq=False)
class EpisodeContent:
    """What an episode of a bag holds, but for its pictures."""

    times: np.ndarray  # (T + 1,) [s] of its frames and the one after
    columns: dict[str, np.ndarray]  # (T, …)
    words: str | list[str]
    relaxed_s: float  # [s] the longest hole that only a relaxed `skew_max_s` allowed; 0 without one


def convert_bag(path: Path, settings: ConversionSettings, known: Collection[str] = ()) -> ConvertedBag:
    """Return a bag's episodes, encoded, without those whose source is known.

    Raises VlaError for a bag that cannot be used at all.
    """
    result = ConvertedBag()
    with BagReader(path) as bag:
        content = BagContent(bag, settings)
        for span in content.spans:
            if not span.success and not settings.failures:
                result.failures += 1
                continue
            source = _episode_source(bag, span.number)
            if source in known:
                continue
            try:
                result.episodes.append(_episode(content, span, source))
            except VlaError as error:
                if len(content.spans) == 1:
                    raise
                result.corrupt.append(f"{path}: episode {span.number}: {unled(path, error)}")
    return result


def unled(path: Path, error: VlaError) -> str:
    """Return what is wrong with a bag without its path in front."""
    return str(error).removeprefix(f"{path}: ")


def frame_times(contract: DataContract, index: BagIndex, span: Span, needed: list[sources.Source]) -> np.ndarray:
    """Return the times of an episode's frames and the one after (T + 1,) [s].

    They begin with the first exposure of the reference camera at which every source speaks, and end where one of them
    falls silent. Raises VlaError when there is not enough.
    """
    first = {source.topic: float(index.topics[source.topic].stamps[0]) for source in needed}
    last = {source.topic: float(index.topics[source.topic].stamps[-1]) for source in needed}
    for source in needed:  # a picture is needed of every frame, but not of the one after the last
        if source.types == sources.IMAGE_TYPES:
            last[source.topic] += contract.period
    start, end = max([span.start, *first.values()]), min([span.end, *last.values()])
    if contract.reference_camera:
        exposures = index.topics[sources.camera_topic(contract, contract.reference_camera)].stamps
        later = exposures[exposures >= start - GRACE_S]
        start = float(later[0]) if len(later) else np.inf
    steps = int(np.floor((end - start) * contract.fps + 1e-6)) if np.isfinite(end - start) and end > start else 0
    if steps < FRAMES_MIN:
        late, early = max(first, key=lambda name: first[name]), min(last, key=lambda name: last[name])
        raise VlaError(
            f"{index.bag.files.path}: fewer than {FRAMES_MIN} frames of {contract.period:g} s hold everything: {late} "
            f"begins last, at {first[late]:.3f} s, {early} ends first, at {last[early]:.3f} s: record longer"
        )
    return start + np.arange(steps + 1) / contract.fps


def _source(bag: BagReader) -> str:
    return f"{bag.files.path.stem}@{bag.start}"


def _episode_source(bag: BagReader, number: int) -> str:
    return f"{_source(bag)}#{number}"


def _topic(name: str, namespace: str) -> str:
    return f"/{namespace}/{name}" if namespace else f"/{name}"


def _episode(content: BagContent, span: Span, source: str) -> EncodedEpisode:
    contract = content.contract
    encoder = EpisodeEncoder(contract_features(contract), contract.fps, content.settings.codec)
    found = content.read(span, lambda camera, image: encoder.add_image(IMAGES + camera, image))
    episode = encoder.finish(found.columns, found.words, source)
    return dataclasses.replace(episode, relaxed_s=found.relaxed_s)


def _words(index: BagIndex, settings: ConversionSettings, span: Span, times: np.ndarray) -> str | list[str]:
    """Return the task in words, or that of every frame where the instruction changed on the way."""
    given = settings.task or span.instruction
    if given:
        return given
    began, words = index.instructions()
    spoken = [(time, text) for time, text in zip(began, words, strict=True) if text]
    if not spoken:
        raise VlaError(
            f'{index.bag.files.path}: no instruction was given in it: name the task with --task "pick up the mug"'
        )
    order = sorted(spoken, key=lambda pair: pair[0])
    at = latest(np.array([time for time, _ in order]), times)
    return [order[i][1] for i in at.tolist()]
