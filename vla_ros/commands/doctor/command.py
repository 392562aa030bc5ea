# SPDX-License-Identifier: Apache-2.0
"""Look at this machine: what is missing, what it keeps from working, and what to do about it.

Exit code: 0 when jobs run here, 1 when something they need is missing. `--json` prints the same as one object:
{"ok": …, "findings": [{"name", "state", "remedy", "ok", "fatal"}, …]}.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from controllers.errors import VlaError
from vla_ros.commands.doctor import equipment, machine, messaging, ros
from vla_ros.commands.doctor.check_result import CheckResult, missing, poor

CHECKS: tuple[Callable[[], CheckResult], ...] = (
    ros.check_python,
    ros.check_ros,
    ros.check_mixture,
    ros.check_packages,
    machine.check_rendering,
    machine.check_shared_memory,
    machine.check_cores,
    machine.check_real_time,
    machine.check_disk,
    messaging.check_middleware,
    messaging.check_domain,
    messaging.check_view_port,
    messaging.check_page_port,
    equipment.check_configuration,
    equipment.check_cameras,
    equipment.check_checkpoints,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Print a line a check; exit code 1 when something keeps jobs from running."""
    findings = [_examine(check) for check in CHECKS]
    runs = not any(finding.fatal for finding in findings)
    if arguments.json:
        print(json.dumps({"ok": runs, "findings": [asdict(finding) for finding in findings]}, indent=2))
    else:
        print(table(findings))
    return 0 if runs else 1


def _examine(check: Callable[[], CheckResult]) -> CheckResult:
    """Run a check; one that fails itself is a finding, not the end of the others."""
    name = check.__name__.removeprefix("check_").replace("_", " ")
    try:
        return check()
    except VlaError as error:  # a file of ours that does not read, named in the message
        return missing(name, str(error), "correct that file, or get it anew")
    except Exception as error:
        return poor(name, f"cannot be checked: {type(error).__name__}: {error}", "please report this")


def table(findings: Sequence[CheckResult]) -> str:
    """Return findings as lines to print, each remedy under its finding."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        lines.append(f"{finding.mark:<4}  {finding.name:<{width}}  {finding.state}")
        if finding.remedy:
            lines.append(f"{'':<4}  {'':<{width}}  -> {finding.remedy}")
    return "\n".join(lines)
