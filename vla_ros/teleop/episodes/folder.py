# SPDX-License-Identifier: Apache-2.0
"""Where a collection lies: bags in episodes/, thrown away ones in trash/, pictures in previews/, and its task."""

from __future__ import annotations

import shutil
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.bags.episode_bags import EPISODES, TRASH, episode_number, next_number
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.location import PARTIAL
from vla_ros.data.bags.repair import repair
from vla_ros.data.bags.reserve import is_being_written
from vla_ros.teleop.collection import CollectionError

JOURNAL, TASK, PREVIEWS = "journal.jsonl", "collection.yaml", "previews"


class CollectionFolder:
    """The folders of one collection."""

    def __init__(self, root: Path) -> None:
        """Make them where they are missing. Raises ConfigError when that cannot be."""
        self.root = root
        self.episodes, self.trash, self.previews = root / EPISODES, root / TRASH, root / PREVIEWS
        try:
            for folder in (self.episodes, self.trash, self.previews):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{root}: cannot be made ({error.strerror}): name another collection") from None

    @property
    def journal(self) -> Path:
        """Return the file of the journal."""
        return self.root / JOURNAL

    @property
    def task(self) -> Path:
        """Return the file of the task as it was given last."""
        return self.root / TASK

    def keep_task(self, source: Path) -> None:
        """Copy the task's file here, so that the collection says for itself what was planned. Raises ConfigError."""
        if source.resolve() == self.task.resolve():
            return
        temporary = self.task.with_name(f".{self.task.name}")
        try:
            shutil.copyfile(source, temporary)
            temporary.replace(self.task)
        except OSError as error:
            raise ConfigError(f"{self.task}: cannot be written ({error.strerror})") from None

    # -- bags ----------------------------------------------------------------------------------------------------------
    def next_number(self) -> int:
        """Return the first number that no episode has had here."""
        return next_number(self.episodes)

    def has(self, name: str) -> bool:
        """Say whether an episode's bag is there and whole."""
        return (self.episodes / name).is_dir()

    def in_trash(self, name: str) -> bool:
        """Say whether an episode's bag lies in the trash."""
        return (self.trash / name).is_dir()

    def is_begun(self, name: str) -> bool:
        """Say whether a recorder has begun the bag, finished or not."""
        return self.has(name) or (self.episodes / f"{name}{PARTIAL}").is_dir()

    def whole(self) -> list[str]:
        """List the episodes whose bags are whole."""
        return self._names(self.episodes)

    def thrown_away(self) -> list[str]:
        """List those in the trash."""
        return self._names(self.trash)

    def mend(self) -> list[tuple[str, str]]:
        """Repair what a killed recorder left; return names and what became of them. Living recorders are left alone."""
        done = []
        for partial in sorted(self.episodes.glob(f"episode_*{PARTIAL}")):
            name = partial.name.removesuffix(PARTIAL)
            if is_being_written(partial):
                continue
            try:
                found = repair(partial)
            except BagError as error:
                done.append((name, str(error)))
            else:
                done.append((found.bag.name, f"repaired: {found.messages} messages, {found.duration_s:.1f} s"))
        return done

    def throw_away(self, name: str) -> None:
        """Move a bag into the trash. Raises CollectionError when that cannot be."""
        self._move(self.episodes / name, self.trash / name)

    def bring_back(self, name: str) -> None:
        """Move a bag out of the trash. Raises CollectionError when that cannot be."""
        self._move(self.trash / name, self.episodes / name)

    @staticmethod
    def _names(folder: Path) -> list[str]:
        names = [path.name for path in folder.iterdir() if path.is_dir() and not path.name.endswith(PARTIAL)]
        return sorted(name for name in names if episode_number(name) is not None)

    @staticmethod
    def _move(source: Path, target: Path) -> None:
        if not source.is_dir():
            raise CollectionError(f"{source}: is not there any more")
        if target.exists():
            raise CollectionError(f"{target}: is in the way: rename or remove it")
        try:
            source.rename(target)
        except OSError as error:
            raise CollectionError(f"{source}: cannot be moved ({error.strerror})") from None
