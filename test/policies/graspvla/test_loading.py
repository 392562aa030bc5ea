# SPDX-License-Identifier: Apache-2.0
"""GraspVLA by its name: a stand-in for the model, real YAML, real files; what is missing is one clear line."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import types

import pytest
from policy_making.reasoning_policy import ReasoningPolicy

from controllers.errors import ConfigError
from vla_ros.configuration import share_directory
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.launching.checks import check_grasp
from vla_ros.launching.jobs import load_job
from vla_ros.policies.backbone.checkpoint_config import PACKAGES
from vla_ros.policies.base import capability
from vla_ros.policies.capabilities.reasoning import Reasoner
from vla_ros.policies.chunking.ensemble import Ensemble
from vla_ros.policies.families import loading, weights
from vla_ros.policies.families.table import DEFAULT_POLICY
from vla_ros.policies.graspvla.small.acting_rules import ActingRules
from vla_ros.robots.embodiment import load_embodiment

pytest.importorskip("safetensors")
SMALL = "vla_ros.policies.graspvla.small"
FRANKA = load_embodiment("franka")


@pytest.fixture
def share(tmp_path, monkeypatch):
    """Return a share directory of its own, with the shipped checkpoint in it."""
    for folder in ("config", "urdf"):
        shutil.copytree(share_directory() / folder, tmp_path / folder)
    folder = tmp_path / "checkpoints" / "graspvla_small"
    folder.mkdir(parents=True)
    for name in weights.FILES:
        (folder / name).symlink_to(share_directory() / "checkpoints" / "graspvla_small" / name)
    monkeypatch.setattr("vla_ros.configuration.share_directory", lambda: tmp_path)
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    return tmp_path


@pytest.fixture
def loaded(monkeypatch):
    """Stand in for the model's own loader; return what it was called with."""
    asked: list[tuple] = []
    policy = types.ModuleType(f"{SMALL}.policy")
    policy.load_small_policy = lambda *words: asked.append(words) or ReasoningPolicy()
    monkeypatch.setitem(sys.modules, f"{SMALL}.policy", policy)
    return asked


def test_the_checkpoint_is_looked_for_in_the_share_directory(share, loaded):
    embodiment = load_embodiment("franka")
    policy = loading.load_policy("graspvla", embodiment)
    assert loaded == [(share / "checkpoints" / "graspvla_small", embodiment, ActingRules())]
    assert capability(policy, Reasoner) is policy


def test_another_folder_may_be_named_and_chunking_wraps_it(share, loaded, tmp_path):
    elsewhere = tmp_path / "mine"
    shutil.copytree(share / "checkpoints" / "graspvla_small", elsewhere)
    yaml = share / "config" / "policies" / "graspvla.yaml"
    yaml.write_text(f"checkpoint: {elsewhere}\nchunking: {{method: vote, window: 4}}\n")
    policy = loading.load_policy("graspvla", load_embodiment("franka"))
    assert loaded[0][0] == elsewhere
    assert isinstance(policy, Ensemble)
    assert capability(policy, Reasoner) is policy.policy


def test_a_checkpoint_that_is_asked_for_goes_before_the_yaml(share, loaded, tmp_path, monkeypatch):
    shutil.copytree(share / "checkpoints" / "graspvla_small", tmp_path / "mine")
    monkeypatch.chdir(tmp_path)  # a relative folder is the caller's
    loading.check_policy("graspvla", FRANKA, "mine")
    loading.load_policy("graspvla", load_embodiment("franka"), checkpoint="mine")
    assert loaded[0][0] == tmp_path / "mine"
    with pytest.raises(ConfigError, match=r"nowhere.config.json is not there.*checkpoint:=DIR"):
        loading.check_policy("graspvla", FRANKA, "nowhere")


def test_a_policy_without_weights_takes_no_checkpoint(share):
    with pytest.raises(ConfigError, match="checkpoint mine: policy 'geometric' has no weights; take policy graspvla"):
        loading.check_policy("geometric", FRANKA, "mine")


@pytest.mark.parametrize("missing", weights.FILES)
def test_a_checkpoint_that_is_not_there_is_one_line(share, loaded, missing):
    (share / "checkpoints" / "graspvla_small" / missing).unlink()
    with pytest.raises(ConfigError) as error:
        loading.load_policy("graspvla", load_embodiment("franka"))
    text = str(error.value)
    assert f"checkpoints/graspvla_small/{missing} is not there" in text
    assert "policy 'geometric'" in text
    assert "\n" not in text
    assert not loaded


@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_package_is_one_line_that_says_how_to_get_it(share, loaded, monkeypatch, package):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(ConfigError) as error:
        loading.load_policy("graspvla", load_embodiment("franka"))
    assert f"needs the package {package}, which is not installed: ./vla installs it" in str(error.value)
    assert "\n" not in str(error.value)
    assert not loaded


def test_an_unknown_key_names_the_nearest(share, loaded):
    (share / "config" / "policies" / "graspvla.yaml").write_text("chekpoint: here\n")
    with pytest.raises(ConfigError, match="did you mean 'checkpoint'"):
        loading.check_policy("graspvla", FRANKA)


def test_jobs_and_evaluations_ask_before_anything_starts(share, loaded):
    graph = load_job("franka_grasp")
    arguments = {argument.name: argument.default for argument in graph.arguments} | {"policy": "graspvla"}
    check_grasp(arguments)
    EpisodeSettings(policy="graspvla").check()
    (share / "checkpoints" / "graspvla_small" / "model.safetensors").unlink()
    for ask in (lambda: check_grasp(arguments), EpisodeSettings(policy="graspvla").check):
        with pytest.raises(ConfigError, match=r"model\.safetensors is not there"):
            ask()
    assert not loaded


def test_one_name_is_the_default_everywhere():
    (argument,) = (a for a in load_job("franka_grasp").arguments if a.name == "policy")
    assert (argument.default, argument.choices) == (DEFAULT_POLICY, ())  # or a file of one's own
    assert EpisodeSettings().policy == DEFAULT_POLICY
    with pytest.raises(ConfigError, match=f"did you mean 'expert'.*{DEFAULT_POLICY}"):
        EpisodeSettings(policy="exprt").check()


def test_what_is_the_default_is_there(root):
    assert DEFAULT_POLICY != "graspvla" or all(
        (root / "checkpoints" / "graspvla_small" / name).is_file() for name in weights.FILES
    )
