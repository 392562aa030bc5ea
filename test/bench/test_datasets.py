# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from vla_ros.cli import main


def test_the_data_loop_is_measured(tmp_path, capsys):
    file = tmp_path / "figures.json"
    assert main(["bench", "datasets", "--bags", "1", "--seconds", "2", "--workers", "1", "--json", str(file)]) == 0
    figures = json.loads(file.read_text())
    assert figures["recorded_s"] == 2.0
    assert 0 < figures["dataset_mb"] < 0.1 * figures["bags_mb"]
    assert figures["convert_times_real_time"] > 0
    assert figures["read_128_samples_s_cached"] > figures["read_128_samples_s"] > 0


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--bags", "0"], "must be >= 1"),
        (["--seconds", "0"], "--seconds >= 1"),
        (["--json", "no/x.json"], "--json no/x"),
    ],
)
def test_bad_input_is_one_line(capsys, words, expected):
    assert main(["bench", "datasets", *words]) == 2
    assert expected in capsys.readouterr().err
