# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controllers.errors import ConfigError
from vla_ros.launching.arguments import LaunchArgument, parse_assignments
from vla_ros.launching.graph import Argument, Chosen, Graph, NodeSpec
from vla_ros.launching.jobs import MOVERS, job_names, load_job
from vla_ros.launching.parameters import write_parameters

SEED = LaunchArgument("seed", 0, "scene", minimum=0, maximum=99)
SPEED = LaunchArgument("speed_scale", 1.0, "speed", minimum=0.05, maximum=1.0)
VIDEO = LaunchArgument("video", True, "film it")
COLOR = LaunchArgument("color", "red", "colour", choices=("red", "green"))
WORDS = LaunchArgument("instruction", "", "words")
ALL = (SEED, SPEED, VIDEO, COLOR, WORDS)


def test_defaults_fill_what_is_not_given():
    values = parse_assignments(["seed:=7"], ALL)
    assert values == {"seed": 7, "speed_scale": 1.0, "video": True, "color": "red", "instruction": ""}


def test_types_follow_the_default():
    values = parse_assignments(["seed:=7", "speed_scale:=1", "video:=false", "instruction:=007"], ALL)
    assert [type(values[name]) for name in ("seed", "speed_scale", "video", "instruction")] == [int, float, bool, str]
    assert values["instruction"] == "007"


def test_a_value_may_hold_the_separator():
    assert parse_assignments(["instruction:=put a:=b"], ALL)["instruction"] == "put a:=b"


def test_a_path_in_the_home_is_meant_where_no_shell_says_so(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    for word, value in (("~/bags", "/home/me/bags"), ("a ~/b", "a ~/b"), ("~", "~"), ("", "")):
        assert parse_assignments([f"instruction:={word}"], ALL)["instruction"] == value


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("sed:=1", "did you mean 'seed'"),
        ("seed=1", "did you mean seed:=1"),
        ("--seed=1", "did you mean seed:=1"),
        ("nonsense", "write name:=value"),
        ("seed:=-1", "from 0 to 99"),
        ("seed:=100", "from 0 to 99"),
        ("seed:=1.5", "a whole number from 0 to 99"),
        ("seed:=", "a whole number"),
        ("speed_scale:=nan", "from 0.05 to 1"),
        ("speed_scale:=inf", "from 0.05 to 1"),
        ("speed_scale:=fast", "a number from 0.05 to 1"),
        ("video:=maybe", "true or false"),
        ("color:=gren", "did you mean 'green'"),
        ("instruction:=a\0b", "NUL"),
    ],
)
def test_bad_words_are_named_with_what_is_allowed(word, expected):
    with pytest.raises(ConfigError) as error:
        parse_assignments([word], ALL)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_an_argument_cannot_be_given_twice():
    with pytest.raises(ConfigError, match="given twice"):
        parse_assignments(["seed:=1", "seed:=2"], ALL)


def test_a_default_must_itself_be_allowed():
    with pytest.raises(ConfigError, match="out of range"):
        LaunchArgument("seed", -1, "scene", minimum=0)


def test_a_graph_refuses_an_undeclared_argument():
    with pytest.raises(ConfigError, match="undeclared argument 'speed'"):
        Graph("job", "", (SEED,), (NodeSpec("sim", "sim_node", {"speed": Argument("speed")}),))


def test_a_condition_leaves_a_node_out():
    graph = Graph("job", "", ALL, (NodeSpec("a", "a_node"), NodeSpec("b", "b_node", condition="video")))
    assert [node.name for node in graph.active_nodes({"video": False})] == ["a"]
    assert [node.name for node in graph.active_nodes({"video": True})] == ["a", "b"]


def test_a_condition_may_ask_for_a_value():
    graph = Graph("job", "", ALL, (NodeSpec("a", "a_node", when={"color": ("green",)}),))
    assert graph.active_nodes({"color": "red"}) == ()
    assert [node.name for node in graph.active_nodes({"color": "green"})] == ["a"]


def test_a_node_may_start_at_every_word_but_one():
    spec = NodeSpec("a", "a_node", {"told": Chosen("instruction", {"none": False}, other=True)})
    other = NodeSpec("b", "b_node", unless={"instruction": ("none",)})
    graph = Graph("job", "", ALL, (spec, other))
    for word, told in (("none", False), ("lift", True), ("", True)):
        assert spec.values({"instruction": word}) == {"told": told}
        assert [node.name for node in graph.active_nodes({"instruction": word})] == (["a", "b"] if told else ["a"])


@pytest.mark.parametrize(
    "node",
    [
        NodeSpec("a", "a_node", unless={"color": ("blue",)}),
        NodeSpec("a", "a_node", unless={"colour": ("red",)}),
        NodeSpec("a", "a_node", {"told": Chosen("color", {"red": True}, other=False)}),
        NodeSpec("a", "a_node", {"told": Chosen("instruction", {"none": True})}),
    ],
)
def test_what_no_argument_can_say_is_refused(node):
    with pytest.raises(ConfigError, match=r"does not exist|needs each|undeclared"):
        Graph("job", "", ALL, (node,))


def test_watching_is_off_unless_asked_for_and_never_ends_a_job():
    graph = load_job("franka_grasp")
    defaults = {argument.name: argument.default for argument in graph.arguments}
    assert "view" not in [node.name for node in graph.active_nodes(defaults)]
    (view,) = (node for node in graph.active_nodes(defaults | {"view": "foxglove"}) if node.name == "view")
    assert (view.required, view.decides, view.stops_first) == (False, False, False)
    assert view.values(defaults) == {"robot": "franka", "cameras": "", "run_directory": "", "port": 8765}


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))))
def test_any_text_survives_the_parameter_file(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("parameters") / "node.yaml"
    write_parameters(path, {"instruction": text, "seed": 3, "speed_scale": 1.0, "video": False})
    read = yaml.safe_load(path.read_text())["/**"]["ros__parameters"]
    assert read == {"instruction": text, "seed": 3, "speed_scale": 1.0, "video": False}
    assert [type(value) for value in read.values()] == [str, int, float, bool]


@pytest.mark.parametrize(
    "text", ["", "123", "1e3", "true", "null", "red: mug", "é – 杯", "a\nb", "say \"hi\" \\ 'x'", "~"]
)
def test_rcl_reads_text_as_text(tmp_path, text):
    import rclpy
    from rclpy.node import Node

    path = tmp_path / "node.yaml"
    write_parameters(path, {"instruction": text, "rate_hz": 10.0, "seed": 5})
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", "--params-file", str(path)], context=context)
    try:
        node = Node("any_name", context=context, enable_rosout=False, start_parameter_services=False)
        assert node.declare_parameter("instruction", "default").value == text
        assert node.declare_parameter("rate_hz", 1.0).value == 10.0
        assert node.declare_parameter("seed", 0).value == 5
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)


@pytest.mark.parametrize("name", job_names())
def test_every_job_describes_every_argument_and_has_one_deciding_node(name):
    graph = load_job(name)
    assert all(len(argument.description) > 10 for argument in graph.arguments)
    operated = name.endswith("teleop")  # by a person, who ends it
    arguments = {argument.name: argument.default for argument in graph.arguments} | {"instruction": "lift the mug"}
    deciding = {
        hardware: [node.name for node in graph.active_nodes(arguments | {"hardware": hardware}) if node.decides]
        for hardware in ("sim", "mock")
    }
    assert deciding["sim"] == ([] if operated else ["episode"])
    # Where nobody knows the truth, the policy says what is done, which an expert's place is not for.
    by_policy = "policy" in arguments and not operated and arguments["policy"] != "expert"
    assert deciding["mock"] == (["instruction"] if by_policy else [])
    assert graph.example.startswith(f"vla launch {name}")


def _declared_parameters(module: str, root: Path) -> set[str]:
    """Return what a node module and those it is made of declare, from their source: starting all takes a minute."""
    declared = {"use_sim_time"}
    shared = ast.parse((root / "vla_ros/nodes/parameters.py").read_text())
    functions = {node.name: node for node in shared.body if isinstance(node, ast.FunctionDef)}
    todo: list[ast.AST] = [ast.parse(f"from {module} import main")]
    followed = {"vla_ros.nodes.parameters"}
    while todo:
        for node in ast.walk(todo.pop()):
            name = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            if name.startswith("vla_ros.nodes.") and name not in followed:
                followed.add(name)
                path = root / name.replace(".", "/")
                todo.append(ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
                if len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
                    declared.add(node.args[1].value)
                elif node.func.id != "declare":
                    todo.append(functions[node.func.id])
    return declared


@pytest.mark.parametrize("name", job_names())
def test_every_parameter_of_a_job_is_declared_by_its_node(name, root):
    for node in load_job(name).nodes:
        if node.package:
            continue  # another package's program
        unknown = set(node.parameters) - _declared_parameters(node.module, root)
        assert not unknown, f"{node.name} does not declare {unknown}"


def test_launch_files_start_a_job_for_each_mover_and_the_one_of_the_readme(root):
    files = {path.name.removesuffix(".launch.py"): path.read_text() for path in (root / "launch").glob("*.launch.py")}
    assert set(files) == {*MOVERS, "franka_grasp"}
    for name, text in files.items():
        assert f'load_job("{name}")' in text
        assert len(text.splitlines()) <= 9


@pytest.mark.parametrize("mover", MOVERS)
def test_the_job_of_a_mover_takes_any_robot_and_task(mover):
    arguments = {argument.name: argument for argument in load_job(mover).arguments}
    assert arguments["robot"].parse("my_arm.yaml") == "my_arm.yaml"
    assert "grasping" in arguments["task"].choices


def test_an_unknown_job_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'franka_grasp'"):
        load_job("franka_gras")


@pytest.mark.parametrize("name", job_names())
def test_every_job_can_be_recorded(name):
    graph = load_job(name)
    arguments = {argument.name: argument.default for argument in graph.arguments}
    assert "recorder" not in {node.name for node in graph.active_nodes(arguments)}
    (recorder,) = (node for node in graph.active_nodes(arguments | {"record": "bags/x"}) if node.name == "recorder")
    assert recorder.ends  # who requested a recording does not want the job without it
    values = recorder.values(arguments | {"record": "bags/x", "record_images": "jpeg"})
    assert (values["directory"], values["images"], values["job"]) == ("bags/x", "jpeg", name)


def test_a_bag_that_could_not_be_made_stops_the_launch_before_it_starts(tmp_path):
    from controllers.errors import VlaError
    from vla_ros.launching.recording import check_recording

    others = {argument.name: argument.default for argument in load_job("franka_grasp").arguments}
    (tmp_path / "half.partial").mkdir()
    (tmp_path / "file").write_text("")
    for folder, expected in (("half", "vla bag repair"), ("file", "exists already"), ("file/x", "cannot be written")):
        with pytest.raises(VlaError, match=expected):
            check_recording(others | {"record": str(tmp_path / folder)})
    check_recording(others | {"record": str(tmp_path / "new" / "deep")})
    check_recording(others)


def test_without_words_no_instruction_node_starts_and_a_person_says_them():
    graph = load_job("policy")
    arguments = {argument.name: argument.default for argument in graph.arguments} | {"hardware": "mock"}
    assert not any(node.decides for node in graph.active_nodes(arguments))
    asked = arguments | {"instruction": "a; b", "report": "r.json", "status_chunks": 5}
    (node,) = (node for node in graph.active_nodes(asked) if node.decides)
    assert node.values(asked) == {"instruction": "a; b", "status_chunks": 5, "report": "r.json", "run_directory": ""}


@pytest.mark.parametrize(
    ("job", "text", "problem"),
    [
        ("policy", "a; b", "the judge of task grasping takes one sentence: give one, or task:=bussing"),
        ("policy", "a; ; b", "sentence 2 of 3 is empty: leave it out"),
        ("bytemini_bussing", "a;b;a; A", "sentence 4 says what sentence 3 says"),
    ],
)
def test_sentences_that_cannot_be_are_refused_before_anything_starts(job, text, problem):
    graph = load_job(job)
    with pytest.raises(ConfigError, match=problem) as error:
        graph.check(parse_assignments([f"instruction:={text}"], graph.arguments))
    assert str(error.value).startswith(f"instruction:='{text}': ")
    assert "\n" not in str(error.value)


def test_what_is_said_otherwise_counts_whatever_the_words():
    graph = load_job("policy")
    graph.check(
        parse_assignments(["instruction:=the corn; it is long", "success_object:=yellow_corn"], graph.arguments)
    )


@pytest.mark.parametrize(("robot", "rate"), [("franka", 500.0), ("agilex", 200.0)])
def test_control_and_simulator_run_at_the_rate_of_the_robots_drivers(robot, rate):
    graph = load_job("franka_grasp")
    arguments = {argument.name: argument.default for argument in graph.arguments} | {"robot": robot}
    given = {node.name: node.values(arguments) for node in graph.active_nodes(arguments)}
    assert given["control"]["rate_hz"] == given["sim"]["state_rate_hz"] == rate
