# SPDX-License-Identifier: Apache-2.0
"""The takes' page on one port."""

from __future__ import annotations

from aiohttp import web

from vla_ros.teleop.serving.complaints import Complaints
from vla_ros.teleop.serving.page_server import Listening, PageServer
from vla_ros.teleop.takes.store import TakeStore
from vla_ros.teleop.takes.web import Log, make_application


class TakesServer(PageServer):
    """The server of one folder of takes."""

    def __init__(self, store: TakeStore, listening: Listening, log: Log = lambda level, text: None) -> None:
        """Bind the port. Raises ConfigError when somebody else has it. `log(level, text)` writes to the terminal."""
        super().__init__("the takes' page", listening, "--port ")
        self._store, self._log, self._complaints = store, log, Complaints(log)

    def application(self) -> web.Application:
        """Return page, uploads and list."""
        return make_application(self._store, self.site(), self._log)

    def complain(self, text: str) -> None:
        """Write a warning to the terminal, unless there was one a moment ago."""
        self._complaints(text)
