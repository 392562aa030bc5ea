# SPDX-License-Identifier: Apache-2.0
"""metadata.yaml of a bag: rosbag2's version 9 (Jazzy), or 5 for `--compat humble`; any version is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.offered_qos import OfferedQos, qos_entries, qos_text, read_qos
from vla_ros.documents import DocumentError, read_yaml, yaml_text

FILE = "metadata.yaml"
ROOT = "rosbag2_bagfile_information"
VERSIONS = {"jazzy": 9, "humble": 5}
NO_TIME = 2**63 - 1  # [ns] start of what holds no message


@dataclass(frozen=True)
class TopicMetadata:
    """A topic and how many messages of it there are."""

    name: str
    type: str
    count: int = 0
    qos: tuple[OfferedQos, ...] = ()
    type_hash: str = ""


@dataclass(frozen=True)
class FileMetadata:
    """One file of a bag; times in [ns]."""

    path: str
    start: int = NO_TIME
    duration: int = 0
    count: int = 0


@dataclass(frozen=True)
class BagMetadata:
    """What metadata.yaml says."""

    topics: tuple[TopicMetadata, ...]
    files: tuple[FileMetadata, ...]
    custom_data: Mapping[str, str] = field(default_factory=dict)
    distribution: str = "jazzy"
    version: int = 9
    storage: str = "mcap"
    compression: str = ""  # of whole files or messages, which ours do not use

    @property
    def start(self) -> int:
        """Return the receive time of the first message [ns], NO_TIME when there is none."""
        return min((item.start for item in self.files), default=NO_TIME)

    @property
    def duration(self) -> int:
        """Return the time from the first to the last message [ns]."""
        ends = [item.start + item.duration for item in self.files if item.count]
        return max(ends) - self.start if ends else 0

    @property
    def count(self) -> int:
        """Return the number of messages."""
        return sum(item.count for item in self.files)


def metadata_text(metadata: BagMetadata) -> str:
    """Return the content of metadata.yaml, in the layout of its distribution."""
    version = VERSIONS[metadata.distribution]
    modern = version >= 9
    topics = []
    for topic in metadata.topics:
        entry: dict[str, Any] = {"name": topic.name, "type": topic.type, "serialization_format": "cdr"}
        entry["offered_qos_profiles"] = qos_entries(topic.qos, True) if modern else qos_text(topic.qos, False)
        if modern:
            entry["type_description_hash"] = topic.type_hash
        topics.append({"topic_metadata": entry, "message_count": topic.count})
    content: dict[str, Any] = {
        "version": version,
        "storage_identifier": "mcap",
        "duration": {"nanoseconds": metadata.duration},
        "starting_time": {"nanoseconds_since_epoch": metadata.start},
        "message_count": metadata.count,
        "topics_with_message_count": topics,
        "compression_format": "",  # chunks are compressed inside the files, which is MCAP's affair alone
        "compression_mode": "",
        "relative_file_paths": [item.path for item in metadata.files],
        "files": [
            {
                "path": item.path,
                "starting_time": {"nanoseconds_since_epoch": item.start},
                "duration": {"nanoseconds": item.duration},
                "message_count": item.count,
            }
            for item in metadata.files
        ],
    }
    if modern:
        content |= {"custom_data": dict(metadata.custom_data) or None, "ros_distro": metadata.distribution}
    return yaml_text({ROOT: content})


def read_metadata(path: Path) -> BagMetadata:
    """Read a metadata.yaml. Raises BagError when it is not one of rosbag2's."""
    try:
        content = read_yaml(path)[ROOT]
        files = content.get("files") or [{"path": name} for name in content["relative_file_paths"]]
        return BagMetadata(
            topics=tuple(_topic(entry) for entry in content["topics_with_message_count"] or ()),
            files=tuple(_file(entry) for entry in files),
            custom_data={str(key): str(value) for key, value in (content.get("custom_data") or {}).items()},
            distribution=str(content.get("ros_distro") or ("jazzy" if content["version"] >= 9 else "humble")),
            version=int(content["version"]),
            storage=str(content["storage_identifier"]),
            compression=str(content.get("compression_mode") or "").lower().replace("none", ""),
        )
    except DocumentError as error:
        if isinstance(error.__cause__, OSError):
            raise BagError(str(error)) from None
        raise _unusable(path, str(error).removeprefix(f"{path}: ")) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _unusable(path, f"{type(error).__name__}: {str(error).splitlines()[0]}") from None


def _unusable(path: Path, why: str) -> BagError:
    remedy = "delete it and run `vla bag repair` on the folder"
    return BagError(f"{path}: not metadata of rosbag2 ({why}): {remedy}")


def _topic(entry: dict[str, Any]) -> TopicMetadata:
    topic = entry["topic_metadata"]
    return TopicMetadata(
        name=topic["name"],
        type=topic["type"],
        count=int(entry["message_count"]),
        qos=read_qos(topic.get("offered_qos_profiles")),
        type_hash=str(topic.get("type_description_hash") or ""),
    )


def _file(entry: dict[str, Any]) -> FileMetadata:
    return FileMetadata(
        path=Path(entry["path"]).name,
        start=int(entry.get("starting_time", {}).get("nanoseconds_since_epoch", NO_TIME)),
        duration=int(entry.get("duration", {}).get("nanoseconds", 0)),
        count=int(entry.get("message_count", 0)),
    )
