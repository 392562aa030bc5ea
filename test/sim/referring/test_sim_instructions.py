# SPDX-License-Identifier: Apache-2.0
"""Families of wording: the common one stays what it was, the unseen one is in no data, neither changes a scene."""

from __future__ import annotations

import dataclasses
import re
import zlib
from collections import Counter

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene
from slow_tests import trials

from controllers.errors import ConfigError
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.category import TARGETS, categories
from vla_ros.objects.colors import color_ranges
from vla_ros.policies.backbone.word_tokens import color_words
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.wording import EVALUATED, FAMILIES, family, wording
from vla_ros.tasks.grasping.instructions import write_instruction

CATALOGUE = load_catalogue()
DIGEST = 3711618685  # CRC-32 of twenty instructions, a line each


def appearance(scene: Scene) -> list:
    poses = [(placed.name, placed.T_base_object.tobytes(), placed.model.mass) for placed in scene.objects]
    return [poses, scene.table, scene.walls, scene.lights, scene.arm_start, scene.cameras[0].T_base_camera.tobytes()]


def said(name: str, stream: str, count: int) -> list[tuple[str, str, str]]:
    """Instructions of a family for objects of all kinds: (text, colour, category)."""
    rng = np.random.default_rng(0)
    models = CATALOGUE.models("action+grounding" if stream == "generation" else "all", stream)
    chosen = [models[int(rng.integers(len(models)))] for _ in range(count)]
    drawn = [dataclasses.replace(model, color=str(rng.choice(CATALOGUE.colors_of(model)))) for model in chosen]
    return [(write_instruction(model, CATALOGUE, rng, name), model.color, model.category) for model in drawn]


def test_evaluation_says_what_it_always_said() -> None:
    # The scenes of grasping_reference.json and of every published figure: these words must never change.
    texts = [grasping_scene("basic", seed).instruction for seed in range(20)]
    assert texts[:6] == [
        "grab the yellow corn", "pick up the brown jar", "take the yellow corn", "pick the white block up",
        "pick the white bottle up", "please pick up the yellow pear",
    ]  # fmt: skip
    assert zlib.crc32("\n".join(texts).encode()) == DIGEST


@pytest.mark.parametrize("stream", ["evaluation", "generation"])
def test_wording_changes_the_instruction_alone(stream: str) -> None:
    for seed in range(4):
        scenes = [
            grasping_scene("distractor", seed, stream, wording=name)
            for name in FAMILIES
            if not (name == "unseen" and stream == "generation")
        ]
        assert all(appearance(scene) == appearance(scenes[0]) for scene in scenes)
        assert len({scene.instruction for scene in scenes}) > 1


def test_each_stream_has_its_own_wording_and_generation_never_the_unseen() -> None:
    for stream, name in (("evaluation", "common"), ("generation", "training")):
        for seed in range(3):
            assert (
                grasping_scene("basic", seed, stream).instruction
                == grasping_scene("basic", seed, stream, wording=name).instruction
            )
    with pytest.raises(ConfigError, match="would spoil the test"):
        grasping_scene("basic", 0, "generation", wording="unseen")
    with pytest.raises(ConfigError, match="unknown wording 'unsen': did you mean 'unseen'"):
        grasping_scene("basic", 0, wording="unsen")
    EpisodeSettings(wording="unseen").check()
    with pytest.raises(ConfigError, match="unknown wording 'training'"):
        EpisodeSettings(wording="training").check()
    assert "training" not in EVALUATED


def test_what_is_unseen_is_heard_nowhere_else() -> None:
    everyday = set(wording().everyday)
    names = {*color_ranges(), *categories(), *CATALOGUE.synonyms}
    unseen = set(family("unseen").names)
    assert unseen
    assert not unseen & names
    for name in ("common", "training"):
        texts = [text for text, _, _ in said(name, "generation", trials(500, 3000))]
        for word in unseen:
            assert not any(re.search(rf"\b{re.escape(word)}\b", text) for text in texts), word
        heard = {word for text in texts for word in re.findall(r"[a-z]+", text.lower())}
        sentences = [sentence.replace("{}", "") for sentence in family("unseen").asking]
        assert not heard & {word for text in sentences for word in re.findall(r"[a-z]+", text.lower())} - everyday


def test_unseen_words_are_taken_about_as_often_as_said_and_name_their_own() -> None:
    words = family("unseen")
    texts = said("unseen", "evaluation", trials(6000, 9000))
    recolored = Counter(color not in text.replace("jet-black", "") for text, color, _ in texts)
    assert recolored[True] / len(texts) == pytest.approx(words.other, abs=0.03)
    for text, color, category in texts:
        own = (color, *words.colors[color])
        assert any(f" {word} " in text for word in own), text
        nouns = [category, *(w for key, ws in words.nouns.items() if key.split("/")[0] == category for w in ws)]
        assert any(noun in text for noun in nouns), text
    said_nouns = {word for words in family("unseen").nouns.values() for word in words}
    assert all(any(word in text for text, _, _ in texts) for word in said_nouns)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"asking": ("pick up the {}",)}, "unseen asks with 'pick'"),
        ({"colors": {"red": ("ruby",)}}, "unseen names with 'ruby'"),
        ({"nouns": {"can": ("tin",)}}, "unseen names with 'tin'"),
        ({"colors": {"rad": ("ruby",)}}, "unknown color 'rad'"),
        ({"nouns": {"mugg": ("stein",)}}, "unknown category 'mugg'"),
        ({"nouns": {"mug/square": ("stein",)}}, "unknown shape of mug 'square'"),
        ({"asking": ("fetch it",)}, "must hold 'the {}' once"),
        ({"other": 1.5}, "other must be 0 to 1, got 1.5"),
        ({"kinds": {"plane": 1.0}}, "unknown kind 'plane': did you mean 'plain'"),
        ({"kinds": {"plain": 1.0, "noun": -1.0}}, "must not be negative"),
        ({"kinds": {"noun": 1.0}}, "plain needs a weight"),
    ],
)
def test_a_family_that_cannot_be_is_one_line(change: dict, message: str) -> None:
    families = wording().families
    with pytest.raises(ConfigError, match=re.escape(message)) as error:
        dataclasses.replace(
            wording(), families=families | {"unseen": dataclasses.replace(families["unseen"], **change)}
        )
    assert "\n" not in str(error.value)


def test_every_category_of_data_has_words_that_only_evaluation_says() -> None:
    only = {key.split("/")[0] for key in family("unseen").nouns}
    trained = {key.split("/")[0] for key in family("training").nouns}
    for name, category in categories().items():
        if category.split in TARGETS:
            assert name in only, name
        if category.split in ("action", "grounding"):
            assert name in trained or category.synonyms, name


def test_no_grounding_or_novel_noun_is_a_word_of_colour_anywhere_in_training() -> None:
    """Neither of its sentences nor of the colour survey that its tokens are made with."""
    known = color_words().keys() | {
        part for words in family("training").colors.values() for word in words for part in word.split()
    }
    for name, category in categories().items():
        if category.split in ("grounding", "novel"):
            nouns = {part for word in (name, *category.synonyms) for part in word.split()}
            assert not nouns & known, name
            assert not set(family("unseen").nouns.get(name, ())) & known, name


def test_training_has_no_word_for_what_is_novel() -> None:
    families = wording().families
    training = dataclasses.replace(families["training"], nouns={"duck": ("drake",)})
    with pytest.raises(ConfigError, match="training has words for 'duck', which is novel"):
        dataclasses.replace(wording(), families=families | {"training": training})
    training = dataclasses.replace(families["training"], colors={"purple": ("plum", "carrot red")})
    with pytest.raises(ConfigError, match="'carrot' is a word of colour in training"):
        dataclasses.replace(wording(), families=families | {"training": training})
    training = dataclasses.replace(families["training"], nouns={"bottle": ("spaceship",)})
    with pytest.raises(ConfigError, match="'spaceship' names what is novel, and another family says it"):
        dataclasses.replace(wording(), families=families | {"training": training})
    with pytest.raises(ConfigError, match="families must be common, training, unseen"):
        dataclasses.replace(wording(), families={"common": families["common"]})
