# SPDX-License-Identifier: Apache-2.0
"""Files that a user names for results: looked at before long work, written after it; what is wrong is one line.

`option` is how the file was named, such as "--json" or "report:="; "" where it goes without saying.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.new_file import replace_file


class OutputFile(argparse.Action):
    """An argument that names such a file: `add_argument("--picture", action=OutputFile, suffix=".png")`."""

    def __init__(self, *arguments: Any, suffix: str = "", **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._suffix = suffix

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Take the file's name. Raises ConfigError when it could not be written."""
        check_output(option_string or "", str(values), self._suffix)
        setattr(namespace, self.dest, values)


def check_output(option: str, file: str | Path | None, suffix: str = "", make_folder: bool = False) -> None:
    """Raise ConfigError before long work when a file could not be written after it; None or "" asks for none.

    Its folder must be there, unless it is to be made now.
    """
    if not file:
        return
    path, named = Path(file), _named(option, file)
    if suffix and path.suffix != suffix:
        raise ConfigError(f"{named}: give a name that ends in {suffix}")
    if make_folder:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{named}: cannot be written ({error.strerror}): choose another place") from error
    if path.is_dir():
        raise ConfigError(f"{named}: is a folder: name a file")
    if _is_special(path):
        permitted = os.access(path, os.W_OK)
    else:
        folder = path.resolve().parent
        if not folder.is_dir():
            raise ConfigError(f"{named}: cannot be written: the folder {path.parent} does not exist: make it first")
        permitted = os.access(folder, os.W_OK | os.X_OK)
    if not permitted:
        raise ConfigError(f"{named}: cannot be written: you may not write there: choose another place")


def check_output_folder(option: str, folder: str | Path | None, sources: Iterable[str | Path] = ()) -> None:
    """Raise ConfigError before long work when a folder for results, new or there already, could not be written to.

    And for one of `sources`, which are read: what they hold would be written over.
    """
    if not folder:
        return
    path, named = Path(folder), _named(option, folder)
    if path.exists() and not path.is_dir():
        raise ConfigError(f"{named}: is a file: name a folder, new or there already")
    if path.resolve() in {Path(source).resolve() for source in sources}:
        raise ConfigError(f"{named}: is what is learned from: name another folder")
    there = next(parent for parent in (path.resolve() / "x").parents if parent.exists())
    if not there.is_dir():
        raise ConfigError(f"{named}: cannot be made: {there} is a file: choose another place")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigError(f"{named}: {there} may not be written to: choose another place")


def write_output(option: str, file: str | Path, content: str | bytes) -> None:
    """Write a file, at once or not at all. Raises ConfigError when it cannot be written."""
    path = Path(file)
    data = content.encode() if isinstance(content, str) else content
    try:
        if _is_special(path):
            path.write_bytes(data)
        else:
            replace_file(path.resolve(), data)  # what a link points to, not the link
    except OSError as error:
        raise ConfigError(f"{_named(option, file)}: cannot be written ({error.strerror})") from error


def _is_special(path: Path) -> bool:
    """Say whether this is a pipe or a device, such as /dev/stdout."""
    return path.exists() and not path.is_file()


def _named(option: str, file: str | Path) -> str:
    return f"{option}{file}" if option.endswith("=") else f"{option} {file}".lstrip()
