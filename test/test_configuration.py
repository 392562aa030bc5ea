# SPDX-License-Identifier: Apache-2.0
"""A configuration file with a wrong key, type or range is one line that says what to do."""

from dataclasses import dataclass, replace

import pytest
from assets import PAIR

from controllers.errors import ConfigError
from vla_ros.configuration import build, config_file, config_names, config_path, load_config, share_directory
from vla_ros.launching.environment import node_environment
from vla_ros.robots.control import load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.groups import ArmConfig
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


@pytest.mark.parametrize(("load", "stage"), [(load_finetune_config, "matching"), (load_train_config, "joint")])
def test_settings_of_a_training_name_only_what_differs_from_the_shipped_ones(tmp_path, load, stage):
    shipped = load("graspvla_small")
    path = tmp_path / "mine.yaml"
    path.write_text(f"{stage}: {{steps: 20}}\n")
    assert load(str(path)) == replace(shipped, **{stage: replace(getattr(shipped, stage), steps=20)})
    path.write_text(f"{stage}: {{stpes: 20}}\n")
    with pytest.raises(ConfigError, match=f"{stage}: unknown key 'stpes': did you mean 'steps'"):
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


def test_all_keys_that_are_missing_are_named_at_once():
    with pytest.raises(ConfigError, match=r"arm 'a': key 'joints' is missing, and 'tool_frame', 'home', 'effort_rate'"):
        build(ArmConfig, {"name": "a"}, "arm 'a'")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        load_config(tmp_path / "none.yaml", Arm)


def test_none_only_where_it_is_allowed():
    assert build(Gains, {"damping": None}, "gains").damping is None
    with pytest.raises(ConfigError, match="expected float, got None"):
        build(Gains, {"stiffness": None}, "gains")


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Return the user's own configuration folder, with a robot in it and a tuning of a shipped one."""
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
    for folder in ("robots", "controllers"):
        (tmp_path / folder).mkdir()
    (tmp_path / "robots" / "pair.yaml").write_text((PAIR.parent / "pair.yaml").read_text())
    (tmp_path / "robots" / "pair.urdf.xacro").symlink_to(PAIR.parent / "pair.urdf.xacro")
    (tmp_path / "controllers" / "pair_impedance.yaml").write_text("filter_cutoff: 4.0\n")
    return tmp_path


def test_names_are_looked_for_in_the_users_folder_first(own):
    assert {"franka", "pair"} <= set(config_names("robots"))
    assert config_path("robots", "robot", "pair") == own / "robots" / "pair.yaml"
    assert config_path("robots", "robot", "franka") == share_directory() / "config" / "robots" / "franka.yaml"
    (own / "robots" / "franka.yaml").write_text("name: mine\n")
    assert config_file("robots", "franka.yaml") == own / "robots" / "franka.yaml"
    with pytest.raises(ConfigError, match="did you mean 'pair'"):
        config_path("robots", "robot", "pairs")


def test_a_robot_of_the_users_folder_is_tuned_there_and_may_retune_a_shipped_one(own):
    assert load_embodiment("pair").joint_groups[0].name == "lift"
    assert load_control_config("pair").filter_cutoff == 4.0
    assert load_control_config("franka").filter_cutoff == 5.0
    (own / "controllers" / "franka_impedance.yaml").write_text("filter_cutoff: 3.0\n")
    assert load_control_config("franka").filter_cutoff == 3.0


def test_a_robot_by_its_path_is_tuned_beside_it(own):
    assert load_control_config(str(PAIR)).filter_cutoff != 4.0


def test_a_robot_of_the_same_name_in_another_folder_is_another(own, monkeypatch, tmp_path_factory):
    before = load_embodiment("pair").joint_groups[0].home[0]
    other = tmp_path_factory.mktemp("other")
    (other / "robots").mkdir()
    text = (own / "robots" / "pair.yaml").read_text().replace("home: [0.1]", "home: [0.2]")
    (other / "robots" / "pair.yaml").write_text(text)
    (other / "robots" / "pair.urdf.xacro").symlink_to(PAIR.parent / "pair.urdf.xacro")
    monkeypatch.setenv("VLA_CONFIG", str(other))
    assert (before, load_embodiment("pair").joint_groups[0].home[0]) == (0.1, 0.2)


def test_a_users_folder_that_is_none_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match=r"VLA_CONFIG=.*none: is no folder"):
        config_names("robots")
    monkeypatch.setenv("VLA_CONFIG", "")
    assert "franka" in config_names("robots")


def test_nodes_find_the_same_folder_wherever_they_work(own, monkeypatch):
    monkeypatch.chdir(own.parent)
    monkeypatch.setenv("VLA_CONFIG", own.name)
    assert node_environment({}, colored=False)["VLA_CONFIG"] == str(own)
    monkeypatch.delenv("VLA_CONFIG")
    assert "VLA_CONFIG" not in node_environment({}, colored=False)


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
