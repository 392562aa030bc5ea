# SPDX-License-Identifier: Apache-2.0
"""What GraspVLA says of the filters (appendix L and the caption of Fig. 13), held against figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LARGE = 10.0  # this many times the cascade's initial acceleration is "large"
GENTLE = 0.5  # below this share of its own peak an acceleration begins gently
OVERSHOOT = 0.1  # [%] from here on a step overshoots
THIRD_ORDER = {"butterworth3": "third-order Butterworth", "chebyshev2": "Chebyshev II", "bessel": "Bessel"}


@dataclass(frozen=True)
class Claim:
    """One thing the paper says, whether it holds, and by what figures."""

    name: str
    text: str
    holds: bool
    figures: str


def verdict(step: Mapping[str, Mapping[str, float]]) -> tuple[Claim, ...]:
    """Judge the paper's claims by the figures of a step, by filter."""
    cascade, first = step["cascade"], step["butterworth1"]
    third = {label: step[name] for name, label in THIRD_ORDER.items()}
    begin, peak = "initial_acceleration_per_s2", "peak_acceleration_per_s2"
    hard = {label: row[begin] / cascade[begin] for label, row in third.items()}
    slower = {label: row["settling_ms"] for label, row in third.items()}
    return (
        Claim(
            "first_order_starts_hard",
            "first order has a large initial acceleration",
            first[begin] > LARGE * cascade[begin],
            f"{first[begin]:.0f} steps/s², the cascade {cascade[begin]:.1f}",
        ),
        *(
            Claim(
                f"{name}_overshoots",
                f"{label} overshoots",
                step[name]["overshoot_percent"] > OVERSHOOT,
                f"{step[name]['overshoot_percent']:.2f} %",
            )
            for name, label in THIRD_ORDER.items()
        ),
        Claim(
            "cascade_starts_gently",
            "the cascade has no large initial acceleration",
            cascade[begin] < GENTLE * cascade[peak],
            f"{cascade[begin]:.1f} of {cascade[peak]:.0f} steps/s² at its peak; "
            + ", ".join(f"{label} {ratio:.2g} times that" for label, ratio in hard.items()),
        ),
        Claim(
            "cascade_never_overshoots",
            "the cascade does not overshoot",
            cascade["excess_percent"] < 1e-6,
            f"{cascade['overshoot_percent']:.2f} %, {cascade['excess_percent']:.2f} % for whatever input",
        ),
        Claim(
            "cascade_converges_as_fast",
            "the cascade converges as fast as the third-order filters",
            all(cascade["settling_ms"] <= 1.05 * value for value in slower.values()),
            f"{cascade['settling_ms']:.0f} ms; " + ", ".join(f"{label} {v:.0f}" for label, v in slower.items()),
        ),
    )


def beyond(step: Mapping[str, Mapping[str, float]]) -> str:
    """Say in one line what equal delay shows of the strongest rival, which the paper's comparison does not."""
    cascade, bessel = step["cascade"], step["bessel"]
    share = {name: bessel[name] / cascade[name] for name in ("peak_acceleration_per_s2", "peak_jerk_per_s3")}
    return (
        f"Bessel at the cascade's delay: overshoots by {bessel['overshoot_percent']:.2f} %, "
        f"{share['peak_acceleration_per_s2']:.2f} of its peak acceleration, {share['peak_jerk_per_s3']:.2f} of its "
        f"peak jerk, settled after {bessel['settling_ms']:.0f} ms (cascade {cascade['settling_ms']:.0f})"
    )
