# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
import json

import pytest

from bench import record
from controllers.errors import ConfigError


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    record.add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.slow  # half a minute of a whole graph, which other tests look at closer
def test_figures_are_written_flat_and_no_bag_is_left(tmp_path, capsys):
    file = tmp_path / "figures.json"
    code = record.run(arguments("--seconds", "2", "--forms", "jpeg", "--folder", str(tmp_path), "--json", str(file)))
    figures = json.loads(file.read_text())
    assert code == (1 if figures["jpeg_lost"] else 0)
    assert figures["jpeg_published"] == 2 * (500 + 2 * 30 + 10)
    assert 0.0 <= figures["jpeg_lost"] < 0.05 * figures["jpeg_published"]  # how much a busy machine loses is no test
    assert 0.0 < figures["jpeg_cores"] < 2.0
    assert 0.5 < figures["jpeg_mb_per_s"] < 10.0
    assert figures["jpeg_memory_mib"] > 20.0
    assert "jpeg" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["figures.json"]


@pytest.mark.parametrize(
    ("words", "message"), [(["--seconds", "0"], "--seconds must be >= 1"), (["--folder", "/nowhere"], "no such folder")]
)
def test_nonsense_is_refused(words, message):
    with pytest.raises(ConfigError, match=message):
        record.run(arguments(*words))
