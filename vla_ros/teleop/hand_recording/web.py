# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of the demonstrations' page: one upload a demonstration, the list, thumbnails, trash."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from controllers.errors import VlaError
from vla_ros.teleop.fields import ProtocolError
from vla_ros.teleop.hand_recording.arrival import Arrival, DiskError, TornError
from vla_ros.teleop.hand_recording.listing import thumbnail
from vla_ros.teleop.hand_recording.store import DemonstrationStore
from vla_ros.teleop.serving.paired_site import PairedSite, same_site

FORM = "multipart/form-data"
Log = Callable[[str, str], None]


def make_application(store: DemonstrationStore, site: PairedSite, log: Log) -> web.Application:
    """Return the application that shows and fills `store` for those who are paired."""

    async def receive(request: web.Request) -> dict[str, Any]:
        if request.content_type != FORM:
            raise ProtocolError(f"a demonstration comes as {FORM}")
        try:
            arrival = Arrival(await request.multipart())
        except ValueError as error:  # no boundary
            raise ProtocolError(f"a demonstration comes as {FORM}: {error}") from None
        metadata = await arrival.metadata()
        if name := store.known(metadata.id):  # the answer to it was lost on the way
            await arrival.rest(None)
            return {"name": name, "warning": ""}
        folder = await asyncio.to_thread(store.make_room, metadata)
        try:
            await arrival.rest(folder / "pictures")
            name, warning = await asyncio.to_thread(store.keep, folder, metadata, arrival)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        log("info", f'{name}: "{metadata.instruction}", {len(arrival.pictures)} pictures{warning and f"; {warning}"}')
        return {"name": name, "warning": warning}

    async def throw_away(request: web.Request) -> dict[str, Any]:
        name = request.match_info["name"]
        await asyncio.to_thread(store.throw_away, name)
        return {"name": name}

    async def undo(request: web.Request) -> dict[str, Any]:
        return {"name": await asyncio.to_thread(store.undo)}

    def answering(work: Callable[[web.Request], Awaitable[dict[str, Any]]]) -> Callable[..., Awaitable[web.Response]]:
        """Answer with what `work` returns, or with one line of why not."""

        async def answer(request: web.Request) -> web.Response:
            if not same_site(request):
                return _refusal(403, "another site's page may not do this")
            try:
                return web.json_response(await work(request))
            except DiskError as error:
                log("error", f"a demonstration was not kept: {error}")
                return _refusal(507 if error.full else 500, str(error))
            except TornError as error:
                log("warning", f"a demonstration did not arrive: {error}")
                return _refusal(408, str(error))
            except VlaError as error:
                log("warning", f"{request.method} {request.path} was refused: {error}")
                return _refusal(400, str(error))

        return answer

    async def demonstrations(request: web.Request) -> web.Response:
        begin = {"instruction": store.settings.instruction, "hand": store.settings.hand, "folder": str(store.root)}
        return web.json_response(await asyncio.to_thread(store.listing) | {"begin": begin})

    async def picture(request: web.Request) -> web.Response:
        path: Path | None = store.first_picture(request.match_info["name"])
        jpeg = await asyncio.to_thread(thumbnail, path) if path else None
        if jpeg is None:
            raise web.HTTPNotFound(text="there is no such picture")
        return web.Response(body=jpeg, content_type="image/jpeg")

    application = site.application("hand_recording.html")
    application.router.add_get("/demonstrations", demonstrations)
    application.router.add_post("/demonstrations", answering(receive))
    application.router.add_post("/demonstrations/undo", answering(undo))
    application.router.add_post("/demonstrations/{name}/trash", answering(throw_away))
    application.router.add_get("/demonstrations/{name}/thumbnail.jpg", picture)
    return application


def _refusal(status: int, reason: str) -> web.Response:
    return web.json_response({"error": " ".join(reason.split())[:300]}, status=status)
