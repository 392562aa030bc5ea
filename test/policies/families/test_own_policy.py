# SPDX-License-Identifier: Apache-2.0
"""A policy from outside: FILE.py:NAME, or a package that offers a family. What is wrong with it is one line."""

from __future__ import annotations

import sys

import pytest

from controllers.errors import ConfigError
from vla_ros.launching.jobs import load_job
from vla_ros.policies.base import Policy
from vla_ros.policies.families import table
from vla_ros.policies.families.loading import check_policy, load_policy, specified
from vla_ros.robots.embodiment import load_embodiment

FRANKA = load_embodiment("franka")
MINE = '''
from vla_ros.policies.families.family import PolicyFamily
from vla_ros.policies.needs import CameraNeed, Needs


class Still:
    """Stays where it is."""

    needs = Needs((CameraNeed("front", width=96, height=96),), groups=("panda",))

    def __init__(self, robot):
        self.robot = robot

    def infer(self, observation):
        raise NotImplementedError

    def reset(self):
        pass


def with_weights(robot, checkpoint, gain=1.0):
    policy = Still(robot)
    policy.checkpoint = checkpoint
    return policy


class Half:
    def infer(self, observation):
        pass


def nothing():
    return None


def wants_more(robot, teacher):
    return Still(robot)


def breaks():
    raise RuntimeError("no such weights\\nat all")


class Learns(PolicyFamily):
    checkpoint_kind = "mine"

    def load(self):
        return Still(None)


NUMBER = 3
'''


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    return path


def test_a_file_of_ones_own_is_checked_loaded_and_given_its_robot(mine):
    needs = check_policy(f"{mine}:Still", FRANKA)
    assert [(camera.name, camera.width, camera.depth) for camera in needs.cameras] == [("front", 96, False)]
    policy = load_policy(f"{mine}:Still", FRANKA)
    assert isinstance(policy, Policy)
    assert policy.robot is FRANKA
    assert specified(f"{mine}:Still", FRANKA).summary == "Stays where it is."


def test_who_takes_a_checkpoint_is_given_it_as_a_whole_path(mine, monkeypatch):
    monkeypatch.chdir(mine.parent)
    policy = load_policy("mine.py:with_weights", FRANKA, checkpoint="weights")
    assert policy.checkpoint == str(mine.parent / "weights")
    with pytest.raises(ConfigError, match="has no weights; take policy graspvla"):
        load_policy("mine.py:Still", FRANKA, checkpoint="weights")


def test_it_is_asked_for_by_a_job_as_families_are(mine):
    (argument,) = (one for one in load_job("franka_grasp").arguments if one.name == "policy")
    assert argument.parse(f"{mine}:Still") == f"{mine}:Still"
    with pytest.raises(ConfigError, match=r"did you mean 'geometric'\?.*FILE\.py:NAME of your own"):
        argument.parse("geometrc")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Stil", "unknown name 'Stil': did you mean 'Still'?"),
        ("", "say which one: "),
        ("Half", "is no policy: class Half has no method reset()"),
        ("NUMBER", "is no policy: it is of type int"),
        ("nothing", "is no policy: what it makes is of type NoneType, without infer() and reset()"),
        ("wants_more", "is to be made with 'teacher', which nobody gives"),
        ("Learns", "class Learns is a PolicyFamily without gives(), needs(): write them"),
        ("breaks", "cannot be made: RuntimeError: no such weights"),
    ],
)
def test_what_is_no_policy_is_one_line(mine, name, text):
    with pytest.raises(ConfigError) as error:
        load_policy(f"{mine}:{name}" if name else str(mine), FRANKA)
    assert text in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("import no_such_module_of_mine\n", "does not import: ModuleNotFoundError: No module named 'no_such"),
        ("def f(:\n", "does not import: SyntaxError: invalid syntax, line 1"),
        ("raise SystemExit(1)\n", "does not import: SystemExit: 1"),
        ("raise ValueError\n", "does not import: ValueError"),
    ],
)
def test_a_file_that_does_not_import_is_one_line(tmp_path, source, text):
    path = tmp_path / "broken.py"
    path.write_text(source)
    with pytest.raises(ConfigError) as error:
        check_policy(f"{path}:Mine", FRANKA)
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_file_imports_is_not_offered(mine):
    with pytest.raises(
        ConfigError, match=r"say which one: .*:NAME, of Still, with_weights, nothing, wants_more, breaks, Learns$"
    ):
        specified(str(mine), FRANKA)


def test_a_file_that_is_not_there_is_named_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=rf"policy gone\.py:Mine: there is no file {tmp_path}/gone\.py"):
        check_policy("gone.py:Mine", FRANKA)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return the folder of an installed package that offers two families: one works, one does not import."""
    (tmp_path / "offered_policies.py").write_text(MINE)
    distribution = tmp_path / "offered_policies-1.0.dist-info"
    distribution.mkdir()
    (distribution / "METADATA").write_text("Metadata-Version: 2.1\nName: offered-policies\nVersion: 1.0\n")
    offers = "[vla_ros.policies]\nstill = offered_policies:Still\ngone = offered_policies:Gone\n"
    (distribution / "entry_points.txt").write_text(offers)
    monkeypatch.syspath_prepend(str(tmp_path))
    table._installed.cache_clear()
    yield tmp_path
    table._installed.cache_clear()
    sys.modules.pop("offered_policies", None)


def test_a_package_offers_a_family_by_its_entry_point(package):
    assert "still" in table.policy_names()
    assert check_policy("still", FRANKA).groups == ("panda",)
    assert isinstance(load_policy("still", FRANKA), Policy)


def test_a_package_that_offers_what_it_does_not_have_is_one_line(package):
    with pytest.raises(ConfigError, match=r"policy 'gone': its package does not import \(offered_policies:Gone: "):
        check_policy("gone", FRANKA)


def test_an_offered_name_is_found_by_its_neighbours(package):
    with pytest.raises(ConfigError, match="did you mean 'still'"):
        check_policy("stil", FRANKA)


def test_without_the_package_there_is_no_such_family():
    table._installed.cache_clear()
    with pytest.raises(ConfigError, match="unknown policy 'still'"):
        check_policy("still", FRANKA)
