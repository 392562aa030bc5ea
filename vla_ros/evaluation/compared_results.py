# SPDX-License-Identifier: Apache-2.0
"""Two results read back to be compared: evaluations row by row, and all rows together.

A result is the --json FILE of `vla eval`, whose episodes lie beside it, or the FILE of `vla eval --test`, whose rows
lie in FILE's .rows/; it may still be under way. A folder of such rows is one as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.evaluation.comparison import Comparison, counterpart, other_scenes
from vla_ros.evaluation.episode_log import LOG_ENDING, LoggedEvaluation, log_path, read_log
from vla_ros.evaluation.sequential import ERROR, SequentialComparison

ROWS_ENDING = ".rows"  # of the folder beside a result of many rows


@dataclass(frozen=True)
class Result:
    """One evaluation, or one for each row of a table."""

    name: str
    rows: Mapping[str, LoggedEvaluation]


@dataclass(frozen=True)
class ComparedRows:
    """Two results, row by row."""

    rows: Mapping[str, tuple[LoggedEvaluation, Comparison]]  # of the first; compared with the second's
    together: SequentialComparison | None  # of the scenes that count in every row; None where there is one row alone
    unmatched: tuple[str, ...]  # rows of one of them alone


def read_result(file: str) -> Result:
    """Read a result. Raises ConfigError when there is none, or a line of it cannot be used."""
    path = Path(file)
    folder = path if path.is_dir() else path.with_suffix(ROWS_ENDING)
    if folder.is_dir():
        rows = {log.name.removesuffix(LOG_ENDING): read_log(log) for log in sorted(folder.glob(f"*{LOG_ENDING}"))}
        if not rows:
            raise ConfigError(f"{file}: {folder} holds no row yet: run the evaluation first")
        return Result(path.name, rows)
    log = path if path.name.endswith(LOG_ENDING) else log_path(path)
    if not log.exists():
        raise ConfigError(f"{file}: {log.name} is not beside it: name the FILE of an evaluation's --json")
    logged = read_log(log)
    return Result(path.name, {logged.settings.set_name: logged})


def compare_results(first: Result, second: Result) -> ComparedRows:
    """Compare each row with the other's row of the same scenes; all that is said errs in 5 % of comparisons at most.

    Raises ConfigError where nothing can be compared: rows of other scenes, or rows without an episode in common.
    """
    partners = {name: _partner(row, second) for name, row in first.rows.items()}
    matched = {name: partner for name, partner in partners.items() if partner is not None}
    if not matched:
        raise ConfigError(_why_not(first, second))
    # Half of the error for all rows together, the other half shared out over the rows.
    error = ERROR if len(matched) == 1 else ERROR / 2 / len(matched)
    rows = {
        name: (first.rows[name], _compared(name, first, second, partner, error)) for name, partner in matched.items()
    }
    together = None if len(rows) == 1 else _together([comparison for _, comparison in rows.values()])
    others = [name for name in second.rows if name not in matched.values()]
    return ComparedRows(rows, together, (*(name for name in partners if name not in matched), *others))


def _partner(row: LoggedEvaluation, others: Result) -> str | None:
    """Name the row of the same scenes, in the same words if there is one."""
    found = [name for name, other in others.rows.items() if other_scenes(row.settings, other.settings) is None]
    alike = [name for name in found if others.rows[name].settings.wording == row.settings.wording]
    return next(iter(alike or (found if len(others.rows) == 1 else ())), None)


def _why_not(first: Result, second: Result) -> str:
    if len(first.rows) == len(second.rows) == 1:
        (ours,), (theirs,) = first.rows.values(), second.rows.values()
        name, here, there = other_scenes(ours.settings, theirs.settings) or ("", "", "")
        return (
            f"{second.name}: its {name} is {there}, not {here} as in {first.name}: "
            "only evaluations of the same scenes can be compared"
        )
    return f"{second.name} has no row of the same scenes as {first.name} ({', '.join(first.rows)}): compare others"


def _compared(name: str, first: Result, second: Result, partner: str, error: float) -> Comparison:
    here, there = first.rows[name], second.rows[partner]
    for result, row, logged in ((first, name, here), (second, partner, there)):
        if not logged.episodes:
            raise ConfigError(f"{result.name}: no episode of '{row}' has ended yet: run the evaluation first")
    other = counterpart(second.name, there, here.settings)
    comparison = other.compare(here.episodes, here.broken, here.first, error)
    of_theirs = {episode.seed: episode for episode in there.episodes}
    for episode in here.episodes:
        twin = of_theirs.get(episode.seed)
        if twin is not None and episode.seed in comparison.alone:
            raise ConfigError(
                f"{second.name}: scene {episode.seed} of '{name}' is another one ('{twin.instruction}', not "
                f"'{episode.instruction}'): run both with the same version and objects"
            )
    if not of_theirs.keys() & {episode.seed for episode in here.episodes}:
        raise ConfigError(
            f"{first.name} and {second.name} share no scene of '{name}' (seeds {_span(here)}, and {_span(there)}): "
            "run both with the same --seed"
        )
    return comparison


def _together(comparisons: list[Comparison]) -> SequentialComparison:
    """Return the mean difference of all rows, seed by seed: scenes of one seed are alike, so that none counts alone."""
    by_seed = [
        {here.seed: here.success - there.success for here, there in comparison.pairs} for comparison in comparisons
    ]
    shared = sorted(set.intersection(*(set(row) for row in by_seed)))
    return SequentialComparison([sum(row[seed] for row in by_seed) / len(by_seed) for seed in shared], ERROR / 2)


def _span(logged: LoggedEvaluation) -> str:
    seeds = [episode.seed for episode in logged.episodes]
    return f"{min(seeds)} to {max(seeds)}"


def renamed(result: Result, name: str) -> Result:
    """Return it under another name, where two have the same."""
    return replace(result, name=name)
