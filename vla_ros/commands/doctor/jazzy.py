# SPDX-License-Identifier: Apache-2.0
"""Whether the installed ROS wheels are all Jazzy's: some depend on others without a version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import metadata

# Release series of Jazzy, from its package index (ros/rosdistro, jazzy/distribution.yaml). Patch releases may differ.
_SERIES = {
    "rclpy": "7.1",
    "rcl": "9.2",
    "rcl-action": "9.2",
    "rcl-lifecycle": "9.2",
    "rcl-yaml-param-parser": "9.2",
    "rcl-interfaces": "2.0",
    "rcl-logging-interface": "3.1",
    "rcl-logging-spdlog": "3.1",
    "rcpputils": "2.11",
    "rcutils": "6.7",
    "rmw": "7.3",
    "rmw-implementation": "2.15",
    "rmw-implementation-cmake": "7.3",
    "rmw-dds-common": "3.1",
    "rmw-fastrtps-cpp": "8.4",
    "rmw-fastrtps-shared-cpp": "8.4",
    "fastrtps": "2.14",
    "fastcdr": "2.2",
    "fastrtps-cmake-module": "3.6",
    "foonathan-memory-vendor": "1.3",
    "libyaml-vendor": "1.6",
    "spdlog-vendor": "1.6",
    "tracetools": "8.2",
    "rpyutils": "0.4",
    "ament-index-cpp": "1.8",
    "ament-index-python": "1.8",
    "unique-identifier-msgs": "2.5",
    "rosidl-generator-py": "0.22",
    "rosidl-dynamic-typesupport": "0.1",
    "rosidl-dynamic-typesupport-fastrtps": "0.1",
    "rosidl-core-runtime": "0.2",
    "rosidl-default-runtime": "1.6",
    "rosidl-typesupport-c": "3.2",
    "rosidl-typesupport-cpp": "3.2",
    "rosidl-typesupport-fastrtps-c": "3.6",
    "rosidl-typesupport-fastrtps-cpp": "3.6",
}
_GROUPS = {
    r"ament-cmake-.*": "0.17",
    r"rosidl-.*": "4.6",
    r"(action|builtin|lifecycle|rosgraph|service|type-description)-.*": "2.0",
    r"(diagnostic|geometry|nav|sensor|std|trajectory|visualization|shape|stereo)-(msgs|srvs)": "5.3",
}
_NOT_ROS = ("wheels-bootstrapper",)  # the wheels' own loader


def strangers(versions: Mapping[str, str]) -> list[str]:
    """Return, as `name version (Jazzy has x.y)`, the ROS wheels of `versions` that are not Jazzy's."""
    found = []
    for distribution, version in sorted(versions.items()):
        name = re.sub(r"^ros-(jazzy-)?", "", distribution)
        if name in _NOT_ROS or not distribution.startswith("ros-"):
            continue
        series = _SERIES.get(name) or next((s for p, s in _GROUPS.items() if re.fullmatch(p, name)), None)
        if series is None:
            found.append(f"{distribution} {version} (not known as one of Jazzy's)")
        elif not version.startswith(series + "."):
            found.append(f"{distribution} {version} (Jazzy has {series})")
    return found


def installed_ros_wheels(distributions: Iterable[metadata.Distribution] | None = None) -> dict[str, str]:
    """Return name and version of every installed wheel of ROS."""
    found = {}
    for distribution in metadata.distributions() if distributions is None else distributions:
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"] or "").lower()
        if name.startswith("ros-"):
            found[name] = distribution.version
    return found
