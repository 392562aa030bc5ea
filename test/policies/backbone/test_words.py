# SPDX-License-Identifier: Apache-2.0
"""The frozen word embedding: right rows in the right order, from the installed package alone, and no network."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.errors import ConfigError
from vla_ros.policies.backbone import words
from vla_ros.policies.backbone.words import WordEmbedding

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("wordllama") is None, reason="wordllama is not installed: VLA_EXTRAS=learning ./vla test"
)
EMBEDDING = WordEmbedding()


def cosine(first: str, second: str) -> float:
    a, b = EMBEDDING.sentence(first), EMBEDDING.sentence(second)
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_a_row_a_token_in_the_order_of_the_text() -> None:
    pick, red = EMBEDDING.tokens("pick"), EMBEDDING.tokens("red")
    both = EMBEDDING.tokens("pick red")
    assert both.shape == (2, WordEmbedding.size)
    assert both.dtype == np.float32
    np.testing.assert_array_equal(both, np.concatenate([pick, red]))
    np.testing.assert_array_equal(EMBEDDING.tokens("red pick"), both[::-1])


def test_the_rows_are_those_in_the_file() -> None:
    # Read by hand, header and all: 8 bytes of length, JSON, then the numbers.
    file = importlib.metadata.distribution("wordllama").locate_file("wordllama/weights/l2_supercat_256.safetensors")
    content = Path(str(file)).read_bytes()
    length = int.from_bytes(content[:8], "little")
    entry = json.loads(content[8 : 8 + length])["embedding.weight"]
    start, end = entry["data_offsets"]
    rows = np.frombuffer(content[8 + length + start : 8 + length + end], np.float16).reshape(entry["shape"])
    vocabulary = json.loads(
        Path(str(file)).parents[1].joinpath("tokenizers/l2_supercat_tokenizer_config.json").read_text()
    )["model"]["vocab"]
    np.testing.assert_array_equal(EMBEDDING.tokens("red")[0], rows[vocabulary["▁red"]].astype(np.float32))


@given(st.text(max_size=60))
def test_any_text_gives_finite_rows_whose_mean_is_the_sentence(text: str) -> None:
    rows, sentence = EMBEDDING.tokens(text), EMBEDDING.sentence(text)
    assert rows.shape[1:] == (256,)
    assert sentence.shape == (256,)
    assert sentence.dtype == np.float32
    assert np.isfinite(sentence).all()
    np.testing.assert_allclose(sentence, rows.mean(axis=0) if len(rows) else 0.0, atol=1e-6)


def test_case_punctuation_and_hyphens_make_no_difference() -> None:
    np.testing.assert_array_equal(
        EMBEDDING.tokens("Pick up the  jet-black toy_car, please!"),
        EMBEDDING.tokens("pick up the jet black toy car please"),
    )
    assert EMBEDDING.tokens(" ?! ").shape == (0, 256)
    assert not EMBEDDING.sentence("").any()


def test_words_for_the_same_are_nearer_than_others() -> None:
    assert cosine("gray", "grey") > 0.5 > cosine("gray", "green")
    assert cosine("car", "automobile") > cosine("car", "banana")
    assert cosine("azure mug", "blue mug") > cosine("azure mug", "red mug")


def test_nothing_is_fetched_and_nothing_is_written(tmp_path: Path, root: Path) -> None:
    program = textwrap.dedent(
        """
        import socket, sys
        def refuse(*arguments, **named): raise AssertionError("the network was asked")
        socket.socket = socket.create_connection = socket.getaddrinfo = refuse
        from vla_ros.policies.backbone.words import WordEmbedding
        embedding = WordEmbedding()
        assert "tokenizers" not in sys.modules, "loaded before the first word"
        assert embedding.sentence("the red mug").any()
        print(*{"torch", "requests", "pydantic", "wordllama"} & set(sys.modules))
        """
    )
    environment = {"HOME": str(tmp_path), "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def unloaded():
    words._table.cache_clear()
    yield
    words._table.cache_clear()


def test_it_is_loaded_once_a_process(unloaded) -> None:
    WordEmbedding().tokens("red")
    WordEmbedding().sentence("blue")
    assert words._table.cache_info().misses == 1


def test_not_installed_is_one_line_with_the_remedy(unloaded, monkeypatch) -> None:
    monkeypatch.setattr(words, "PACKAGE", "wordllama-of-nobody")
    with pytest.raises(
        ConfigError, match=r"wordllama-of-nobody, which is not installed: pip install .*==0\.3"
    ) as error:
        EMBEDDING.tokens("red")
    assert "\n" not in str(error.value)
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ConfigError, match="words need tokenizers, which is not installed: pip install"):
        EMBEDDING.tokens("red")


def test_a_broken_installation_is_one_line(unloaded, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(words, "_WEIGHTS", str(tmp_path / "weights"))
    with pytest.raises(ConfigError, match="is missing from wordllama"):
        EMBEDDING.tokens("red")
    (tmp_path / "weights").write_bytes(b"half a file")
    with pytest.raises(ConfigError, match="weights: cannot be read"):
        EMBEDDING.tokens("red")
    monkeypatch.undo()
    (tmp_path / "tokenizer").write_text("{")
    monkeypatch.setattr(words, "_TOKENIZER", str(tmp_path / "tokenizer"))
    with pytest.raises(ConfigError, match="tokenizer: cannot be read"):
        EMBEDDING.tokens("red")
