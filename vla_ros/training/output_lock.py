# SPDX-License-Identifier: Apache-2.0
"""One training at a time writes into a folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.new_file import open_own

if TYPE_CHECKING:
    from vla_ros.training.stages.distributed import DistributedContext


@contextlib.contextmanager
def taken(output: Path, distributed: DistributedContext, word: str = "train") -> Iterator[None]:
    """Hold the only right to train into a folder; `word` is the command's."""
    if not distributed.leads:
        yield
        return
    lock = -1
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = open_own(output / ".lock", os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ConfigError(f"{output}: another `vla {word}` is writing there: wait for it") from None
    except OSError as error:
        raise ConfigError(f"{output}: cannot be written ({error.strerror}): choose another place") from None
    try:
        yield
    finally:
        os.close(lock)
