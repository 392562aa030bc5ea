# SPDX-License-Identifier: Apache-2.0
"""The page for a trial's verdicts, on one port: the question, the cameras' pictures, the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from controllers.errors import VlaError
from vla_ros.documents import parse_json
from vla_ros.teleop.serving.complaints import Complaints
from vla_ros.teleop.serving.page_server import Listening, PageServer
from vla_ros.teleop.serving.paired_site import same_site
from vla_ros.teleop.verdicts.board import VerdictBoard

Log = Callable[[str, str], None]
Draw = Callable[[str, bool], bytes | None]  # (camera, with outlines) → JPEG; None: it sees nothing


class VerdictServer(PageServer):
    """The server of one trial."""

    def __init__(self, board: VerdictBoard, draw: Draw, listening: Listening, log: Log) -> None:
        """Bind the port. Raises ConfigError when somebody else has it. `log(level, text)` writes to the terminal."""
        super().__init__("the page for verdicts", listening, "--port ")
        self._board, self._draw, self._complaints = board, draw, Complaints(log)

    def application(self) -> web.Application:
        """Return page, question, pictures and answers."""

        async def question(request: web.Request) -> web.Response:
            return web.json_response(self._board.shown())

        async def answer(request: web.Request) -> web.Response:
            if not same_site(request):
                return web.json_response({"error": "another site's page may not do this"}, status=403)
            try:
                self._board.answer(parse_json(await request.text(), "the answer"))
            except VlaError as error:
                return web.json_response({"error": " ".join(str(error).split())[:300]}, status=400)
            return web.json_response({})

        async def picture(request: web.Request) -> web.Response:
            outlines = request.query.get("outlines", "1") != "0"
            jpeg = await asyncio.to_thread(self._draw, request.match_info["name"], outlines)
            if jpeg is None:
                raise web.HTTPNotFound(text="this camera sees nothing")
            return web.Response(body=jpeg, content_type="image/jpeg")

        application = self.site().application("trial.html")
        application.router.add_get("/trial", question)
        application.router.add_post("/trial/answer", answer)
        application.router.add_get("/trial/cameras/{name}.jpg", picture)
        return application

    def complain(self, text: str) -> None:
        """Write a warning to the terminal, unless there was one a moment ago."""
        self._complaints(text)
