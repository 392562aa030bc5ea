# SPDX-License-Identifier: Apache-2.0
"""The page's link of a bridge under test."""

from __future__ import annotations

TOKEN = "token-of-the-node-tests"


def link(port: int) -> str:
    return f"http://127.0.0.1:{port}/?token={TOKEN}"
