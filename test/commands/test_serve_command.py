# SPDX-License-Identifier: Apache-2.0
"""`vla serve` refuses what no robot could ask, before it listens."""

from __future__ import annotations

import pytest

from vla_ros.cli import main

MINE = """
from vla_ros.policies.needs import CameraNeed, Needs


class Still:
    needs = Needs((CameraNeed("{camera}"),), groups=("panda",))

    def infer(self, observation):
        pass

    def reset(self):
        pass
"""


@pytest.mark.parametrize(
    ("camera", "robot", "why"),
    [
        ("front", "agilex", "needs camera 'front'"),
        ("front", "ur5e", "needs the state of group 'panda': robot 'ur5e' has ur5e, robotiq_85"),
        ("frontt", "franka", "needs camera 'frontt'"),
    ],
)
def test_a_policy_that_the_robot_cannot_run_is_not_served(tmp_path, capsys, camera, robot, why):
    path = tmp_path / "mine.py"
    path.write_text(MINE.format(camera=camera))
    # Where it would be served, the address of nobody's machine is the next that is refused.
    words = ["--robot", robot, "--host", "192.0.2.1", "--port", "0"]
    assert main(["serve", f"{path}:Still", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert why in line
