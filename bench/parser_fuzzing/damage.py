# SPDX-License-Identifier: Apache-2.0
"""How a sound input is damaged: cuts, bytes, repetitions, other numbers and words, pieces of other inputs."""

from __future__ import annotations

import random

WORDS = (
    *(b"null", b"[]", b"{}", b"-1", b"0", b"1e999", b"NaN", b"true", b'""', b'"\\ud800"', b"9" * 30, b"1e308"),
    *(b"-1e308", b"[[[[", b"{}{}", b"\0", b"\xff\xfe", b"&a ", b"*a", b"!!int ", b"<<: ", b"${", b"%s%n", b"../"),
    *(b"\x1b[2J", b"~", b"0.5", b"65536", b"[1]", b'{"a":1}', b"false", b"2026-11-31", b"\r\n"),
)
NUMBERS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\1\0", b"\0\0\0\x80", b"\1\0\0\0")
VALUES = (b"null", b"[]", b"{}", b"-1", b"0", b"1e308", b"NaN", b"true", b'""', b'"a"', b"[1]", b'{"a":1}', b"0.5")
BYTES_MAX = 1 << 20  # of an input: what grows by repetition ends there


def damaged(content: bytes, rng: random.Random, others: bytes = b"") -> bytes:
    """Return an input that is cut, overwritten, repeated in part, or says other numbers and words than it did.

    `others`: what a piece may come from beside the input itself.
    """
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at, length = rng.randrange(len(data) + 1), rng.choice((1, 2, 4, 8, 30))
        match rng.randrange(10):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                data[at : at + 4] = rng.choice(NUMBERS)
            case 2:
                del data[at : at + length]
            case 3:
                data[at:at] = data[at : at + length] * rng.choice((1, 3, 40))
            case 4:
                data[at:at] = rng.choice(WORDS)
            case 5:  # a whole word, such as a number, becomes another
                end = at
                while end < len(data) and chr(data[end]).isalnum():
                    end += 1
                data[at:end] = rng.choice(WORDS)
            case 6:
                data = data[:at] if rng.random() < 0.3 else data
            case 7:  # a piece of another input, or of another place
                source = others or bytes(data)
                start = rng.randrange(len(source) + 1)
                data[at : at + length * rng.randrange(2)] = source[start : start + length]
            case 8:  # a single bit
                if at < len(data):
                    data[at] ^= 1 << rng.randrange(8)
            case 9:
                data = _revalued(data, at, rng)
        if not data:
            return b""
    return bytes(data[:BYTES_MAX])


def _revalued(data: bytearray, at: int, rng: random.Random) -> bytearray:
    """Give the next key of JSON or YAML another value, so that the text around it stays sound."""
    start = data.find(b":", at) + 1
    if not start:
        return data
    while start < len(data) and data[start] == ord(" "):
        start += 1
    end = start
    if end < len(data) and data[end] in b'[{"':  # up to its end, as far as brackets and quotes tell
        closing = {ord("["): b"]", ord("{"): b"}", ord('"'): b'"'}[data[end]]
        end = data.find(closing, end + 1) + 1 or len(data)
    else:
        while end < len(data) and data[end] not in b",}]\n":
            end += 1
    return data[:start] + rng.choice(VALUES) + data[end:]
