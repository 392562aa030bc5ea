# SPDX-License-Identifier: Apache-2.0
"""Numbers in [−1, 1] as words: the last ones of the tokenizer's own vocabulary, the least number the very last.

N edges from −1 to 1 cut N − 1 bins, and a last one that holds 1 and what is above (`tokenizer.py` of the released
code). Boxes, proprioception and grasp poses share the words.
"""

from __future__ import annotations

import numpy as np


class NumberWords:
    """`count` words below `vocabulary`."""

    def __init__(self, vocabulary: int, count: int) -> None:
        self.vocabulary, self.count = vocabulary, count
        self._edges = np.linspace(-1.0, 1.0, count)

    def encode(self, numbers: np.ndarray) -> np.ndarray:
        """Return the words (…) int64 of numbers (…); what lies outside takes the nearest one."""
        return self.vocabulary - np.clip(np.digitize(numbers, self._edges), 1, self.count)

    def decode(self, words: np.ndarray) -> np.ndarray:
        """Return the middles (…) of the words' bins; of a word that stands for no number, that of the nearest."""
        last = self.count - 1
        bins = self.vocabulary - np.asarray(words)
        return (self._edges[np.clip(bins - 1, 0, last)] + self._edges[np.clip(bins, 0, last)]) / 2.0
