# SPDX-License-Identifier: Apache-2.0
"""FAST tokens: what is encoded comes back, with fewer tokens than numbers; what is no chunk is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.policies.actions.fast.tokenizer import FastTokenizer

H, D = 30, 10


def motions(count: int, seed: int) -> np.ndarray:
    """Return smooth ways (count, H, D) of a metre or so: two frequencies a number, and a gripper that switches once."""
    random = np.random.default_rng(seed)
    t = np.linspace(0.0, 1.0, H)[None, :, None]
    size, rate, phase = (random.uniform(a, b, (count, 1, D)) for a, b in ((0.0, 0.5), (0.5, 3.0), (0.0, 6.3)))
    chunks = size * np.sin(rate * t * 3.0 + phase) + 0.2 * random.standard_normal((count, 1, D)) * t
    chunks[:, :, -1] = np.where(t[:, :, 0] > random.uniform(0.0, 2.0, (count, 1)), 0.04, 0.0)
    return chunks


@pytest.fixture(scope="module")
def fast() -> FastTokenizer:
    return FastTokenizer.fit(motions(2000, 0))


def test_new_chunks_come_back_from_a_fraction_of_as_many_tokens(fast):
    chunks = motions(200, 1)
    tokens = fast.encode(chunks)
    back = np.array([fast.decode(row) for row in tokens])
    reach = np.array(fast.config.high) - np.array(fast.config.low)
    assert np.abs((back - chunks) / reach).max(axis=(1, 2)).mean() < 0.08  # the gripper's step rings a little
    assert np.sqrt((((back - chunks) / reach) ** 2).mean()) < 0.015
    assert np.mean([len(row) for row in tokens]) < H * D / 5
    assert fast.vocabulary == 1024


def test_what_hardly_ever_moves_comes_back_too():
    chunks = motions(1000, 0)
    chunks[:, :, -1] = 0.08
    chunks[::100, 20:, -1] = 0.0  # fingers close in one chunk of a hundred: in 0.3 % of the rows
    chunks[:, :, 0] = 0.5  # and this never does
    fast = FastTokenizer.fit(chunks)
    back = np.array([fast.decode(row) for row in fast.encode(chunks[::100])])
    assert np.sqrt(((back[:, :, -1] - chunks[::100, :, -1]) ** 2).mean()) < 0.03 * 0.08
    assert (back[:, :, 0] == 0.5).all()


def test_a_finer_scale_comes_back_closer_and_needs_more_tokens(fast):
    fine = FastTokenizer.fit(motions(2000, 0), vocabulary=2048, scale=40.0)
    chunks = motions(50, 2)
    errors = [np.abs(np.array([each.decode(t) for t in each.encode(chunks)]) - chunks).mean() for each in (fast, fine)]
    assert errors[1] < 0.4 * errors[0]
    assert sum(map(len, fine.encode(chunks))) > sum(map(len, fast.encode(chunks)))


def test_tokens_of_no_chunk_are_refused(fast):
    tokens = fast.encode(motions(1, 3))[0]
    for wrong in (tokens[:-1], [*tokens, tokens[0]], []):
        with pytest.raises(ConfigError, match="coefficients, a chunk has 300: nothing is executed"):
            fast.decode(wrong)
    for wrong in (-1, fast.vocabulary):
        with pytest.raises(ConfigError, match="outside the vocabulary of 1024"):
            fast.decode([wrong, *tokens])


def test_whatever_is_drawn_from_admitted_tokens_is_a_chunk(fast):
    random = np.random.default_rng(4)
    for _ in range(100):
        tokens: list[int] = []
        while left := fast.left(tokens):
            tokens.append(int(random.choice(np.flatnonzero(fast.admitted(left)))))
        assert fast.decode(tokens).shape == (H, D)
    assert not fast.admitted(0).any()


def test_what_lies_far_outside_is_clipped_not_garbled(fast):
    far = np.zeros((1, H, D))
    far[0, :, 0] = 50.0
    back = fast.decode(fast.encode(far)[0])
    assert fast.config.high[0] < back[:, 0].mean() < 50.0
    np.testing.assert_allclose(back[:, 1:9], 0.0, atol=0.05)


def test_a_number_that_never_changes_comes_back(fast):
    chunks = motions(200, 5)
    chunks[:, :, 3] = 0.7
    own = FastTokenizer.fit(chunks)
    np.testing.assert_allclose(own.decode(own.encode(chunks[:1])[0])[:, 3], 0.7, atol=1e-9)


def test_it_is_saved_and_read_again(fast, tmp_path):
    fast.save(tmp_path)
    again = FastTokenizer.load(tmp_path)
    chunks = motions(5, 6)
    assert again.encode(chunks) == fast.encode(chunks)
    config = json.loads((tmp_path / "fast.json").read_text())
    (tmp_path / "fast.json").write_text(json.dumps({**config, "largest": config["largest"] + 1}))
    with pytest.raises(ConfigError, match="fit it again"):
        FastTokenizer.load(tmp_path)
    (tmp_path / "fast.json").write_text(json.dumps({**config, "scale": 0.0}))
    with pytest.raises(ConfigError, match="scale"):
        FastTokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(ConfigError, match=r"tokenizer\.json: not found|scale"):
        FastTokenizer.load(tmp_path)


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        (np.zeros((0, H, D)), "finite chunks"),
        (np.zeros((3, H)), "finite chunks"),
        (np.full((3, H, D), np.nan), "finite chunks"),
    ],
)
def test_data_without_bounds_is_refused(chunks, words):
    with pytest.raises(ConfigError, match=words):
        FastTokenizer.fit(chunks)


def test_a_vocabulary_too_small_and_chunks_of_another_shape_are_refused(fast):
    with pytest.raises(ConfigError, match="smaller scale than 1000"):
        FastTokenizer.fit(motions(100, 7), scale=1000.0)
    with pytest.raises(ConfigError, match=r"\(N, 30, 10\), got shape \(1, 29, 10\)"):
        fast.encode(np.zeros((1, 29, D)))
