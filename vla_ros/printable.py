# SPDX-License-Identifier: Apache-2.0
"""Text from outside as it may stand in a log, a terminal or an answer: it says something and commands nothing."""

from __future__ import annotations


def printable(text: str, keep: str = "") -> str:
    """Return a text with all that cannot be printed spelt out, but for the characters of `keep`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)
