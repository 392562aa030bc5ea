# SPDX-License-Identifier: Apache-2.0
"""LeRobot's process as a child, and the policy that asks it: real processes and pipes, of a stand-in."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from lerobot_parts.files import write_checkpoint
from lerobot_parts.observation import CONTRACT, FRANKA, JOINTS, seen

from controllers.errors import VlaError
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.lerobot.checkpoint import read_checkpoint
from vla_ros.policies.lerobot.policy import LeRobotPolicy
from vla_ros.policies.lerobot.process import LeRobotError, LeRobotProcess

STAND_IN = Path(__file__).parents[2] / "support" / "lerobot_parts" / "stand_in.py"
Start = Callable[..., LeRobotPolicy]


@pytest.fixture
def start(tmp_path) -> Iterator[Start]:
    running: list[LeRobotPolicy] = []

    def make(how: str, answer_s: float = 20.0, **config) -> LeRobotPolicy:
        checkpoint = read_checkpoint(write_checkpoint(tmp_path / "one", **config))
        command = [sys.executable, "-P", str(STAND_IN), how]
        process = LeRobotProcess(checkpoint.folder, "", 20.0, answer_s, command)
        action = dataclasses.replace(CONTRACT.action, horizon=checkpoint.action_steps)
        codec = ActionCodec(action, FRANKA.base_frame, CONTRACT.period)
        running.append(LeRobotPolicy(process, checkpoint, CONTRACT, codec, FRANKA))
        return running[-1]

    yield make
    for policy in running:
        policy.close()


def test_rows_become_a_chunk_of_the_contracts_channels(start):
    chunk = start("fine").infer(seen(0.3, red=1))
    assert chunk.values.shape == (10, 9)  # n_action_steps rows; 7 joints, width, status
    np.testing.assert_allclose(chunk.times, 0.1 * np.arange(1, 11))
    column = chunk.channels.index(f"{JOINTS[0]}/position")
    np.testing.assert_allclose(chunk.values[:, column], 0.3 + 0.001 * np.arange(10), atol=1e-7)
    assert chunk.values[0, chunk.channels.index("panda_hand/width")] == pytest.approx(0.08)  # it opens no further


def test_pictures_are_sent_as_the_contract_stores_them_and_states_in_its_order(start):
    policy = start("fine")
    arrays = policy.seen(seen(0.5, red=200))
    assert arrays["observation.images.front"].shape == (1, 224, 224, 3)
    assert arrays["observation.images.front"].min(axis=(0, 1, 2))[0] == 200  # nothing beside the square
    np.testing.assert_allclose(arrays["observation.state"], [[*[0.5] * 7, 0.04]])


def test_pictures_are_sent_under_the_keys_of_the_dataset(start):
    """The only camera of many of lerobot's own datasets is observation.image."""
    only = {"type": "VISUAL", "shape": [3, 224, 224]}
    inputs = {"observation.image": only, "observation.state": {"type": "STATE", "shape": [8]}}
    policy = start("fine", inputs=inputs)
    policy._contract = dataclasses.replace(
        CONTRACT, cameras={"image": CONTRACT.cameras["front"]}, reference_camera="image"
    )
    here = seen(0.5, red=200)
    here = dataclasses.replace(here, cameras={"image": here.cameras["front"]})
    assert set(policy.seen(here)) == {"observation.image", "observation.state"}


def test_several_observations_are_sent_oldest_first_and_the_first_of_an_episode_again(start):
    policy = start("fine", n_obs_steps=3)
    arrays = policy.seen(seen(0.5, red=10, history=4))
    np.testing.assert_allclose(arrays["observation.state"][:, 0], [0.3, 0.4, 0.5])
    assert arrays["observation.images.side"][:, 0, 0, 0].tolist() == [12, 11, 10]
    first = policy.seen(seen(0.5, red=10))
    np.testing.assert_allclose(first["observation.state"][:, 0], [0.5, 0.5, 0.5])


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ("dies at load", "ended at 'load': no memory left for weights"),
        ("refuses load", "refused 'load': RuntimeError: size mismatch"),
        ("other protocol", "protocol 2"),
        ("refuses infer", "refused 'infer': RuntimeError: size mismatch"),
        ("not finite", "not finite"),
        ("too wide", r"shape \(10, 9\)"),
        ("no actions", "without actions"),
    ],
)
def test_a_process_that_misbehaves_is_one_line_and_no_chunk(start, how, what):
    with pytest.raises(VlaError, match=what) as raised:
        start(how).infer(seen())
    assert "\n" not in str(raised.value)


def test_a_process_that_is_killed_or_silent_is_started_again(start):
    policy = start("fine")
    policy.infer(seen())
    os.kill(policy._process._child.pid, signal.SIGKILL)
    with pytest.raises(LeRobotError, match="LeRobot's process"):
        policy.infer(seen())
    assert policy.infer(seen()).values.shape == (10, 9)
    with pytest.raises(LeRobotError, match=r"nothing for 0\.5 s"):
        start("silent at infer", answer_s=0.5).infer(seen())


@pytest.mark.parametrize("request_", ["load", "infer"])
def test_the_end_does_not_wait_for_what_is_under_way(start, request_):
    policy, said = start(f"silent at {request_}"), []

    def ask() -> None:
        with pytest.raises(LeRobotError) as raised:
            policy.infer(seen())
        said.append(str(raised.value))

    waiting = threading.Thread(target=ask)
    waiting.start()
    while policy._process._child is None:
        time.sleep(0.01)
    time.sleep(0.2)
    began = time.monotonic()
    policy.close()
    waiting.join(10.0)
    assert time.monotonic() - began < 8.0  # the answer is not due for 20 s
    assert said
    assert "LeRobot's process ended" in said[0]


def test_several_robots_share_one_process(start):
    policy = start("fine")
    made: dict[int, float] = {}

    def ask(number: int) -> None:
        made[number] = policy.infer(seen(0.1 * number)).values[0, 0]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == pytest.approx({number: 0.1 * number for number in range(1, 6)})
