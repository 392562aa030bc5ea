# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
import json

import numpy as np
import pytest
from pages.hand_packets import Network, Packet

from bench import teleop_network
from bench.hand_packets import cases, measures
from bench.hand_packets.cases import CASES, CORRECTIONS
from controllers.errors import ConfigError
from vla_ros.teleop.hand_motion import HandMotionLimits

BY_NAME = {case.name: case for case in (*CASES, *CORRECTIONS)}
LIMITS = HandMotionLimits()


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    teleop_network.add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("robot", "name"),
    [
        ("franka", "bunches of 8"),
        ("franka", "gap, nothing sent in it"),
        ("franka", "gap, bunches of 8"),
        ("franka", "gap, quick hand, bunches of 4"),
        ("franka", "clutch pressed again, bunches of 8"),
        ("franka", "taken from a policy, bunches of 8"),
        ("franka", "taken from a policy, a gap in it"),
        ("agilex", "gap, bunches of 4"),
        ("agilex", "taken from a policy, a gap in it"),
    ],
)
def test_the_bars_hold(robot, name):
    case = BY_NAME[name]
    one = cases.correction if case in CORRECTIONS else cases.figures
    assert teleop_network.bars_missed(name, one(robot, case, np.random.default_rng(5))) == []


def test_a_bar_that_is_missed_says_by_how_much():
    missed = teleop_network.bars_missed("gap", {"freeze": 0.08, "speed": 0.9, "joint_speed": 1.0, "joint_acceleration":
        1.0, "jump": 0.0, "refused": 2.0, "kept": 0.9})  # fmt: skip
    assert [words.split(",")[0] for words in missed] == [
        "stands for 0.080 s while the hand is heard to move",
        "the tool is commanded 0.90 m/s",
        "control refused 2 chunks",
        "90.0 % of the frames are kept",
    ]


def test_a_stretch_begins_when_a_hand_can_be_known_to_move():
    steady = Network().packets(1.0)
    assert measures.heard(steady, LIMITS, 1.0) == [(steady[1].arrives, steady[-1].arrives)]
    (_, again) = measures.heard(Network(gaps=((0.4, 0.7),)).packets(1.0), LIMITS, 1.0)
    assert again[0] == 0.7
    let_go = [Packet(p.sent, p.arrives, not 0.4 < p.sent < 0.6) for p in steady]
    second = [p.arrives for p in let_go if p.sent >= 0.6][1]
    assert measures.heard(let_go, LIMITS, 1.0)[1][0] == second


def test_packets_arrive_in_bunches_and_not_in_a_gap():
    packets = Network(bunch=4, gaps=((0.3, 0.6),), queued=False).packets(1.0)
    arrivals = np.array([packet.arrives for packet in packets])
    assert not ((arrivals >= 0.3) & (arrivals < 0.6)).any()
    assert np.unique(arrivals.round(6), return_counts=True)[1].max() == 4
    queued = Network(gaps=((0.3, 0.6),)).packets(1.0)
    assert sum(packet.arrives == 0.6 for packet in queued) == pytest.approx(0.3 * 72, abs=1.0)
    assert all(np.diff([packet.arrives for packet in queued]) >= 0.0)


@pytest.mark.slow  # every case, half a minute
def test_figures_are_written_flat(tmp_path):
    file = tmp_path / "figures.json"
    assert teleop_network.run(arguments("--robots", "franka", "--trials", "1", "--json", str(file))) == 0
    figures = json.loads(file.read_text())
    assert all(isinstance(value, float) for value in figures.values())
    assert figures["franka/taken from a policy/kept"] > 0.95


def test_nonsense_is_refused():
    with pytest.raises(ConfigError, match="--trials"):
        teleop_network.run(arguments("--trials", "0"))
