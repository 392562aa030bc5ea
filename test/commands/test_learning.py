# SPDX-License-Identifier: Apache-2.0
"""`vla train` and `vla finetune` find what learns, and how, in the specification of its family."""

from __future__ import annotations

import argparse
import json

import pytest

from vla_ros import cli
from vla_ros.commands.learning import finetune as finetune_command
from vla_ros.commands.learning import generate as generate_command
from vla_ros.commands.learning import train as train_command
from vla_ros.commands.learning.generated_data import GeneratedData
from vla_ros.configuration import share_directory
from vla_ros.policies.families import table
from vla_ros.policies.families.learning import DataAmounts

MINE = '''
from vla_ros.policies.families.family import PolicyFamily
from vla_ros.policies.families.learning import Learning
from vla_ros.policies.needs import Needs

ASKED = []


def learn(request, maker):
    ASKED.append((request, maker))
    return 0


class Learns(PolicyFamily):
    """Learns by heart."""

    summary = "learns by heart"
    checkpoint_kind = "by_heart"
    train = Learning(learn, "mine.yaml", ("stages",))
    finetune = Learning(learn, "mine_again.yaml")

    def needs(self):
        return Needs()

    def gives(self):
        return None

    def load(self):
        raise NotImplementedError


class Torn(Learns):
    train = Learning("no_such_module_of_mine:learn", "mine.yaml")
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    for name in ("weights", "d", "d1", "d2"):
        (tmp_path / name).mkdir()
    return "mine.py:Learns"


@pytest.fixture
def said(capsys):
    def call(*words: str) -> tuple[int, str]:
        code = cli.main(list(words))
        return code, capsys.readouterr().err

    return call


def asked():
    import sys

    return sys.modules["vla_ros_own_mine"].ASKED


def test_a_users_own_family_is_trained_by_what_it_names(mine, tmp_path):
    assert cli.main(["train", "--policy", mine, "--data", "d", "--output", "o", "--stages", "a", "--threads", "3"]) == 0
    ((request, maker),) = asked()
    assert (request.config, [str(root) for root in request.data], str(request.output)) == ("mine.yaml", ["d"], "o")
    assert (request.stages, request.threads, request.generate) == ("a", 3, None)
    assert isinstance(maker, GeneratedData)


@pytest.mark.parametrize("words", [("train", "--policy"), ("finetune", "weights", "d", "--policy")])
def test_how_much_is_generated_is_read_in_one_place(mine, said, words):
    code, error = said(*words, mine, "--output", "o", "--generate", "60")
    assert (code, error.strip()) == (2, "vla: --generate 60: give EPISODES:SCENES, such as 60:240")
    assert DataAmounts.parse("0:3") == DataAmounts(episodes=0, scenes=3)


def test_a_users_own_family_goes_on_from_its_checkpoint(mine, tmp_path):
    assert cli.main(["finetune", "weights", "d1", "d2", "--policy", mine, "--output", "o", "--config", "own.yaml"]) == 0
    ((request, _),) = asked()
    assert (str(request.checkpoint), request.config) == ("weights", "own.yaml")
    assert [str(root) for root in request.datasets] == ["d1", "d2"]


@pytest.fixture
def package(mine, tmp_path, monkeypatch):
    """Install a package that offers the family, and another that does not import."""
    (tmp_path / "offered.py").write_text(MINE)
    distribution = tmp_path / "offered-1.0.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: offered\nVersion: 1.0\n")
    (distribution / "entry_points.txt").write_text(
        "[vla_ros.policies]\nby_heart = offered:Learns\ngone = offered:Gone\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    table._installed.cache_clear()
    yield
    table._installed.cache_clear()


def test_a_checkpoint_says_of_which_family_it_is(package, tmp_path):
    (tmp_path / "weights" / "config.json").write_text(json.dumps({"kind": "by_heart"}))
    assert cli.main(["finetune", "weights", "d", "--output", "o"]) == 0
    import offered

    ((request, _),) = offered.ASKED
    assert request.config == "mine_again.yaml"


def test_a_training_file_says_of_which_family_it_is(package, tmp_path):
    (tmp_path / "own.yaml").write_text("{policy: by_heart, anything: 3}")
    assert cli.main(["train", "own.yaml"]) == 0
    import offered

    request, _ = offered.ASKED[-1]
    assert (request.config, str(request.output)) == ("own.yaml", "runs/train/own")


def test_the_shipped_checkpoint_is_of_its_family():
    assert table.family_of(share_directory() / "checkpoints" / "graspvla_small") == "graspvla"


def test_every_kind_of_checkpoint_is_of_one_family():
    kinds = [kind.checkpoint_kind for kind in table.specifications().values() if kind.checkpoint_kind]
    assert len(set(kinds)) == len(kinds) >= 3


def test_what_a_family_of_ours_names_is_there():
    for kind in table.specifications().values():
        for learning in (kind.train, kind.finetune):
            if learning is not None:
                pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")
                assert callable(learning.learner())


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("train", "--policy", "geometric"), "policy 'geometric' does not learn from data; those that do: graspvla"),
        (("train", "--policy", "gam"), "policy 'gam' is trained by name of its settings: vla train gam_small"),
        (("train", "--policy", "grspvla"), "did you mean 'graspvla'?"),
        (("train",), "train what? one of: "),
        (("train", "graspvla_smal"), "did you mean 'graspvla_small'"),
        (("train", "--policy", "mine.py:Lerns"), "unknown name 'Lerns': did you mean 'Learns'?"),
        (("train", "--policy", "mine.py:Torn"), "what trains the policy cannot be had (no_such_module_of_mine:learn: "),
        (("train", "--policy", "mine.py:Learns", "--generate", "3:4"), "--generate is not for policy 'mine.py:Learns', "
         "which takes --stages: leave it out"),
        (("train", "--policy", "mine.py:Learns", "--threads", "0"), "--threads must be 1 to 1024, got 0"),
        (("train", "--policy", "mine.py:Learns", "--data", "strange", "--output", "strange/."),
         "--output strange: is what is learned from: name another folder"),
        (("train", "--policy", "mine.py:Learns", "--data", "d", "nothere"), "nothere: no such folder; give one"),
        (("finetune", "weights", "nothere", "--policy", "mine.py:Learns", "--output", "o"), "nothere: no such folder"),
        (("train", "own.yaml", "--policy", "geometric"), "is of policy 'graspvla', --policy says 'geometric'"),
        (("train", "file.yaml"), "a file's code runs for --policy alone"),
        (("finetune", "d", "d", "--output", "o", "--policy", "geometric"),
         "policy 'geometric' goes on from no checkpoint; those that do: graspvla, graspvla_full"),
        (("finetune", "d", "strange", "--output", "strange", "--policy", "graspvla"), "--output strange: is what is"),
        (("finetune", "nowhere", "d", "--output", "o"), "nowhere: is no checkpoint: give a folder with config.json"),
        (("finetune", "strange", "d", "--output", "o"), "of another kind (pi0): give one of graspvla_small"),
        (("finetune", "list", "d", "--output", "o"), "is a checkpoint of another kind (unknown)"),
    ],
)  # fmt: skip
def test_what_cannot_learn_is_one_line(mine, said, tmp_path, words, text):
    (tmp_path / "own.yaml").write_text("policy: graspvla")
    (tmp_path / "file.yaml").write_text("policy: mine.py:Learns")
    for name, content in (("strange", {"type": "pi0"}), ("list", [])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(content))
    code, line = said(*words)
    assert code == 2
    assert text in line
    assert line.count("\n") == 1
    assert not (tmp_path / "o").exists()
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("example", [e for c in cli.COMMANDS if c.name in ("train", "finetune") for e in c.examples])
def test_what_examples_of_the_help_say_is_taken(tmp_path, monkeypatch, example):
    monkeypatch.chdir(tmp_path)
    for command in (train_command, finetune_command):
        monkeypatch.setattr(command, "learner_of", lambda packages, learning: lambda request, maker: 0)
    for name in ("config", "checkpoints"):
        (tmp_path / name).symlink_to(share_directory() / name)
    words = example.split()
    for word in words:
        if word.startswith("datasets/"):
            (tmp_path / word).mkdir(parents=True)
    output = words.index("--output") + 1
    words[output] = "mine"  # beside what is shipped
    assert cli.main(words) == 0


def test_data_is_generated_with_every_word_that_vla_generate_knows(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr("vla_ros.launching.egl.require_egl", lambda: None)
    monkeypatch.setattr(generate_command, "generate", lambda wanted, maker: bool(given.append(wanted)))
    assert GeneratedData().make("franka_grasp", 3, 7, tmp_path, "franka_grasp_wrist")
    parser = argparse.ArgumentParser()
    generate_command.add_arguments(parser)
    assert vars(given[0]).keys() == vars(parser.parse_args(["x"])).keys()
    settings = generate_command._settings(given[0])
    assert (settings.episodes, settings.grounding, settings.contract) == (3, 7, "franka_grasp_wrist")
