# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: who may come in, the page and its parts, the websocket's door, files of episodes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from vla_ros.teleop import protocol
from vla_ros.teleop.client import Client
from vla_ros.teleop.hub import CLIENTS_MAX, Hub
from vla_ros.teleop.pairing import qr_svg, same_token

PAGE = Path(__file__).parent / "page"
HEARTBEAT_S = 5.0
# Far above what a client may send, so that it is told what was wrong; beyond this aiohttp closes by itself (1009).
FRAME_MAX = 1 << 20
OPEN_PATHS = ("/healthz",)
EPISODE_FILES = ("thumbnail.jpg", "video.mp4")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the link holds the token
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'",
}
_EPISODE = re.compile(r"[A-Za-z0-9_.-]{1,80}")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_application(hub: Hub, token: str, port: int, link: Callable[[], str]) -> web.Application:
    """Return the application that serves `hub` to those who know `token`."""
    cookie = f"vla_teleop_{port}"

    def paired(request: web.Request) -> bool:
        given = request.query.get("token") or request.cookies.get(cookie, "")
        return same_token(given, token)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/ws":  # its door answers with a close code, which a page can read
            return await handler(request)
        if request.path in OPEN_PATHS or paired(request):
            response = await handler(request)
        else:
            response = web.FileResponse(PAGE / "refused.html", status=401)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    async def page(request: web.Request) -> web.StreamResponse:
        response = web.FileResponse(PAGE / "index.html")
        response.set_cookie(cookie, token, httponly=True, samesite="Strict", secure=request.secure, path="/")
        return response

    async def door(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=FRAME_MAX, heartbeat=HEARTBEAT_S, compress=False)
        await socket.prepare(request)
        address = request.remote or "?"
        if not (paired(request) and _same_site(request)):
            hub.complain(f"{address} was turned away: wrong token")
            await socket.close(code=protocol.CLOSE_TOKEN, message=b"wrong token: open the link that the terminal shows")
        elif len(hub.clients) >= CLIENTS_MAX:
            await socket.close(code=1013, message=f"{CLIENTS_MAX} pages are connected already".encode())
        else:
            await hub.receive(Client(socket, address))
        return socket

    async def qr(request: web.Request) -> web.StreamResponse:
        return web.Response(body=qr_svg(link()), content_type="image/svg+xml")

    async def health(request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True})

    async def episode(request: web.Request) -> web.StreamResponse:
        name, file = request.match_info["name"], request.match_info["file"]
        known = hub.collection is not None and _EPISODE.fullmatch(name) and file in EPISODE_FILES
        path = hub.collection.file(name, file) if known and hub.collection is not None else None
        if path is None or not path.is_file():
            raise web.HTTPNotFound(text="there is no such file of an episode")
        return web.FileResponse(path)

    application = web.Application(middlewares=[guard], client_max_size=1024)
    application.router.add_get("/", page)
    application.router.add_get("/ws", door)
    application.router.add_get("/qr.svg", qr)
    application.router.add_get("/healthz", health)
    application.router.add_get("/episodes/{name}/{file}", episode)
    application.router.add_static("/page", PAGE, follow_symlinks=False)
    return application


def _same_site(request: web.Request) -> bool:
    """Say whether the page that opens the socket is ours: a browser names it, others need not."""
    origin = request.headers.get("Origin", "")
    return not origin or origin.partition("://")[2] == request.host
