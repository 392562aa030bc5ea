# SPDX-License-Identifier: Apache-2.0
"""Quality of service as a bag keeps it: how the publishers offered a topic, so that it can be played the same way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vla_ros.documents import DocumentError, parse_yaml, yaml_text

INFINITE = 2**63 - 1  # [ns], as rmw has it
# rmw's enumerations; the number of a word is what rosbag2 wrote up to version 8 of its metadata.
_WORDS = {
    "history": ("system_default", "keep_last", "keep_all", "unknown"),
    "reliability": ("system_default", "reliable", "best_effort", "unknown", "best_available"),
    "durability": ("system_default", "transient_local", "volatile", "unknown", "best_available"),
    "liveliness": ("system_default", "automatic", "", "manual_by_topic", "unknown", "best_available"),
}


@dataclass(frozen=True)
class OfferedQos:
    """One publisher's profile; periods in [ns]."""

    history: str = "unknown"  # publishers do not tell
    depth: int = 0
    reliability: str = "reliable"
    durability: str = "volatile"
    deadline: int = INFINITE
    lifespan: int = INFINITE
    liveliness: str = "automatic"
    lease: int = INFINITE

    @property
    def latched(self) -> bool:
        """Say whether latecomers get the last messages."""
        return self.durability == "transient_local"


def qos_entries(profiles: Iterable[OfferedQos], words: bool) -> list[dict[str, Any]]:
    """Return profiles as rosbag2 lists them: policies as words (version 9) or as numbers."""
    return [
        {
            "history": _policy("history", profile.history, words),
            "depth": profile.depth,
            "reliability": _policy("reliability", profile.reliability, words),
            "durability": _policy("durability", profile.durability, words),
            "deadline": _period(profile.deadline),
            "lifespan": _period(profile.lifespan),
            "liveliness": _policy("liveliness", profile.liveliness, words),
            "liveliness_lease_duration": _period(profile.lease),
            "avoid_ros_namespace_conventions": False,
        }
        for profile in profiles
    ]


def qos_text(profiles: Iterable[OfferedQos], words: bool) -> str:
    """Return profiles as the YAML text that channels, and metadata before version 9, carry."""
    return yaml_text(qos_entries(profiles, words)).strip()


def read_qos(entries: Any) -> tuple[OfferedQos, ...]:
    """Return the profiles in a list or in its YAML text, of any version; what is not understood is left out."""
    if isinstance(entries, str):
        try:
            entries = parse_yaml(entries, "offered QoS")
        except DocumentError:
            return ()
    if not isinstance(entries, list):
        return ()
    return tuple(_read(entry) for entry in entries if isinstance(entry, dict))


def _read(entry: dict[str, Any]) -> OfferedQos:
    depth = entry.get("depth", 0)
    return OfferedQos(
        history=_word("history", entry),
        depth=depth if isinstance(depth, int) else 0,
        reliability=_word("reliability", entry),
        durability=_word("durability", entry),
        deadline=_nanoseconds(entry.get("deadline")),
        lifespan=_nanoseconds(entry.get("lifespan")),
        liveliness=_word("liveliness", entry),
        lease=_nanoseconds(entry.get("liveliness_lease_duration")),
    )


def _policy(kind: str, word: str, words: bool) -> str | int:
    return word if words else _WORDS[kind].index(word)


def _word(kind: str, entry: dict[str, Any]) -> str:
    value = entry.get(kind)
    if isinstance(value, int) and 0 <= value < len(_WORDS[kind]):
        return _WORDS[kind][value]
    return value if isinstance(value, str) and value in _WORDS[kind] else "unknown"


def _period(nanoseconds: int) -> dict[str, int]:
    return {"sec": nanoseconds // 10**9, "nsec": nanoseconds % 10**9}


def _nanoseconds(period: Any) -> int:
    if not isinstance(period, dict):
        return INFINITE
    return min(int(period.get("sec", 0)) * 10**9 + int(period.get("nsec", 0)), INFINITE)
