# SPDX-License-Identifier: Apache-2.0
"""The shared object that libfranka loads from the arm it connects to, made with this machine's C compiler.

The maker's own computes kinematics and dynamics; libfranka 0.9.2 looks 30 functions up when it loads it. Ours has what
the driver asks for, the arm's weight, from our own URDF. The rest answers NaN: whoever used it would be seen at once.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pinocchio as pin

from vla_ros.robots.embodiment import expand_urdf, load_embodiment

FLANGE = 0.107  # [m] from the last joint's frame along its z: where what the arm carries is counted from
JACOBIAN, POSE = 42, 16  # numbers in each
_WEIGHT = """
static const double R[7][9] = {%(rotations)s}, p[7][3] = {%(translations)s};
static const double m[7] = {%(masses)s}, c[7][3] = {%(centers)s};

static void turn(const double *A, const double *x, double *y) {
  for (int i = 0; i < 3; i++) y[i] = A[3 * i] * x[0] + A[3 * i + 1] * x[1] + A[3 * i + 2] * x[2];
}

/* Of every joint, the moment about its z axis that holds what comes after it. */
void g_NE(const double *q, const double *g, double load, const double *at, double *out) {
  double A[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, o[3] = {0, 0, 0}, axis[7][3], origin[7][3];
  for (int i = 0; i < 7; i++) out[i] = 0;
  for (int k = 0; k < 7; k++) {
    double step[3], B[9], C[9], s = sin(q[k]), t = cos(q[k]);
    turn(A, p[k], step);
    for (int i = 0; i < 3; i++) o[i] += step[i];
    const double *F = R[k];
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++) B[3 * i + j] = A[3 * i] * F[j] + A[3 * i + 1] * F[3 + j] + A[3 * i + 2] * F[6 + j];
    for (int i = 0; i < 3; i++) {
      C[3 * i] = t * B[3 * i] + s * B[3 * i + 1];
      C[3 * i + 1] = -s * B[3 * i] + t * B[3 * i + 1];
      C[3 * i + 2] = B[3 * i + 2];
      axis[k][i] = C[3 * i + 2];
      origin[k][i] = o[i];
    }
    for (int i = 0; i < 9; i++) A[i] = C[i];
    for (int body = 0; body < (k == 6 ? 2 : 1); body++) {
      double flange[3] = {at[0], at[1], at[2] + %(flange)s}, r[3], mass = body ? load : m[k];
      turn(A, body ? flange : c[k], r);
      for (int j = 0; j <= k; j++) {
        double d[3];
        for (int i = 0; i < 3; i++) d[i] = o[i] + r[i] - origin[j][i];
        out[j] -= mass * (axis[j][0] * (d[1] * g[2] - d[2] * g[1]) + axis[j][1] * (d[2] * g[0] - d[0] * g[2]) +
                          axis[j][2] * (d[0] * g[1] - d[1] * g[0]));
      }
    }
  }
}
"""


def compiler() -> str | None:
    """Return this machine's C compiler."""
    return shutil.which("cc") or shutil.which("gcc")


def build() -> bytes:
    """Compile the library; return the file's content."""
    lines = ["#include <math.h>", _weight()]
    lines += [
        f"void {name}({arguments}) {{ for (int i = 0; i < {count}; i++) out[i] = NAN; }}"
        for name, (arguments, count) in _unanswered().items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "model.c", Path(folder) / "model.so"
        source.write_text("\n".join(lines) + "\n")
        words = [str(compiler()), "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-lm"]
        subprocess.run(words, check=True)
        return library.read_bytes()


def _unanswered() -> dict[str, tuple[str, int]]:
    """Return arguments, and how many numbers come out, of the functions that answer NaN."""
    found = {}
    for prefix, count in (("Ji_J_J", JACOBIAN), ("O_J_J", JACOBIAN), ("O_T_J", POSE)):
        for number in range(1, 10):
            tool = "const double *tool, " if number == 9 else ""
            joints = "" if number == 1 and count == JACOBIAN else "const double *q, "
            found[f"{prefix}{number}"] = (f"{joints}{tool}double *out", count)
    load = "const double *inertia, double mass, const double *center, double *out"
    found["M_NE"] = (f"const double *q, {load}", 49)
    found["c_NE"] = (f"const double *q, const double *dq, {load}", 7)
    return found


def _weight() -> str:
    robot = load_embodiment("franka")
    group = robot.arm("panda")
    whole = pin.buildModelFromXML(expand_urdf(robot))
    locked = [number for number, name in enumerate(whole.names) if number and name not in group.joints]
    model = pin.buildReducedModel(whole, locked, pin.neutral(whole))
    placements = model.jointPlacements[1:]
    numbers = {
        "rotations": [placement.rotation for placement in placements],
        "translations": [placement.translation for placement in placements],
        "masses": [inertia.mass for inertia in model.inertias[1:]],
        "centers": [inertia.lever for inertia in model.inertias[1:]],
    }
    return _WEIGHT % ({"flange": FLANGE} | {name: _braced(values) for name, values in numbers.items()})


def _braced(values: list) -> str:
    rows = (np.atleast_1d(value).ravel() for value in values)
    return ", ".join(
        repr(float(row[0])) if len(row) == 1 else "{" + ", ".join(repr(float(number)) for number in row) + "}"
        for row in rows
    )
