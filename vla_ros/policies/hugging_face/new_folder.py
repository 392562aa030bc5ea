# SPDX-License-Identifier: Apache-2.0
"""A checkpoint's folder that is there whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controllers.errors import ConfigError


def check_new(folder: Path) -> None:
    """Raise ConfigError for a folder that is there already."""
    if folder.exists():
        raise ConfigError(f"{folder}: exists: choose a new folder for the checkpoint")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `folder`; what is interrupted leaves `<folder>.partial`.

    Raises ConfigError for a folder that is there already.
    """
    check_new(folder)
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    yield partial
    partial.rename(folder)
