# SPDX-License-Identifier: Apache-2.0
"""Frames between an evaluation and a benchmark: what is written is read, and nothing else is believed."""

from __future__ import annotations

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from vla_ros.runtime.frames import HEAD, JSON_MAX, PAYLOAD_MAX, FrameError, read_frame, write_frame

KINDS = st.sampled_from([np.dtype("<f8"), np.dtype("<f4"), np.dtype("u1")])
SHAPES = npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
ARRAYS = KINDS.flatmap(lambda kind: npst.arrays(kind, SHAPES))


def _written(values: dict, arrays: dict) -> bytes:
    stream = io.BytesIO()
    write_frame(stream, values, arrays)
    return stream.getvalue()


def _frame(described: object, payload: bytes = b"", **more: object) -> io.BytesIO:
    text = json.dumps({"arrays": described, **more}).encode()
    return io.BytesIO(HEAD.pack(b"VLA1", len(text), len(payload)) + text + payload)


@given(st.dictionaries(st.text(max_size=5), ARRAYS, max_size=4), st.text(max_size=20))
def test_what_is_written_is_read(arrays, word):
    stream = io.BytesIO(_written({"word": word}, arrays) + _written({"next": 1}, {}))
    values, found = read_frame(stream)
    assert values == {"word": word}
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)
    assert read_frame(stream) == ({"next": 1}, {})
    assert read_frame(stream) is None


@given(st.data())
def test_a_damaged_frame_is_refused_or_still_one(data):
    whole = _written({"request": "step"}, {"effort": np.arange(7.0), "picture": np.zeros((3, 4, 3), np.uint8)})
    position = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[position] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(whole)))
    for text in (bytes(damaged), whole[:cut], whole[:cut] + bytes(damaged)):
        try:
            frame = read_frame(io.BytesIO(text))
        except FrameError:
            continue
        assert isinstance(frame[0], dict)
        assert all(isinstance(array, np.ndarray) for array in frame[1].values())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_frame_are_refused(text):
    if not text.startswith(b"VLA1"):
        text = b"VLA1" + text
    with pytest.raises(FrameError):
        read_frame(io.BytesIO(text[: HEAD.size + 20]))


@pytest.mark.parametrize(
    ("described", "payload"),
    [
        ([["a", "<f8", [2]]], b"\0" * 8),  # more than is there
        ([["a", "<f8", [1]]], b"\0" * 16),  # less
        ([["a", "<f8", [1]], ["a", "<f8", [1]]], b"\0" * 16),  # twice
        ([["a", "O", [1]]], b"\0" * 8),
        ([["a", "<f8", [-1]]], b""),
        ([["a", "<f8", [1.5]]], b""),
        ([["a", "<f8", [True]]], b"\0" * 8),
        ([["a", "<f8", [1] * 5]], b"\0" * 8),
        ([["a", "<f8", [PAYLOAD_MAX, PAYLOAD_MAX, PAYLOAD_MAX, PAYLOAD_MAX]]], b""),
        ([["a", "<f8"]], b""),
        ([[1, "<f8", [0]]], b""),
        ([["a", "<f8", [0]]] * 33, b""),
        ("a", b""),
        (None, b""),
    ],
)
def test_an_array_that_is_not_what_it_says_is_refused(described, payload):
    with pytest.raises(FrameError):
        read_frame(_frame(described, payload))


@pytest.mark.parametrize("sizes", [(JSON_MAX + 1, 0), (2, PAYLOAD_MAX + 1), (2**32 - 1, 2**32 - 1)])
def test_a_frame_that_is_too_large_is_refused_before_it_is_read(sizes):
    stream = io.BytesIO(HEAD.pack(b"VLA1", *sizes) + b"{}")
    with pytest.raises(FrameError, match="are allowed"):
        read_frame(stream)
    assert stream.tell() == HEAD.size


def test_other_json_than_an_object_is_refused():
    for text in (b"[]", b"1", b"nul", b"[" * 100_000):
        with pytest.raises(FrameError):
            read_frame(io.BytesIO(struct.pack("<4sII", b"VLA1", len(text), 0) + text))


def test_an_array_that_cannot_be_sent_is_refused_by_the_sender():
    with pytest.raises(FrameError, match="convert it"):
        write_frame(io.BytesIO(), {}, {"a": np.array(["text"], dtype=object)})
    with pytest.raises(FrameError, match="are allowed"):
        write_frame(io.BytesIO(), {}, {"a": np.zeros(PAYLOAD_MAX + 1, np.uint8)})
