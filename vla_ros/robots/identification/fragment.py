# SPDX-License-Identifier: Apache-2.0
"""What was identified as the piece of config/controllers/<robot>_impedance.yaml that control reads it from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.robots.identification.result import Identification


def yaml_fragment(found: Identification, source: str) -> str:
    """Return the YAML text, with standard errors in comments; `source` says what it was identified from."""
    p, quality = found.parameters, found.quality
    lines = [
        f"# `vla identify fit {' '.join(source.split())}`: condition number {quality.condition:.0f}, "
        f"delay {1e3 * quality.delay:.1f} ms; joints {', '.join(found.joints)}",
        "dynamics:",
        f"  viscous_friction: {_numbers(p.viscous)} # [N·m·s/rad] ± {_numbers(p.viscous_error)}",
        f"  dry_friction: {_numbers(p.dry)} # [N·m] ± {_numbers(p.dry_error)}",
    ]
    if p.mass > 0.0:
        lines += [
            "  payload:",
            f"    mass: {p.mass:.4f} # [kg] ± {p.mass_error:.4f}",
            f"    center: {_numbers(p.center)} # [m] tool frame ± {_numbers(p.center_error)}",
            "    in_driver: false # true once the arm's driver was told of it: control then leaves its weight to it",
        ]
    if p.offset is not None:
        lines.append(f"# constant effort, which control has no use for [N·m]: {_numbers(p.offset)}")
    return "\n".join(lines) + "\n"


def _numbers(values: Sequence[float] | np.ndarray) -> str:
    return f"[{', '.join(f'{value:.4f}' for value in values)}]"
