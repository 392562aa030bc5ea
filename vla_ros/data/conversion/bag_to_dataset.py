# SPDX-License-Identifier: Apache-2.0
"""One bag into the episodes of a dataset, as its contract says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.bags.marks import TOPIC as MARKS
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.conversion import sources
from vla_ros.data.conversion.bag_index import BagIndex, Span
from vla_ros.data.conversion.contract_values import ContractValues
from vla_ros.data.conversion.image_streams import ImageSampler
from vla_ros.data.conversion.numeric_streams import NumericSampler
from vla_ros.data.conversion.resampling import GRACE_S, latest
from vla_ros.data.datasets.episode import Episode, EpisodeEncoder
from vla_ros.data.datasets.features import IMAGES, contract_features
from vla_ros.policies.contract import TaskContract
from vla_ros.robots.embodiment import load_embodiment

FRAMES_MIN = 2


@dataclass(frozen=True)
class ConversionSettings:
    """How bags become episodes."""

    contract: TaskContract
    task: str = ""  # what every episode is called; default: the instruction that was given
    namespace: str = ""  # of the robot, where a bag holds several
    failures: bool = False  # take episodes that were marked as failed, too
    whole: bool = False  # a bag is one episode, whatever marks it holds
    codec: str = "h264"


@dataclass
class ConvertedBag:
    """What came out of a bag."""

    episodes: list[Episode] = field(default_factory=list)
    failures: int = 0  # episodes left out because they were marked as failed
    corrupt: list[str] = field(default_factory=list)  # why episodes could not be used, one line each


def bag_source(path: Path) -> str:
    """Name a bag so that it is known again, wherever it lies. Raises BagError for what is no bag."""
    with BagReader(path) as bag:
        return f"{bag.files.path.stem}@{bag.start}"


def convert_bag(path: Path, settings: ConversionSettings) -> ConvertedBag:
    """Return a bag's episodes, encoded. Raises VlaError for a bag that cannot be used at all."""
    contract = settings.contract
    robot = load_embodiment(contract.robot)
    prefix = f"/{settings.namespace.strip('/')}" if settings.namespace.strip("/") else ""
    result = ConvertedBag()
    with BagReader(path) as bag:
        topics = sources.resolve(contract, robot, bag, settings.namespace)
        index = BagIndex(bag, topics, f"{prefix}/{sources.INSTRUCTION}", f"{prefix}/{MARKS}")
        base = f"{bag.files.path.stem}@{bag.start}"
        spans = [Span(0)] if settings.whole else index.spans()
        for span in spans:
            if not span.success and not settings.failures:
                result.failures += 1
                continue
            try:
                result.episodes.append(_episode(index, topics, settings, span, f"{base}#{span.number}"))
            except VlaError as error:
                if len(spans) == 1:
                    raise
                result.corrupt.append(f"episode {span.number}: {error}")
    return result


def frame_times(contract: TaskContract, index: BagIndex, span: Span, needed: list[sources.Source]) -> np.ndarray:
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


def _episode(index: BagIndex, topics: dict[str, str], settings: ConversionSettings, span: Span, source: str) -> Episode:
    contract = settings.contract
    robot = load_embodiment(contract.robot)
    needed = sources.contract_sources(contract, robot)
    times = frame_times(contract, index, span, [item for item in needed if not item.constant])
    values = ContractValues(contract, robot)
    words = _words(index, settings, span, times[:-1])
    encoder = EpisodeEncoder(contract_features(contract), contract.fps, settings.codec)
    numeric = NumericSampler(index, values.numeric_sources(), times)
    images = {
        sources.camera_topic(contract, camera): ImageSampler(
            index,
            sources.camera_topic(contract, camera),
            topics[sources.camera_topic(contract, camera)],
            camera,
            stream,
            times[:-1],
            contract.skew_max_s,
            lambda image, camera=camera: encoder.add_image(IMAGES + camera, image),  # type: ignore[misc]
        )
        for camera, stream in contract.cameras.items()
    }
    wanted = numeric.needed | {name: sampler.needed for name, sampler in images.items()}
    for name, number, message in index.messages(wanted):
        if name in images:
            images[name].take(number, message)
        else:
            numeric.take(name, number, message)
    return encoder.finish(values.columns(numeric.values()), words, source)


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
