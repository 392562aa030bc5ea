# SPDX-License-Identifier: Apache-2.0
"""The shared object that libfranka loads from the arm it connects to, made with this machine's C compiler.

The maker's own computes kinematics and dynamics. Ours has the same names (libfranka 0.9.2 looks them up when it loads
it) and answers NaN: the driver computes with its own model, and whatever used this one would be seen at once.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

JACOBIAN, POSE = 42, 16
FIRST = {"Ji_J_J1": "double *out"}  # the one that does not depend on the joints
OF_JOINTS = "const double *q, double *out"
OF_TOOL = "const double *q, const double *tool, double *out"


def functions() -> dict[str, tuple[str, int]]:
    """Return arguments and how many numbers come out, by name."""
    found = {}
    for prefix, count in (("Ji_J_J", JACOBIAN), ("O_J_J", JACOBIAN), ("O_T_J", POSE)):
        for number in range(1, 10):
            name = f"{prefix}{number}"
            arguments = OF_TOOL if number == 9 else OF_JOINTS
            if name in ("Ji_J_J1", "O_J_J1"):
                arguments = "double *out"
            found[name] = (arguments, count)
    load = "double mass, const double *center, double *out"
    found["M_NE"] = (f"const double *q, const double *inertia, {load}", 49)
    found["c_NE"] = (f"const double *q, const double *dq, const double *inertia, {load}", 7)
    found["g_NE"] = (f"const double *q, const double *gravity, {load}", 7)
    return found


def compiler() -> str | None:
    """Return this machine's C compiler."""
    return shutil.which("cc") or shutil.which("gcc")


def build() -> bytes:
    """Compile the library; return the file's content."""
    lines = ["#include <math.h>"]
    lines += [
        f"void {name}({arguments}) {{ for (int i = 0; i < {count}; i++) out[i] = NAN; }}"
        for name, (arguments, count) in functions().items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder) / "model.c", Path(folder) / "model.so"
        source.write_text("\n".join(lines) + "\n")
        subprocess.run([str(compiler()), "-shared", "-fPIC", "-O1", "-o", str(library), str(source)], check=True)
        return library.read_bytes()
