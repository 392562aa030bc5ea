# SPDX-License-Identifier: Apache-2.0
"""GraspVLA's released weights: taken in by name and shape, read as their code reads them, served as any checkpoint."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scene_making.whole_observation import whole
from scipy.spatial.transform import Rotation

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: it comes with the full GraspVLA")

from safetensors.torch import load_file, save_file
from tiny.graspvla_released import (
    BOUNDS,
    DINO,
    HORIZON,
    IMAGE,
    NAMES,
    NUMBERS,
    WIDTH,
    released_weights,
    write_download,
)

from controllers.errors import ConfigError
from vla_ros.cli import main
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.families.loading import loaded, specified
from vla_ros.policies.graspvla.full.checkpoint import load_checkpoint
from vla_ros.policies.graspvla.full.config import read_full_config
from vla_ros.policies.graspvla.full.released.form import ReleasedForm
from vla_ros.policies.graspvla.full.released.importing import import_released
from vla_ros.policies.graspvla.full.released.number_words import NumberWords
from vla_ros.policies.graspvla.full.released.pictures import released_box_pixels, released_picture
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.observation import CameraView
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.finetuning.two_stage import TwoStageConfig, finetune_full
from vla_ros.training.pictures.training_data import TrainingData

WEIGHTS = "checkpoint/model.safetensors"


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("released")
    download, llm = write_download(folder)
    import_released(download, llm, load_embodiment("franka"), folder / "checkpoint")
    return folder


@pytest.fixture
def download(imported, tmp_path) -> Path:
    """Return a copy to spoil."""
    return Path(shutil.copytree(imported / "GraspVLA", tmp_path / "GraspVLA"))


@pytest.fixture
def policy(imported):
    return loaded(specified(str(imported / "checkpoint"), load_embodiment("franka")))


@pytest.fixture
def seen() -> SingleArmObservation:
    random = np.random.default_rng(0)
    views = {
        name: CameraView(name, 2.0, random.integers(256, size=(48, 64, 3), dtype=np.uint8), None, np.eye(3), np.eye(4))
        for name in ("front", "side")
    }
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = 0.4, 0.1, 0.3
    then, now = (SingleArmState(stamp, np.zeros(7), np.zeros(7), T, 0.08) for stamp in (1.7, 2.0))
    return SingleArmObservation(2.0, "pick up the red mug", views, now, T, (then,), 0.08)


def refusal(download: Path, llm: Path, robot: str = "franka") -> str:
    output = download.parent / "never"
    with pytest.raises(ConfigError) as caught:
        import_released(download, llm, load_embodiment(robot), output)
    assert "\n" not in str(caught.value)
    assert not output.exists()
    return str(caught.value)


def unwrapped(policy):
    while not hasattr(policy, "_network"):
        policy = policy.policy
    return policy


# -- names and shapes -------------------------------------------------------------------------------------------------
def test_every_weight_arrives_where_it_belongs(imported):
    theirs, ours = released_weights(), load_checkpoint(imported / "checkpoint").network.state_dict()
    assert torch.equal(ours["head.weight"], theirs["llm.llm.output.weight"])
    assert torch.equal(ours["projector.4.bias"], theirs["projector.projector.4.bias"])
    assert torch.equal(ours["expert.time.2.weight"], theirs["flow_module.action_time_mlp.2.weight"])
    qkv = theirs["backbone_2d.dino.model.blocks.1.attn.qkv.weight"]
    found = [ours[f"vision.dinov2.encoder.layer.1.attention.{part}_proj.weight"] for part in "qkv"]
    assert torch.equal(torch.cat(found), qkv)
    position = ours["vision.dinov2.embeddings.position_embeddings"]
    assert torch.equal(position[:, 1:], theirs["backbone_2d.dino.model.pos_embed"])
    assert not position[:, 0].any()  # timm's class token has none
    assert torch.equal(ours["vision.dinov2.embeddings.register_tokens"], theirs["backbone_2d.dino.model.reg_token"])
    gate, up = (theirs[f"action_expert.model.layers.1.feed_forward.{name}.weight"] for name in ("w1", "w3"))
    assert torch.equal(ours["expert.layers.1.gate_up.weight"], torch.cat([gate, up]))


def test_queries_keys_and_values_are_taken_out_head_by_head(imported):
    theirs, ours = released_weights(), load_checkpoint(imported / "checkpoint").network.state_dict()
    size = 8
    fused = theirs["llm.llm.model.layers.0.attention.wqkv.weight"].split(size)  # q q k v, q q k v
    rows = {"q": (0, 1, 4, 5), "k": (2, 6), "v": (3, 7)}
    expert = theirs["action_expert.model.layers.0.attention.wqkv.weight"].split(size)
    for part, heads in rows.items():
        found = ours[f"language.model.layers.0.self_attn.{part}_proj.weight"]
        assert torch.equal(found, torch.cat([fused[head] for head in heads]))
    order = (*rows["q"], *rows["k"], *rows["v"])
    assert torch.equal(ours["expert.layers.0.query_key_value.weight"], torch.cat([expert[head] for head in order]))


@pytest.mark.parametrize(
    ("name", "spoil", "says"),
    [
        ("projector.projector.4.bias", None, "weight 'projector.projector.4.bias' is missing (1 missing, 0 left over)"),
        ("backbone_2d.dino.model.reg_token", None, "weight 'backbone_2d.dino.model.reg_token' is missing"),
        ("projector.projector.6.bias", torch.zeros(3), "weight 'projector.projector.6.bias' is left over"),
        ("flow_module.action_in_proj.weight", torch.zeros(WIDTH // 2, 8),
         "weight 'flow_module.action_in_proj.weight' is 16×8, its config.json asks for 16×7"),
        ("backbone_2d.dino.model.norm.bias", torch.full((DINO,), float("nan")),
         "weight 'backbone_2d.dino.model.norm.bias' holds values that are not finite"),
    ],
)  # fmt: skip
def test_a_weight_that_does_not_fit_is_named(imported, download, name: str, spoil, says: str):
    weights = load_file(download / WEIGHTS)
    weights.pop(name, None)
    if spoil is not None:
        weights[name] = spoil
    save_file(weights, download / WEIGHTS)
    assert says in refusal(download, imported / "internlm2")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("data.tokenizer_type", "uniform", "data.tokenizer_type is 'uniform': this reads 'ratio_min_max_uniform'"),
        ("data.goal_rep", "xyz_rot", "data.goal_rep is 'xyz_rot'"),
        ("data.img_key", ["front", "above"], "unknown camera 'above'"),
        ("data.action_token_num", "many", "data.action_token_num is 'many': a count is needed"),
        ("model.action_expert_cfg.hidden_size_scale", 4, "is 16×7, its config.json asks for 8×7"),
        ("model.llm.special_tokens", [f"<{i}>" for i in range(40)], "is 64×32, its config.json asks for 128×32"),
        ("model.pred", "token_pred", "model.pred is 'token_pred'"),
    ],
)
def test_a_configuration_that_does_not_fit_is_named(imported, download, key: str, value, says: str):
    values = json.loads((download / "config.json").read_text())
    *path, last = key.split(".")
    inner = values
    for part in path:
        inner = inner[part]
    inner[last] = value
    (download / "config.json").write_text(json.dumps(values))
    assert says in refusal(download, imported / "internlm2")


def test_what_is_not_there_is_named(imported, download, tmp_path):
    (download / "preprocessor.npz").unlink()
    assert "preprocessor.npz: not found" in refusal(download, imported / "internlm2")
    np.savez(download / "preprocessor.npz", **{**BOUNDS, "max_action": [0.0] * 6})
    assert "'max_action' is missing or not 7 finite numbers" in refusal(download, imported / "internlm2")
    np.savez(download / "preprocessor.npz", **{**BOUNDS, "max_action": BOUNDS["min_action"]})
    assert "number 0 of action never changes" in refusal(download, imported / "internlm2")
    np.savez(download / "preprocessor.npz", **BOUNDS, hook=np.array([{}], dtype=object))  # a pickle, which is not read
    assert "tokenizer.json: not found" in refusal(download, tmp_path)
    assert "not for 'ur5e'" in refusal(download, imported / "internlm2", "ur5e")
    (download / WEIGHTS).write_bytes(b"\x80\x04")
    assert "corrupt or cut short" in refusal(download, imported / "internlm2")


# -- read as their code reads them ------------------------------------------------------------------------------------
def test_numbers_are_the_last_words_of_the_tokenizer_before_any_was_added(imported):
    form = read_full_config(imported / "checkpoint").released
    assert form == ReleasedForm(len(NAMES), (0.0, 0.08), (0.0, 0.0, 0.01), "crop")
    words = NumberWords(100, 5)  # edges −1, −½, 0, ½, 1
    assert words.encode(np.array([-9.0, -1.0, -0.5, 0.3, 0.99, 1.0, 9.0])).tolist() == [99, 99, 98, 97, 96, 95, 95]
    np.testing.assert_allclose(words.decode(np.array([99, 98, 97, 96, 95])), [-0.75, -0.25, 0.25, 0.75, 1.0])
    assert words.decode(np.array([3, 150])).tolist() == [1.0, -1.0]  # words that stand for no number


def test_a_text_has_its_first_word_before_the_pictures(policy):
    network, words = unwrapped(policy)._network, unwrapped(policy)._words
    ids, _ = words(["pick up the red mug"])
    assert [NAMES[i] for i in ids[0]][:3] == ["<s>", "In", ":"]
    seen = torch.zeros(1, 8, WIDTH)
    read = network.read(seen, ids)
    said = network.language.embed(ids)
    assert torch.equal(read[:, :1], said[:, :1])
    assert not read[:, 1:9].any()
    assert torch.equal(read[:, 9:], said[:, 1:])


def test_one_pass_over_what_was_written_says_the_same_words(policy, seen):
    inner = unwrapped(policy)
    network, clock = inner._network, StageClock(torch.device("cpu"))
    observed = inner.codec.view(whole(seen))
    chain = inner._reason(observed, clock)
    words, _ = inner._words([seen.instruction])
    states = network.number_words(inner._state_tensor(observed))
    pictures = torch.stack([inner._reading.picture(seen.cameras[name].color) for name in ("front", "side")])
    sequence = torch.cat([words, chain.boxes, states, chain.grasp], dim=1)
    with torch.no_grad():
        read = network.read(network.see(pictures[None]), sequence)
        hidden, _ = network.language(read, torch.ones(read.shape[:2], dtype=torch.bool))
        best = network.head(hidden).argmax(dim=2)[0]
    assert best[-7:-1].tolist() == chain.grasp[0].tolist()
    assert best[-29:-21].tolist() == chain.boxes[0].tolist()  # eight boxes end before 14 words of states, 6 of a pose
    assert chain.prefix.mask.shape[1] == read.shape[1] + 1 + 2  # the word after the pose, and two states


def test_states_are_read_once_and_never_see_actions(policy, seen):
    inner = unwrapped(policy)
    prefix = inner.prepare(whole(seen))
    x = np.random.default_rng(0).normal(size=(HORIZON, 7))
    before = [key.clone() for key in prefix.keys]
    velocity = inner.velocity(prefix, x, 0.3)
    assert all(torch.equal(*pair) for pair in zip(before, prefix.keys, strict=True))
    moved = x.copy()
    moved[-1] += 1.0
    assert (np.abs(inner.velocity(prefix, moved, 0.3)[0] - velocity[0]) > 1e-6).any()  # actions see each other
    v, pullback = inner.vjp(prefix, x, 0.3)
    np.testing.assert_allclose(v, velocity, atol=1e-5)
    assert pullback(np.ones_like(x)).shape == x.shape


def test_steps_go_on_from_the_commanded_tool(policy, seen):
    inner = unwrapped(policy)
    normaliser = inner.config.action_statistics.normaliser()
    rows = np.zeros((HORIZON, 7))
    rows[:, 0], rows[:, 5], rows[:, 6] = 0.02, 0.1, (0.5, 0.3, 0.5, 0.7)
    chunk = inner.decode(whole(seen), normaliser.normalise(rows))
    np.testing.assert_allclose(chunk.times, [0.2, 0.4, 0.6, 0.8])
    # A turn about the base's z axis, which runs through the tool: its point moves by the steps alone.
    np.testing.assert_allclose(
        chunk.positions("panda") - [0.4, 0.1, 0.3], np.outer([1, 2, 3, 4], [0.02, 0, 0]), atol=1e-12
    )
    np.testing.assert_allclose(chunk.column("panda_hand/width"), [0.08, 0.0, 0.0, 0.08])
    start = Rotation.from_matrix(seen.T_base_ee_commanded[:3, :3])
    turns = [(Rotation.from_quat(q) * start.inv()).as_rotvec()[2] for q in chunk.quaternions("panda")]
    np.testing.assert_allclose(turns, [0.1, 0.2, 0.3, 0.4], atol=1e-12)
    back = normaliser.restore(inner.encode(whole(seen), chunk))
    np.testing.assert_allclose(back[:, :6], rows[:, :6], atol=1e-12)
    assert back[:, 6].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_proprioception_is_of_their_tool_between_their_bounds(policy, seen):
    numbers = unwrapped(policy)._reading.states((seen.state,), seen)[0]
    low, high = np.array(BOUNDS["min_proprio"]), np.array(BOUNDS["max_proprio"])
    # 10 mm further along a tool that points down; roll is half a turn; told to be open.
    expected = (np.array([0.4, 0.1, 0.29, np.pi, 0.0, 0.0, 1.0]) - low) / (high - low) * 2 - 1
    np.testing.assert_allclose(np.abs(numbers), np.abs(expected), atol=1e-9)


@pytest.mark.parametrize(("fit", "bright"), [("crop", (0, 8, 8, 24)), ("pad", (4, 10, 10, 22))])
def test_boxes_follow_the_picture(fit: str, bright: tuple[int, ...]):
    color = np.zeros((48, 64, 3), dtype=np.uint8)
    color[0:12, 20:44] = 255
    size = 32
    found = released_picture(color, size, fit)[0].numpy() > 127
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    assert (top, bottom, left, right) == bright
    box = released_box_pixels(np.array([left, top, right, bottom]) / size, color.shape, size, fit)
    np.testing.assert_allclose(box, [20, 0, 44, 12])


# -- as any checkpoint ------------------------------------------------------------------------------------------------
def test_the_command_makes_a_checkpoint_that_gives_chunks(imported, tmp_path, seen, capsys):
    output = tmp_path / "checkpoint"
    words = ["policy", "import", str(imported / "GraspVLA"), str(output), "--llm", str(imported / "internlm2")]
    assert main([*words, "--dtype", "bfloat16", "--fit", "pad"]) == 0
    assert "the released form for franka, cameras front, side, bfloat16" in capsys.readouterr().out
    assert read_full_config(output).released.fit == "pad"
    family = specified(str(output), load_embodiment("franka"))
    assert family.period() == 0.2
    policy = loaded(family)
    chunk = policy.infer(whole(seen))
    assert np.isfinite(chunk.values).all()
    told = unwrapped(policy).reasoning
    assert set(told.boxes) == {"front", "side"}
    assert told.T_base_grasp.shape == (4, 4)
    assert main(words) == 2  # it is there already
    assert "choose a new folder" in capsys.readouterr().err


def test_a_folder_that_is_there_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(ConfigError, match="exists: choose a new folder"):
        import_released(tmp_path / "no download", tmp_path / "no llm", load_embodiment("franka"), tmp_path)


def test_it_is_not_trained_here(imported, tmp_path):
    checkpoint, nothing = load_checkpoint(imported / "checkpoint"), TrainingData((), ())
    with pytest.raises(ConfigError, match="released form is not trained here"):
        finetune_full(TwoStageConfig(), checkpoint, nothing, nothing, tmp_path)


def test_numbers_and_image_are_those_of_the_download(imported):
    config = read_full_config(imported / "checkpoint")
    assert (config.box_bins, config.grasp.bins, config.vision.image_size) == (NUMBERS, NUMBERS, IMAGE)
    assert config.grasp.low == tuple(BOUNDS["min_proprio"][:6])
