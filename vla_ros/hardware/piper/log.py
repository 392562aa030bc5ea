# SPDX-License-Identifier: Apache-2.0
"""What piper_sdk complains of: it says in its log alone that a frame could not be sent."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterator

NAME = "PIPER"  # piper_sdk.utils
KEPT_S = 0.5  # [s] a complaint counts; then sending is tried again


class PiperLog(logging.Handler):
    """What the SDK complained of during a call that was listened to; nothing of it is printed.

    All arms of a process share the SDK's log, so only what this arm's own call says counts.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._complaint, self._when = "", float("-inf")
        self._caller: int | None = None
        logging.getLogger(NAME).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a complaint of the call that is being made."""
        if threading.get_ident() == self._caller:
            self._complaint, self._when = record.getMessage(), time.monotonic()

    @property
    def failing(self) -> str:
        """Return what the last call that failed complained of, unless one has succeeded since or it is long ago."""
        return self._complaint if time.monotonic() - self._when < KEPT_S else ""

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen to one call."""
        self._caller, self._complaint = threading.get_ident(), ""
        try:
            yield
        finally:
            self._caller = None

    def close(self) -> None:
        """Listen no more."""
        logging.getLogger(NAME).removeHandler(self)
        super().close()
