# SPDX-License-Identifier: Apache-2.0
"""`vla train latent_actions`: videos to a tokenizer whose codes say what moves where; what cannot be is one line."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from demonstrations.moving_squares import write_squares

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.policies.gear_vla.latent_actions.config import LatentActionConfig
from vla_ros.policies.gear_vla.latent_actions.tokenizer import LatentActionTokenizer
from vla_ros.training.gear_vla.latent_actions.clips import Clips
from vla_ros.training.gear_vla.latent_actions.config import LatentActionTraining, load_latent_action_training
from vla_ros.training.gear_vla.latent_actions.train import train
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.stage_config import StageConfig

pytestmark = pytest.mark.usefixtures("threads_as_before")

OWN = """
network: latent_actions
threads: 1
quantised_after: 120
sizes: {width: 32, height: 32, features: 32, depth: 2}
codes: {steps: 300, batch: 24, learning_rate: 4.0e-3, bf16: false, validate_every: 300, warm_up: 20, average: 0.95}
"""


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_squares(tmp_path_factory.mktemp("squares") / "set", 160)


@pytest.fixture(scope="module")
def trained(squares: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained")
    (output / "own.yaml").write_text(OWN)
    words = [str(output / "own.yaml"), "--data", str(squares), "--output", str(output)]
    assert cli.main(["train", *words, "--json", str(output / "figures.json")]) == 0
    return output


def test_codes_tell_what_moves_and_other_codes_do_not(trained: Path) -> None:
    figures = json.loads((trained / "figures.json").read_text())
    assert figures["latent_actions.unexplained"] < 0.7
    assert figures["latent_actions.unexplained_others"] > figures["latent_actions.unexplained"] + 0.05
    assert figures["latent_actions.entries"] > 3.0
    assert figures["latent_actions.motion_r2"] > 0.5


def test_the_tokenizer_it_writes_says_so_of_videos_it_has_not_seen(trained: Path, tmp_path: Path) -> None:
    tokenizer = LatentActionTokenizer.load(trained)
    clips = Clips([write_squares(tmp_path / "new", 40, seed=9)], tokenizer.config, 0.5)
    every = np.arange(len(clips))
    codes, motion = tokenizer.codes(clips.frames(every)), clips.motion(every)
    assert motion is not None
    ways = np.sign(motion).astype(int)
    # Of two clips with the same codes, far more go the same way than of any two.
    same = (codes[:, None] == codes[None]).mean(axis=(2, 3))
    alike = (ways[:, None] == ways[None]).all(axis=2)
    others = ~np.eye(len(every), dtype=bool)
    near = others & (same >= np.quantile(same[others], 0.95))
    assert alike[near].mean() > 2.0 * alike[others].mean()
    clips.close()


def test_the_same_command_again_has_nothing_left_to_do(trained: Path, squares: Path) -> None:
    words = [str(trained / "own.yaml"), "--data", str(squares), "--output", str(trained)]
    before = (trained / "model.safetensors").read_bytes()
    assert cli.main(["train", *words]) == 0
    assert (trained / "model.safetensors").read_bytes() == before


class Threads(DistributedContext):
    """Processes of one training as threads, which wait for each other and learn each on its own."""

    barrier = threading.Barrier(2, timeout=60.0)

    def average(self, parameters: object, note: float) -> float:
        return note

    def wait(self) -> None:
        self.barrier.wait()


def test_every_process_finds_the_tokenizer_when_it_has_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = LatentActionTokenizer.save

    def slowly(tokenizer: LatentActionTokenizer, folder: Path) -> None:
        time.sleep(1.0)
        save(tokenizer, folder)

    monkeypatch.setattr(LatentActionTokenizer, "save", slowly)
    root, output, found = write_squares(tmp_path / "set", 4), tmp_path / "out", []
    sizes = LatentActionConfig(width=32, height=32, features=16, depth=1)
    config = LatentActionTraining(threads=1, validation=0.5, sizes=sizes, codes=StageConfig(1, 2, 1e-3, bf16=False))

    def follow() -> None:
        train(config, [root], output, distributed=Threads(1, 2))
        found.append((output / "config.json").is_file())

    follower = threading.Thread(target=follow)
    follower.start()
    train(config, [root], output, distributed=Threads(0, 2))
    follower.join()
    assert found == [True]


def test_clips_are_at_the_rate_and_episodes_are_kept_back_whole(tmp_path: Path) -> None:
    root = write_squares(tmp_path / "set", 6, fps=10, length=13, step=1)
    sizes = LatentActionConfig(width=32, height=32)
    clips = Clips([root], sizes, 0.3)
    assert len(clips) == 6 * 3  # of 13 frames, those that another ten follow
    frames = clips.frames(np.array([4]))  # the second episode's second frame
    assert frames.shape == (1, 6, 32, 32, 3)
    bright = [np.argwhere(frame.max(axis=2) > 130).mean(axis=0) for frame in frames[0]]
    steps = np.abs(np.diff(bright, axis=0)).sum(axis=1)
    assert steps.max() == pytest.approx(2.0, abs=0.3)  # two frames of the video
    assert set(clips.kept // 3).isdisjoint(clips.held // 3)
    clips.close()
    ends = Clips([root], LatentActionConfig(width=32, height=32, transitions=1, ends_only=True), 0.3)
    assert ends.frames(np.array([0])).shape == (1, 2, 32, 32, 3)
    ends.close()


def test_what_cannot_be_learned_from_is_refused(tmp_path: Path) -> None:
    sizes = LatentActionConfig(width=32, height=32)
    slow = write_squares(tmp_path / "slow", 3, fps=2, length=4)
    with pytest.raises(ConfigError, match=r"has 2 frames a second, latent actions are learned from 5"):
        Clips([slow], sizes, 0.5)
    short = write_squares(tmp_path / "short", 3, length=4)
    with pytest.raises(ConfigError, match="0 episodes last 1 s: at least 2 are needed"):
        Clips([short], sizes, 0.5)
    long = write_squares(tmp_path / "long", 3)
    with pytest.raises(ConfigError, match="did you mean 'front'"):
        Clips([long], sizes, 0.5, ("frnt",))


@pytest.mark.parametrize(
    ("change", "words", "expected"),
    [
        ("network: latent_action", [], "did you mean 'latent_actions'"),
        ("validation: 0.9", [], "validation must be above 0 and at most 0.5, got 0.9"),
        ("nearness: -1.0", [], "nearness and spread must be at least 0"),
        ("sizes: {codes: 3}", [], "codes are 3: give a multiple of the 2 groups"),
        ("generation: agilex_flp", [], "did you mean 'agilex_flip'"),
        ("", ["--generate", "0:10"], "latent actions are learned from what moves: give EPISODES:0"),
        ("", ["--policy", "act"], "is of the latent_actions alone, --policy says 'act'"),
        ("", ["--data", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_bad_words_are_one_line(
    change: str, words: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, key = tmp_path / "own.yaml", change.partition(":")[0]
    kept = [line for line in OWN.splitlines() if not (key and line.startswith(f"{key}:"))]
    own.write_text("\n".join([*kept, change, ""]))
    assert cli.main(["train", str(own), "--output", str(tmp_path / "out"), *words]) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


def test_what_ships_is_what_the_settings_say() -> None:
    assert load_latent_action_training("latent_actions") == LatentActionTraining()
