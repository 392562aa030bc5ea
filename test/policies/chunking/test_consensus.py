# SPDX-License-Identifier: Apache-2.0
"""Chunks end where the horizons of a policy part."""

from __future__ import annotations

import numpy as np
import pytest
from policy_making.chunk_script import Script, chunk_at, seen_at

from controllers.chunks.chunk import TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.chunking.config import wrap_chunking
from vla_ros.policies.chunking.consensus import ConsensusConfig, agreed


@pytest.mark.parametrize(
    ("apart", "kept"),
    [
        ([0.1, 0.1, 0.1, 0.1, 0.1], 5),
        ([0.1, 0.1, 0.1, 0.1, 0.5, 0.1], 4),  # what agrees again later does not count
        ([0.1, 0.1, 0.1, np.inf, np.inf], 3),  # one horizon alone
        ([0.1, 9.0, np.inf, np.inf, np.inf], 3),  # and from within `least` on
        ([0.1, 5.0, 0.1, 9.0], 3),  # `least` whatever they say
        ([0.0, 0.0, 0.0, 1e-9], 3),
        ([0.1, 0.1], 2),
        ([0.1, 0.1, 0.1, np.nan], 3),
    ],
)
def test_as_many_first_actions_as_agree_are_kept(apart, kept):
    assert agreed(np.array(apart), ConsensusConfig()) == kept


EIGHT = np.linspace(0.0, 0.1, 8)[:, None] * [1.0, 0.0, 0.0]


class Agreeing(Script):
    """Chunks of eight actions, and what is said of them."""

    agrees, disagreement = True, None


def test_a_chunk_ends_where_horizons_part_and_one_that_ends_the_task_does_not():
    ended = chunk_at(2.0, EIGHT, status=TaskStatus.TERMINATED)
    inner = Agreeing([chunk_at(0.0, EIGHT), chunk_at(1.0, EIGHT), ended])
    wrapped = wrap_chunking(inner, {"method": "consensus", "least": 2}, "here")
    assert wrapped.policy is inner
    assert len(wrapped.infer(seen_at(0.0)).times) == 8  # nothing is said
    inner.disagreement = np.array([0.1] * 5 + [1.0] * 3)
    chunk = wrapped.infer(seen_at(1.0))
    assert len(chunk.times) == len(chunk.values) == 5
    assert len(wrapped.infer(seen_at(2.0)).times) == 8


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ratio": 0.0}, "ratio must be > 0"),
        ({"least": 0}, "least >= 1 action"),
        ({"rati": 1.0}, "did you mean 'ratio'"),
    ],
)
def test_settings_that_make_no_sense_are_one_line(values, message):
    with pytest.raises(ConfigError, match=message):
        wrap_chunking(Agreeing([]), {"method": "consensus"} | values, "here")
