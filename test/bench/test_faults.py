# SPDX-License-Identifier: Apache-2.0
"""Which cells of the fault matrix a run takes."""

from __future__ import annotations

import numpy as np
from slow_tests import SHARE

from bench.fault_matrix.cell import Cell
from bench.faults import GROUPS, cells_of


def test_a_seed_draws_a_share_of_the_cells_and_others_all_the_rest():
    everything = cells_of(None, "", None)
    drawn = cells_of(None, "", "3f2a")
    assert drawn == cells_of(None, "", "3f2a") == [cell for cell in everything if cell in drawn]
    assert abs(len(drawn) - len(everything) / SHARE) <= len(GROUPS)
    assert {cell for seed in range(100) for cell in cells_of(None, "", str(seed))} == set(everything)


def test_of_one_part_and_of_words_only_what_they_name():
    assert all(group == "network_faults" for group, _, _ in cells_of("network", "", None))
    assert cells_of(None, "e-stop at", None) == [("machine_faults", "e-stop", "at full speed")]
    assert cells_of("network", "e-stop at", None) == []


def test_a_stop_that_nobody_saw_keeps_no_bar():
    seen = [Cell("e-stop", "at full speed", rest, 0.5, 0.4, 30.0) for rest in (0.1, 0.2)]
    cell = Cell("e-stop", "at full speed")
    cell.take_worst(seen)
    assert (cell.rest_s, cell.speed_ratio) == (0.2, 0.5)
    cell.take_worst([*seen, Cell("e-stop", "at full speed")])
    assert np.isnan(cell.rest_s)
    assert not cell.rest_s <= 0.3
