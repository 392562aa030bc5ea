# SPDX-License-Identifier: Apache-2.0
"""A configuration file with a wrong key, type or range is one line that says what to do."""

from dataclasses import dataclass, replace

import pytest

from controllers.errors import ConfigError
from vla_ros.configuration import build, load_config, share_directory
from vla_ros.training.finetuning.config import load_finetune_config
from vla_ros.training.graspvla.config import load_train_config


@dataclass(frozen=True)
class Gains:
    stiffness: float = 800.0
    damping: float | None = None

    def __post_init__(self) -> None:
        if self.stiffness <= 0.0:
            raise ConfigError(f"stiffness must be > 0 N/m, got {self.stiffness}")


@dataclass(frozen=True)
class Arm:
    name: str
    home: tuple[float, ...] = ()
    box: tuple[float, float] = (0.0, 1.0)
    gains: Gains = Gains()
    enabled: bool = False
    rate: int = 500
    offsets: dict[str, float] | None = None


def test_reads_nested_values(tmp_path):
    path = tmp_path / "arm.yaml"
    path.write_text("name: left\nhome: [0, 1.5]\nbox: [0.1, 0.2]\ngains: {stiffness: 5}\noffsets: {tcp: 1}\n")
    arm = load_config(path, Arm)
    assert arm == Arm("left", (0.0, 1.5), (0.1, 0.2), Gains(5.0), offsets={"tcp": 1.0})
    assert isinstance(arm.home[0], float)


@dataclass(frozen=True)
class Station:
    arm: Arm = Arm("left", rate=100, gains=Gains(5.0, 0.7))


def test_a_mapping_names_only_what_differs_from_the_default_of_its_key(tmp_path):
    path = tmp_path / "station.yaml"
    path.write_text("arm: {gains: {stiffness: 9}}\n")
    assert load_config(path, Station) == Station(Arm("left", rate=100, gains=Gains(9.0, 0.7)))
    path.write_text("arm: {gain: {stiffness: 9}}\n")
    with pytest.raises(ConfigError, match="arm: unknown key 'gain': did you mean 'gains'"):
        load_config(path, Station)
    path.write_text("arm: {gains: {stiffness: -1}}\n")
    with pytest.raises(ConfigError, match="stiffness must be > 0"):
        load_config(path, Station)


@pytest.mark.parametrize("load", [load_finetune_config, load_train_config])
def test_settings_of_a_training_name_only_what_differs_from_the_shipped_ones(tmp_path, load):
    shipped = load("graspvla_small")
    path = tmp_path / "mine.yaml"
    path.write_text("matching: {steps: 20}\n")
    assert load(str(path)) == replace(shipped, matching=replace(shipped.matching, steps=20))
    path.write_text("matching: {stpes: 20}\n")
    with pytest.raises(ConfigError, match="matching: unknown key 'stpes': did you mean 'steps'"):
        load(str(path))


def test_a_file_that_is_no_text_is_one_line(tmp_path):
    path = tmp_path / "arm.yaml"
    path.write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ConfigError, match=r"arm\.yaml: not a text file"):
        load_config(path, Arm)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nam: left", "did you mean 'name'"),
        ("{}", "key 'name' is missing"),
        ("name: 3", "name: expected str, got 3"),
        ("{name: a, home: 3}", "home: expected a list"),
        ("{name: a, box: [1]}", "box: expected 2 values, got 1"),
        ("{name: a, gains: {stifness: 1}}", "gains: unknown key 'stifness': did you mean 'stiffness'"),
        ("{name: a, gains: {stiffness: -1}}", "stiffness must be > 0"),
        ("{name: a, gains: {stiffness: .nan}}", "must be finite"),
        ("{name: a, gains: {stiffness: true}}", "expected float, got True"),
        ("{name: a, rate: 1.5}", "rate: expected int, got 1.5"),
        ("- a", "expected a mapping"),
        ("name: [", "not valid YAML, line"),
    ],
)
def test_errors_name_file_value_and_remedy(tmp_path, text, message):
    path = tmp_path / "arm.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_config(path, Arm)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        load_config(tmp_path / "none.yaml", Arm)


def test_none_only_where_it_is_allowed():
    assert build(Gains, {"damping": None}, "gains").damping is None
    with pytest.raises(ConfigError, match="expected float, got None"):
        build(Gains, {"stiffness": None}, "gains")


def test_share_directory_holds_the_descriptions():
    assert (share_directory() / "config").is_dir()
    assert (share_directory() / "urdf").is_dir()


@pytest.mark.parametrize("text", ["name: [" + "x, " * 5000 + "]", "name: {" + "x" * 5000 + ": 1}", "x" * 5000 + ": 1"])
def test_a_wrong_value_is_not_repeated_without_end(tmp_path, text):
    path = tmp_path / "arm.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        load_config(path, Arm)
    assert len(str(error.value)) < 600
