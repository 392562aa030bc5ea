# SPDX-License-Identifier: Apache-2.0
"""The folder that a generation grows in.

generation.json   what is made in it
seeds.jsonl       what became of every seed
action/           the dataset with actions
grounding/        the dataset of boxes alone
.parts/           what workers have written and is not yet in a dataset, a folder of random name for each group
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

from controllers.errors import ConfigError, VlaError
from vla_ros.configuration import build
from vla_ros.data.datasets.metadata import EpisodeMetadata, load_metadata
from vla_ros.documents import DocumentError, read_json
from vla_ros.new_file import open_own
from vla_ros.output_file import write_output
from vla_ros.policies.contract_checks import first_difference
from vla_ros.training.generation.ledger import Ledger, SeedRecord
from vla_ros.training.generation.settings import AMOUNTS, GenerationSettings

SETTINGS_FILE, SEEDS_FILE, LOCK_FILE, PARTS, STOP = "generation.json", "seeds.jsonl", ".lock", ".parts", "stop"
_SOURCE = "generated/"  # begins the source of an episode; what it was made by and its seed follow


@dataclasses.dataclass(frozen=True)
class WorkPlace:
    """What a worker needs to know of the folder; it may be on another machine."""

    root: Path

    @property
    def settings(self) -> Path:
        """Return the file that says this is the folder."""
        return self.root / SETTINGS_FILE

    @property
    def stop(self) -> Path:
        """Return the file that asks workers to write what they have and take no further seed."""
        return self.root / PARTS / STOP

    def dataset(self, kind: str) -> Path:
        """Return the folder of the finished dataset."""
        return self.root / kind

    def parts(self, kind: str) -> Path:
        """Return the folder of the parts of a dataset."""
        return self.root / PARTS / kind


class GenerationFolder:
    """Hold the only right to generate into a folder, new or there already."""

    def __init__(self, root: Path, settings: GenerationSettings) -> None:
        """Raises ConfigError when it is in use, cannot be written, holds something else or was made otherwise."""
        self.place = WorkPlace(root.resolve())
        self._lock = -1
        if root.exists() and not root.is_dir():
            raise ConfigError(f"{root}: is a file; give a folder, new or one of an earlier generation")
        if root.is_dir() and not self.place.settings.is_file():
            strange = next((path.name for path in sorted(root.iterdir()) if path.name[0] != "."), None)
            if strange:
                raise ConfigError(f"{root}: holds something else ('{strange}'): choose a new or empty folder")
        try:
            root.mkdir(parents=True, exist_ok=True)
            self._lock = open_own(root / LOCK_FILE, os.O_RDWR)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._keep_settings(settings)
            self._clear()
            self.ledger = Ledger(self.place.root / SEEDS_FILE)
        except BlockingIOError:
            self.close()
            raise ConfigError(f"{root}: another `vla generate` is writing there: wait for it") from None
        except OSError as error:
            self.close()
            raise ConfigError(f"{root}: cannot be written ({error.strerror}): choose another place") from None
        except VlaError:
            self.close()
            raise

    def episodes(self, kind: str) -> dict[int, SeedRecord]:
        """Return by seed the episodes that dataset and sound parts hold; how long they took is known to the ledger."""
        dataset = self.place.dataset(kind)
        found: dict[int, SeedRecord] = {}
        for path in ([dataset] if dataset.is_dir() else []) + self.parts(kind)[0]:
            metadata = load_metadata(path)
            for record in metadata.episodes:
                seed = seed_of(record)
                frames = record.length + (found[seed].frames if seed in found else 0)
                found[seed] = SeedRecord(kind, seed, "", frames, frames / metadata.fps)
        return found

    def parts(self, kind: str) -> tuple[list[Path], list[str]]:
        """Return the parts that can be read, and what is wrong with the others."""
        folder = self.place.parts(kind)
        sound, unreadable = [], []
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.name[0] == ".":
                continue  # somebody writes there
            try:
                load_metadata(path)
                sound.append(path)
            except VlaError as error:
                unreadable.append(str(error))
        return sound, unreadable

    def request_stop(self) -> None:
        """Have the workers write what they have. Where no file can be made they finish their groups."""
        with contextlib.suppress(OSError):
            self.place.stop.parent.mkdir(exist_ok=True)
            self.place.stop.touch()

    def take_away_parts(self, kind: str) -> None:
        """Remove the parts of a dataset that holds them now. Killed meanwhile, none is left that looks corrupt."""
        parts = self.place.parts(kind)
        if parts.is_dir():
            parts.rename(parts.with_name(f".{uuid4().hex}"))
        self._clear()

    def close(self) -> None:
        """Let others in."""
        if self._lock >= 0:
            self.place.stop.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = -1

    def _keep_settings(self, settings: GenerationSettings) -> None:
        file, values = self.place.settings, dataclasses.asdict(settings)
        if file.is_file():
            # What the file does not name is newer than it, and was then as the default is now.
            then = dataclasses.asdict(build(GenerationSettings, _read(file), str(file)))
            difference = first_difference(_kind(then), _kind(values))
            if difference is not None:
                key, before, now = difference
                raise ConfigError(
                    f"{file}: was generated with {key} {_said(before)}, not {_said(now)}: choose another folder, or "
                    "the settings of then"
                )
            values |= {name: max(then[name], values[name]) for name in AMOUNTS}
        write_output("", file, json.dumps(values, indent=2) + "\n")

    def _clear(self) -> None:
        """Remove what was left half written, or not yet removed, when somebody was killed."""
        self.place.stop.unlink(missing_ok=True)
        for path in (self.place.root / PARTS).glob(".*"):
            shutil.rmtree(path)
        for path in (self.place.root / PARTS).glob("*/.*"):
            shutil.rmtree(path)
        if (self.place.root / PARTS).is_dir() and not any((self.place.root / PARTS).iterdir()):
            (self.place.root / PARTS).rmdir()


def source_of(settings: GenerationSettings, seed: int, part: str = "") -> str:
    """Return what an episode of this seed says it was made of; `part` tells apart several of one seed.

    The same seed of other settings is another episode, and is not taken for this one where datasets are merged.
    """
    values = {name: value for name, value in _kind(dataclasses.asdict(settings)).items() if name != "seed"}
    made_by = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
    return f"{_SOURCE}{made_by}/{seed}" + (f":{part}" if part else "")


def seed_of(record: EpisodeMetadata) -> int:
    """Return the seed of an episode. Raises ConfigError for one that was not generated."""
    seed = record.source.removeprefix(_SOURCE).rpartition("/")[2].partition(":")[0]
    if not record.source.startswith(_SOURCE) or not seed.isdecimal():
        raise ConfigError(f"episode {record.index} is of '{record.source}', not generated: choose another folder")
    return int(seed)


def _kind(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in AMOUNTS}


def _read(file: Path) -> Any:
    try:
        return read_json(file)
    except DocumentError as error:
        raise ConfigError(f"{error}: restore it from a copy") from None


def _said(value: object) -> str:
    return "nothing" if value is None else repr(value)
