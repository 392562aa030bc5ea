# SPDX-License-Identifier: Apache-2.0
"""A collection as the operator's page shows it: the content of the `collection` message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vla_ros.teleop.episodes.folder import CollectionFolder
from vla_ros.teleop.episodes.history import DELETE, SKIP, EpisodeRecord, History
from vla_ros.teleop.episodes.previews import Previews
from vla_ros.teleop.episodes.summary import THUMBNAIL, VIDEO
from vla_ros.teleop.scheduling.prompt import Prompt
from vla_ros.teleop.scheduling.schedule import Schedule

EPISODES_SHOWN = 200  # the newest


def snapshot(
    history: History,
    schedule: Schedule | None,
    prompt: Prompt | None,
    previews: Previews,
    folder: CollectionFolder,
    recording: str,
    elapsed: float,
) -> dict[str, Any]:
    """Return the content; `recording` names the episode under way, `elapsed` how long it is [s]."""
    content: dict[str, Any] = {
        "recording": bool(recording),
        "episode": recording,
        "elapsed_s": round(elapsed, 2),
        "prompt": None if prompt is None else prompt.as_dict(),
        "episodes": [_episode(record, previews) for record in history.present[-EPISODES_SHOWN:]],
        "trash": len(folder.thrown_away()),
        "undo": "" if history.undoable is None else words_of(history.undoable),
        "redo": "" if history.repeatable is None else words_of(history.repeatable),
    }
    counts = {"counts": [], "done": sum(record.counts for record in history.present), "wanted": 0}
    return content | (counts if schedule is None else schedule.counts(history.counts))


def words_of(operation: Mapping[str, Any]) -> str:
    """Return an operation in words."""
    if operation["event"] == DELETE:
        return f"delete {operation['episode']}"
    cell = operation.get("cell") or {}
    what = ", ".join(str(name) for name in cell.values() if name)
    return f"skip {what}" if operation["event"] == SKIP else f"ask again for {what}"


def _episode(record: EpisodeRecord, previews: Previews) -> dict[str, Any]:
    summary = previews.summary(record.name)
    folder = previews.path(record.name)
    ended = record.ended if record.ended is not None else record.begun
    marks = [f"does not count: {record.trouble}"] if record.trouble else []
    marks += [record.note] if record.note else []

    def url(name: str) -> str:
        return f"/episodes/{record.name}/{name}" if summary is not None and (folder / name).is_file() else ""

    return {
        "name": record.name,
        "instruction": record.instruction,
        "success": record.success,
        "counts": record.counts,
        "duration_s": summary.duration_s
        if summary is not None and summary.duration_s
        else round(ended - record.begun, 2),
        "quality": None if summary is None else summary.quality,
        "marks": [*marks, *(summary.marks if summary is not None else ())],
        "thumbnail": url(THUMBNAIL),
        "video": url(VIDEO),
    }
