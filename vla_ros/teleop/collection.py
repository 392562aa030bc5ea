# SPDX-License-Identifier: Apache-2.0
"""What the bridge asks of a collection of episodes; vla_ros.teleop.episodes and scheduling are behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from controllers.errors import VlaError

NO_COLLECTION = "no collection is configured: start the job with collection:=NAME"


class CollectionError(VlaError):
    """What the collection cannot do now; the text is the answer to the command."""


class Collection(Protocol):
    """One collection folder and its schedule.

    Every command is called in the server's event loop, one at a time, and returns what the `answer` carries as
    `result` (plain JSON values or None); one that cannot be done raises VlaError with one line. What takes long is
    awaited, not done in the loop. Whose driver leaves the seat is cancelled where it waits, episode_stop excepted: so
    nothing may be awaited between the first and the last thing that a command does.
    """

    def snapshot(self) -> Mapping[str, Any]:
        """Return the content of the `collection` message: recording, episode, elapsed_s, prompt, counts, …"""
        ...

    @property
    def recording(self) -> str:
        """Return the name of the episode under way; "" when there is none."""
        ...

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, from any thread, whenever the snapshot has changed."""
        ...

    def on_note(self, callback: Callable[[str, str], None]) -> None:
        """Have `callback(level, text)` called, from any thread, for what the operator must read (a full disk)."""
        ...

    async def episode_start(self, operator: str) -> Any:
        """Begin to record the episode that the prompt asks for; `operator` is the driver's name."""
        ...

    async def episode_stop(self, success: bool, note: str) -> Any:
        """End the recording and keep it, as a success or a failure."""
        ...

    async def episode_abandon(self, reason: str) -> Any:
        """End the recording that nobody attends to: it is kept, judged by nobody, and does not count."""
        ...

    async def episode_redo(self) -> Any:
        """Throw away the episode under way, or the last one, and ask for the same again."""
        ...

    async def episode_delete(self, name: str) -> Any:
        """Move an episode to the trash."""
        ...

    async def undo(self) -> Any:
        """Take back what the snapshot's `undo` names."""
        ...

    async def schedule_skip(self) -> Any:
        """Ask for something else."""
        ...

    async def schedule_again(self) -> Any:
        """Ask for what was asked before."""
        ...

    def file(self, episode: str, name: str) -> Path | None:
        """Return a file of an episode to be served, thumbnail.jpg or video.mp4; None when there is none."""
        ...

    async def close(self) -> None:
        """End what is under way: an unfinished episode is kept as interrupted."""
        ...
