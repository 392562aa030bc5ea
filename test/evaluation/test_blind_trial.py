# SPDX-License-Identifier: Apache-2.0
"""`vla trial` with a stand-in for the launch: blind orders, verdicts, voids, leaving, going on, and what comes out."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import stat
from collections import Counter
from pathlib import Path

import pytest

from controllers.errors import ConfigError, VlaError
from vla_ros import cli
from vla_ros.commands.evaluation.trial.arguments import episodes_of
from vla_ros.commands.evaluation.trial.asking import BEGIN, END, LEAVE, Answer, Question, Terminal, read_answer
from vla_ros.commands.evaluation.trial.conducting import Conductor
from vla_ros.commands.evaluation.trial.enabling import Enabling
from vla_ros.evaluation.blind.course import VOID_MAX, Course
from vla_ros.evaluation.blind.design import TrialDesign, read_design
from vla_ros.evaluation.blind.key import BlindKey, draw_key, read_key
from vla_ros.evaluation.blind.trials import Trial, Verdict, append_trial, read_trials

# Ends as the policy's name says: the simulator's judge sees successes of geometric alone.
STAND_IN = """
import json, pathlib, sys, time
values = dict(word.split(":=", 1) for word in sys.argv[3:])
assert sys.argv[1:3] == ["launch", "franka_grasp"], sys.argv
here = pathlib.Path(__file__).parent
with (here / "started.jsonl").open("a") as file:
    file.write(json.dumps(values) + "\\n")
enabled, deadline = here / "enabled", time.monotonic() + 60.0
while values.get("hardware") == "sdk" and not enabled.exists() and time.monotonic() < deadline:
    time.sleep(0.05)  # a real arm moves when somebody has enabled it
if enabled.exists():
    time.sleep(3.0)  # and it takes its time, in which whoever enabled it has ended
enabled.unlink(missing_ok=True)
broken = (here / "broken").exists()
good = values["policy"] == "geometric"
directory = pathlib.Path(values["run_directory"])
directory.mkdir(parents=True)
report = {
    "success": good, "outcome": None if broken else "success" if good else "attempts used up", "attempts": 1,
    "failure": "control died" if broken else "", "episode_s": 6.0, "real_time_factor": 0.99,
    "real_time_factor_worst_s": 0.9, "exit_code": 0 if good else 1, "ended": "episode finished", "first_lifted": None,
}
(directory / "result.json").write_text(json.dumps(report))
sys.exit(report["exit_code"])
"""
# Refuses once, as a graph that is starting does.
ENABLE = """
import pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "asked.txt").open("a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
if len((here / "asked.txt").read_text().splitlines()) == 1:
    sys.exit(print("the e-stop is latched") or 1)
(here / "enabled").touch()
"""
COMES_TO_REST = """
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: (time.sleep(3.0), sys.exit(0)))
(pathlib.Path(__file__).parent / "running").touch()
time.sleep(60.0)
"""
ENABLES_LATE = """
import pathlib, time
here = pathlib.Path(__file__).parent
(here / "asked").touch()
time.sleep(1.0)
(here / "enabled").touch()
"""
DESIGN = TrialDesign("franka_grasp", (), ("policy:=geometric",), ("policy:=graspvla",), seed=4000, scenes=6)


class Scripted:
    """Begin every episode, and judge by a function of the question and of the run folder's own policy."""

    def __init__(self, verdict) -> None:
        self._verdict, self._answers, self.questions, self.said = verdict, [], [], []

    def ask(self, question: Question) -> None:
        self.questions.append(question)
        if question.state == "begin":
            self._answers.append(Answer(BEGIN))
        elif question.state == "ended":
            self._answers.append(self._verdict(question))

    def answer(self) -> Answer | None:
        return self._answers.pop() if self._answers else None

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "stand_in.py").write_text(STAND_IN)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(tmp_path)]))
    monkeypatch.setattr(Conductor, "module", "stand_in")
    (tmp_path / "enable.py").write_text(ENABLE)
    monkeypatch.setattr(Enabling, "command", (str(tmp_path / "enable.py"),))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def started(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / "started.jsonl").read_text().splitlines()]


def test_orders_are_balanced_in_every_block_and_drawn_anew() -> None:
    keys = [draw_key(42) for _ in range(40)]
    for key in keys:
        assert len(key.orders) == 42
        for begin in range(0, 40, 4):
            assert Counter(key.orders[begin : begin + 4]) == {"AB": 2, "BA": 2}
    firsts = Counter(key.orders[0] for key in keys)
    assert min(firsts.values(), default=0) > 5  # of 40: below it in two of a million runs
    assert draw_key(42, random.Random(1)) == draw_key(42, random.Random(1))
    assert {key.policy(3, 0) + key.policy(3, 1) for key in keys} == {"AB", "BA"}


def test_every_scene_is_run_by_both_and_the_record_says_of_none_who_it_was(folder: Path) -> None:
    key = draw_key(DESIGN.scenes, random.Random(5))
    conductor = Conductor(folder, episodes_of(DESIGN), key, [], domain=31)
    person = Scripted(lambda question: Answer(verdict=Verdict.SUCCESS))
    assert conductor.run(person)
    runs = started(folder)
    assert [(run["seed"], run["policy"] == "geometric") for run in runs] == [
        (str(seed), letter == "A") for seed, order in zip(DESIGN.seeds, key.orders, strict=True) for letter in order
    ]
    assert {run["domain_id"] for run in runs} == {"31"}
    assert not (folder / "asked.txt").exists()  # in the simulator the episode enables
    record = (folder / "trials.jsonl").read_text()
    shown = record + "".join(str(question) for question in person.questions) + "".join(person.said)
    for secret in ("geometric", "graspvla", '"A"', '"B"'):
        assert secret not in shown
    assert [trial.judge for trial in read_trials(folder).trials] == [run["policy"] == "geometric" for run in runs]
    scene = episodes_of(DESIGN).scene(4000)
    assert person.questions[0].instruction == scene.instruction
    assert len(person.questions[0].placement) == len(scene.objects)
    assert not conductor.course.decided  # twelve successes tell nothing apart


def test_on_a_robot_the_scenes_sentence_is_given_and_nobody_else_judges(folder: Path) -> None:
    design = dataclasses.replace(DESIGN, shared=("hardware:=sdk", "robot_ip:=10.0.0.2"), scenes=1)
    episodes = episodes_of(design)
    conductor = Conductor(folder, episodes, draw_key(1), [], domain=31)
    person = Scripted(lambda question: Answer(verdict=Verdict.SUCCESS))
    assert conductor.run(person)
    enabled = "control is enabled: the arm may move"
    assert person.said == ["waits: the e-stop is latched", enabled, enabled]  # once an episode
    assert (folder / "asked.txt").read_text() == 3 * "--domain-id 31\n"
    sentence = episodes.scene(4000).instruction
    assert [(run["hardware"], run["instruction"]) for run in started(folder)] == [("sdk", sentence)] * 2
    assert [trial.judge for trial in conductor.trials] == [None, None]
    assert "instruction:=take it" in " ".join(
        episodes_of(dataclasses.replace(design, shared=(*design.shared, "instruction:=take it"))).words(
            "B", episodes.scene(4000)
        )
    )


def test_nothing_enables_an_arm_whose_episode_a_person_has_ended(folder: Path) -> None:
    """The job brings the arm to rest meanwhile, and takes its time; whoever asks control takes his as well."""
    (folder / "stand_in.py").write_text(COMES_TO_REST)
    (folder / "enable.py").write_text(ENABLES_LATE)
    design = dataclasses.replace(DESIGN, shared=("hardware:=sdk", "robot_ip:=10.0.0.2"))

    class Hasty(Scripted):
        def answer(self) -> Answer | None:
            if self.questions[-1].state == "running":
                running = (folder / "running").exists() and (folder / "asked").exists()
                return Answer(END) if running else None
            return super().answer()

    conductor = Conductor(folder, episodes_of(design), draw_key(6), [], 77)
    assert not conductor.run(Hasty(lambda question: Answer(LEAVE)))
    assert not (folder / "enabled").exists()


def test_it_ends_as_soon_as_it_is_decided(folder: Path) -> None:
    design = dataclasses.replace(DESIGN, scenes=30)
    key = draw_key(30, random.Random(6))

    def verdict(question: Question) -> Answer:
        better = key.policy(question.scene - 1, question.turn) == "B"
        return Answer(verdict=Verdict.SUCCESS if better else Verdict.FAILURE, reason="" if better else "missed")

    conductor = Conductor(folder, episodes_of(design), key, [], domain=31)
    assert conductor.run(Scripted(verdict))
    assert conductor.course.decided
    assert len(started(folder)) == 2 * 7  # seven scenes to none decide


def test_what_is_void_is_run_again_and_dropped_when_it_stays_so(folder: Path) -> None:
    design = dataclasses.replace(DESIGN, scenes=3)
    times: Counter[tuple[int, int]] = Counter()

    def verdict(question: Question) -> Answer:
        times[question.seed, question.turn] += 1
        void = question.seed == 4001 or (question.seed == 4000 and times[4000, 1] == 1 and question.turn == 1)
        return Answer(verdict=Verdict.VOID if void else Verdict.SUCCESS, reason="the cable caught" if void else "")

    conductor = Conductor(folder, episodes_of(design), draw_key(3), [], domain=31)
    assert conductor.run(Scripted(verdict))
    assert times == {(4000, 0): 1, (4000, 1): 2, (4001, 0): VOID_MAX, (4002, 0): 1, (4002, 1): 1}
    course = conductor.course
    assert (course.dropped, sorted(course.pairs)) == ((4001,), [4000, 4002])
    assert [trial.reason for trial in course.trials if not trial.counts] == ["the cable caught"] * 4


def test_what_breaks_is_written_down_and_three_in_a_row_are_the_machines(folder: Path) -> None:
    (folder / "broken").touch()
    conductor = Conductor(folder, episodes_of(DESIGN), draw_key(6), [], domain=31)
    with pytest.raises(VlaError, match=r"3 episodes in a row broke \(control died; see .*trial_0003"):
        conductor.run(Scripted(lambda question: pytest.fail("what broke is not judged")))
    trials = read_trials(folder).trials
    assert [trial.verdict for trial in trials] == [Verdict.BROKEN] * 3
    assert [trial.judge for trial in trials] == [None] * 3


def test_a_trial_that_is_left_goes_on_where_it_was_and_ends_as_two_evaluations(folder: Path, monkeypatch, capsys):
    """Through the command line, the person in the terminal."""
    answers: list[Answer] = []
    limit = [5]

    class Person(Scripted):
        def answer(self) -> Answer | None:
            if len(answers) >= limit[0]:
                return Answer(LEAVE)
            given = super().answer()
            if given is not None and given.verdict is not None:
                answers.append(given)
            return given

    by_judge = lambda question: Answer(verdict=Verdict.SUCCESS if question.seed % 2 else Verdict.FAILURE)  # noqa: E731
    monkeypatch.setattr("vla_ros.commands.evaluation.trial.asking.Terminal", lambda: Person(by_judge))
    words = ["trial", "mine", "--a", "policy:=geometric", "--b", "policy:=graspvla", "--episodes", "4"]
    assert cli.main(words) == 130
    said = capsys.readouterr().out
    assert "left after 2 of 4 scenes" in said
    assert "geometric" not in said
    assert not (folder / "mine" / "A.json").exists()
    assert stat.S_IMODE((folder / "mine" / "key.json").stat().st_mode) == 0o600
    with (folder / "mine" / "trials.jsonl").open("a") as file:
        file.write('{"number": 99, "se')  # and the power was cut
    key = read_key(folder / "mine", 4)
    limit[0] = 100
    assert cli.main(["trial", "mine"]) == 0
    said = capsys.readouterr().out
    assert read_key(folder / "mine", 4) == key
    assert len(started(folder)) == 8
    assert "A: policy:=geometric" in said
    assert "B: policy:=graspvla" in said
    assert "2 of 4" in said  # of both
    assert "the simulator's judge says the same in 4 of 8 trials" in said
    assert [trial.number for trial in read_trials(folder / "mine").trials] == list(range(1, 9))
    assert cli.main(["compare", "mine/A.json", "mine/B.json", "--json", "verdict.json"]) == 0
    figures = json.loads(Path("verdict.json").read_text())
    assert (figures["compared_episodes"], figures["difference_points"], figures["verdict"]) == (4, 0.0, 0)
    assert json.loads(Path("mine/A.json").read_text())["success_rate"] == 0.5
    header = json.loads(Path("mine/B.episodes.jsonl").read_text().splitlines()[0])
    assert (header["settings"]["policy"], header["settings"]["graph"]) == ("graspvla", True)
    # Whoever has seen the key is not blind: nothing more is run, the report is given again.
    assert cli.main(["trial", "mine"]) == 0
    assert len(started(folder)) == 8


def test_it_can_be_revealed_before_its_end_and_not_before_a_scene(folder: Path, monkeypatch, capsys) -> None:
    design = dataclasses.replace(DESIGN, scenes=5)
    Path("mine").mkdir()
    design.save(Path("mine"))
    draw_key(5).save(Path("mine"))
    assert cli.main(["trial", "mine", "--reveal"]) == 2
    assert "nothing to reveal" in capsys.readouterr().err
    assert not read_trials(Path("mine")).revealed
    for turn in (0, 1):
        append_trial(Path("mine"), Trial(turn + 1, 4000, turn, Verdict.SUCCESS, instruction="x"))
    assert cli.main(["trial", "mine", "--reveal"]) == 0
    assert "1 of 1" in capsys.readouterr().out
    assert read_trials(Path("mine")).revealed == "asked for"


def test_whose_episodes_count_nowhere_is_said_at_the_end(folder: Path, capsys) -> None:
    """Whoever breaks where it is hard for it has fewer scenes to fail in."""
    design = dataclasses.replace(DESIGN, scenes=3)
    Path("mine").mkdir()
    design.save(Path("mine"))
    BlindKey(("AB", "BA", "AB")).save(Path("mine"))
    spoiled = [(4000, 1, Verdict.VOID, "the cable caught")] + [(4001, 0, Verdict.BROKEN, "policy died")] * 3
    counted = [(seed, turn, Verdict.SUCCESS, "") for seed in (4000, 4002) for turn in (0, 1)]
    for number, (seed, turn, verdict, reason) in enumerate([*spoiled, (4001, 1, Verdict.VOID, "dark"), *counted], 1):
        append_trial(Path("mine"), Trial(number, seed, turn, verdict, reason, instruction="x"))
    assert cli.main(["trial", "mine", "--reveal"]) == 0
    said = capsys.readouterr().out
    assert "A, not counted: 1 void\n" in said
    assert "B, not counted: 1 void, 3 broken; left out by it: scene 4001\n" in said
    logged = {name: Path(f"mine/{name}.episodes.jsonl").read_text() for name in "AB"}
    assert "broken: policy died" in logged["B"]
    assert "broken" not in logged["A"].replace('"broken"', "")
    assert "void: dark" in logged["A"]


def test_what_is_typed_before_it_is_asked_begins_nothing() -> None:
    read, write = os.pipe()
    with os.fdopen(read) as source, os.fdopen(write, "w", buffering=1) as typed, open(os.devnull, "w") as sink:
        terminal = Terminal(source, sink)
        question = Question(1, 1, 4, 0, "pick it up", (), "running")
        terminal.ask(question)
        typed.write("\n\n")
        while terminal._lines.qsize() < 2:
            pass
        terminal.ask(dataclasses.replace(question, state="begin"))
        assert terminal.answer() is None
        typed.write("\n")
        while (answer := terminal.answer()) is None:
            pass
        assert answer.word == BEGIN


@pytest.mark.parametrize(
    ("text", "state", "expected"),
    [
        ("", "begin", Answer(BEGIN)),
        ("q", "begin", Answer(LEAVE)),
        ("s", "begin", "Enter begins the episode, q leaves"),
        ("S it was slow", "ended", Answer(verdict=Verdict.SUCCESS, reason="it was slow")),
        ("f", "running", Answer(verdict=Verdict.FAILURE)),
        ("v", "ended", "a void episode needs a reason: v REASON"),
        ("void  a  cup fell", "ended", Answer(verdict=Verdict.VOID, reason="a cup fell")),
        ("e", "running", Answer("end")),
    ],
)
def test_a_line_is_an_answer_or_says_what_is_wrong(text: str, state: str, expected: object) -> None:
    assert read_answer(text, state) == expected


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mine"], "begin one with --a ARGS and --b ARGS"),
        (["mine", "--a", "policy:=geometric", "--b", "policy:=geometric"], "--a and --b are the same"),
        (["mine", "--a", "", "--b", "policy:=graspvla"], "come to the same"),
        (["mine", "--a", "seed:=3", "--b", "policy:=geometric"], "--a seed:=3: seed is each trial's own"),
        (["mine", "--a", "robot:=piper", "--b", "policy:=geometric"], "robot must be the same for both"),
        (["mine", "--a", "policy:=geometrik", "--b", ""], "did you mean 'geometric'"),
        (["mine", "--a", "", "--b", "policy:=geometric", "--seed", "80000"], "such as --seed 20000"),
        (["mine", "--a", "", "--b", "policy:=geometric", "--episodes", "0"], "--episodes must be 1 to"),
        (["mine", "--a", "", "--b", "policy:=geometric", "--job", "franka_teleop"], "is moved by teleop"),
        (["mine", "--a", "", "--b", "policy:=geometric", "--host", "all"], "--host all: says where the page is"),
        (["mine", "--a", "", "--b", "policy:=geometric", "--port", "0"], "give --page, or leave it out"),
        (["mine", "--a", "", "--b", "policy:=geometric", "--page", "--port", "-1"], "--port -1: give 0 to 65535"),
        (["mine", "--a", "policy:='x", "--b", "policy:=geometric"], "No closing quotation"),
        (["mine", "hardware", "--a", "", "--b", "policy:=geometric"], "write name:=value"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(words: list[str], message: str, folder: Path, capsys) -> None:
    assert cli.main(["trial", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert not (folder / "mine").exists()


def test_another_design_in_the_same_folder_is_refused(folder: Path, capsys) -> None:
    Path("mine").mkdir()
    DESIGN.save(Path("mine"))
    assert read_design(Path("mine")) == DESIGN
    assert cli.main(["trial", "mine", "--episodes", "7"]) == 2
    assert "whose scenes is '6'" in capsys.readouterr().err
    BlindKey(("AB",)).save(Path("mine"))
    with pytest.raises(ConfigError, match="is of 1 scenes, the trial of 6"):
        read_key(Path("mine"), 6)
    Path("mine/trials.jsonl").write_text('{"number": 1, "verdict": "great"}\n')
    with pytest.raises(ConfigError, match="no record of trials"):
        read_trials(Path("mine"))
    assert not Course(DESIGN, draw_key(6), ()).decided
