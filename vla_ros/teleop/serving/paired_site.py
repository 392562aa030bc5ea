# SPDX-License-Identifier: Apache-2.0
"""What every page that is opened by a link with a token has: who may come in, headers, page, QR code, its parts."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from vla_ros.teleop.serving.pairing import qr_svg, same_token

PAGE = Path(__file__).parent.parent / "page"
OPEN_PATHS = ("/healthz",)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the link holds the token
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
# connect-src names the websocket: not every browser counts it as 'self'.
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "connect-src 'self'{sockets}; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class PairedSite:
    """Those who know `token` may come in; the page gets it as a cookie of its port."""

    token: str
    port: int
    link: Callable[[], str]  # to the page, for the QR code
    authenticate: Callable[[web.Request], None]  # called with each request that brings the token

    def knows(self, request: web.Request) -> bool:
        """Say whether a request brings the token."""
        given = request.query.get("token") or request.cookies.get(self._cookie, "")
        return same_token(given, self.token)

    def application(self, page: str, own_door: tuple[str, ...] = ()) -> web.Application:
        """Return an application that serves the file `page` of PAGE at /; paths of `own_door` are left to it."""

        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            known = self.knows(request)
            if known:
                self.authenticate(request)
            if request.path in own_door:
                return await handler(request)
            if known or request.path in OPEN_PATHS:
                response = await handler(request)
            else:
                response = web.FileResponse(PAGE / "refused.html", status=401)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Content-Security-Policy", _policy(request.host))
            return response

        async def show(request: web.Request) -> web.StreamResponse:
            response = web.FileResponse(PAGE / page)
            response.set_cookie(self._cookie, self.token, httponly=True, samesite="Strict", secure=request.secure)
            return response

        async def qr(request: web.Request) -> web.StreamResponse:
            return web.Response(body=qr_svg(self.link()), content_type="image/svg+xml")

        async def health(request: web.Request) -> web.StreamResponse:
            return web.json_response({"ok": True})

        application = web.Application(middlewares=[guard], client_max_size=1024)
        application.router.add_get("/", show)
        application.router.add_get("/qr.svg", qr)
        application.router.add_get("/healthz", health)
        application.router.add_static("/page", PAGE, follow_symlinks=False)
        return application

    @property
    def _cookie(self) -> str:
        return f"vla_teleop_{self.port}"


def _policy(host: str) -> str:
    sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
    return POLICY.format(sockets=sockets)


def same_site(request: web.Request) -> bool:
    """Say whether the page that asks is ours: a browser names it, others need not."""
    origin = request.headers.get("Origin", "")
    return not origin or origin.partition("://")[2] == request.host
