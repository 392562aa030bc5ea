# SPDX-License-Identifier: Apache-2.0
"""Every filter behind the same command, once at the same cutoff and once at the same delay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.filter_comparison.designs import Filter, designs
from bench.filter_comparison.response import step_command, step_figures, stream_figures, stream_times
from bench.filter_comparison.verdict import verdict
from controllers.filters import cascade_delay

SETTLED_DELAYS = 16.0  # a response is watched for this often the longest delay


@dataclass(frozen=True)
class Comparison:
    """The same filters with one thing made equal: filters and figures by the filter's name."""

    name: str
    title: str
    filters: Mapping[str, Filter]
    step: Mapping[str, Mapping[str, float]]
    stream: Mapping[str, Mapping[str, float]]


def compare(cutoff: float, rate: float, attenuation: float) -> tuple[Comparison, Comparison]:
    """Measure every filter at `cutoff` [Hz], and at the delay the cascade has there."""
    delay = cascade_delay(cutoff)
    kinds = designs(attenuation)
    same_delay = {name: design.cutoff_for(delay, rate) for name, design in kinds.items()}
    seconds = SETTLED_DELAYS * max(design.delay(cutoff, rate) for design in kinds.values())
    return (
        _measure(
            "same_cutoff", f"Same cutoff, {cutoff:g} Hz", dict.fromkeys(kinds, cutoff), rate, attenuation, seconds
        ),
        _measure("same_delay", f"Same delay, {1e3 * delay:.1f} ms", same_delay, rate, attenuation, seconds),
    )


def flat(comparisons: tuple[Comparison, ...]) -> dict[str, float]:
    """Return all figures, name → number; a claim of the paper is 1 where it holds and 0 where not."""
    figures = {}
    for comparison in comparisons:
        for kind, table in (("step", comparison.step), ("stream", comparison.stream)):
            for filter, row in table.items():
                figures |= {f"{comparison.name}_{kind}_{filter}_{name}": value for name, value in row.items()}
        figures |= {f"{comparison.name}_claim_{c.name}": float(c.holds) for c in verdict(comparison.step)}
    return figures


def _measure(
    name: str, title: str, cutoffs: Mapping[str, float], rate: float, attenuation: float, seconds: float
) -> Comparison:
    filters = {kind: design.make(cutoffs[kind], rate) for kind, design in designs(attenuation).items()}
    command, times = step_command(seconds, rate), stream_times(seconds, rate)
    step = {kind: {"cutoff_hz": cutoffs[kind]} | step_figures(f(command), rate) for kind, f in filters.items()}
    stream = {kind: stream_figures(f, times, rate) for kind, f in filters.items()}
    return Comparison(name, title, filters, step, stream)
