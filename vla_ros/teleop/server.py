# SPDX-License-Identifier: Apache-2.0
"""Page and websocket on one port. It runs in a thread of its own and speaks to a `Robot`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from aiohttp import web

from vla_ros.teleop.collection import Collection
from vla_ros.teleop.hub import Hub
from vla_ros.teleop.idle_watch import IDLE_TIMEOUT_S
from vla_ros.teleop.robot import Robot
from vla_ros.teleop.serving.page_server import Listening, PageServer
from vla_ros.teleop.web import make_application


class TeleopServer(PageServer):
    """The server of one robot."""

    def __init__(
        self,
        robot: Robot,
        listening: Listening,
        collection: Collection | None = None,
        log: Callable[[str, str], None] = lambda level, text: None,
        idle_timeout: float = IDLE_TIMEOUT_S,
    ) -> None:
        """Bind the port. Raises ConfigError when somebody else has it. `log(level, text)` writes to the terminal.

        An episode that nobody attends to for `idle_timeout` [s] ends by itself, as idle_watch.py says.
        """
        super().__init__("the operator's page", listening)
        self.hub = Hub(robot, collection, log, idle_timeout)

    def application(self) -> web.Application:
        """Return page, websocket and files of episodes."""
        return make_application(self.hub, self.site())

    def alongside(self) -> AbstractAsyncContextManager[Any]:
        """Tell everybody how things are."""
        return self.hub.running()

    def complain(self, text: str) -> None:
        """Write a warning to the terminal, unless there was one a moment ago."""
        self.hub.complain(text)
