# SPDX-License-Identifier: Apache-2.0
"""Benchmarks in processes and on ROS domains of their own."""

from __future__ import annotations

import os

import pytest
from rig.own_domain import on_own_domain

from controllers.errors import ConfigError
from vla_ros.documents import read_yaml


def test_work_runs_elsewhere_on_a_domain_of_its_own(monkeypatch):
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    before = dict(os.environ)
    assert on_own_domain(os.getpid) != os.getpid()
    assert on_own_domain(os.getenv, "ROS_AUTOMATIC_DISCOVERY_RANGE") == "LOCALHOST"
    domain = on_own_domain(os.getenv, "ROS_DOMAIN_ID")
    assert domain is not None
    assert 1 <= int(domain) <= 100
    assert domain != os.environ["ROS_DOMAIN_ID"]  # which conftest.py keeps taken
    assert dict(os.environ) == before


def test_named_arguments_and_errors_go_through(tmp_path):
    assert on_own_domain(int, "12", base=8) == 10
    with pytest.raises(ConfigError, match=r"missing\.yaml: cannot be read"):
        on_own_domain(read_yaml, tmp_path / "missing.yaml")
