# SPDX-License-Identifier: Apache-2.0
"""The pairing token: who has the link may come in. Shown as a link and as a QR code."""

from __future__ import annotations

import contextlib
import hmac
import io
import secrets
from pathlib import Path

import segno

from vla_ros.teleop.serving.keeping import write_private
from vla_ros.token_file import TOKEN_FORM, is_private

TOKEN = "token"


def pairing_token(folder: Path, renew: bool = False, name: str = TOKEN) -> str:
    """Return the token kept in `folder` as `name`, made when there is none; a new one locks out whoever was paired.

    Raises ConfigError when it cannot be kept.
    """
    path = folder / name
    if not renew:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            token = path.read_text().strip()
            if TOKEN_FORM.fullmatch(token) and is_private(path):
                return token
    token = secrets.token_urlsafe(24)
    keep_token(folder, token, name)
    return token


def keep_token(folder: Path, token: str, name: str = TOKEN) -> None:
    """Have `token` be the one that is kept in `folder`. Raises ConfigError when that cannot be."""
    write_private(folder / name, f"{token}\n".encode())


def same_token(given: str, token: str) -> bool:
    """Compare tokens, in a time that says nothing of how much was right."""
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode())


def page_link(scheme: str, host: str, port: int, token: str) -> str:
    """Return the link to the page."""
    return f"{scheme}://{host}:{port}/?token={token}"


def qr_text(link: str) -> str:
    """Return a QR code for a terminal, two rows a line; light modules are filled, as a dark terminal needs it."""
    rows = [list(row) for row in segno.make_qr(link, error="l").matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    blocks = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}
    lines = (
        "".join(blocks[bool(a), bool(b)] for a, b in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
    return "\n".join(lines)


def qr_svg(link: str) -> bytes:
    """Return a QR code as SVG."""
    out = io.BytesIO()
    segno.make_qr(link, error="m").save(out, kind="svg", scale=6, border=2, dark="#000", light="#fff")
    return out.getvalue()
