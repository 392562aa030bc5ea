# SPDX-License-Identifier: Apache-2.0
"""What does not fit the test robot: names that are not there, needs it cannot meet, policies that are none. Each one
line, exit code 2, before anything starts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from assets import PAIR, ROOT

from vla_ros.cli import main
from vla_ros.launching.processes.process import NodeProcess

SHIPPED = ROOT / "checkpoints" / "graspvla_small"
EVAL = ("eval", "--robot", str(PAIR), "--episodes", "1", "--policy")
LAUNCH = ("launch", "policy", f"robot:={PAIR}")
POLICIES = """
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.needs import CameraNeed, Needs

class Base:
    def infer(self, observation): ...
    def reset(self): ...

class NoPolicy:
    pass

class WantsDepth(Base):
    needs = Needs((CameraNeed("head", depth=True), CameraNeed("left_wrist", depth=True)))

class WantsCalibration(Base):
    needs = Needs((CameraNeed("right_wrist", calibration=True),))

class WantsCamera(Base):
    needs = Needs((CameraNeed("front"),))

class WantsTail(Base):
    needs = Needs(groups=("left", "tail"))

class MovesOthers(Base):
    gives = ActionContract(arms=("left",), joints=("lift_join",))

class Raises(Base):
    def __init__(self):
        raise RuntimeError("no weights here\\nand a second line")
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    (tmp_path / "own.py").write_text(POLICIES)
    (tmp_path / "missing.py").write_text("import a_package_that_nobody_has\n")
    (tmp_path / "syntax.py").write_text("def infer(:\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(NodeProcess, "__init__", lambda *_, **__: pytest.fail("a node was started"))
    return tmp_path


def refused(capsys, words: tuple[str, ...], *texts: str) -> None:
    try:
        code = main(list(words))
    except SystemExit as error:  # argparse's way
        code = error.code
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2, line
    for text in texts:
        assert text in line


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        ((*EVAL, "geometrik"), ("unknown policy 'geometrik'", "did you mean 'geometric'")),
        ((*EVAL, "expert", "--task", "graspin"), ("unknown task 'graspin'", "did you mean 'grasping'")),
        ((*EVAL, "expert", "--set", "basik"), ("unknown set 'basik'", "did you mean 'basic'")),
        ((*EVAL, "expert", "--command", "efort"), ("arm 'left'", "did you mean 'effort'")),
        (("launch", "polici", f"robot:={PAIR}"), ("unknown job 'polici'", "did you mean 'policy'")),
        ((*LAUNCH, "cameras:=head,left_wirst"), ("unknown camera 'left_wirst'", "did you mean 'left_wrist'")),
        ((*LAUNCH, "task:=placin"), ("unknown task 'placin'", "did you mean 'placing'")),
        ((*LAUNCH, "robott:=x"), ("unknown launch argument 'robott'", "did you mean 'robot'")),
        (("robots", "ros2_control", str(PAIR), "--hardware", "tpic"), ("did you mean 'topic'",)),
        (("robots", "show", "ur5"), ("unknown robot 'ur5'", "did you mean 'ur5e'")),
        (("policies", "show", "geometrik"), ("did you mean 'geometric'",)),
        (("tasks", "show", "graspin"), ("did you mean 'grasping'",)),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else None,
)  # fmt: skip
def test_a_name_that_is_not_there_names_the_nearest(capsys, words, texts):
    refused(capsys, words, *texts)


@pytest.mark.parametrize("start", [(*EVAL,), (*LAUNCH,)], ids=["eval", "launch"])
@pytest.mark.parametrize(
    ("policy", "texts"),
    [
        ("own.py:WantsDepth", ("depth of camera 'left_wrist'", "head (colour + depth + calibration)")),
        ("own.py:WantsCalibration", ("calibration of camera 'right_wrist'",)),
        ("own.py:WantsCamera", ("camera 'front'", "left_wrist (colour)")),
        ("own.py:WantsTail", ("group 'tail'", "left, right, lift, head, left_gripper, right_cup, base")),
        ("own.py:MovesOthers", ("unknown joint 'lift_join'", "did you mean 'lift_joint'")),
        ("own.py:NoPolicy", ("is no policy", "no method infer()")),
        ("own.py:WantsTale", ("unknown name 'WantsTale'", "did you mean 'WantsTail'")),
        ("missing.py:Mine", ("does not import", "a_package_that_nobody_has")),
        ("syntax.py:Mine", ("does not import", "SyntaxError", "line 1")),
        ("leaves.py:Mine", ("does not import", "SystemExit: 3")),
        ("nowhere.py:Mine", ("there is no file",)),
        ("geometric", ("2 arms (left, right)", "1 grippers (left_gripper)")),
        ("graspvla", ("was trained for robot 'franka'", "'pair'")),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_policy_that_the_robot_cannot_serve_is_one_line(capsys, start, policy, texts):
    last = policy if start == EVAL else f"policy:={policy}"
    refused(capsys, (*start, last), *texts)


def test_a_policy_that_cannot_be_made_ends_an_evaluation_before_it_begins(capsys):
    refused(capsys, (*EVAL, "own.py:Raises"), "own.py:Raises cannot be made: RuntimeError: no weights here")


@pytest.mark.parametrize("start", [EVAL, LAUNCH], ids=["eval", "launch"])
def test_a_checkpoint_of_another_robots_contract_is_one_line(folder, capsys, start):
    pytest.importorskip("torch")
    config = json.loads((SHIPPED / "config.json").read_text()) | {"robot": "pair", "cameras": ["head", "left_wrist"]}
    (folder / "mine").mkdir()
    (folder / "mine" / "config.json").write_text(json.dumps(config))
    (folder / "mine" / "model.safetensors").symlink_to(SHIPPED / "model.safetensors")
    last = "./mine" if start == EVAL else "policy:=./mine"
    refused(capsys, (*start, last), "contract 'franka_grasp' is for robot 'franka', not 'pair'")
