# SPDX-License-Identifier: Apache-2.0
"""The five low-pass filters of GraspVLA's Fig. 13, each as a function from samples to samples.

Legend: N samples at the control rate. The first sample is what a filter is settled at before the command begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from scipy.optimize import brentq
from scipy.signal import group_delay, iirfilter, sosfilt, sosfilt_zi

from controllers.filters import CascadedFilter, cascade_delay

Filter = Callable[[np.ndarray], np.ndarray]  # (N,) -> (N,)


@dataclass(frozen=True)
class Design:
    """A filter but for its cutoff: what SciPy's `iirfilter` is told, or nothing for the project's own cascade."""

    label: str
    options: dict[str, object] = field(default_factory=dict)

    def make(self, cutoff: float, rate: float) -> Filter:
        """Return the filter at `cutoff` [Hz], sampled at `rate` [Hz]."""
        if not self.options:
            return partial(_cascade, cutoff, rate)
        return partial(_sections, self._sections(cutoff, rate))

    def delay(self, cutoff: float, rate: float) -> float:
        """Return the delay at low frequency [s]."""
        if not self.options:
            return cascade_delay(cutoff)
        sections = self._sections(cutoff, rate)
        return sum(group_delay((s[:3], s[3:]), w=[0.0])[1][0] for s in sections) / rate

    def cutoff_for(self, delay: float, rate: float) -> float:
        """Return the cutoff [Hz] at which the delay at low frequency is `delay` [s]."""
        guess = self.delay(0.01 * rate, rate) * 0.01 * rate / delay  # delay × cutoff is nearly constant
        return brentq(lambda cutoff: self.delay(cutoff, rate) - delay, 0.5 * guess, min(2.0 * guess, 0.49 * rate))

    def _sections(self, cutoff: float, rate: float) -> np.ndarray:
        return iirfilter(Wn=cutoff, fs=rate, btype="lowpass", output="sos", **self.options)


def designs(attenuation: float) -> dict[str, Design]:
    """Return the filters by name; the Chebyshev II's stop band lies `attenuation` [dB] down."""
    return {
        "cascade": Design("cascade, 3 × first order"),
        "butterworth1": Design("Butterworth, first order", {"N": 1, "ftype": "butter"}),
        "butterworth3": Design("Butterworth, third order", {"N": 3, "ftype": "butter"}),
        "chebyshev2": Design("Chebyshev II, third order", {"N": 3, "ftype": "cheby2", "rs": attenuation}),
        "bessel": Design("Bessel, third order", {"N": 3, "ftype": "bessel"}),
    }


def _sections(sections: np.ndarray, command: np.ndarray) -> np.ndarray:
    return sosfilt(sections, command, zi=sosfilt_zi(sections) * command[0])[0]


def _cascade(cutoff: float, rate: float, command: np.ndarray) -> np.ndarray:
    cascade = CascadedFilter(cutoff, 1)
    cascade.reset(command[:1])
    return np.array([command[0], *(float(cascade.step(value, 1.0 / rate)[0]) for value in command[1:, None])])
