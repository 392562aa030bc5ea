# SPDX-License-Identifier: Apache-2.0
"""Random numbers of a scene: one independent generator for each stream, seed and aspect."""

from __future__ import annotations

import numpy as np

from controllers.errors import ConfigError, unknown_name

STREAMS = {"evaluation": 0, "generation": 1}
ASPECTS = {
    "table": 0,
    "cameras": 1,
    "objects": 2,
    "places": 3,
    "extra": 4,
    "lights": 5,
    "surfaces": 6,
    "words": 7,
    "arm": 8,
    "mounts": 9,
    "bodies": 10,  # fixtures and cloths
    "opacity": 11,
}


def scene_generator(stream: str, seed: int, aspect: str, attempt: int = 0) -> np.random.Generator:
    """Return the generator of one aspect of one scene.

    Stream and aspect are spawn keys of NumPy's SeedSequence, not offsets of the seed: no evaluation scene can repeat
    in the data, and changing one aspect (a set's lights) leaves all others as they were.
    """
    if stream not in STREAMS:
        raise ConfigError(unknown_name("stream", stream, STREAMS))
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 2**63:
        raise ConfigError(f"seed must be a whole number from 0 to 2^63 - 1, got {seed!r}")
    key = (STREAMS[stream], ASPECTS[aspect], attempt)
    return np.random.default_rng(np.random.SeedSequence(entropy=int(seed), spawn_key=key))
