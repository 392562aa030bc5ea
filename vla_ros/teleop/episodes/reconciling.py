# SPDX-License-Identifier: Apache-2.0
"""After a crash: the journal says what was intended, the folders say what is there; both are made to agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controllers.errors import VlaError
from vla_ros.data.bags.episodes import BagEpisode
from vla_ros.teleop.collection import CollectionError
from vla_ros.teleop.episodes.bag_watch import BagWatch
from vla_ros.teleop.episodes.folder import CollectionFolder
from vla_ros.teleop.episodes.history import EpisodeRecord, History
from vla_ros.teleop.episodes.summary import bag_episode
from vla_ros.teleop.scheduling.task import FACTORS

Append = Callable[..., None]
LogLines = list[tuple[str, str]]  # level and text


def reconcile(folder: CollectionFolder, history: History, append: Append) -> LogLines:
    """Repair torn bags, carry out what was begun, take in what nobody knew of; return what the operator must know."""
    said: LogLines = [("warning", f"{name}: {what}") for name, what in folder.mend()]
    for record in list(history.episodes.values()):
        said += _settle(record, folder, append)
    if history.last is not None:
        said += _look_at_last(history.last, folder, append)
    known = set(history.episodes)
    for name in folder.whole():
        if name not in known:
            said += _take_in(name, folder, append)
    return said


def _settle(record: EpisodeRecord, folder: CollectionFolder, append: Append) -> LogLines:
    name, said = record.name, LogLines()
    if record.ended is None:
        said.append(("warning", f"{name} was interrupted: it does not count"))
        append("end", episode=name, success=None, note="interrupted")
    there, thrown = folder.has(name), folder.in_trash(name)
    try:
        if record.deleted and there and not thrown:
            folder.throw_away(name)
        elif not record.deleted and thrown and not there:
            folder.bring_back(name)
        elif not record.deleted and not there and not record.lost:
            append("trouble", episode=name, reason="its bag is gone", lost=True)
            said.append(("warning", f"{name}: its bag is gone: it does not count any more"))
        elif record.lost and there:
            append("found", episode=name)
    except CollectionError as error:
        said.append(("error", str(error)))
    return said


def _look_at_last(record: EpisodeRecord, folder: CollectionFolder, append: Append) -> LogLines:
    """The newest bag was perhaps not looked at any more when everything ended."""
    reason = BagWatch(folder, record.name).ended_early() if not record.trouble and folder.has(record.name) else ""
    if not reason:
        return []
    append("trouble", episode=record.name, reason=reason)
    return [("warning", f"{record.name} does not count: {reason}")]


def _take_in(name: str, folder: CollectionFolder, append: Append) -> LogLines:
    try:
        episode, _ = bag_episode(folder.episodes / name)
    except VlaError as error:
        return [("warning", f"{name} is left out: {error}")]
    append("found", episode=name, instruction=episode.instruction, success=episode.success, **_asked(episode))
    return []


def _asked(episode: BagEpisode) -> dict[str, Any]:
    """Return the cell that the marks of a bag name."""
    cell = {factor: episode.values[factor] for factor in FACTORS if factor in episode.values}
    seed = episode.values.get("seed", "0")
    if set(cell) != set(FACTORS) or not seed.isdigit():
        return {}
    return {"cell": cell, "seed": int(seed)}
