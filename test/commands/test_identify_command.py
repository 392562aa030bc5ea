# SPDX-License-Identifier: Apache-2.0
"""`vla identify` as a user meets it: files, figures, and one line for what cannot be done."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import yaml
from arms.franka_arm import ARM
from arms.identification_arm import DRY, PAYLOAD, VISCOUS, changed, recording

from vla_ros import cli
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.identification.recording import read_recording, write_recording
from vla_ros.runtime.running import RunningGraph

QUICK = ("--simulate", "--period", "4", "--series", "1")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_recording(tmp_path / "arm.npz", recording())
    return tmp_path


def test_fit_writes_what_was_found(folder, capsys):
    words = ["identify", "fit", "arm.npz", "--yaml", "arm.yaml", "--picture", "arm.png", "--json", "arm.json"]
    assert cli.main(words) == 0
    shown = capsys.readouterr().out
    assert "panda_joint7" in shown
    assert float(re.search(r"payload ([\d.]+) ± [\d.]+ kg", shown).group(1)) == pytest.approx(PAYLOAD.mass, rel=0.03)
    figures = json.loads((folder / "arm.json").read_text())
    assert all(isinstance(value, float) for value in figures.values())
    assert figures["panda_joint2_viscous"] == pytest.approx(VISCOUS[1], rel=0.1)
    assert figures["panda_joint2_dry"] == pytest.approx(DRY[1], rel=0.1)
    assert figures["payload_mass_kg"] == pytest.approx(PAYLOAD.mass, rel=0.03)
    assert figures["payload_center_z_m"] == pytest.approx(PAYLOAD.center[2], abs=0.005)
    dynamics = yaml.safe_load((folder / "arm.yaml").read_text())["dynamics"]
    assert len(dynamics["viscous_friction"]) == 7
    picture = cv2.imread(str(folder / "arm.png"))
    assert picture.shape[1] > 1000
    orange = (picture[..., 2] > 180) & (picture[..., 0] < 120)  # the prediction goes through every joint's row
    assert all(row.any(axis=0).sum() > 900 for row in np.array_split(orange[34:-30], 7))


def test_record_computes_an_arm(folder, capsys):
    assert cli.main(["identify", "record", "new.npz", *QUICK, "--json", "new.json"]) == 0
    kept = read_recording(folder / "new.npz")
    assert kept.joints == ARM.joints
    assert json.loads((folder / "new.json").read_text()) == {"samples": len(kept.time), "duration_s": kept.duration}
    assert "7 joints" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["identify"], "record|fit"),
        (["identify", "fti"], "invalid choice: 'fti'"),
        (["identify", "fit", "none.npz"], "none.npz: cannot be read (No such file"),
        (["identify", "fit", "text.npz"], "text.npz: not a plain .npz file"),
        (["identify", "fit", "still.npz"], "moved faster than 0.1 rad/s both ways in only 0 %"),
        (["identify", "fit", "arm.npz", "--picture", "arm.gif"], "ends in .png"),
        (["identify", "fit", "arm.npz", "--yaml", "no/arm.yaml"], "--yaml no/arm.yaml: cannot be written"),
        (["identify", "record", "arm.csv", "--simulate"], "ends in .npz"),
        (["identify", "record", "no/arm.npz", "--simulate"], "the folder no does not exist"),
        (["identify", "record", "a.npz", "--payload", "1", "0", "0", "0"], "give them with --simulate"),
        (["identify", "record", "a.npz", "--simulate", "--effort", "measured"], "leave --effort out"),
        (["identify", "record", "a.npz", "--simulate", "--robot", "frank"], "did you mean 'franka'"),
        (["identify", "record", "a.npz", "--simulate", "--period", "0"], "'period' must be 2 to 120"),
        (["identify", "record", "a.npz", "--simulate", "--payload", "99", "0", "0", "0"], "'mass' must be 0 to 20 kg"),
        (["identify", "record", "a.npz", "--simulate", "--friction", "-1"], "--friction must be 0 to 20"),
        (["identify", "record", "a.npz", "--simulate", "--table", "0.45"], "touches something"),
        (["identify", "record", "a.npz", "--simulate", "--seed", "-1"], "--seed must be 0 to 2147483647, got -1"),
    ],
)
def test_bad_input_is_one_line_and_code_2(folder, capsys, words, expected):
    (folder / "text.npz").write_text("text")
    write_recording(folder / "still.npz", changed(recording(), q=np.tile(recording().q[:1], (len(recording().q), 1))))
    try:
        code = cli.main(words)
    except SystemExit as ended:  # argparse's way
        code = ended.code
    errors = capsys.readouterr().err
    assert code == 2
    assert expected in errors
    assert len(errors.splitlines()) == 1


def test_a_running_jobs_arm_is_moved_by_the_node(folder, monkeypatch, capsys):
    import vla_ros.commands.robot.operate as operate

    graph = RunningGraph(1, "franka_grasp", 7, "LOCALHOST", "", "")
    asked = {}

    def run_beside(graph, module, parameters):
        asked["module"], asked["domain"] = module, graph.domain_id
        asked.update(yaml.safe_load(parameters.read_text())["/**"]["ros__parameters"])
        write_recording(folder / "live.npz", recording())
        return 0

    monkeypatch.setattr(operate, "targets", lambda: [graph])
    monkeypatch.setattr(operate, "run_beside", run_beside)
    assert cli.main(["identify", "record", "live.npz", "--effort", "measured", "--table", "-0.1"]) == 0
    assert (asked["module"], asked["domain"]) == ("vla_ros.nodes.identify_node", 7)
    config, table, seed = _search_of_the_node(asked, monkeypatch)
    assert (config.period, config.fits, config.speed_share, table, seed) == (12.0, 2, 0.5, -0.1, 0)
    assert (asked["file"], asked["with_gravity"], asked["table"]) == (str(folder / "live.npz"), True, -0.1)
    assert "samples in" in capsys.readouterr().out
    monkeypatch.setattr(operate, "run_beside", lambda *arguments: 1)
    assert cli.main(["identify", "record", "live.npz"]) == 1
    monkeypatch.setattr(operate, "targets", lambda: [graph, graph])
    assert cli.main(["identify", "record", "live.npz"]) == 2
    assert "several jobs run (franka_grasp on ROS domain 7" in capsys.readouterr().err


def _search_of_the_node(parameters: dict, monkeypatch) -> tuple:
    """Return what identify_node makes of the parameters it is given."""
    import vla_ros.planning.excitation as planning
    from vla_ros.nodes import identify_node

    class Node:
        embodiment = load_embodiment("franka")

        def declare_parameter(self, name, default, descriptor):
            return SimpleNamespace(value=parameters[name])

        def set_descriptor(self, name, descriptor) -> None:
            pass

    def find(embodiment, arm, control, config, table, seed):
        return config, table, seed

    monkeypatch.setattr(planning, "find_excitation", find)
    return identify_node._excitation(Node())
