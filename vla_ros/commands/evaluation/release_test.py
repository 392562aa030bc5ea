# SPDX-License-Identifier: Apache-2.0
"""`vla eval --test`: every row of the release's table on the test seeds."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.evaluation.evaluation import RunSeeds, lockstep
from vla_ros.evaluation.protocol.rows import Protocol
from vla_ros.evaluation.settings import EXPERT, EvaluationSettings
from vla_ros.output_file import check_output, write_output

TAKES = ("test", "policy", "checkpoint", "task", "workers", "json")  # of `vla eval`'s options


def run_test(
    arguments: argparse.Namespace,
    defaults: Mapping[str, object],
    protocol: Protocol | None = None,
    run_seeds: Callable[[EvaluationSettings], RunSeeds] = lockstep,
) -> int:
    """Test; 0 when every episode ran to its end, 1 when one broke, 130 when interrupted."""
    from rich.console import Console

    from vla_ros.evaluation.protocol.identity import code_digest, version, weights_digest
    from vla_ros.evaluation.protocol.ledger import Ledger
    from vla_ros.evaluation.protocol.progress import TestProgress
    from vla_ros.evaluation.protocol.record import TestFolder
    from vla_ros.evaluation.protocol.rows import load_protocol
    from vla_ros.evaluation.protocol.run import ReleaseTest
    from vla_ros.evaluation.protocol.table import document, markdown, print_result
    from vla_ros.policies.families.loading import specified
    from vla_ros.robots.embodiment import load_embodiment

    _check(arguments, defaults)
    protocol = protocol or load_protocol(arguments.task)
    for row in protocol.rows:
        protocol.settings(row, arguments.policy, arguments.checkpoint, arguments.workers).check()
    settings = protocol.settings(protocol.rows[0], arguments.policy, arguments.checkpoint, arguments.workers)
    robot = settings.episode.robot
    weights = weights_digest(arguments.policy, arguments.checkpoint, robot)
    checkpoint = specified(arguments.policy, load_embodiment(robot), None, arguments.checkpoint).weights
    code = code_digest(checkpoint)
    test = ReleaseTest(protocol, arguments.policy, arguments.checkpoint, weights, code, version(), arguments.workers)
    folder = TestFolder(Path(arguments.json) if arguments.json else test.usual_file())
    check_output("--json", folder.file, make_folder=True)
    ledger = Ledger(checkpoint)
    settings.check_weights()  # last: PyTorch takes seconds to load
    console = Console()
    with folder.alone():
        record = test.begin(folder, ledger)
        console.print(f"{record.looks} (ledger: {', '.join(map(str, ledger.writable))})", style="bold", soft_wrap=True)
        with TestProgress(test, console) as progress:
            result = test.run(folder, ledger, record, run_seeds, progress.show)
        for part, broken in result.broken:
            name = f"{part.settings.episode.policy} in {part.row.title}"
            print(f"{name}: seed {broken.seed} broke: {broken.reason}\n{broken.trace}", file=sys.stderr)
        if result.interrupted or result.broken:
            why = "interrupted" if result.interrupted else f"{len(result.broken)} episodes broke"
            console.print(f"{why}: no table yet; the same command goes on in {folder.file}", soft_wrap=True)
            return 130 if result.interrupted else 1
        write_output("--json", folder.file, json.dumps(document(test, result), indent=2) + "\n")
        write_output("", folder.file.with_suffix(".md"), markdown(test, result))
        folder.write(result.record)
        print_result(test, result, folder.file, console)
    return 0


def _check(arguments: argparse.Namespace, defaults: Mapping[str, object]) -> None:
    for name, default in defaults.items():
        if name not in TAKES and getattr(arguments, name) != default:
            option = {"set_name": "set", "pause_s": "blocking"}.get(name, name)
            raise ConfigError(
                f"--{option.replace('_', '-')}: --test runs the rows of config/evaluation/ on the test seeds, the same "
                "ones for everybody, and goes on by itself when it was interrupted: leave it out"
            )
    if arguments.policy == EXPERT:
        raise ConfigError(
            "--test --policy expert: the expert knows the truth and has a table of its own: take a policy"
        )
    if arguments.json and not arguments.json.endswith(".json"):
        raise ConfigError(f"--json {arguments.json}: give a name that ends in .json: the table lies beside it in .md")
