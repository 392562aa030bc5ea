# SPDX-License-Identifier: Apache-2.0
"""What was identified: a table for people, flat figures for programs."""

from __future__ import annotations

from rich.console import Console

from vla_ros.robots.identification.recording import ExcitationRecording
from vla_ros.robots.identification.result import Identification
from vla_ros.tables import print_table

HEADINGS = ("joint", "viscous [N·m·s/rad]", "dry [N·m]", "residual [N·m]", "held out", "explained")


def print_report(found: Identification, recording: ExcitationRecording, console: Console) -> None:
    """Print joints, payload and why they can be trusted."""
    p, quality = found.parameters, found.quality
    rows = [
        (
            joint,
            f"{p.viscous[j]:.3f} ± {p.viscous_error[j]:.3f}",
            f"{p.dry[j]:.3f} ± {p.dry_error[j]:.3f}",
            f"{quality.fit_rms[j]:.3f}",
            f"{quality.held_out_rms[j]:.3f}",
            f"{100.0 * quality.explained[j]:.1f} %",
        )
        for j, joint in enumerate(found.joints)
    ]
    print_table(console, HEADINGS, rows, box=None, header_style="bold", padding=(0, 2, 0, 0))
    if p.mass > 0.0:
        center = ", ".join(f"{1e3 * c:.1f} ± {1e3 * e:.1f}" for c, e in zip(p.center, p.center_error, strict=True))
        console.print(
            f"payload {p.mass:.4f} ± {p.mass_error:.4f} kg, its centre of mass ({center}) mm from the tool frame"
        )
    else:
        console.print("no payload")
    if p.offset is not None:
        console.print("constant effort [N·m]: " + ", ".join(f"{value:.2f}" for value in p.offset))
    console.print(
        f"{recording.duration:.0f} s, the last {recording.duration - found.prediction.held_out_from:.0f} s held out; "
        f"condition number {quality.condition:.0f}; effort acts {1e3 * quality.delay:.1f} ms late"
    )


def figures(found: Identification) -> dict[str, float]:
    """Return name → number."""
    p, quality = found.parameters, found.quality
    values: dict[str, float] = {}
    for j, joint in enumerate(found.joints):
        for name, of_joints in (
            ("viscous", p.viscous), ("viscous_error", p.viscous_error), ("dry", p.dry), ("dry_error", p.dry_error),
            ("fit_rms", quality.fit_rms), ("held_out_rms", quality.held_out_rms), ("explained", quality.explained),
        ):  # fmt: skip
            values[f"{joint}_{name}"] = float(of_joints[j])
        if p.offset is not None and p.offset_error is not None:
            values[f"{joint}_offset"], values[f"{joint}_offset_error"] = float(p.offset[j]), float(p.offset_error[j])
    values |= {"payload_mass_kg": p.mass, "payload_mass_kg_error": p.mass_error}
    for axis, center, error in zip("xyz", p.center, p.center_error, strict=True):
        values |= {f"payload_center_{axis}_m": center, f"payload_center_{axis}_m_error": error}
    return values | {"condition": quality.condition, "delay_s": quality.delay}
