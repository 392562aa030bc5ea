# SPDX-License-Identifier: Apache-2.0
"""The table of a release: fixed rows on scenes of their own, every look written down, whatever is interrupted."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from assets import ROOT
from fake_runner import MakeFake, fake_episode

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.commands.evaluation import command
from vla_ros.commands.evaluation.release_test import run_test
from vla_ros.configuration import build, share_directory
from vla_ros.documents import read_yaml
from vla_ros.evaluation import reserved_seeds as reserved
from vla_ros.evaluation.evaluation import RunSeeds, lockstep
from vla_ros.evaluation.pool import Broken, run_all
from vla_ros.evaluation.protocol import rows as protocol_rows
from vla_ros.evaluation.protocol import run as protocol_run
from vla_ros.evaluation.protocol.identity import code_digest, folder_digest, weights_digest
from vla_ros.evaluation.protocol.ledger import BEGUN, FINISHED, NAME, Entry, Ledger, user_ledger
from vla_ros.evaluation.protocol.rows import Protocol, Row, load_protocol
from vla_ros.evaluation.reserved_seeds import ReservedSeeds, reserved_seeds
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult

SHIPPED = ROOT / "checkpoints" / "graspvla_small"
TWO_ROWS = Protocol((Row("basic", "action"), Row("height", "action", "unseen")), beside="geometric")
ALONE = Protocol((Row("basic", "action"),))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, with a ledger of this user's that nobody else has."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fakes(settings: EvaluationSettings) -> RunSeeds:
    def run(seeds: Sequence[int]) -> Iterator[EpisodeResult]:
        for seed in seeds:
            better = settings.episode.policy == "geometric" and seed % 10 > 0
            yield dataclasses.replace(fake_episode(seed), success=better or seed % 2 == 0, chance=0.5, color_alone=0.9)

    return run


def interrupted_after(count: int):
    def make(settings: EvaluationSettings) -> RunSeeds:
        def run(seeds: Sequence[int]) -> Iterator[EpisodeResult]:
            for number, episode in enumerate(fakes(settings)(seeds)):
                if number == count:
                    raise KeyboardInterrupt
                yield episode

        return run

    return make


def release(*words: str, protocol: Protocol = TWO_ROWS, run_seeds=fakes) -> int:
    """Run `vla eval --test` with a protocol of this test's, by simulations that are none."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    arguments = parser.parse_args(["--test", *words])
    return run_test(arguments, arguments.defaults, protocol, run_seeds)


def untested(name: str) -> None:
    """Copy the shipped weights without what was written down of their tests."""
    shutil.copytree(SHIPPED, name, ignore=shutil.ignore_patterns("test*"))


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()]


# --- what is fixed


def test_the_rows_of_the_release_are_fixed_and_can_be_run() -> None:
    protocol = load_protocol("grasping")
    assert protocol.scenes >= 200
    assert protocol.beside == "geometric"
    named = {(row.set, row.wording) for row in protocol.rows}
    assert {("basic", "unseen")} | {
        (s, "common") for s in ("basic", "light", "background", "distractor", "height")
    } <= named
    for row in protocol.rows:
        settings = protocol.settings(row, "geometric", "", 1)
        settings.check()
        assert set(settings.seeds) <= set(reserved_seeds().seeds)
    with pytest.raises(
        ConfigError,
        match="no rows are fixed for the task 'fold': take --task bin_pack or bin_pick or bus",
    ):
        load_protocol("fold")


def test_tables_are_cleared_in_the_four_settings_of_the_report_at_once_and_sentence_by_sentence() -> None:
    protocol = load_protocol("bussing")
    assert protocol.scenes >= 100
    at_once = {("basic", "common"), ("background", "common"), ("basic", "unseen"), ("novel", "common")}
    one_by_one = {"step_by_step", "step_by_step_unseen", "relation", "step_by_step_novel", "invalid"}
    rows = {(row.set, row.wording) for row in protocol.rows}
    assert at_once | {(name, "common") for name in one_by_one} <= rows
    for row in protocol.rows:
        episode = protocol.settings(row, "expert", "", 1).episode
        episode.check()
        assert (episode.robot, episode.task, episode.latency_s, episode.spl) == ("bytemini", "bussing", 0.1, False)


@pytest.mark.parametrize("task", ["bin_pick", "bin_pack"])
def test_bins_are_picked_by_tools_in_modes_beside_analysis_alone(task: str) -> None:
    protocol = load_protocol(task)
    assert protocol.scenes >= 200
    assert len({row.title for row in protocol.rows}) == len(protocol.rows)
    weights = str(share_directory() / "checkpoints" / "gam_small")
    episodes = [protocol.settings(row, "gam", weights, 1).episode for row in protocol.rows]
    for row, episode in zip(protocol.rows, episodes, strict=True):
        episode.check()
        assert (episode.task, episode.robot, episode.spl) == (task, f"franka+{row.tool}", False)
        assert row.setting in episode.setting
    whole = {(row.tool, row.mode) for row in protocol.rows if not row.setting}
    alone = {(row.tool, row.mode) for row in protocol.rows if row.setting == "proposes=analysis,ranks=analysis"}
    assert alone <= whole
    if task == "bin_pick":
        assert {("hybrid", mode) for mode in ("suction", "pinch", "cage")} <= alone
        unseen = {int(tool.removeprefix("drawn_")) for tool, _ in whole if tool.startswith("drawn_")}
        assert len(unseen) >= 2
        assert all(seed % 5 == 4 for seed in unseen)  # held back from every training


def test_a_row_that_says_no_tool_is_the_row_of_older_tests() -> None:
    assert ALONE.digest == dataclasses.replace(ALONE, rows=(Row("basic", "action", tool="", setting=""),)).digest
    assert ALONE.digest != dataclasses.replace(ALONE, rows=(Row("basic", "action", tool="hybrid"),)).digest
    row = Row("basic", tool="hybrid", mode="pinch", setting="proposes=actor,ranks=random")
    assert row.title == "hybrid pinch, basic, proposes=actor ranks=random"
    assert row.name == "hybrid_pinch_basic_proposes-actor_ranks-random"


def test_a_configuration_of_ones_own_changes_neither_rows_nor_seeds(folder: Path, monkeypatch) -> None:
    (folder / "evaluation").mkdir()
    (folder / "evaluation" / "grasping.yaml").write_text("rows: [{set: basic, categories: seen}]")
    before, code = load_protocol("grasping").digest, code_digest(None)
    monkeypatch.setenv("VLA_CONFIG", str(folder))
    assert load_protocol("grasping").digest == before
    assert code_digest(None) != code  # it may change anything else, such as the policy's settings


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"rows": [{"set": "basic", "categories": "action"}], "scenes": 99},
            "scenes must be 100 or more a row, got 99",
        ),
        ({"rows": [{"set": "basic", "categories": "action"}], "scenes": 10_001}, "scenes must be 10000 at most"),
        ({"rows": [{"set": "basic"}], "non_blocking_s": -0.1}, "non_blocking_s must be at least 0, got -0.1"),
        ({"rows": []}, "rows must be one or more"),
        ({"rows": [{"set": "basic", "categories": "action"}] * 2}, "none of them twice"),
        ({"rows": [{"set": "basic", "category": "action"}]}, "did you mean 'categories'"),
    ],
)
def test_rows_that_cannot_be_a_table_are_refused(values: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(Protocol, values, "rows.yaml")


def test_test_seeds_are_apart_from_those_that_the_documents_tell_of() -> None:
    """Development and experts' rows: docs name their seeds, and none is a test seed."""
    import re

    kept = reserved_seeds().seeds
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for begin, end in re.findall(r"--seed (\d+)(?: to (\d+))?", page.read_text()):
            assert int(begin) not in kept, f"{page.name}: --seed {begin}"
            assert int(end or begin) not in kept, f"{page.name}: to {end}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["eval", "--policy", "geometric", "--seed", "80000"], "scenes 80000 to 80019 take in test seeds"),
        (["eval", "--policy", "expert", "--seed", "89999"], "take in test seeds (80000 to 89999)"),
        (["eval", "--policy", "geometric", "--seed", "79990", "--episodes", "11"], "scenes 79990 to 80000 take in"),
        (["eval", "--task", "placing", "--policy", "expert", "--seed", "80500"], "`vla eval --test` alone runs"),
        (["eval", "--graph", "--policy", "geometric", "--seed", "80500"], "such as --seed 20000"),
        (["launch", "franka_grasp", "policy:=geometric", "seed:=80003"], "seed:=80003: scenes 80003 to 80003 take in"),
        (["launch", "policy", "robot:=franka", "seed:=80003"], "such as seed:=20000"),
        (["eval", "--test", "--seed", "0"], "--seed: --test runs the rows of config/evaluation/"),
        (["eval", "--test", "--episodes", "5"], "--episodes: --test runs the rows"),
        (["eval", "--test", "--set", "light"], "--set: --test"),
        (["eval", "--test", "--non-blocking", "0.1"], "--non-blocking: --test"),
        (["eval", "--test", "--resume"], "goes on by itself when it was interrupted: leave it out"),
        (["eval", "--test", "--graph"], "--graph: --test"),
        (["eval", "--test", "--policy", "expert"], "take a policy"),
        (["eval", "--test", "--policy", "geometrik"], "did you mean 'geometric'"),
        (["eval", "--test", "--policy", "geometric", "--workers", "0"], "--workers must be 1 to"),
        (["eval", "--test", "--policy", "geometric", "--checkpoint", "x"], "has no weights"),
        (["eval", "--test", "--checkpoint", "nowhere"], "config.json is not there"),
        (["eval", "--test", "--task", "fold"], "take --task bin_pack or bin_pick or bussing or grasping"),
        (["eval", "--test", "--policy", "geometric", "--json", "result.txt"], "ends in .json"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_no_look(words: list[str], message: str, capsys: pytest.CaptureFixture) -> None:
    assert cli.main(words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert list(Path.cwd().iterdir()) == []


# --- one test


def test_every_row_is_run_for_the_policy_and_the_one_beside_and_the_table_is_written(capsys) -> None:
    untested("mine")
    assert release("--checkpoint", "mine", "--json", "out/result.json") == 0
    said = capsys.readouterr().out
    assert "first look at these weights; other weights tested on these scenes before: none" in said
    figures = json.loads(Path("out/result.json").read_text())
    assert (figures["look"], figures["seeds"], list(figures["rows"])) == (
        1,
        [80000, 80200],
        ["basic_action", "height_action_unseen"],
    )
    row = figures["rows"]["height_action_unseen"]
    assert (row["episodes"], row["success_rate"], row["if_rate_chance"]) == (200, 0.5, 0.5)
    assert row["geometric"]["success_rate"] == 1.0
    table = Path("out/result.md").read_text()
    assert (
        "| height, action, unseen words | 200 | 50.0 % | 43.1 to 56.9 % | 100.0 % | 90.0 % | 50.0 % | 50 | 100.0 % |"
        in table
    )
    for words in ("first look at these weights", "scenes 80000 to 80199 of each row", figures["weights"][:12]):
        assert words in table
        assert words in said
    for file in (user_ledger(), Path("mine") / NAME):
        begun, finished = lines(file)
        assert (begun["event"], finished["event"], begun["run"] == finished["run"]) == (BEGUN, FINISHED, True)
        assert finished["success"] == {"basic_action": 0.5, "height_action_unseen": 0.5}
        assert begun["weights"] == figures["weights"]


def test_of_several_things_the_table_says_how_many_and_leaves_out_what_the_task_has_not(capsys) -> None:
    def tables(settings: EvaluationSettings) -> RunSeeds:
        several = {"target": "", "parts": 4, "parts_done": 3, "asked": 2, "followed": 1}
        whole = dataclasses.replace(fake_episode(0), **several)
        alone = dataclasses.replace(whole, asked=0, followed=0)
        kind = whole if settings.episode.set_name == "height" else alone
        return lambda seeds: (dataclasses.replace(kind, seed=seed) for seed in seeds)

    protocol = Protocol((Row("basic"), Row("height", wording="unseen")), 100, spl=False)
    assert release("--policy", "geometric", "--json", "out.json", protocol=protocol, run_seeds=tables) == 0
    heading, _, first, second = Path("out.md").read_text().splitlines()[:4]
    assert heading == "| row | scenes | success | 95 % interval | things | 95 % interval | followed | 95 % interval |"
    assert first.startswith("| basic | 100 | 100.0 %")
    assert first.endswith("| 75.0 % | 70.5 to 79.0 % | n/a | n/a |")
    assert second.startswith("| height, unseen words | 100 |")
    assert second.endswith("| 50.0 % | 43.1 to 56.9 % |")
    assert "spl" not in json.loads(Path("out.json").read_text())["rows"]["basic"]


def test_a_second_look_is_said_in_output_table_and_figures_whatever_the_folder_is_called(capsys) -> None:
    untested("mine")
    release("--checkpoint", "mine", "--json", "first.json")
    shutil.move("mine", "renamed")
    capsys.readouterr()
    assert release("--checkpoint", "renamed", "--json", "second.json") == 0
    said = capsys.readouterr().out
    date = lines(user_ledger())[0]["date"][:10]
    warning = f"THESE WEIGHTS WERE TESTED BEFORE on {date}: this is look 2"
    assert said.count(warning) == 2  # before the first episode, and below the table
    assert f"**{warning}" in Path("second.md").read_text()
    figures = json.loads(Path("second.json").read_text())
    assert figures["look"] == 2
    assert figures["looks"].startswith(warning)


def test_other_weights_on_the_same_scenes_are_counted(capsys) -> None:
    release("--policy", "geometric", "--json", "a.json", protocol=ALONE)
    untested("mine")
    capsys.readouterr()
    release("--checkpoint", "mine", "--json", "b.json", protocol=ALONE)
    assert "first look at these weights; other weights tested on these scenes before: 1" in capsys.readouterr().out


def test_an_interrupted_test_shows_nothing_and_the_same_command_goes_on_as_the_same_look(capsys) -> None:
    words = ("--policy", "geometric")
    assert release(*words, protocol=ALONE, run_seeds=interrupted_after(70)) == 130
    said = capsys.readouterr().out
    assert "no table yet; the same command goes on in runs/test_geometric_" in said
    assert "%" not in said.replace("0 %", "").replace("35 %", "")  # how far, not how good
    (log,) = Path("runs").glob("*.rows/basic_action.episodes.jsonl")
    assert len(lines(log)) == 71
    assert list(Path("runs").glob("*.json")) == list(Path("runs").glob("*.md")) == []
    kept = log.read_text()

    assert release(*words, protocol=ALONE) == 0
    assert log.read_text().startswith(kept)
    assert len(lines(log)) == 201
    assert [line["event"] for line in lines(user_ledger())] == [BEGUN, FINISHED]
    (result,) = Path("runs").glob("*.json")
    assert json.loads(result.read_text())["look"] == 1

    assert release(*words, protocol=ALONE) == 0  # done: once more is another look, in another file
    assert json.loads(Path(f"{result.with_suffix('')}_2.json").read_text())["look"] == 2


def test_a_test_that_was_given_up_was_a_look(capsys) -> None:
    release("--policy", "geometric", "--json", "a.json", protocol=ALONE, run_seeds=interrupted_after(3))
    assert release("--policy", "geometric", "--json", "b.json", protocol=ALONE) == 0
    assert json.loads(Path("b.json").read_text())["look"] == 2


def test_a_file_of_other_weights_rows_or_code_or_one_that_is_done_is_not_gone_on_with(monkeypatch, capsys) -> None:
    words = ("--policy", "geometric", "--json", "a.json")
    release(*words, protocol=ALONE, run_seeds=interrupted_after(3))
    with pytest.raises(ConfigError, match="begun with another rows"):
        release(*words, protocol=TWO_ROWS)
    untested("mine")
    with pytest.raises(ConfigError, match="begun with another policy, weights"):
        release("--checkpoint", "mine", "--json", "a.json", protocol=ALONE)
    with monkeypatch.context() as patch:
        patch.setattr("vla_ros.evaluation.protocol.identity.code_digest", lambda folder: "of another version")
        with pytest.raises(ConfigError, match="begun with another code or configuration"):
            release(*words, protocol=ALONE)
    assert release(*words, protocol=ALONE) == 0
    with pytest.raises(ConfigError, match="is a test that is done: name another file"):
        release(*words, protocol=ALONE)
    Path("other.json").write_text("{}")
    with pytest.raises(ConfigError, match="holds something else"):
        release("--policy", "geometric", "--json", "other.json", protocol=ALONE)
    assert [line["event"] for line in lines(user_ledger())] == [BEGUN, FINISHED]


def test_an_episode_that_breaks_makes_no_table_and_is_run_again(capsys) -> None:
    def breaks(settings: EvaluationSettings) -> RunSeeds:
        return lambda seeds: (Broken(s, "gone", "Traceback") if s == 80005 else fake_episode(s) for s in seeds)

    words = ("--policy", "geometric", "--json", "a.json")
    assert release(*words, protocol=ALONE, run_seeds=breaks) == 1
    said = capsys.readouterr()
    assert "geometric in basic, action: seed 80005 broke: gone" in said.err
    assert "1 episodes broke: no table yet" in said.out
    assert not Path("a.json").exists()
    assert release(*words, protocol=ALONE) == 0


def test_one_process_a_test(capsys) -> None:
    def another(settings: EvaluationSettings) -> RunSeeds:
        with pytest.raises(ConfigError, match="is being run by another process"):
            release("--policy", "geometric", "--json", "a.json", protocol=ALONE)
        return fakes(settings)

    assert release("--policy", "geometric", "--json", "a.json", protocol=ALONE, run_seeds=another) == 0


def test_results_are_compared_row_by_row(capsys) -> None:
    untested("mine")
    release("--checkpoint", "mine", "--json", "result.json")
    capsys.readouterr()
    assert cli.main(["compare", "result.json", "result.rows/geometric", "--json", "verdict.json"]) == 0
    verdict = json.loads(Path("verdict.json").read_text())
    assert (
        verdict["all_rows.verdict"] == verdict["basic_action.verdict"] == verdict["height_action_unseen.verdict"] == -1
    )
    assert "geometric is better" in capsys.readouterr().out


def test_real_episodes_in_worker_processes_are_interrupted_and_gone_on_with(monkeypatch, capsys) -> None:
    """Of scenes that anybody may run: what a test of the real thing shows must not be of test seeds."""
    for module in (protocol_rows, protocol_run, reserved):
        monkeypatch.setattr(module, "reserved_seeds", lambda: ReservedSeeds(500, 300))

    def interrupted(settings: EvaluationSettings) -> RunSeeds:
        def run(seeds: Sequence[int]) -> Iterator[EpisodeResult | Broken]:
            for number, result in enumerate(lockstep(settings)(seeds)):
                yield result
                if number == 0:
                    raise KeyboardInterrupt

        return run

    words = ("--policy", "geometric", "--json", "a.json")
    for ended in (1, 2):
        assert release(*words, protocol=ALONE, run_seeds=interrupted) == 130
        episodes = lines(Path("a.rows/basic_action.episodes.jsonl"))[1:]
        assert [episode["seed"] for episode in episodes] == [500, 501][:ended]
    assert all(episode["chance"] is not None for episode in episodes)
    assert len(lines(user_ledger())) == 1


def test_fakes_over_real_processes() -> None:
    def over_two(settings: EvaluationSettings) -> RunSeeds:
        return lambda seeds: run_all(MakeFake(), seeds, 2)

    assert release("--policy", "geometric", protocol=ALONE, run_seeds=over_two) == 0


# --- the same weights


def safetensors(file: Path, tensors: dict[str, bytes], **notes: str) -> None:
    """Write tensors of bytes, in the order given."""
    header: dict = {"__metadata__": notes} if notes else {}
    position = 0
    for name, data in tensors.items():
        header[name] = {"dtype": "U8", "shape": [len(data)], "data_offsets": [position, position + len(data)]}
        position += len(data)
    text = json.dumps(header).encode()
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(tensors.values()))


def test_the_same_weights_are_the_same_whatever_file_they_lie_in() -> None:
    safetensors(Path("a/model.safetensors"), {"left": b"123", "right": b"45"}, date="monday")
    safetensors(Path("b/again.safetensors"), {"right": b"45", "left": b"123"}, date="tuesday", note="new!")
    safetensors(Path("c/model-1-of-2.safetensors"), {"left": b"123"})
    safetensors(Path("c/model-2-of-2.safetensors"), {"right": b"45"})
    digest = folder_digest(Path("a"))
    assert folder_digest(Path("b")) == folder_digest(Path("c")) == digest
    (Path("a") / "config.json").write_text("{}")
    assert folder_digest(Path("a")) == digest
    for other in ({"left": b"124", "right": b"45"}, {"left": b"45", "right": b"123"}, {"left": b"123"}):
        safetensors(Path("d/model.safetensors"), other)
        assert folder_digest(Path("d")) != digest


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-1], lambda data: data[:4], lambda data: b"\xff" * 64, lambda data: b""]
)
def test_weights_that_are_torn_are_one_line(damage) -> None:
    safetensors(Path("a/model.safetensors"), {"left": b"123"})
    Path("a/model.safetensors").write_bytes(damage(Path("a/model.safetensors").read_bytes()))
    with pytest.raises(ConfigError, match="is corrupt or truncated") as raised:
        folder_digest(Path("a"))
    assert len(str(raised.value).splitlines()) == 1


def test_other_formats_and_policies_without_weights_have_a_digest_as_well() -> None:
    Path("a").mkdir()
    with pytest.raises(ConfigError, match="holds no weights"):
        folder_digest(Path("a"))
    Path("a/pytorch_model.bin").write_bytes(b"123")
    assert folder_digest(Path("a"))
    Path("own.py").write_text("class Mine: ...\n")
    own = weights_digest("own.py:Mine", "", "franka")
    assert own != weights_digest("geometric", "", "franka") == weights_digest("geometric", "", "franka")
    Path("own.py").write_text("class Mine: gain = 2\n")
    assert weights_digest("own.py:Mine", "", "franka") != own
    shipped = weights_digest("graspvla", "", "franka")
    assert shipped == weights_digest("graspvla", str(SHIPPED), "franka") == weights_digest(f"{SHIPPED}/", "", "franka")


# --- the ledger


def entry(run: str, weights: str, date: str, event: str = BEGUN, seeds: tuple[int, int] = (80000, 80200)) -> Entry:
    return Entry(run, event, date, weights, "graspvla", "rows", "code", "0.1.0", seeds)


def test_the_ledgers_of_weights_and_user_count_as_one_and_either_may_be_lost() -> None:
    Path("mine").mkdir()
    ledger = Ledger(Path("mine"))
    ledger.append(entry("1", "w", "2026-01-02T00:00:00+00:00"))
    ledger.append(entry("1", "w", "2026-01-03T00:00:00+00:00", FINISHED))
    ledger.append(entry("2", "w", "2026-02-01T00:00:00+00:00"))
    for lost in (None, Path("mine") / NAME, user_ledger()):
        kept = lost.read_bytes() if lost else b""
        if lost:
            lost.unlink()
        looks = Ledger(Path("mine")).looks("w", range(80000, 80200))
        assert looks.number == 3
        assert looks.words().startswith("THESE WEIGHTS WERE TESTED BEFORE on 2026-01-02, 2026-02-01: this is look 3")
        if lost:
            lost.write_bytes(kept)
    # Copied elsewhere, to another user's clone, the line beside the weights goes along.
    shutil.move("state", "state_of_another")
    shutil.copytree("mine", "clone")
    assert Ledger(Path("clone")).looks("w", range(80000, 80200)).number == 3
    assert Ledger(Path("clone")).looks("w", range(80200, 80400)).number == 1
    assert Ledger(Path("clone")).looks("v", range(80100, 80300)).words().endswith("before: 1")


def test_a_line_that_nobody_can_read_is_told_and_takes_no_other_with_it() -> None:
    ledger = Ledger(None)
    ledger.append(entry("1", "w", "2026-01-02T00:00:00+00:00"))
    whole = user_ledger().read_bytes()
    user_ledger().write_bytes(whole + whole[:40])  # the power went
    ledger.append(entry("2", "w", "2026-02-01T00:00:00+00:00"))
    looks = ledger.looks("w", range(80000, 80200))
    assert (looks.number, looks.unreadable) == (3, 1)
    assert "1 lines of the ledger cannot be read" in looks.words()


def test_a_ledger_that_cannot_be_written_stops_the_test_before_it_begins() -> None:
    user_ledger().parent.parent.mkdir()
    user_ledger().parent.write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match="its ledger cannot be written"):
        Ledger(None)
    with pytest.raises(ConfigError, match="its ledger cannot be written"):
        release("--policy", "geometric", "--json", "a.json", protocol=ALONE)
    assert not Path("a.json").exists()
    Path("mine").mkdir()
    Ledger(Path("mine")).append(entry("1", "w", "2026-01-02T00:00:00+00:00"))  # beside the weights it can
    assert len(lines(Path("mine") / NAME)) == 1


def test_the_shipped_files_say_what_they_should() -> None:
    assert read_yaml(ROOT / "config" / "evaluation" / "test_seeds.yaml") == {"first": 80000, "count": 10000}
    with pytest.raises(ConfigError, match="take in test seeds"):
        EvaluationSettings(EpisodeSettings("geometric"), 1, 80000).check()
