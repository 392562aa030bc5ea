# SPDX-License-Identifier: Apache-2.0
"""What is to become of a dataset, checked against it before anything is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from controllers.errors import ConfigError, unknown_name
from vla_ros.data.datasets.annotation_names import VALID
from vla_ros.data.datasets.contract_copy import reduced_contract
from vla_ros.data.datasets.features import DEFAULT_FEATURES, IMAGES, Feature, camera_feature
from vla_ros.data.datasets.metadata import DatasetMetadata
from vla_ros.data.datasets.schema import DatasetSchema, check_dataset, metadata_schema
from vla_ros.policies.contract import CameraStream, DataContract


@dataclass(frozen=True)
class DatasetEdits:
    """Everything that one edit does, at once."""

    delete: tuple[int, ...] = ()  # episodes
    rename: Mapping[str, str] = field(default_factory=dict)  # task → task
    drop: tuple[str, ...] = ()  # features
    resize: Mapping[str, CameraStream] = field(default_factory=dict)  # video feature → its new size
    clean: bool = False  # leave out frames whose action is no example
    contract: DataContract | None = None  # what the dataset is made by

    @property
    def changes_frames(self) -> bool:
        """Tell whether there is more to write than the contract."""
        return bool(self.delete or self.rename or self.drop or self.resize or self.clean)


def check_edits(edits: DatasetEdits, metadata: DatasetMetadata) -> None:
    """Raise ConfigError with the first edit that this dataset cannot have."""
    where, count = metadata.root, len(metadata.episodes)
    if edits.contract is not None:
        check_dataset(edits.contract, metadata)
    for number in edits.delete:
        if not 0 <= number < count:
            raise ConfigError(f"{where}: episode {number} is not one of 0 to {count - 1}")
    if count and len(set(edits.delete)) == count:
        raise ConfigError(f"{where}: all {count} episodes would be deleted: delete the folder instead")
    for old, new in edits.rename.items():
        if old not in metadata.tasks:
            raise ConfigError(f"{where}: {unknown_name('task', old, metadata.tasks)}")
        if not new.strip():
            raise ConfigError(f"{where}: task '{old}' needs words: give what it is to be called")
    for name in edits.drop:
        if name in DEFAULT_FEATURES:
            raise ConfigError(f"{where}: feature '{name}' is one that every dataset has: it cannot be dropped")
        if name not in metadata.features:
            raise ConfigError(f"{where}: {unknown_name('feature', name, metadata.features)}")
    if len(set(edits.drop)) == len(metadata.features):
        raise ConfigError(f"{where}: every feature would be dropped: delete the folder instead")
    for name, stream in edits.resize.items():
        _check_size(where, name, metadata.features[name], stream)
    if edits.clean and VALID not in metadata.features:
        raise ConfigError(
            f"{where}: has no '{VALID}', which says what actions are examples (`vla generate` writes it): leave out "
            "--clean"
        )


def sizes(words: list[str], fit: str | None, metadata: DatasetMetadata) -> dict[str, CameraStream]:
    """Read `224x224` (all cameras) or `front=224x224`. Raises ConfigError for anything else."""
    found: dict[str, CameraStream] = {}
    cameras = {key.removeprefix(IMAGES): key for key in metadata.video_keys}
    for word in words:
        name, equals, size = word.rpartition("=")
        width, cross, height = size.partition("x")
        if not (cross and width.isdecimal() and height.isdecimal()) or (equals and not name):
            raise ConfigError(f"--resize {word}: give WIDTHxHEIGHT or CAMERA=WIDTHxHEIGHT, such as front=224x224")
        if name and name not in cameras and name not in metadata.video_keys:
            raise ConfigError(f"{metadata.root}: {unknown_name('camera', name, cameras)}")
        for key in (cameras.get(name, name),) if name else metadata.video_keys:
            found[key] = CameraStream(int(width), int(height), fit or "exact")
    if words and not found:
        raise ConfigError(f"{metadata.root}: has no camera to resize")
    return found


def edited_schema(edits: DatasetEdits, metadata: DatasetMetadata) -> DatasetSchema:
    """Return what the dataset is made of afterwards."""
    before = metadata_schema(metadata)
    features = {name: feature for name, feature in before.features.items() if name not in edits.drop}
    for key, stream in edits.resize.items():
        if key in features:
            features[key] = camera_feature(stream.height, stream.width)
    contract = edits.contract or before.contract
    kept = None if contract is None else reduced_contract(contract, features)
    return dataclasses.replace(
        before, features=features, contract=None if kept is None else _resized(kept, edits.resize)
    )


def _resized(contract: DataContract, resize: Mapping[str, CameraStream]) -> DataContract:
    """Return the contract with its cameras' new sizes."""
    cameras = dict(contract.cameras)
    for name, stream in contract.cameras.items():
        size = resize.get(IMAGES + name)
        if size is not None:
            fit = "stretch" if size.fit == "exact" else size.fit
            cameras[name] = dataclasses.replace(stream, width=size.width, height=size.height, fit=fit)
    return dataclasses.replace(contract, cameras=cameras)


def _check_size(where: object, name: str, feature: Feature, stream: CameraStream) -> None:
    height, width = feature.shape[:2]
    if stream.fit == "exact" and round(width * stream.height / height) != stream.width:
        raise ConfigError(
            f"{where}: '{name}' is {width}x{height}, {stream.width}x{stream.height} has another shape: add --fit crop, "
            "which cuts, or --fit stretch, which bends the picture"
        )
