# SPDX-License-Identifier: Apache-2.0
"""Described cups in simulation: they seal by the surface under them, and hold as far as the suction model's limits."""

from __future__ import annotations

import numpy as np
import pytest
from robot_rigs.held_by_cups import SEVEN, G, fallen, held, over_towel

from vla_ros.objects.model import Part
from vla_ros.robots.suction.holding import CupLimits
from vla_ros.robots.tools.named import load_tool
from vla_ros.sim.world import World

CUP, TOOL = load_tool("single_cup").cups[0], load_tool("single_cup")
FORCE = TOOL.vacuum * np.pi * CUP.radius**2  # [N] F = Δp · A
BOX = Part("box", (0.05, 0.05, 0.03))
PLATE = Part("box", (0.06, 0.06, 0.002))  # its middle is near the lip, so that nothing bends it
ALL = tuple(cup.name for cup in load_tool("seven_piston").cups)


def _weigh(world: World, gravity: tuple[float, float, float]) -> None:
    """Have weight come up slowly from none, within a second, to `gravity` [m/s²]."""
    world.model.opt.gravity[:] = 0.0
    for share in np.linspace(0.0, 1.0, 100):
        world.step(10)
        world.model.opt.gravity[:] = share * np.array(gravity)
    world.step(200)


def test_it_seals_on_a_flat_box_holds_it_in_the_air_and_lets_it_go():
    world = held(BOX, 0.2)
    cup = world.cups["cup_1"]
    world.step(600)
    assert (cup.sealed, cup.reason) == (True, "")
    assert fallen(world) < 0.002
    cup.command(0.0)
    world.step(100)
    assert (cup.on, cup.sealed, cup.reason) == (False, False, "")
    assert fallen(world) > 0.03
    assert not any(warning.number for warning in world.data.warning)


@pytest.mark.parametrize("shift", [(0.05, 0.0), (0.035, 0.0), (0.0, -0.065)])
def test_over_an_edge_it_does_not_seal(shift):
    world = held(BOX, 0.2, shift=shift, table=0.0)
    world.step(24)
    assert not world.cups["cup_1"].sealed
    assert world.cups["cup_1"].reason in ("edge", "miss")
    world.step(200)
    assert fallen(world) == pytest.approx(0.0, abs=0.002)


@pytest.mark.parametrize(
    ("part", "rotation", "category", "reason"),
    [
        (BOX, (0.0, 0.15, 0.0), "box", ""),
        (Part("box", (0.05, 0.05, 0.006)), (0.0, 0.35, 0.0), "box", "tilt"),
        (Part("sphere", (0.05,)), (0.0, 0.0, 0.0), "ball", ""),
        (Part("sphere", (0.021,)), (0.0, 0.0, 0.0), "ball", "protrusion"),
        (BOX, (0.0, 0.0, 0.0), "sponge", "porous"),
    ],
)
def test_the_surface_decides(part, rotation, category, reason):
    lifted = 0.05 * np.sin(rotation[1])  # a corner that is turned up keeps below the lip
    world = held(part, 0.1, rotation=rotation, category=category, gap=0.001 + 0.5 * lifted)
    assert world.cups["cup_1"].reason == reason
    assert world.cups["cup_1"].sealed == (reason == "")


def test_on_a_cloth_it_does_not_seal_and_on_the_table_it_does():
    world = over_towel()
    assert (world.cups["cup_1"].sealed, world.cups["cup_1"].reason) == (False, "porous")
    table = held(BOX, 0.2, shift=(0.3, 0.0), table=-2.0 * BOX.size[2])
    assert table.cups["cup_1"].sealed
    start = table.q
    for step in range(40):
        table.command_position(start - 0.002 * step * np.eye(7)[1], stream=True)
        table.step(10)
    assert not table.cups["cup_1"].sealed, "the arm tears it off"


def test_what_is_out_of_the_bellows_reach_is_left():
    world = held(BOX, 0.1, gap=CUP.bellows + 0.002, table=0.0)
    world.step(100)
    assert (world.cups["cup_1"].sealed, world.cups["cup_1"].reason) == (False, "miss")


@pytest.mark.parametrize(("share", "holds"), [(0.95, True), (1.05, False)])
def test_it_holds_the_published_force_and_no_more(share, holds):
    cup = load_tool("seven_piston").cups[0]
    heaviest = share * load_tool("seven_piston").vacuum * np.pi * cup.radius**2 / G
    world = held(PLATE, heaviest, SEVEN)
    _weigh(world, (0.0, 0.0, -G))
    assert world.cups["cup_1"].sealed == holds
    assert world.cups["cup_1"].reason == ("" if holds else "pull_off")
    assert (fallen(world) < 0.03) == holds


@pytest.mark.parametrize(("share", "holds"), [(0.9, True), (1.1, False)])
def test_sideways_it_holds_by_friction(share, holds):
    mass = 1.0
    sideways = share * CupLimits().friction * (FORCE - mass * G) / mass
    world = held(PLATE, mass)
    _weigh(world, (0.0, sideways, -G))  # what an accelerated tool feels
    assert world.cups["cup_1"].sealed == holds
    assert world.cups["cup_1"].reason == ("" if holds else "slip")


@pytest.mark.parametrize(("acceleration", "holds"), [(3.0, True), (20.0, False)])
def test_an_arm_that_is_accelerated_loses_it(acceleration, holds):
    world = held(PLATE, 3.0)
    world.step(100)
    start, way = world.q, np.eye(7)[0] / np.linalg.norm(world.body_pose("cup_1")[:2, 3])  # the first joint turns it
    for step in range(50):
        world.command_position(start + way * 0.5 * acceleration * (0.004 * step) ** 2, stream=True)
        world.step(4)
    assert world.cups["cup_1"].sealed == holds
    assert world.cups["cup_1"].reason in (("",) if holds else ("slip", "peel"))


def test_off_its_middle_a_box_peels_off():
    centred, aside = held(PLATE, 3.0), held(PLATE, 3.0, shift=(0.035, 0.0))
    for world in (centred, aside):
        world.step(300)
    assert centred.cups["cup_1"].sealed
    assert not aside.cups["cup_1"].sealed
    assert aside.cups["cup_1"].reason in ("peel", "material")


@pytest.mark.parametrize("turn", [0.0, 2.2, -1.0])
def test_welds_carry_the_weight_and_no_moment_about_the_middle(turn):
    world = held(Part("box", (0.075, 0.075, 0.02)), 1.5, SEVEN, (0.01, 0.005), (0.0, 0.0, turn), on=ALL)
    world.step(1500)
    (tool,) = world.suction_tools
    (load,) = tool.loads.values()
    np.testing.assert_allclose(load[:3], (0.0, 0.0, 1.5 * G), atol=0.05)
    np.testing.assert_allclose(load[3:], np.zeros(3), atol=2e-3)


def test_cups_share_a_load():
    plate = Part("box", (0.07, 0.07, 0.002))
    alone, together = held(plate, 2.0, SEVEN), held(plate, 2.0, SEVEN, on=ALL)
    for world in (alone, together):
        world.step(300)
    assert all(together.cups[name].sealed for name in ALL)
    shares = [together.cups[name].utilisation for name in ALL]
    assert sum(shares) == pytest.approx(alone.cups["cup_1"].utilisation, rel=0.1)
    assert max(shares) < 1.3 * min(shares)
    aside = held(plate, 2.0, SEVEN, (0.02, 0.0), on=ALL)
    aside.step(300)
    assert aside.cups["cup_2"].utilisation > 1.5 * aside.cups["cup_5"].utilisation


def test_cups_let_go_one_after_another():
    world = held(Part("box", (0.07, 0.07, 0.002)), 36.0, SEVEN, on=ALL)  # 353 N on 297 N
    seen = []
    for _ in range(60):
        world.step(4)
        seen.append(sum(world.cups[name].sealed for name in ALL))
    assert seen[0] == len(ALL)
    assert set(range(len(ALL))) <= set(seen)
    assert {world.cups[name].reason for name in ALL} <= {"pull_off", "slip", "peel"}


def test_a_cup_that_the_others_push_away_from_comes_off():
    world = held(Part("box", (0.07, 0.07, 0.02)), 1.0, SEVEN, on=ALL)
    for name in ALL[1:]:
        world.pistons[name].command(0.02)
    world.step(500)
    assert world.cups["cup_1"].reason == "pull_off"
    assert [name for name in ALL if world.cups[name].sealed] == list(ALL[1:])


def test_what_it_lost_it_takes_again_when_it_was_clear_or_is_switched_anew():
    world = held(PLATE, 1.2 * FORCE / G, table=0.003)
    world.step(400)
    cup = world.cups["cup_1"]
    assert not cup.sealed
    assert cup.reason in ("pull_off", "slip")
    assert fallen(world) < CUP.bellows
    anew, clear = world, held(PLATE, 1.2 * FORCE / G, table=0.003)
    anew.cups["cup_1"].command(0.0)
    assert anew.cups["cup_1"].reason == ""
    anew.cups["cup_1"].command(1.0)
    anew.step(20)
    assert anew.cups["cup_1"].sealed
    clear.step(400)
    clear.model.opt.gravity[:] = 0.0
    thing = clear.data.joint("thing/free")
    for shift in (-0.2, 0.2):
        assert not clear.cups["cup_1"].sealed
        thing.qpos[1] += shift
        thing.qvel[:] = 0.0
        clear.step(24)
    assert clear.cups["cup_1"].sealed


def test_what_is_sealed_does_not_touch_the_lip_and_touches_it_again():
    world = held(Part("box", (0.08, 0.08, 0.03)), 0.1, SEVEN, gap=-0.0005, table=0.0, on=("cup_4",))
    others = set(ALL) - {"cup_4"}
    world.step(4)
    assert world.cups["cup_4"].sealed
    assert {name for name in ALL if "thing" in world.objects_in_contact((name,))} == others
    assert (np.diff(world.model.exclude_signature) >= 0).all(), "MuJoCo walks through them in order"
    world.cups["cup_4"].command(0.0)
    world.step(2)
    assert "thing" in world.objects_in_contact(("cup_4",))


def test_the_same_commands_give_the_same_bits_however_they_are_stepped_and_watched():
    ends = []
    for stride, watched in ((1, True), (6, False), (30, True)):
        world = held(BOX, 3.0, SEVEN, (0.01, 0.0), on=("cup_1", "cup_2"))
        for _ in range(150 // stride):
            world.step(stride)
            if watched:
                world.object_pose("thing")
        ends.append(world.render_state())
        assert world.cups["cup_1"].sealed
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_array_equal(ends[0], ends[2])
