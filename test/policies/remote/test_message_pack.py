# SPDX-License-Identifier: Apache-2.0
"""MessagePack with arrays: what was sent comes back, openpi's bytes are understood, nothing else gets in."""

from __future__ import annotations

import random
import time
import tracemalloc

import numpy as np
import pytest
import slow_tests
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from vla_ros.policies.remote.message_pack import DEPTH_MAX, VALUES_MAX, MessageError, pack, unpack

# As openpi-client 0.1.2 (msgpack 1.2.4) packs {"observation/exterior_image_1_left": uint8 (2, 2, 3) of 0 to 11,
# "observation/joint_position": float32 [0.5, -1], "gripper": np.float32(0.25), "flag": [True, False] as an array,
# "prompt": "pick up the red mug", "n": [1, -5, 300, 2.5, None]}.
OF_OPENPI = bytes.fromhex(
    "86d9216f62736572766174696f6e2f6578746572696f725f696d6167655f315f6c65667484c40b5f5f6e6461727261795f5fc3c404646174"
    "61c40c000102030405060708090a0bc4056474797065a37c7531c405736861706593020203ba6f62736572766174696f6e2f6a6f696e745f"
    "706f736974696f6e84c40b5f5f6e6461727261795f5fc3c40464617461c4080000003f000080bfc4056474797065a33c6634c40573686170"
    "659102a76772697070657283c40d5f5f6e7067656e657269635f5fc3c40464617461cb3fd0000000000000c4056474797065a33c6634a466"
    "6c616784c40b5f5f6e6461727261795f5fc3c40464617461c4020100c4056474797065a37c6231c40573686170659102a670726f6d7074b3"
    "7069636b2075702074686520726564206d7567a16e9501fbcd012ccb4004000000000000c0"
)
KEYS = st.text().filter(lambda key: key.isprintable() and not key.startswith("__"))  # two such say what an array is
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(KEYS, inner, max_size=20),
    max_leaves=30,
)


@given(PLAIN)
def test_plain_values_come_back(value):
    assert unpack(pack(value)) == value


@given(arrays.arrays(st.sampled_from(["u1", "<i4", ">i8", "<f4", "<f8", "?", "<f2"]), arrays.array_shapes(min_side=0)))
def test_arrays_come_back_to_the_bit(array):
    back = unpack(pack({"array": array}))["array"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()
    assert back.flags.writeable


def test_every_length_has_its_own_head():
    for length in (0, 15, 16, 31, 32, 255, 256, 65535, 65536):
        assert unpack(pack("x" * length)) == "x" * length
        assert bytes(unpack(pack(b"x" * length))) == b"x" * length
    for length in (0, 15, 16, 20000):
        assert unpack(pack([1] * length)) == [1] * length
        assert unpack(pack({str(i): i for i in range(length)})) == {str(i): i for i in range(length)}


def test_openpis_bytes_are_read():
    read = unpack(OF_OPENPI)
    image = read["observation/exterior_image_1_left"]
    assert np.array_equal(image, np.arange(12, dtype=np.uint8).reshape(2, 2, 3))
    assert read["observation/joint_position"].dtype == np.float32
    assert read["observation/joint_position"].tolist() == [0.5, -1.0]
    assert (read["gripper"], read["flag"].tolist(), read["prompt"]) == (0.25, [True, False], "pick up the red mug")
    assert read["n"] == [1, -5, 300, 2.5, None]


def test_openpis_client_reads_ours():
    """Where openpi-client happens to be installed (it wants NumPy 1); otherwise its bytes above are the test."""
    theirs = pytest.importorskip("openpi_client.msgpack_numpy")
    sent = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.float64(2.5), "c": ["x", None, -3]}
    back = theirs.unpackb(pack(sent))
    assert np.array_equal(back["a"], sent["a"])
    assert (back["b"], back["c"]) == (2.5, sent["c"])


def array(**changes) -> dict:
    return {b"__ndarray__": True, b"data": bytes(8), b"dtype": "<f4", b"shape": [2]} | {
        key.encode(): value for key, value in changes.items()
    }


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (array(dtype="|O"), "'|O' is refused"),
        (array(dtype="|V8"), "'|V8' is refused"),
        (array(dtype="<c8"), "'<c8' is refused"),
        (array(dtype="<U2"), "is refused"),
        (array(dtype="<f4,<f4"), "is refused"),
        (array(dtype=4), "is refused"),
        (array(shape=[3]), "does not fit its data (8)"),
        (array(shape=[-1, -2]), "give up to 8 sizes"),
        (array(shape=[2**40, 0]), "give up to 8 sizes"),
        (array(shape=[2] + [1] * 8), "give up to 8 sizes"),
        (array(shape=2), "give up to 8 sizes"),
        (array(shape=["x", array(data=bytes(64), dtype="<f8", shape=[4, 2])]), "\\n"),  # in one line all the same
        (array(data=b"", shape=[0, *[2**31 - 1] * 7]), "larger than any array"),
        (array(data="abcdefgh"), "does not fit its data (str)"),
        (array(more=1), "and no others"),
        ({b"__ndarray__": True}, "and no others"),
        ({b"__npgeneric__": True, b"data": 300, b"dtype": "|u1"}, "is no number of dtype |u1"),
        ({b"__npgeneric__": True, b"data": 1e300, b"dtype": "<f4"}, "is no number of dtype <f4"),
        ({b"__npgeneric__": True, b"data": float("nan"), b"dtype": "<i4"}, "is no number of dtype <i4"),
        ({b"__npgeneric__": True, b"data": "x", b"dtype": "|u1"}, "data (a number)"),
        ({b"__npgeneric__": True, b"data": 1, b"dtype": "|O"}, "is refused"),
    ],
)
def test_an_array_that_is_none_is_refused(value, reason):
    with pytest.raises(MessageError) as refused:
        unpack(pack(value))
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cut off"),
        (b"\x01\x02", "goes on for 1 bytes"),
        (b"\xc1", "byte 0xc1"),
        (b"\xc7\x01\x05x", "an extension"),
        (b"\xd6\xff\x00\x00\x00\x00", "an extension"),
        (b"\xdd\xff\xff\xff\xff", "cut off"),
        (b"\xdf\x7f\xff\xff\xff\x00", "cut off"),
        (b"\xc6\xff\xff\xff\xffx", "cut off"),
        (b"\xa2\xff\xfe", "not UTF-8"),
        (b"\x81\x01\x02", "a key that is a int"),
        (b"\x82\xa1a\x01\xa1a\x02", "key 'a' twice"),
        (b"\x81\xa2a\n\x01", r"key 'a\\n'"),
        (b"\x91" * (DEPTH_MAX + 1) + b"\x01", f"more than {DEPTH_MAX} deep"),
        (b"\x91" * 1_000_000, f"more than {DEPTH_MAX} deep"),
        (b"\xdd" + (VALUES_MAX + 1).to_bytes(4, "big") + b"\x80" * (VALUES_MAX + 1), f"more than {VALUES_MAX} values"),
    ],
)
def test_bytes_that_are_no_message_are_refused(data, reason):
    with pytest.raises(MessageError, match=reason):
        unpack(data)


def test_what_a_large_message_of_rubbish_costs_is_bounded():
    """32 MB of empty maps would be 2 GB of dictionaries."""
    data = b"\xdd" + (1 << 25).to_bytes(4, "big") + b"\x80" * (1 << 25)
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(MessageError, match="values"):
        unpack(data)
    seconds, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seconds < 5.0
    assert peak < 32 << 20


def test_damaged_messages_end_in_one_line():
    """Random bytes, and sound messages with bytes changed, cut out and put in: a value, or MessageError."""
    rng = random.Random(1)
    refusals = []
    for _ in range(slow_tests.trials(3000, 100_000)):
        data = bytearray(OF_OPENPI if rng.random() < 0.8 else rng.randbytes(rng.randrange(200)))
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(data) + 1)
            data[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        try:
            unpack(bytes(data))
        except MessageError as error:
            refusals.append(str(error))
    assert len(refusals) > 1000
    assert all("\n" not in text and len(text) < 300 for text in refusals)
