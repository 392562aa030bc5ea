# SPDX-License-Identifier: Apache-2.0
"""What a comparison takes, as a table: unpaired and paired with a number fixed beforehand, and looked at all along."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from controllers.errors import ConfigError
from vla_ros.evaluation.power.fixed_number import paired_power, scenes_needed, unpaired_power
from vla_ros.evaluation.power.paired_rates import PairedRates, planned
from vla_ros.evaluation.power.until_decided import UntilDecided, until_decided
from vla_ros.tables import print_table

CORRELATIONS = (0.0, 0.3, 0.6)  # shown where nobody says how alike the two are
ALPHA, POWER = (0.001, 0.2), (0.5, 0.99)  # allowed


@dataclass(frozen=True)
class Plan:
    """Scenes that two policies of supposed rates are to run, each of both."""

    rates: PairedRates
    unpaired: int | None  # with Fisher's exact test; None: more than a million
    paired: int | None  # with McNemar's
    sequential: UntilDecided


def plan(rate: float, points: float, correlation: float | None, power: float, alpha: float) -> list[Plan]:
    """Plan for one correlation, or for several where it is None. Raises ConfigError for what cannot be."""
    for option, value, (low, high) in (("--alpha", alpha, ALPHA), ("--power", power, POWER)):
        if not (math.isfinite(value) and low <= value <= high):
            raise ConfigError(f"{option} must be {low:g} to {high:g}, got {value:g}")
    base = planned(rate, points)
    unpaired = scenes_needed(unpaired_power, base, power, alpha)
    wanted = [correlation] if correlation is not None else [c for c in CORRELATIONS if c <= base.correlations[1]]
    plans = []
    for value in wanted:
        rates = planned(rate, points, value)
        paired = scenes_needed(paired_power, rates, power, alpha)
        plans.append(Plan(rates, unpaired, paired, until_decided(rates, alpha)))
    return plans


def print_plan(plans: Sequence[Plan], power: float, alpha: float, console: Console) -> None:
    """Print one row a way of comparing."""
    rates = plans[0].rates
    share = f"{100 * power:g} %"
    rows = [("unpaired: Fisher, once", "–", "–", *_scenes(plans[0].unpaired), "–")]
    for one in plans:
        alike = f"{one.rates.correlation:g}", f"{100 * one.rates.discordance:.1f} %"
        rows.append(("paired: McNemar, once", *alike, *_scenes(one.paired), "–"))
        decided = one.sequential.scenes(power)
        mean = "–" if math.isinf(one.sequential.mean) else f"{one.sequential.mean:.0f}"
        rows.append(("paired: vla compare, any time", *alike, *_scenes(decided), mean))
    title = f"{100 * rates.worse:g} % against {100 * rates.better:g} %: scenes for a power of {share}, error {alpha:g}"
    headings = ("test", "correlation", "one alone succeeds", "scenes", "episodes of both", "mean")
    print_table(console, headings, rows, title)
    console.print(
        f"once: the exact test, at a number of scenes fixed beforehand. any time: {share} of comparisons are decided "
        "within so many scenes, however often one looks; mean: the scenes that one is to expect until a verdict. "
        "Correlation: of the two successes, scene by scene.",
        soft_wrap=True,
        highlight=False,
    )


def plan_figures(plans: Sequence[Plan], power: float) -> dict[str, float | int]:
    """Return it as numbers by name; with several correlations those of each begin with it, in hundredths."""
    figures: dict[str, float | int | None] = {"unpaired_scenes": plans[0].unpaired}
    for one in plans:
        before = f"correlation_{100 * one.rates.correlation:.0f}." if len(plans) > 1 else ""
        figures |= {
            f"{before}discordance": one.rates.discordance,
            f"{before}paired_scenes": one.paired,
            f"{before}sequential_scenes": one.sequential.scenes(power),
            f"{before}sequential_scenes_mean": None if math.isinf(one.sequential.mean) else one.sequential.mean,
            f"{before}sequential_right": one.sequential.right_share,
        }
    return {name: value for name, value in figures.items() if value is not None}


def _scenes(count: int | None) -> tuple[str, str]:
    return ("too many", "–") if count is None else (str(count), str(2 * count))
