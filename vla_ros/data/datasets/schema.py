# SPDX-License-Identifier: Apache-2.0
"""What every episode of a dataset has in common, and whether two agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from controllers.errors import ConfigError, unknown_name
from vla_ros.data.datasets.features import ANCHOR, Feature, check_names, contract_features
from vla_ros.data.datasets.metadata import DatasetMetadata
from vla_ros.data.datasets.video import CODECS
from vla_ros.policies.contract import DataContract
from vla_ros.policies.contract_checks import check_same, first_difference


@dataclass(frozen=True)
class DatasetSchema:
    """Rate, robot, columns and codec. Raises ConfigError for what the format cannot have."""

    fps: int  # [Hz]
    robot: str
    features: Mapping[str, Feature]  # without those every dataset has
    contract: DataContract | None = None
    codec: str = "h264"

    def __post_init__(self) -> None:
        check_names(self.features)
        if self.fps < 1:
            raise ConfigError(f"fps must be >= 1 Hz, got {self.fps}")
        if self.codec not in CODECS:
            raise ConfigError(unknown_name("codec", self.codec, CODECS))


def contract_schema(contract: DataContract, extra: Mapping[str, Feature] | None = None) -> DatasetSchema:
    """Return what a contract makes of a dataset, with more features of one's own."""
    return DatasetSchema(contract.fps, contract.robot, contract_features(contract) | dict(extra or {}), contract)


def metadata_schema(metadata: DatasetMetadata) -> DatasetSchema:
    """Return what a dataset is made of."""
    codec = "h264"
    for key in metadata.video_keys:
        codec = (metadata.info["features"][key].get("info") or {}).get("video.codec", codec)
    return DatasetSchema(
        metadata.fps, metadata.robot, metadata.features, metadata.contract, codec if codec in CODECS else "h264"
    )


def check_schema(expected: DatasetSchema, metadata: DatasetMetadata) -> None:
    """Raise ConfigError with the first difference between a dataset and what is to go into it."""
    found, where = metadata_schema(metadata), str(metadata.root)
    for what, wanted, given in (
        ("robot", expected.robot, found.robot),
        ("fps", expected.fps, found.fps),
        ("codec", expected.codec, found.codec),
    ):
        if wanted != given:
            raise ConfigError(f"{where}: {what} is {given!r}, not {wanted!r}: a dataset has one; choose another folder")
    difference = first_difference(_described(expected), _described(found))
    if difference is not None:
        key, wanted, given = difference
        given = "missing" if given is None else repr(given)
        raise ConfigError(
            f"{where}: {key} is {given}, not {wanted!r}: choose another folder, or convert everything by one contract"
        )
    if expected.contract is not None and found.contract is not None:
        check_same(_of_data(expected.contract), _of_data(found.contract), where)


def check_dataset(contract: DataContract, metadata: DatasetMetadata) -> None:
    """Raise ConfigError with the first difference between a data contract and a dataset."""
    features = contract_features(contract)
    if ANCHOR not in metadata.features:  # what needs it asks for it: viewing, merging and most policies do not
        features.pop(ANCHOR, None)
    extra = {name: feature for name, feature in metadata.features.items() if name not in features}
    schema = DatasetSchema(contract.fps, contract.robot, features | extra, contract, metadata_schema(metadata).codec)
    check_schema(schema, metadata)


def _described(schema: DatasetSchema) -> dict[str, dict[str, object]]:
    described: dict[str, dict[str, object]] = {}
    for name, feature in schema.features.items():
        described[name] = {"dtype": feature.dtype, "shape": feature.shape}
        if not feature.is_video and feature.names is not None:
            described[name]["names"] = feature.names
    return described


def _of_data(contract: DataContract) -> DataContract:
    """Return the contract with what the data does not depend on made equal."""
    return replace(contract, action=replace(contract.action, horizon=1), features={})
