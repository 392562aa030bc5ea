# SPDX-License-Identifier: Apache-2.0
"""The order of seeds whatever happens to workers, counting, processes that hang or cannot begin, the bar."""

from __future__ import annotations

import random
import time

import pytest
from demonstrations.fake_episodes import FakeEpisodes
from demonstrations.sample_dataset import SCHEMA, episode
from demonstrations.unable_maker import Unable
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from controllers.errors import ConfigError, VlaError
from vla_ros.data.datasets.merge import merge
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.training.generation.folder import GenerationFolder
from vla_ros.training.generation.generation import Generation
from vla_ros.training.generation.ledger import SeedRecord
from vla_ros.training.generation.processes import ProcessPool
from vla_ros.training.generation.report import GenerationProgress
from vla_ros.training.generation.seed_queue import GROUP_MAX, Group, SeedQueue
from vla_ros.training.generation.settings import GenerationSettings
from vla_ros.training.generation.tally import Tally
from vla_ros.training.generation.worker import Job
from vla_ros.training.generation.worker_pool import GroupDied, GroupEnded


@given(
    wanted=st.integers(1, 60),
    workers=st.integers(1, 9),
    bad=st.sets(st.integers(0, 80)),
    deadly=st.sets(st.integers(0, 80), max_size=4),
    held=st.sets(st.integers(0, 20)),
    chance=st.randoms(use_true_random=False),
)
def test_the_first_good_seeds_come_out_whoever_is_fast_or_dies(wanted, workers, bad, deadly, held, chance):
    """Groups end in any order, early or dead; a seed that always kills is rejected, one beside it is not."""
    good = [seed for seed in range(1000) if seed not in bad | deadly]
    held = held & set(good[:wanted])  # by an earlier run
    queue = SeedQueue("action", 0, wanted, held, ())
    made, rejected, running = set(held), set(), []
    while True:
        while len(running) < workers and (group := queue.take(workers)):
            assert 1 <= len(group.seeds) <= GROUP_MAX
            assert not set(group.seeds) & (made | rejected | {seed for other in running for seed in other.seeds})
            running.append(group)
        if not running:
            break
        group = running.pop(chance.randrange(len(running)))
        if deadly & set(group.seeds):
            guilty = queue.died(group)
            rejected |= {guilty} - {None}
            continue
        ended = group.seeds[: chance.randint(1, len(group.seeds))]
        queue.end(group, set(ended) - bad, set(ended) & bad)
        made |= set(ended) - bad
        rejected |= set(ended) & bad
    assert rejected <= bad | deadly
    assert made == set(good[:wanted])
    assert queue.made == wanted


def test_one_death_is_nobody_s_fault():
    queue = SeedQueue("action", 0, 3, (), ())
    group = queue.take(1)
    assert group.seeds == (0, 1, 2)
    assert queue.died(group) is None
    assert [queue.take(1).seeds for _ in range(3)] == [(0,), (1,), (2,)]
    assert queue.died(Group("action", (1,))) == 1
    assert queue.take(1).seeds == (3,)


def test_what_is_taken_back_is_counted_no_more():
    records = [
        SeedRecord("action", 0, "", 40, 4.0, 1.0),
        SeedRecord("action", 1, "no grasp: too wide", wall_s=1.0),
        SeedRecord("action", 2, "no grasp: too flat", wall_s=0.5),
        SeedRecord("grounding", 0, "", 2, 0.2),  # nobody knows how long it took
    ]
    tally = Tally(records)
    assert tally.reasons("action") == [("no grasp", 2)]
    assert tally.success("action") == 1 / 3
    assert tally.speed == 4.0 / 2.5
    for record in records[1:3]:
        tally.remove(record)
    assert tally.reasons("action") == []
    assert tally.speed == 4.0
    assert Tally().speed == Tally().success("action") == 0.0


@pytest.fixture
def pool(tmp_path):
    settings = GenerationSettings()
    folder = GenerationFolder(tmp_path / "out", settings)
    made = []

    def make(fakes, **more: float) -> ProcessPool:
        made.append(ProcessPool(Job(settings, folder.place, fakes), 1, **more))
        return made[0]

    yield make
    for one in made:
        one.close()
    folder.close()


def until_ended(pool: ProcessPool) -> GroupEnded | GroupDied:
    deadline = time.monotonic() + 60.0
    while time.monotonic() < deadline:
        for event in pool.wait(0.1):
            if isinstance(event, GroupEnded | GroupDied):
                return event
    raise AssertionError("nothing ended")


def test_a_worker_that_hangs_is_killed_and_replaced(pool):
    processes = pool(FakeEpisodes(delay_s=1000.0), silent_max_s=1.0)
    processes.start(Group("action", (0,)))
    assert "said nothing for 1 s" in until_ended(processes).reason
    assert processes.busy == 0
    processes.start(Group("grounding", (0,)))
    processes._silent_max_s = 60.0  # a new process needs longer than that to begin
    assert [record.seed for record in until_ended(processes).records] == [0]


def test_a_maker_that_cannot_begin_ends_the_work_with_its_reason(pool):
    processes = pool(Unable(ConfigError("no EGL: install it")))
    processes.start(Group("action", (0,)))
    with pytest.raises(VlaError, match="no EGL: install it"):
        until_ended(processes)


def test_a_bug_in_a_maker_is_shown_with_its_place(pool):
    processes = pool(Unable(KeyError("panda")))
    processes.start(Group("action", (0,)))
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*raise self.error.*KeyError: 'panda'"):
        until_ended(processes)


def test_merged_in_one_order_over_all_parts(tmp_path):
    lengths = {seed: 3 + seed % 3 for seed in range(20)}
    shuffled = random.Random(0).sample(sorted(lengths), len(lengths))
    parts = []
    for number in range(4):
        parts.append(tmp_path / f"part{number}")
        with LeRobotWriter(parts[-1], SCHEMA) as out:
            for seed in shuffled[number::4]:
                out.add(episode(lengths[seed], seed))
    report = merge(tmp_path / "all", parts, commit_every=6, order=lambda record: int(record.source.removeprefix("bag")))
    assert report.episodes == 20
    merged = load_metadata(tmp_path / "all").episodes
    assert [record.source for record in merged] == [f"bag{seed}" for seed in range(20)]
    assert [record.length for record in merged] == list(lengths.values())


def test_the_bar_shows_speed_success_and_both_datasets():
    console = Console(force_terminal=True, width=160, record=True)
    generation = Generation(GenerationSettings(), {"action": 10, "grounding": 4})
    with GenerationProgress(console) as progress:
        progress.show(generation)
        for record in (SeedRecord("action", 0, "", 40, 4.0, 1.0), SeedRecord("action", 1, "no grasp", wall_s=1.0)):
            generation.note(record)
        generation.merging = 0.5
        progress.show(generation)
    said = console.export_text()
    for words in ("1/10", "0/4", "episodes/s, 50 % of seeds", "× real time", "merging"):
        assert words in said
