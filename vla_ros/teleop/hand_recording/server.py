# SPDX-License-Identifier: Apache-2.0
"""The page that records hand demonstrations, on one port."""

from __future__ import annotations

from aiohttp import web

from vla_ros.teleop.hand_recording.store import DemonstrationStore
from vla_ros.teleop.hand_recording.web import Log, make_application
from vla_ros.teleop.serving.complaints import Complaints
from vla_ros.teleop.serving.page_server import Listening, PageServer


class HandRecordingServer(PageServer):
    """The server of one folder of demonstrations."""

    def __init__(self, store: DemonstrationStore, listening: Listening, log: Log = lambda level, text: None) -> None:
        """Bind the port. Raises ConfigError when somebody else has it. `log(level, text)` writes to the terminal."""
        super().__init__("the page for hand demonstrations", listening, "--port ")
        self._store, self._log, self._complaints = store, log, Complaints(log)

    def application(self) -> web.Application:
        """Return page, uploads and list."""
        return make_application(self._store, self.site(), self._log)

    def complain(self, text: str) -> None:
        """Write a warning to the terminal, unless there was one a moment ago."""
        self._complaints(text)
