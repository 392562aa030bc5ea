# SPDX-License-Identifier: Apache-2.0
"""A job is a YAML file: what it says becomes a graph, and what it cannot say is one line."""

from __future__ import annotations

import pytest
from assets import PAIR

from controllers.errors import ConfigError
from vla_ros.configuration import share_directory
from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.checks import check_launch
from vla_ros.launching.jobs import job_list, job_names, load_job
from vla_ros.robots.embodiment import load_embodiment

JOB = """description: Slowly.
mover: policy
robot: franka
task: grasping
example: seed:=5
arguments: {policy: geometric, speed_scale: 1, attempts: 5, record_episodes: true, cameras: front}
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """Return the folder of the user's own jobs, with one in it."""
    folder = tmp_path / "jobs"
    folder.mkdir()
    (folder / "slow_grasp.yaml").write_text(JOB)
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
    return folder


def test_a_users_job_is_a_graph_of_its_name_with_its_defaults(jobs):
    assert {"slow_grasp", "franka_grasp", "policy"} <= set(job_names())
    graph = load_job("slow_grasp")
    assert (graph.name, graph.description, graph.example) == ("slow_grasp", "Slowly.", "vla launch slow_grasp seed:=5")
    values = parse_assignments(["attempts:=2"], graph.arguments)
    assert (values["policy"], values["attempts"], values["record_episodes"]) == ("geometric", 2, True)
    assert type(values["speed_scale"]) is float
    graph.check(values)
    episode = next(node for node in graph.nodes if node.name == "episode")
    assert episode.values(values)["cameras"] == "front"
    recorder = next(node for node in graph.nodes if node.name == "recorder")
    assert recorder.values(values)["job"] == "slow_grasp"


def test_a_job_may_be_given_by_the_path_of_its_file(jobs):
    assert load_job(str(jobs / "slow_grasp.yaml")).name == "slow_grasp"


def test_a_job_for_a_robot_of_the_users_own_folder(jobs):
    (jobs.parent / "robots").mkdir()
    for name in ("pair.yaml", "pair.urdf.xacro"):
        (jobs.parent / "robots" / name).write_text((PAIR.parent / name).read_text())
    (jobs / "both_hands.yaml").write_text("{description: Two hands., mover: teleop, robot: pair, task: grasping}")
    arguments = parse_assignments([], load_job("both_hands").arguments)
    assert arguments["robot"] == "pair"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mover: policy", "mover: polcy", "did you mean 'policy'?"),
        ("robot: franka", "robot: frank", "did you mean 'franka'?"),
        ("robot: franka", "robot: my_arm.yaml", "robot 'my_arm.yaml': there is no such file"),
        ("task: grasping", "task: graspin", "did you mean 'grasping'?"),
        ("task: grasping\n", "", "key 'task' is missing"),
        ("description", "descripton", "did you mean 'description'?"),
        ("attempts: 5", "atempts: 5", "did you mean 'attempts'?"),
        ("attempts: 5", "attempts: 500", "from 0 to 100"),
        ("attempts: 5", "attempts: many", "arguments: attempts: a whole number from 0 to 100 is needed, got 'many'"),
        ("attempts: 5", "robot: pair", "'robot' is a key of the job itself"),
        ("geometric", "geometrc", "did you mean 'geometric'?"),
        ("record_episodes: true", "record_episodes: 1", "true or false is needed"),
    ],
)
def test_what_a_job_cannot_say_is_one_line_that_names_its_file(jobs, old, new, message):
    path = jobs / "slow_grasp.yaml"
    path.write_text(JOB.replace(old, new))
    with pytest.raises(ConfigError) as error:
        load_job("slow_grasp")
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_job_may_name_files_in_the_home(jobs, monkeypatch):
    monkeypatch.setenv("HOME", str(jobs))
    (jobs / "mine.yaml").write_bytes((share_directory() / "config/robots/franka.yaml").read_bytes())
    (jobs / "slow_grasp.yaml").write_text(
        JOB.replace("robot: franka", "robot: ~/mine.yaml").replace("attempts: 5", "record: ~/bags")
    )
    values = parse_assignments([], load_job("slow_grasp").arguments)
    assert values["record"] == str(jobs / "bags")
    assert load_embodiment(str(values["robot"])).name == "franka"


def test_the_list_says_what_each_job_does_and_survives_a_bad_one(jobs):
    (jobs / "broken.yaml").write_text("mover: policy")
    lines = {line.split()[0]: line for line in job_list().splitlines()}
    assert set(lines) == set(job_names())
    assert lines["slow_grasp"].endswith("  Slowly.")
    assert "cannot be launched" in lines["broken"]
    assert "key 'description' is missing" in lines["broken"]


def test_an_expert_moves_simulated_robots_alone():
    graph = load_job("franka_drawer")
    (expert,) = (node for node in graph.nodes if node.name == "expert")
    values = parse_assignments(["seed:=3"], graph.arguments)
    assert (expert.values(values)["task"], expert.values(values)["seed"]) == ("drawer", 3)
    graph.check(values)
    with pytest.raises(ConfigError, match="knows the truth of a simulator"):
        graph.check(parse_assignments(["hardware:=mock"], graph.arguments))


def test_a_task_is_checked_for_the_robot_that_is_launched():
    graph = load_job("bytemini_bussing")
    graph.check(parse_assignments(["set:=step_by_step"], graph.arguments))
    with pytest.raises(ConfigError, match="which robot 'agilex' has not"):
        graph.check(parse_assignments(["robot:=agilex"], graph.arguments))


@pytest.mark.parametrize(
    ("job", "robot", "message"),
    [
        ("agilex_fold", "franka", "task fold takes two hands, and robot 'franka' has 1"),  # nor a camera 'head'
        ("agilex_handover", "fr3", "task handover takes two hands, and robot 'fr3' has 1"),
        ("bytemini_bussing", "franka", "task bussing takes a base that drives sideways"),
    ],
)
def test_what_a_robot_cannot_do_is_said_before_what_cameras_it_lacks(job, robot, message):
    graph = load_job(job)
    with pytest.raises(ConfigError, match=message):
        graph.check(parse_assignments([f"robot:={robot}"], graph.arguments))


def test_a_task_of_two_hands_is_checked_for_the_robot_of_the_job():
    graph = load_job("ldt01_flip")
    graph.check(parse_assignments(["seed:=3"], graph.arguments))
    expert = load_job("expert")
    with pytest.raises(ConfigError, match="takes two hands, and robot 'franka' has 1"):
        expert.check(parse_assignments(["task:=flip"], expert.arguments))


@pytest.mark.parametrize(("robot", "task"), [("agilex", "handover"), ("agilex", "fold"), ("bytemini", "hang")])
def test_two_hands_are_moved_by_their_expert(robot, task):
    graph = load_job(f"{robot}_{task}")
    (expert,) = (node for node in graph.nodes if node.name == "expert")
    values = parse_assignments(["seed:=3"], graph.arguments)
    assert (expert.values(values)["robot"], expert.values(values)["task"]) == (robot, task)
    assert values["cameras"] == "head"
    graph.check(values)


WATCHED = """description: The expert grasps.
mover: expert
robot: franka
task: grasping
arguments: {cameras: wrist}
"""


@pytest.mark.parametrize(
    ("words", "mover", "cameras"),
    [
        ([], "expert", "wrist"),
        (["policy:=graspvla"], "policy", "front,side"),  # what it needs, where nobody said
        (["policy:=graspvla", "cameras:=front,side,wrist"], "policy", "front,side,wrist"),
    ],
)
def test_a_policy_takes_the_experts_place_with_the_cameras_that_it_needs(jobs, words, mover, cameras):
    (jobs / "watched.yaml").write_text(WATCHED)
    graph = load_job("watched")
    arguments = check_launch(graph, words)
    nodes = {node.name: node for node in graph.active_nodes(arguments)}
    assert {"expert", "policy"} & set(nodes) == {mover}
    assert nodes["camera"].values(arguments)["cameras"] == cameras
    (manager,) = (node for name, node in nodes.items() if name.endswith("_manager"))
    assert manager.values(arguments)["nodes"] == ("state_node", "camera_node", f"{mover}_node", "control_node")


BIN_PICK = ("robot:=franka+hybrid", "policy:=gam", "task:=bin_pick")


@pytest.mark.parametrize(
    ("words", "cameras"),
    [
        ([], ""),  # those that the robot usually has are enough
        (["robot:=franka+hybrid", "policy:=gam", "task:=bin_pick"], "front,side,source,destination,aside"),
        (
            ["robot:=franka+hybrid", "policy:=gam", "task:=bin_pick", "cameras:=source,destination,aside,wrist"],
            "source,destination,aside,wrist",
        ),
    ],
)
def test_a_policy_is_seen_by_the_cameras_that_it_needs_besides(words, cameras):
    graph = load_job("franka_grasp")
    arguments = check_launch(graph, words)
    nodes = {node.name: node for node in graph.active_nodes(arguments)}
    assert {nodes[name].values(arguments)["cameras"] for name in ("camera", "policy")} == {cameras}


@pytest.mark.parametrize(("hardware", "added"), [("sim", True), ("mock", False), ("real", False)])
def test_cameras_of_a_real_robot_are_named_by_whoever_installed_them(hardware, added):
    graph = load_job("franka_grasp")
    words = [f"hardware:={hardware}", *BIN_PICK]
    assert ("cameras" in graph.settle(parse_assignments(words, graph.arguments))) is added


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["policy:=act"], "or take policy 'geometric'$"),
        (["robot:=ur5e", "policy:=graspvla"], "train one for it, or take policy 'geometric'$"),
        (["robot:=ldt01", "policy:=graspvla"], "train one for it, or have the task's script do it"),
        (["robot:=franka+hybrid", "policy:=graspvla"], "train one for it, or have the task's script do it"),
        (["robot:=bytemini", "task:=bussing", "policy:=gr3"], r"or have the task's script do it \(vla launch expert, "),
        (["robot:=agilex", "task:=fold", "policy:=gear_vla"], r"or have the task's script do it \(vla launch expert, "),
        ([*BIN_PICK, "setting:=proposes=both"], "take checkpoints/gam_small, which is shipped, .* come from analysis$"),
        (
            [*BIN_PICK, "checkpoint:=here"],
            "here/config.json is not there: take checkpoints/gam_small, .* from analysis$",
        ),
    ],
)
def test_what_is_said_to_run_without_weights_runs_on_that_robot(words, remedy):
    with pytest.raises(ConfigError, match=remedy):
        check_launch(load_job("policy"), words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["policy:=graspvlaa"], "did you mean 'graspvla'"),
        (["policy:=gr3"], "policy 'gr3' needs weights"),
        (["policy:=graspvla", "cameras:=front"], r"camera 'side'.*add cameras:=front,side"),
        (["checkpoint:=here"], "no policy runs"),
        (["setting:=mode=cage"], "setting:=mode=cage: no policy runs"),
        (["policy:=geometric", "setting:=mode"], "setting 'mode': give KEY=VALUE"),
        (["policy:=geometric", "setting:=moda=cage"], "unknown key 'moda'"),
        (["detector:=here"], "no policy runs that it could watch"),
        (["on_alarm:=pause"], "name what raises alarms with detector:="),
        (["policy:=graspvla", "detector:=here"], "here: is no failure detector"),
        (["hardware:=mock"], "this job knows the truth of a simulator"),
    ],
)
def test_what_cannot_take_the_experts_place_is_one_line(jobs, words, message):
    (jobs / "watched.yaml").write_text(WATCHED)
    with pytest.raises(ConfigError, match=message):
        check_launch(load_job("watched"), words)
