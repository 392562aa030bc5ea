# SPDX-License-Identifier: Apache-2.0
"""A device that is not here is one line, before anything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: VLA_EXTRAS=learning ./vla test")

from controllers.errors import ConfigError
from vla_ros.policies.gr3.full import loading as gr3_loading
from vla_ros.policies.graspvla.full import loading as graspvla_loading
from vla_ros.policies.hugging_face.device import check_device
from vla_ros.robots.embodiment import load_embodiment

LOADING = {"franka": graspvla_loading.load_full_policy, "bytemini": gr3_loading.load_full_policy}


def test_a_device_that_is_here() -> None:
    check_device("cpu")


@pytest.mark.parametrize("robot", LOADING)
@pytest.mark.parametrize("device", ["cuda:99", "gpu"])
def test_a_device_that_is_not_here_is_one_line(robot: str, device: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"device '{device}' cannot be used \(.*\): set device to cpu") as caught:
        LOADING[robot](tmp_path / "nothing", load_embodiment(robot), device)
    assert "\n" not in str(caught.value)
