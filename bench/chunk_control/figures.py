# SPDX-License-Identifier: Apache-2.0
"""From judgements to the comparison's figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bench.chunk_control.comparison import ENTRIES, OURS, Task
from bench.chunk_control.judgement import FIGURES, Judgement

Results = Mapping[Task, Judgement]
RATIOS = ("naive", "averaging", "naive, filtered", "averaging, filtered", "ensembling", "ensembling, filtered")
FLOOR = 0.1  # [m/s³] below which two jerks are the same
PROMPT = "0 ms"


def values(results: Results, entry: str, figure: str, where: Callable[[Task], bool] = lambda task: True) -> np.ndarray:
    """Return a figure of every roll-out of a method that came to its end; NaN when none did."""
    chosen = [
        getattr(result, figure)
        for task, result in results.items()
        if task.entry == entry and where(task) and (result.finished or figure == "finished")
    ]
    return np.array(chosen or [np.nan])


def late(task: Task) -> bool:
    """Say whether a roll-out has a delay of 50 ms or more."""
    return task.pattern != PROMPT


def paired(results: Results, task: Task, entry: str) -> Judgement:
    """Return how a method did in the same stream as `task`."""
    return results[Task(task.path, task.pattern, task.seed, entry)]


def jerk_ratios(results: Results, entry: str, ours: str = OURS) -> np.ndarray:
    """Return, for every late roll-out, the method's excess peak jerk at transitions divided by ours in the same stream."""
    ratios = []
    for task, result in results.items():
        if task.entry == ours and late(task):
            other = paired(results, task, entry)
            if not (other.finished and result.finished):
                continue  # what stands still is smooth
            ratios.append((other.transition_jerk_peak + FLOOR) / (result.transition_jerk_peak + FLOOR))
    return np.array(ratios or [np.nan])


def headline(results: Results) -> dict[str, float]:
    """Return what the bars are about."""
    figures = {}
    for entry in RATIOS:
        key = entry.replace(", ", "_")
        figures[f"peak_jerk_ratio_vs_{key}_p10"] = float(np.percentile(jerk_ratios(results, entry), 10))
        figures[f"peak_jerk_ratio_vs_{key}_median"] = float(np.median(jerk_ratios(results, entry)))
    prompt = {
        entry: float(np.median(values(results, entry, "transition_jerk_peak", lambda task: not late(task))))
        for entry in ENTRIES
        if not entry.startswith(OURS)
    }
    figures["peak_jerk_0ms"] = float(
        np.median(values(results, OURS, "transition_jerk_peak", lambda task: not late(task)))
    )
    figures["peak_jerk_0ms_best_other"] = float(np.nanmin(list(prompt.values())))
    for key, entry in (("", OURS), ("_averaging", "averaging")):
        figures[f"tracking_rms_mm{key}"] = float(np.median(values(results, entry, "deviation_rms_mm")))
        figures[f"tracking_timed_rms_mm{key}"] = float(np.median(values(results, entry, "timed_error_rms_mm")))
    figures["finished_share"] = float(values(results, OURS, "finished").mean())
    figures["completion_vs_ideal"] = float(np.median(values(results, OURS, "completion_ratio")))
    figures["completion_vs_blocking_200ms"] = _against_blocking(results)
    return _finite(figures)


def _finite(figures: dict[str, float]) -> dict[str, float]:
    """Leave out what no roll-out came far enough to say: JSON has no word for it."""
    return {name: value for name, value in figures.items() if np.isfinite(value)}


def _against_blocking(results: Results) -> float:
    pairs = [
        (result, paired(results, task, "blocking"))
        for task, result in results.items()
        if task.entry == OURS and task.pattern == "200 ms"
    ]
    ratios = [ours.completion_s / other.completion_s for ours, other in pairs if ours.finished and other.finished]
    return float(np.median(ratios or [np.nan]))


def all_figures(results: Results) -> dict[str, float]:
    """Return median and both tenths of every figure of every method."""
    figures = {}
    for entry in ENTRIES:
        for figure in FIGURES:
            p10, p50, p90 = np.percentile(values(results, entry, figure), [10, 50, 90])
            name = f"{entry}/{figure}"
            figures |= {f"{name}_median": float(p50), f"{name}_p10": float(p10), f"{name}_p90": float(p90)}
    return _finite(figures)
