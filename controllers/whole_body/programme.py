# SPDX-License-Identifier: Apache-2.0
"""The quadratic programme of a tick: tasks by weight, rows that may give way, boxes that never do.

    minimise over x, s   ‖A (x, s) − b‖² + (x − p)ᵀ D (x − p) + w (1 − s)²
    with   lower ≤ x ≤ upper,   s_min ≤ s ≤ 1,   R x ≥ r

x (n,) are speeds of base and joints, s the progress. The boxes always hold something, so there is always a solution: a
row of R that they leave no way to keep is left by as little as possible, at a weight far above that of any task. Rows
that give way less (`give_way`) are kept before those that give way more.
"""

from __future__ import annotations

from math import isfinite

import daqp
import numpy as np

SOLVED = (1, 2)  # daqp's exit flags, the second with a soft bound given way
SOFT = 8  # daqp's name for one
ABOVE = 1e9


class Programme:
    """Arrays of a programme of n variables beside the progress, `tasks` rows of A and up to `soft` rows of R."""

    def __init__(self, size: int, tasks: int, soft: int) -> None:
        n = size
        self.size = n
        self.A, self.b = np.zeros((tasks, n + 1)), np.zeros(tasks)
        self.weights, self.pull = np.zeros(n), np.zeros(n)  # D, p
        self.progress_weight, self.progress_min = 1.0, 0.0
        self.lower, self.upper = np.zeros(n), np.zeros(n)
        self.rows, self.rows_lower = np.zeros((soft, n + 1)), np.zeros(soft)  # R, r
        self.give_way = np.full(soft, 1e-6)  # of each row, the inverse of the weight it is kept by
        self.x, self.progress = np.zeros(n), 1.0
        self._kept = 0  # rows of the last solution
        self._hessian, self._gradient = np.zeros((n + 1, n + 1)), np.zeros(n + 1)
        self._diagonal = self._hessian.reshape(-1)[:: n + 2]
        self._above, self._below = np.full(n + 1 + soft, ABOVE), np.zeros(n + 1 + soft)
        self._sense = np.array([0] * (n + 1) + [SOFT] * soft, dtype=np.int32)
        self._give_way = np.full(n + 1 + soft, 1e-6)
        self._solver = daqp.Model()

    def solve(self, tasks: int, rows: int) -> bool:
        """Write `x` and `progress` for the first `tasks` rows of A and `rows` of R; False where daqp finds nothing."""
        n, every = self.size, self.size + 1 + rows
        A, b, hessian, gradient = self.A[:tasks], self.b[:tasks], self._hessian, self._gradient
        # A target that is not finite: daqp would look for its solution without end.
        if not isfinite(b.dot(b) + A[:, n].dot(A[:, n]) + self.pull.dot(self.pull)):
            return False
        A.T.dot(A, out=hessian)
        b.dot(A, out=gradient)
        self._diagonal[:n] += self.weights
        self._diagonal[n] += self.progress_weight
        gradient[:n] += self.weights * self.pull
        gradient[n] += self.progress_weight
        np.negative(gradient, out=gradient)
        self._above[:n], self._below[:n] = self.upper, self.lower
        self._above[n], self._below[n] = 1.0, self.progress_min
        self._below[n + 1 : every] = self.rows_lower[:rows]
        self._give_way[n + 1 : every] = self.give_way[:rows]
        solver = self._solver
        set_up, _ = solver.setup(
            hessian, gradient, self.rows[:rows], self._above[:every], self._below[:every], self._sense[:every]
        )
        if set_up < 0:
            return False
        if rows:
            solver.soft_weights(rho_l=self._give_way[:every], rho_u=self._give_way[:every])
        solution, _, flag, _ = solver.solve()
        if flag not in SOLVED or not np.isfinite(solution).all():
            return False
        # daqp keeps a box to within 1e-6: the robot's limits are kept exactly.
        np.minimum(np.maximum(solution[:n], self.lower, out=self.x), self.upper, out=self.x)
        self.progress = min(1.0, max(self.progress_min, float(solution[n])))
        self._kept = rows
        return True

    @property
    def slack(self) -> float:
        """Return by how much the row that gave way most did at the last solution."""
        rows = self._kept
        return float((self.rows_lower[:rows] - self.rows[:rows, :-1] @ self.x).max(initial=0.0))
