# SPDX-License-Identifier: Apache-2.0
"""`vla hands` as a process: its link, its end, and what it refuses in one line."""

from __future__ import annotations

import argparse
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from vla_ros import cli
from vla_ros.commands.data import hands


def refusal(capsys, *words):
    """Return the one line that the command ends with, exit code 2."""
    assert cli.main(["hands", *map(str, words)]) == 2
    error = capsys.readouterr().err.strip()
    assert "\n" not in error
    return error


@pytest.mark.parametrize("host", ["localhost", "all"])
def test_a_port_that_is_taken_is_one_line(capsys, tmp_path, host):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = refusal(
            capsys, tmp_path / "demonstrations", "--port", port, "--host", host, "--folder", tmp_path / "keys"
        )
    assert f"--port {port} on " in error
    assert "Address already in use; give another, or 0" in error


def test_what_cannot_work_is_refused_in_one_line(capsys, tmp_path):
    keys = ("--folder", tmp_path / "keys", "--port", 0)
    demonstrations = tmp_path / "demonstrations"
    (tmp_path / "file").write_text("")
    assert "--host my.robot: give localhost, all" in refusal(capsys, demonstrations, "--host", "my.robot", *keys)
    assert "--port 70000: give 0 to 65535" in refusal(capsys, demonstrations, "--port", "70000")
    assert "demonstrations cannot be kept there" in refusal(capsys, tmp_path / "file" / "x", *keys)
    assert "give another with --folder" in refusal(capsys, demonstrations, "--folder", tmp_path / "file" / "x")
    assert "floor needs 3 finite numbers" in refusal(capsys, demonstrations, "--floor", "1,2", *keys)
    assert "intrinsics needs 4 finite numbers" in refusal(
        capsys, demonstrations, "--intrinsics", "600,600,nan,240", *keys
    )
    assert "its action moves 'left_joint1'" in refusal(capsys, demonstrations, "--contract", "bytemini_table", *keys)
    (tmp_path / "broken" / "key.pem").mkdir(parents=True)
    error = refusal(capsys, demonstrations, "--host", "all", "--port", 0, "--folder", tmp_path / "broken")
    assert "key.pem: cannot be written" in error
    with pytest.raises(SystemExit, match="2"):
        cli.main(["hands", "--floor", "here"])
    assert "give numbers with commas between them" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "camera", "opening", "floor"),
    [
        ([], "front", 0.08, (0.0, 0.0, -0.75)),
        (["--contract", "bytemini_hands", "--hand", "left"], "head", 0.09, (0.0, 0.0, 0.0)),
        (["--contract", "bytemini_hands", "--floor", "0.1,0,0", "--opening", "0.07"], "head", 0.07, (0.1, 0.0, 0.0)),
    ],
)
def test_what_is_not_said_is_as_the_contracts_robot_has_it(words, camera, opening, floor):
    parser = argparse.ArgumentParser()
    hands.add_arguments(parser)
    assert hands._in_place_of(parser.parse_args(words)) == (camera, pytest.approx(opening), floor)


def test_ctrl_c_ends_it_and_says_what_comes_next(tmp_path, environment):
    (tmp_path / "demonstrations" / "demonstration_000004").mkdir(parents=True)
    command = [sys.executable, "-m", "vla_ros.cli", "hands", "--port", "0", "--folder", str(tmp_path / "keys"),
               "--instruction", "stack the bowls", "--hand", "left"]  # fmt: skip
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        shown = ""
        while "open http" not in shown:
            line = process.stdout.readline()
            assert line, shown
            shown += line
        link = re.search(r"http://localhost:\d+/\?token=\S+", shown).group()
        with urllib.request.urlopen(link) as answer:
            assert b"Hand demonstrations" in answer.read()
        assert "█" in shown
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
    assert process.returncode == 0
    following = "vla convert demonstrations datasets/hands --contract franka_grasp"
    assert rest == f"\ndemonstrations: 1 demonstration\nnext: {following}\n"
