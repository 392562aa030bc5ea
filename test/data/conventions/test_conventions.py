# SPDX-License-Identifier: Apache-2.0
"""Conventions of data: every fault that is put in is named, alone, and what the simulator records raises no alarm."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from demonstrations.convention_faults import FAULTS_INJECTED, Changed, Fault, by_joints, by_pose, in_squares
from safetensors.numpy import save_file
from vla_command import vla

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.data.conventions.check import check_conventions, numbers
from vla_ros.data.conventions.finding import Answer, Finding
from vla_ros.data.conventions.pictures import check_pictures
from vla_ros.data.conventions.recording import Recording
from vla_ros.data.conventions.statistics import read_statistics
from vla_ros.data.datasets.features import ACTION, STATE
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.contract import load_contract
from vla_ros.robots.embodiment import load_embodiment

pytestmark = pytest.mark.timeout(900)  # the demonstrations are made first: a minute of two quiet cores

EPISODES = 6  # of these seeds three name a colour that exchanged channels change


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return demonstrations of franka_grasp, as `vla generate` makes them."""
    folder = tmp_path_factory.mktemp("grasps")
    vla(folder, "generate", "set", "--episodes", EPISODES, "--seed", 10, "--workers", 2)
    return folder / "set" / "action"


@pytest.fixture(scope="module")
def recording(dataset: Path) -> Iterator[Recording]:
    contract = load_contract("franka_grasp")
    with LeRobotReader(load_metadata(dataset)) as reader:
        yield Changed(Recording(contract, load_embodiment(contract.robot), reader))


def _found(answers: list[Answer]) -> list[str]:
    return [answer.fault for answer in answers if isinstance(answer, Finding)]


@pytest.mark.parametrize("make", [Changed, by_joints, by_pose, in_squares])
def test_what_the_simulator_recorded_raises_no_alarm(recording: Recording, make: type[Changed]) -> None:
    changed = make(recording)

    assert not _found([*numbers(changed), *check_pictures(changed)])


@pytest.mark.parametrize("fault", FAULTS_INJECTED, ids=lambda fault: fault.name.replace(" ", "_"))
def test_a_fault_is_named_alone(recording: Recording, fault: Fault) -> None:
    changed = fault.inject(recording)
    answers = numbers(changed)
    if fault.pictures:
        answers += check_pictures(changed)

    assert _found(answers) == [fault.expected], [str(answer) for answer in answers]


def test_a_base_that_is_measured_in_degrees_or_backwards_is_named() -> None:
    """ByteMini's columns alone: a drive of sines, measured as it was commanded a frame before."""
    contract = load_contract("bytemini_table")
    times = np.arange(400)
    drive = np.column_stack([np.sin(times / 9.0), np.cos(times / 11.0), np.sin(times / 7.0)]) * (0.3, 0.2, 0.5)
    home = np.concatenate([arm.home for arm in load_embodiment("bytemini").arms])
    state = np.hstack([np.tile(home, (400, 1)), np.zeros((400, 2)), np.roll(drive, 1, axis=0)])
    action = np.hstack([np.tile(home, (400, 1)), np.zeros((400, 2)), drive])

    class Reader:
        """Two columns of one episode."""

        def __len__(self) -> int:
            return 400

        def column(self, name: str) -> np.ndarray:
            return {STATE: state, ACTION: action, "episode_index": np.zeros(400)}[name]

    def found() -> list[str]:
        recording = Recording(
            dataclasses.replace(contract, cameras={}, reference_camera=""), load_embodiment("bytemini"), Reader()
        )  # type: ignore[arg-type]
        return _found(numbers(recording))

    assert not found()
    state[:, -1] = np.degrees(state[:, -1])
    assert found() == ["base_unit"]
    state[:, -1] = -np.radians(state[:, -1])
    assert found() == ["base_sign"]


def test_another_rate_is_named(dataset: Path) -> None:
    contract = dataclasses.replace(load_contract("franka_grasp"), fps=30)

    assert [finding.fault for finding in check_conventions(contract, load_metadata(dataset)).findings] == ["rate"]


def test_another_contract_is_named_by_its_first_difference(dataset: Path) -> None:
    report = check_conventions(load_contract("franka_grasp_wrist"), load_metadata(dataset))

    assert [finding.fault for finding in report.findings] == ["layout"]
    assert "wrist" in report.findings[0].seen


def test_statistics_of_other_data_are_named(dataset: Path, tmp_path: Path) -> None:
    contract, metadata = load_contract("franka_grasp"), load_metadata(dataset)
    own = json.loads((dataset / "meta/stats.json").read_text())

    def written(name: str, change: float) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        values = {
            key: {"mean": (np.array(own[column]["mean"]) + change).tolist(), "std": own[column]["std"]}
            for key, column in (("state", STATE), ("actions", ACTION))
        }
        (folder / "norm_stats.json").write_text(json.dumps({"norm_stats": values}))
        return folder

    assert not check_conventions(contract, metadata, written("same", 0.0)).findings
    found = check_conventions(contract, metadata, written("other", 2.0)).findings
    assert [finding.fault for finding in found] == ["statistics", "statistics"]


def test_a_datasets_own_statistics_are_compared_with_its_data(dataset: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(dataset, copy)
    path = copy / "meta/stats.json"
    values = json.loads(path.read_text())
    values[STATE]["mean"][0] += 1.0
    path.write_text(json.dumps(values))

    found = check_conventions(load_contract("franka_grasp"), load_metadata(copy)).findings

    assert [(finding.fault, finding.where.split()[0]) for finding in found] == [("statistics", STATE)]


def test_statistics_of_a_lerobot_checkpoint_are_read(tmp_path: Path) -> None:
    values = {
        f"{column}.{name}": np.full(2, 3.0, dtype=np.float32) for column in (STATE, ACTION) for name in ("mean", "std")
    }
    save_file(values, tmp_path / "of_step_2.safetensors")
    step = {"registry_name": "normalizer_processor", "config": {}, "state_file": "of_step_2.safetensors"}
    (tmp_path / "policy_preprocessor.json").write_text(json.dumps({"name": "policy_preprocessor", "steps": [step]}))

    table = read_statistics(tmp_path)

    assert set(table) == {STATE, ACTION}
    assert all(np.allclose(numbers, 3.0) for pair in table.values() for numbers in pair)


def test_a_folder_without_statistics_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no statistics there"):
        read_statistics(tmp_path)


@pytest.mark.parametrize("text", ["[]", '{"norm_stats": {"state": 3}}', '{"state": {"mean": ["x"], "std": [1]}}'])
def test_statistics_that_are_none_are_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "norm_stats.json").write_text(text)

    with pytest.raises(ConfigError, match=r"norm_stats\.json"):
        read_statistics(tmp_path)


def test_the_command_says_it_and_writes_it(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "found.json"

    assert cli.main(["policy", "check", "franka_grasp", str(dataset), "--json", str(written)]) == 0

    assert "follows it as far as can be told" in capsys.readouterr().out
    assert json.loads(written.read_text()) == {
        "ok": True, "findings": [], "untold": [], "frames": load_metadata(dataset).frames, "episodes": EPISODES,
    }  # fmt: skip


def test_bad_arguments_are_one_line(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (("franka_gras", dataset), "franka_grasp"),
        (("franka_grasp", tmp_path / "none"), "none"),
        (("franka_grasp", dataset, "--statistics", tmp_path / "none"), "there is no such folder"),
        (("franka_grasp", dataset, "--json", tmp_path / "none" / "found.json"), "--json"),
    ):
        assert _called(words) == 2
        shown = capsys.readouterr().err
        assert said in shown
        assert len(shown.splitlines()) == 1, shown


def _called(words: tuple[object, ...]) -> int:
    try:
        return cli.main(["policy", "check", *map(str, words)])
    except SystemExit as end:
        return int(end.code or 0)
