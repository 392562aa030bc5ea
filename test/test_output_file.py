# SPDX-License-Identifier: Apache-2.0
"""Files that a user names for results."""

from __future__ import annotations

import argparse
import os

import pytest

from controllers.errors import ConfigError
from vla_ros.cli import main
from vla_ros.commands.bench import benchmark_names
from vla_ros.output_file import OutputFile, check_output, write_output


@pytest.mark.parametrize(
    ("option", "file", "suffix", "said"),
    [
        (
            "--json",
            "{folder}/none/x.json",
            "",
            "--json {folder}/none/x.json: cannot be written: the folder {folder}",
        ),
        ("report:=", "{folder}", "", "report:={folder}: is a folder: name a file"),
        ("--picture", "{folder}/x.jpg", ".png", "--picture {folder}/x.jpg: give a name that ends in .png"),
        ("", "{folder}/x/y.npz", ".npz", "{folder}/x/y.npz: cannot be written"),
        ("--json", "{folder}/there.txt/x.json", "", "the folder {folder}/there.txt does not exist"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_work(tmp_path, option, file, suffix, said):
    (tmp_path / "there.txt").write_text("a file")
    with pytest.raises(ConfigError) as error:
        check_output(option, file.format(folder=tmp_path), suffix)
    assert said.format(folder=tmp_path) in str(error.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_is_somebody_elses_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(ConfigError, match="you may not write there"):
        check_output("--json", tmp_path / "x.json")


def test_what_can_be_written_is_not_touched_by_the_look(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_output("--json", None)
    check_output("--json", "")
    check_output("--json", "new.json")
    check_output("--json", "/dev/stdout")
    assert not list(tmp_path.iterdir())
    check_output("--json", "deep/er/new.json", make_folder=True)
    assert (tmp_path / "deep" / "er").is_dir()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"--json .*file/x\.json: cannot be written \(.*\): choose another place"):
        check_output("--json", tmp_path / "file" / "x.json", make_folder=True)


def test_a_file_is_replaced_as_a_whole_and_a_link_stays_one(tmp_path):
    (tmp_path / "link").symlink_to("target")
    write_output("--json", tmp_path / "link", "first, and long")
    write_output("--json", tmp_path / "link", b"then")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "then"
    assert {path.name for path in tmp_path.iterdir()} == {"link", "target"}


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        check_output("--json", tmp_path / "pipe")
        write_output("--json", tmp_path / "pipe", "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)


def test_a_write_that_fails_leaves_nothing_and_is_one_line(tmp_path, monkeypatch):
    def refuse(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(ConfigError, match=r"--yaml .*x\.yaml: cannot be written \(No space left on device\)"):
        write_output("--yaml", tmp_path / "x.yaml", "text")
    assert not list(tmp_path.iterdir())


def test_an_argument_is_looked_at_when_it_is_named(tmp_path):
    parser = argparse.ArgumentParser()
    parser.add_argument("--picture", action=OutputFile, suffix=".png", metavar="FILE")
    parser.add_argument("file", action=OutputFile)
    picture = str(tmp_path / "x.png")
    named = parser.parse_args(["--picture", picture, str(tmp_path / "y")])
    assert (named.picture, named.file) == (picture, str(tmp_path / "y"))
    assert parser.parse_args([str(tmp_path / "y")]).picture is None
    with pytest.raises(ConfigError, match=r"^--picture x\.gif: give a name that ends in \.png$"):
        parser.parse_args(["--picture", "x.gif", "y"])
    with pytest.raises(ConfigError, match=r"^none/y: cannot be written: the folder none does not exist"):
        parser.parse_args(["none/y"])


@pytest.mark.parametrize("benchmark", benchmark_names())
def test_every_benchmark_looks_before_it_works(tmp_path, capsys, benchmark):
    assert main(["bench", benchmark, "--json", f"{tmp_path}/none/x.json"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--json {tmp_path}/none/x.json: cannot be written" in line


def test_pictures_whose_folder_cannot_be_made_are_refused_before_the_work(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert main(["bench", "control", "--pictures", f"{tmp_path}/file/pictures"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--pictures {tmp_path}/file/pictures/control_jerk.png: cannot be written (Not a directory)" in line
