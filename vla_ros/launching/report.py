# SPDX-License-Identifier: Apache-2.0
"""The result of a run: what the episode found, what the launcher measured, as one JSON file and one table."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.documents import read_json
from vla_ros.output_file import write_output

RESULT_FILE, LOG_FILE = "result.json", "log.txt"
# Present in every report, null where a run ended before it was known.
KEYS = (
    "success",
    "attempts",
    "outcome",
    "time_to_first_motion_s",
    "real_time_factor",
    "real_time_factor_worst_s",
    "pss_mib",
    "duration_s",
)
_LABELS = {  # of the table: what to say, and the unit
    "success": ("success", ""),
    "attempts": ("attempts", ""),
    "time_to_first_motion_s": ("command to first motion", "s"),
    "real_time_factor": ("real-time factor", ""),
    "real_time_factor_worst_s": ("real-time factor, worst second", ""),
    "pss_mib": ("memory (PSS)", "MiB"),
    "duration_s": ("duration", "s"),
}
_MACHINE = ("pss_mib", "duration_s")


def make_run_directory(asked: str, job: str) -> Path:
    """Make the folder of one run: the asked one, or runs/<time>_<job> in the working directory.

    Raises ConfigError when it cannot be made or already holds another run.
    """
    path = Path(asked) if asked else Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}_{job}"
    number = 1
    while not asked and path.exists():
        number += 1
        path = path.with_name(f"{time.strftime('%Y%m%d-%H%M%S')}_{job}-{number}")
    if (path / RESULT_FILE).exists():
        raise ConfigError(f"run_directory:={asked}: already holds a run; name a new folder")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)  # log and parameters hold a page's token
    except OSError as error:
        raise ConfigError(
            f"run folder {path}: cannot be made ({error.strerror}); name one with run_directory:="
        ) from None
    return path.resolve()


def read_result(run_directory: Path) -> dict[str, Any]:
    """Return what the episode wrote, or nothing when it did not get that far."""
    try:
        result = read_json(run_directory / RESULT_FILE)
    except ConfigError:
        return {}
    return result if isinstance(result, dict) else {}


def complete_report(result: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    """Join the episode's result with the launcher's figures; the episode's own figures win."""
    report = {"success": False, "attempts": 0} | dict.fromkeys(KEYS[2:]) | dict(figures)
    report |= {key: value for key, value in result.items() if value is not None}
    return report


def write_report(run_directory: Path, report: Mapping[str, Any], asked: str) -> None:
    """Write the report into the run's folder and, where `asked` names a file, there as well."""
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    write_output("", run_directory / RESULT_FILE, text)
    if asked:
        write_output("report:=", asked, text)


def table(report: Mapping[str, Any], judged: bool = True) -> str:
    """Return the figures as lines to print: name, value, unit; of a job that nobody judges only the machine's."""
    width = max(len(label) for label, _ in _LABELS.values())
    lines = [
        f"  {label:<{width}}  {_value(name, report.get(name)):>8}  {unit}".rstrip()
        for name, (label, unit) in _LABELS.items()
        if judged or name in _MACHINE
    ]
    cores = report.get("cores_by_process") or {}
    memory = report.get("pss_mib_by_process") or {}
    if cores:
        lines += ["", f"  {'process':<{width}}  {'cores':>8}  {'PSS MiB':>8}"]
        lines += [f"  {name:<{width}}  {used:>8.2f}  {memory.get(name, 0.0):>8.0f}" for name, used in cores.items()]
    return "\n".join(lines)


def _value(name: str, value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if name.startswith("real_time_factor") else f"{value:.1f}"
    return str(value)
