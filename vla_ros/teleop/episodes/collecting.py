# SPDX-License-Identifier: Apache-2.0
"""A collection at work: episodes begin and end, are thrown away and brought back; the schedule says what is next."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError, VlaError
from vla_ros.data.bags import marks
from vla_ros.data.bags.episode_bags import episode_name, episode_number
from vla_ros.printable import printable
from vla_ros.teleop.collection import CollectionError
from vla_ros.teleop.episodes.asking import Asking
from vla_ros.teleop.episodes.bag_watch import ENDED, GONE, BagWatch
from vla_ros.teleop.episodes.folder import CollectionFolder
from vla_ros.teleop.episodes.history import AGAIN, DELETE, SKIP, EpisodeRecord, History, PromptedScene
from vla_ros.teleop.episodes.journal import Journal
from vla_ros.teleop.episodes.previews import Previews
from vla_ros.teleop.episodes.reconciling import reconcile
from vla_ros.teleop.episodes.snapshot import snapshot, words_of
from vla_ros.teleop.episodes.station import Station
from vla_ros.teleop.episodes.summary import THUMBNAIL, VIDEO
from vla_ros.teleop.scheduling.prompt import Prompt, SceneInstruction
from vla_ros.teleop.scheduling.schedule import Schedule
from vla_ros.teleop.scheduling.task import load_task

WHOLE_WITHIN_S = 30.0  # [s] after an episode's end its bag must be whole
POLL_EVERY_S = 0.2
ENDING, BUILDING = "the recording is being ended", "the simulator builds the scene"  # what is waited for
NOTHING_LEFT = "all {wanted} episodes of the task are there: delete some, ask again for the last, or take another task"


class EpisodeCollection:
    """Implement `vla_ros.teleop.collection.Collection`. Commands come one at a time, in the server's event loop."""

    def __init__(self, root: Path, station: Station, task: Path | None = None) -> None:
        """Open or make the collection in `root`; without a `task` it has the one it had. Raises ConfigError."""
        self._station, self._folder = station, CollectionFolder(root)
        source = task or (self._folder.task if self._folder.task.is_file() else None)
        self._schedule = None if source is None else Schedule(load_task(source))
        self._journal = Journal(self._folder.journal)
        self._history = _read_history(self._journal, self._folder.journal)
        self._asking = Asking(self._schedule, self._history, self._append)
        if source is not None:
            self._folder.keep_task(source)
        self._changed: list[Callable[[], None]] = []
        self._noted: list[Callable[[str, str], None]] = []
        self._previews = Previews(self._folder, lambda name: self._tell())
        self._recording = ""  # name of the episode under way
        self._began = 0.0  # [s] monotonic
        self._shown: PromptedScene | None = None  # what the simulator shows; None: it must be told
        self._words = SceneInstruction()  # of the scene that it shows
        self.busy = ""  # what has to be waited for
        self._work: asyncio.Task[None] | None = None  # ends a recording, shows a scene
        self._watch: asyncio.Task[None] | None = None  # looks after the recording under way

    def start(self) -> None:
        """Put right what a crash left, and ask for the first episode; to be called once, in the server's loop."""
        self._begin_work(self._open())

    def abandon(self) -> None:
        """Let go of the folder: there will be no server."""
        self._previews.close()
        self._journal.close()

    async def _open(self) -> None:
        for level, text in await asyncio.to_thread(self._put_right):
            self._note(level, text)
        for record in self._history.present:
            self._previews.want(record.name)
        self._asking.plan()
        await self._show_scene()

    # -- what is told ------------------------------------------------------------------------------------------------
    def snapshot(self) -> Mapping[str, Any]:
        """Return the content of the `collection` message."""
        elapsed = time.monotonic() - self._began if self._recording else 0.0
        content = snapshot(
            self._history, self._schedule, self._prompt, self._previews, self._folder, self._recording, elapsed
        )
        return content | {"busy": self.busy}

    @property
    def recording(self) -> str:
        """Return the name of the episode under way; "" when there is none."""
        return self._recording

    def on_change(self, callback: Callable[[], None]) -> None:
        """Have `callback` called, from any thread, whenever the snapshot has changed."""
        self._changed.append(callback)

    def on_note(self, callback: Callable[[str, str], None]) -> None:
        """Have `callback(level, text)` called, from any thread, for what the operator must read."""
        self._noted.append(callback)

    def file(self, episode: str, name: str) -> Path | None:
        """Return a file of an episode to be served."""
        if name not in (THUMBNAIL, VIDEO) or episode not in self._history.episodes:
            return None
        path = self._previews.path(episode) / name
        return path if path.is_file() else None

    @property
    def _prompt(self) -> Prompt | None:
        """Return what is asked now, in the words of the scene that is shown where the schedule has none."""
        prompt = self._asking.prompt
        return (
            prompt.with_scene_instruction(self._words)
            if prompt is not None and self._shown == self._history.prompt
            else prompt
        )

    # -- episodes ----------------------------------------------------------------------------------------------------
    async def episode_start(self, operator: str) -> dict[str, str]:
        """Begin to record the episode that the prompt asks for; `operator` is the driver's name."""
        self._refuse_while_recording()
        await self._settled()
        if problem := self._station.recorder_problem():
            raise CollectionError(problem)
        asked, prompt = self._history.prompt, self._prompt
        if self._schedule is not None and prompt is None:
            raise CollectionError(NOTHING_LEFT.format(wanted=self._schedule.counts({})["wanted"]))
        if prompt is not None and not prompt.instruction:
            raise CollectionError("the simulator has not said what is to be done in its scene: ask for something else")
        instruction = prompt.instruction if prompt is not None else self._station.instruction()
        name = self._next_name()
        self._append("begin", episode=name, instruction=instruction, operator=operator, **_asked(asked))
        self._recording, self._began = name, time.monotonic()
        if prompt is not None:
            self._station.instruct(instruction)
        self._station.mark(marks.BEGIN, self._mark_values(name, instruction, asked, prompt) | {"operator": operator})
        self._watch = asyncio.create_task(self._look_after(name))
        self._tell()
        return {"episode": name, "instruction": instruction}

    async def episode_stop(self, success: bool, note: str) -> dict[str, str]:
        """End the recording and keep it, as a success or a failure."""
        name = self._end(success, note, "success" if success else "failure")
        self._begin_work(self._finish(name))
        return {"episode": name}

    async def episode_abandon(self, reason: str) -> None:
        """End the recording that nobody attends to: it is kept, judged by nobody, and does not count."""
        name = self._end(None, f"abandoned: {reason}", "abandoned")
        self._note("warning", f"{name} has ended by itself: {reason}. It is kept, and does not count")
        self._begin_work(self._finish(name))

    async def episode_redo(self) -> dict[str, str]:
        """Throw away the episode under way, or the last one, and ask for the same again."""
        if self._recording:
            name = self._end(False, "", "redone")
            self._begin_work(self._finish(name, again=True))
            return {"episode": name}
        await self._settled()
        record = self._history.last
        if record is None:
            raise CollectionError("there is no episode to do again")
        self._throw_away(record.name)
        self._asking.ask_for(record.asked)
        self._asking.plan()  # one that was brought back before may stand in its place: then something else is due
        self._shown, self.busy = None, BUILDING  # the same scene, but as it was before
        self._begin_work(self._show_scene())
        return {"episode": record.name}

    async def episode_delete(self, name: str) -> None:
        """Move an episode to the trash."""
        if name == self._recording:
            raise CollectionError(f"{name} is being recorded: stop it first")
        await self._settled()
        if name not in {record.name for record in self._history.present}:
            raise CollectionError(f"there is no episode '{name}' to delete")
        self._throw_away(name)
        self._replan()

    async def undo(self) -> str:
        """Take back what the snapshot's `undo` names; return it in words."""
        return await self._step("undo", "nothing was done that could be undone")

    async def redo(self) -> str:
        """Do again what was undone last; return it in words."""
        return await self._step("repeat", "nothing was undone that could be done again")

    # -- the schedule ------------------------------------------------------------------------------------------------
    async def schedule_skip(self) -> None:
        """Ask for something else; what is skipped comes a round later."""
        self._refuse_while_recording()
        await self._settled()
        asked = self._history.prompt
        if self._schedule is None or asked is None:
            raise CollectionError("no task is planned: there is nothing to skip")
        self._append(SKIP, **asked.as_dict())
        self._replan()

    async def schedule_again(self) -> None:
        """Ask for what was asked before."""
        self._refuse_while_recording()
        await self._settled()
        before = self._history.before
        if self._schedule is None or before is None or not self._schedule.knows(before.cell):
            raise CollectionError("nothing was asked before this")
        now = self._history.prompt
        self._append(AGAIN, **before.as_dict(), before={} if now is None else now.as_dict())
        self._replan()

    async def close(self) -> None:
        """End what is under way: an unfinished episode is kept as interrupted. Its bag is looked at another time."""
        if self._recording:
            with contextlib.suppress(CollectionError):  # no room for a line: the next run finds out by itself
                self._end(None, "interrupted", "interrupted")
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])
        await asyncio.to_thread(self._previews.close)
        self._journal.close()

    # -- how a recording goes ----------------------------------------------------------------------------------------
    def _end(self, success: bool | None, note: str, outcome: str) -> str:
        name = self._recording
        if not name:
            raise CollectionError("no episode is being recorded")
        record = self._history.episodes[name]
        self._append("end", episode=name, success=success, note=note)
        self._recording, self.busy = "", ENDING
        if self._watch is not None:
            self._watch.cancel()
        self._mark_end(record, success, outcome, note)
        self._tell()
        return name

    def _mark_end(self, record: EpisodeRecord, success: bool | None, outcome: str, note: str) -> None:
        values = self._mark_values(record.name, record.instruction, record.asked, self._asking.prompt_for(record.asked))
        result = {marks.OUTCOME: outcome, marks.FAILURE: "" if success else note}
        if success is not None:
            result[marks.SUCCESS] = str(success).lower()
        self._station.mark(marks.END, values | result)

    async def _look_after(self, name: str) -> None:
        """End the episode when it is not recorded any more."""
        watch = BagWatch(self._folder, name)
        while True:
            await asyncio.sleep(POLL_EVERY_S)
            problem = self._station.recorder_problem()
            state = watch.poll()
            if problem or state in (ENDED, GONE):
                self._watch = None  # it must not cancel itself
                reason = problem or watch.reason(state)
                self._note("error", f"{name} is not recorded any more: {reason}")
                self._station.hold(f"nothing is recorded: {reason}")
                try:
                    self._end(None, reason, "cut short")
                except CollectionError as error:
                    self._note("error", str(error))  # not even a line of the journal: stop it when there is room
                else:
                    self._begin_work(self._finish(name, trouble=reason))
                return

    async def _finish(self, name: str, trouble: str = "", again: bool = False) -> None:
        """Wait for the bag; keep it, or throw it away where it is to be done `again`; then go on."""
        asked = self._history.episodes[name].asked
        ended = await self._await_bag(name)
        if reason := trouble or ended:
            self._append("trouble", episode=name, reason=reason, lost=not self._folder.has(name))
        if again and self._folder.has(name):
            self._throw_away(name)
        elif self._folder.has(name):
            self._previews.want(name)
        record = self._history.episodes[name]
        if again or not record.counts:
            self._asking.ask_for(asked, anew=not again)
        self._asking.plan(afresh=record.counts)
        self._shown = None  # objects do not lie any more as they did
        await self._show_scene()

    async def _await_bag(self, name: str) -> str:
        """Wait until the recorder has ended the bag; return why it does not count, "" when it does."""
        self._wait_for(ENDING)
        watch = BagWatch(self._folder, name)
        end = time.monotonic() + WHOLE_WITHIN_S
        while not self._folder.has(name) and watch.poll() != GONE and time.monotonic() < end:
            await asyncio.sleep(POLL_EVERY_S)
        if not self._folder.has(name):
            for mended, what in await asyncio.to_thread(self._folder.mend):
                self._note("warning", f"{mended}: {what}")
        if not self._folder.has(name):
            self._note("error", f"{name} was not recorded: is the recorder running?")
            return "it was not recorded"
        ended = await asyncio.to_thread(watch.ended_early)
        if ended:
            self._note("error", f"{name} does not count: the recording was ended early, {ended}")
        return ended

    # -- what is asked -----------------------------------------------------------------------------------------------
    def _replan(self) -> None:
        self._asking.plan()
        if self._history.prompt != self._shown:
            self.busy = BUILDING
        self._begin_work(self._show_scene())

    async def _show_scene(self) -> None:
        """Have the simulator show what is asked, and say the instruction."""
        asked, prompt = self._history.prompt, self._asking.prompt
        if prompt is None or asked == self._shown:
            self._wait_for("")
            return
        if prompt.instruction:
            self._station.instruct(prompt.instruction)
        if prompt.scene is not None:
            self._wait_for(BUILDING)
            try:
                self._words = await self._station.show(prompt.scene)
            except VlaError as error:
                self._note("error", f"the scene is not there: {error}")
                self._wait_for("")
                return
        self._shown = asked
        if not prompt.instruction:
            self._station.instruct(self._words.instruction)
        self._wait_for("")

    # -- the trash ---------------------------------------------------------------------------------------------------
    def _throw_away(self, name: str) -> None:
        self._append(DELETE, episode=name)
        try:
            self._folder.throw_away(name)
        except CollectionError:
            self._append("undo")
            raise

    async def _step(self, event: str, nothing: str) -> str:
        """Undo the last operation, or do the one again that was undone last."""
        self._refuse_while_recording()
        await self._settled()  # a redo throws its episode away only now, and is the last operation then
        forwards = event == "repeat"
        operation = self._history.repeatable if forwards else self._history.undoable
        if operation is None:
            raise CollectionError(nothing)
        name = operation.get("episode", "")
        if operation["event"] == DELETE:
            (self._folder.throw_away if forwards else self._folder.bring_back)(name)
        try:
            self._append(event)
        except CollectionError:
            if operation["event"] == DELETE:
                (self._folder.bring_back if forwards else self._folder.throw_away)(name)
            raise
        if operation["event"] == DELETE and not forwards:
            self._previews.want(name)
        self._replan()
        return words_of(operation)

    # -- the rest ----------------------------------------------------------------------------------------------------
    def _put_right(self) -> list[tuple[str, str]]:
        said = [("warning", f"{self._journal.torn} bytes of the journal were torn")] if self._journal.torn else []
        return said + reconcile(self._folder, self._history, self._append)

    def _mark_values(
        self, name: str, instruction: str, asked: PromptedScene | None, prompt: Prompt | None
    ) -> dict[str, str]:
        values = {marks.EPISODE: name, marks.BAG: name, marks.INSTRUCTION: instruction}
        if asked is not None:
            values |= asked.cell.as_dict() | {"seed": str(asked.seed)}
        return values | ({"target": prompt.target} if prompt is not None else {})

    def _next_name(self) -> str:
        known = [episode_number(name) or 0 for name in self._history.episodes]
        return episode_name(max([self._folder.next_number(), *(number + 1 for number in known)]))

    def _append(self, event: str, **values: Any) -> None:
        self._history.take(self._journal.append(event, **values))

    def _refuse_while_recording(self) -> None:
        if self._recording:
            raise CollectionError(f"{self._recording} is being recorded: stop it first")

    def _begin_work(self, work: Coroutine[Any, Any, Any]) -> None:
        before = self._work

        async def run() -> None:
            try:
                if before is not None:
                    await asyncio.wait([before])
                await work
            except VlaError as error:
                self._note("error", str(error))
            finally:
                work.close()
                self._wait_for("")

        self._work = asyncio.create_task(run())
        self._tell()

    async def _settled(self) -> None:
        """Wait for what the last command left to be done."""
        while self._work is not None and not self._work.done():
            await asyncio.wait([self._work])

    def _wait_for(self, what: str) -> None:
        self.busy = what
        self._tell()

    def _tell(self) -> None:
        for callback in self._changed:
            callback()

    def _note(self, level: str, text: str) -> None:
        for callback in self._noted:
            callback(level, text)


def _read_history(journal: Journal, path: Path) -> History:
    """Return what a journal comes to. Raises ConfigError, the journal closed, for an event that lacks what it needs."""
    history = History()
    for number, event in enumerate(journal.events, 1):
        try:
            history.take(event)
        except (LookupError, TypeError, ValueError) as error:
            journal.close()
            raise ConfigError(
                f"{path}, line {number}: '{printable(event['event'][:40])}' is not a whole event "
                f"({type(error).__name__}: {error}): put the line right or remove it"
            ) from None
    return history


def _asked(asked: PromptedScene | None) -> dict[str, Any]:
    return {} if asked is None else asked.as_dict()
