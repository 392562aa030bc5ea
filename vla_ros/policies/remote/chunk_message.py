# SPDX-License-Identifier: Apache-2.0
"""An `ActionChunk` as a message and back, to the bit: openpi's reply (`actions`, `server_timing`) and what is ours."""

from __future__ import annotations

from typing import Any

import numpy as np

from controllers.chunks.chunk import POINTS_MAX, ActionChunk
from vla_ros.policies.remote.message_pack import MessageError
from vla_ros.policies.remote.values import Values

TIMING, INFER_MS = "server_timing", "infer_ms"
TRANSPORT_MAX_S = 60.0  # [s] of a request's way there and back that a server is told
CHANNELS_MAX = 200
FEATURES, FEATURES_MAX = "features", 16384  # key, and how many numbers one may have


def chunk_message(chunk: ActionChunk) -> dict[str, Any]:
    """Return a chunk as plain values and arrays; its channels are the columns of `actions` (H, C)."""
    return {
        "actions": chunk.values,
        "channels": list(chunk.channels),
        "times": chunk.times,
        "stamp": float(chunk.stamp),
        "frame_id": chunk.frame_id,
        "riding": bool(chunk.riding),
        "sequence": int(chunk.sequence),
        "instruction": int(chunk.instruction),
    }


def read_features(message: Values) -> np.ndarray | None:
    """Return what the policy's network thought of a message's chunk (F,) float32; None where it does not say.

    Raises MessageError for what is no list of finite numbers.
    """
    if not message.has(FEATURES):
        return None
    features = message.array(FEATURES, None)
    if len(features) > FEATURES_MAX:
        raise MessageError(f"{FEATURES} has {len(features)} numbers, allowed are {FEATURES_MAX}")
    with np.errstate(over="ignore"):
        features = features.astype(np.float32)
    if not np.isfinite(features).all():
        raise MessageError(f"{FEATURES} has a number that float32 cannot hold")
    return features


def read_chunk(message: Values, inference_s: float) -> ActionChunk:
    """Return the chunk of a message, which took `inference_s` [s] to come.

    Raises MessageError for what is not there, ChunkError for what is no chunk.
    """
    channels = message.names("channels")
    times = message.array("times", None)
    if len(times) > POINTS_MAX or len(channels) > CHANNELS_MAX:
        raise MessageError(f"chunk has {len(times)} points of {len(channels)} channels")
    values = message.array("actions", len(times), len(channels))
    chunk = ActionChunk(
        message.number("stamp"),
        message.text("frame_id"),
        channels,
        times,
        values,
        message.whole("sequence"),
        message.whole("instruction"),
        inference_s,
        message.truth("riding"),
    )
    # Quaternions were unit when they were sent; what unit length does to them once more is their last bit.
    if np.allclose(chunk.values, values, rtol=0.0, atol=1e-12):
        values.flags.writeable = False
        object.__setattr__(chunk, "values", values)
    return chunk
