# SPDX-License-Identifier: Apache-2.0
"""Which low-pass should smooth a policy's targets: GraspVLA's Fig. 13 with figures, and at equal delay as well."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from rich.console import Console

from bench.figures import add_json_argument, write_json
from bench.filter_comparison.verdict import beyond, verdict
from controllers.control_config import ControlConfig
from controllers.errors import ConfigError
from vla_ros.output_file import OutputFile
from vla_ros.tables import print_table

CUTOFF, ATTENUATION = (0.5, 20.0), (20.0, 60.0)  # [Hz], [dB] allowed
RATE = (100.0, 10000.0)  # [Hz] allowed
CUTOFF_RATES = 50.0  # the control rate is at least this often the cutoff, so that equal delay stays below half of it

LEGEND = """\
Sampled at {rate:g} Hz. Acceleration and jerk are differences of samples: where velocity jumps they grow with the rate.
"varies": the delay between 0 Hz and -3 dB. "at worst": how far any input can drive the output out of its own range.
"acc. at first": the largest in the first two ticks.
"""

# figure -> heading, unit, digits
STEP_COLUMNS = {
    "minus_3_db_hz": ("-3 dB", "Hz", 2),
    "delay_ms": ("delay", "ms", 1),
    "delay_spread_ms": ("varies", "ms", 1),
    "overshoot_percent": ("overshoot", "%", 2),
    "excess_percent": ("at worst", "%", 2),
    "initial_acceleration_per_s2": ("acc. at first", "steps/s²", 1),
    "peak_acceleration_per_s2": ("acc. peak", "steps/s²", 1),
    "peak_jerk_per_s3": ("jerk peak", "steps/s³", 0),
    "settling_ms": ("settled 2 %", "ms", 0),
}
STREAM_COLUMNS = {
    "overshoot_mm": ("overshoot", "mm", 2),
    "initial_acceleration_m_s2": ("acc. at first", "m/s²", 3),
    "peak_acceleration_m_s2": ("acc. peak", "m/s²", 2),
    "peak_jerk_m_s3": ("jerk peak", "m/s³", 0),
    "ripple_mm_s": ("speed ripple", "mm/s", 1),
    "settling_ms": ("settled 1 mm", "ms", 0),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench filters`."""
    cutoff = ControlConfig.filter_cutoff
    parser.add_argument("--cutoff", type=float, default=cutoff, help=f"cutoff [Hz] (default {cutoff:g}, the control's)")
    parser.add_argument("--rate", type=float, default=1000.0, help="control rate [Hz] (default 1000)")
    parser.add_argument(
        "--attenuation",
        type=float,
        default=40.0,
        help="stop band of the Chebyshev II [dB] (default 40; the paper does not say)",
    )
    parser.add_argument(
        "--picture", action=OutputFile, suffix=".png", metavar="FILE", help="also draw the responses (PNG)"
    )
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print tables and a verdict on the paper, write the JSON file and the picture."""
    cutoff, rate, attenuation = arguments.cutoff, arguments.rate, arguments.attenuation
    _check("--cutoff", cutoff, "Hz", *CUTOFF)
    _check("--rate", rate, "Hz", max(RATE[0], CUTOFF_RATES * cutoff), RATE[1])
    _check("--attenuation", attenuation, "dB", *ATTENUATION)
    from bench.filter_comparison.comparison import (
        compare,
        flat,
    )  # SciPy's filters take a second that no other benchmark needs
    from bench.filter_comparison.designs import designs

    comparisons = compare(cutoff, rate, attenuation)
    labels = {name: design.label for name, design in designs(attenuation).items()}
    print(LEGEND.format(rate=rate))
    for comparison in comparisons:
        _print_table(f"{comparison.title}; one step", labels, comparison.step, STEP_COLUMNS)
        _print_table(f"{comparison.title}; 10 Hz targets of a reach", labels, comparison.stream, STREAM_COLUMNS)
    for comparison in comparisons:
        print(f"{comparison.title}: what the paper says")
        for claim in verdict(comparison.step):
            print(f"  {'holds' if claim.holds else 'does not hold'}: {claim.text} ({claim.figures})")
    print(beyond(comparisons[1].step))
    write_json(flat(comparisons), arguments.json)
    if arguments.picture:
        from bench.filter_comparison.picture import write_picture

        write_picture(arguments.picture, comparisons, labels, rate)
    return 0


def _print_table(
    title: str,
    labels: Mapping[str, str],
    table: Mapping[str, Mapping[str, float]],
    columns: Mapping[str, tuple[str, str, int]],
) -> None:
    headings = ["filter", *(f"{heading} [{unit}]" for heading, unit, _ in columns.values())]
    rows = [
        (labels[filter], *(f"{row[name]:.{digits}f}" for name, (_, _, digits) in columns.items()))
        for filter, row in table.items()
    ]
    print_table(Console(highlight=False), headings, rows, title)


def _check(option: str, value: float, unit: str, lowest: float, highest: float) -> None:
    if not lowest <= value <= highest:
        raise ConfigError(f"bench filters: {option} {value:g}: give {lowest:g} to {highest:g} {unit}")
