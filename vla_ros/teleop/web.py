# SPDX-License-Identifier: Apache-2.0
"""The HTTP side of the operator's page: the websocket's door, files of episodes."""

from __future__ import annotations

import re

from aiohttp import web

from vla_ros.teleop import protocol
from vla_ros.teleop.client import Client
from vla_ros.teleop.hub import CLIENTS_MAX, Hub
from vla_ros.teleop.serving.paired_site import PairedSite, same_site

HEARTBEAT_S = 5.0
# Far above what a client may send, so that it is told what was wrong; beyond this aiohttp closes by itself (1009).
FRAME_MAX = 1 << 20
EPISODE_FILES = ("thumbnail.jpg", "video.mp4")
DOOR = "/ws"
_EPISODE = re.compile(r"[A-Za-z0-9_.-]{1,80}")


def make_application(hub: Hub, site: PairedSite) -> web.Application:
    """Return the application that serves `hub` to those who are paired."""

    async def door(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=FRAME_MAX, heartbeat=HEARTBEAT_S, compress=False)
        await socket.prepare(request)
        address = request.remote or "?"
        if not (site.knows(request) and same_site(request)):
            hub.complain(f"{address} was turned away: wrong token")
            await socket.close(code=protocol.CLOSE_TOKEN, message=b"wrong token: open the link that the terminal shows")
        elif len(hub.clients) >= CLIENTS_MAX:
            await socket.close(code=1013, message=f"{CLIENTS_MAX} pages are connected already".encode())
        else:
            await hub.receive(Client(socket, address))
        return socket

    async def episode(request: web.Request) -> web.StreamResponse:
        name, file = request.match_info["name"], request.match_info["file"]
        known = hub.collection is not None and _EPISODE.fullmatch(name) and file in EPISODE_FILES
        path = hub.collection.file(name, file) if known and hub.collection is not None else None
        if path is None or not path.is_file():
            raise web.HTTPNotFound(text="there is no such file of an episode")
        return web.FileResponse(path)

    application = site.application(
        "index.html", own_door=(DOOR,)
    )  # it answers with a close code, which a page can read
    application.router.add_get(DOOR, door)
    application.router.add_get("/episodes/{name}/{file}", episode)
    return application
