# SPDX-License-Identifier: Apache-2.0
"""Learn from a policy's own features when it is about to fail, and measure it on tasks that were not learned from.

1. Record roll-outs of several tasks, failures among them:  vla eval --set relation --features rollouts …
2. Train on some of the tasks:                              vla detect train rollouts --hold-out set=relation --output …
3. Measure on the others:                                   vla detect evaluate detectors/mine rollouts

A score grows while an episode looks like a failure; an alarm is a score above a band, which successes leave in a share
alpha of episodes at most. docs/failure_detection.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from vla_ros.output_file import OutputFile, check_output_folder, write_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `train` and `evaluate`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="train|evaluate")
    train = actions.add_parser(
        "train",
        help="make a detector of recorded roll-outs",
        description="Train both of SAFE's heads (LSTM and MLP) on the roll-outs that are not held out, fit the "
        "baselines (distance of features, chunk disagreement, the policy's doubt, elapsed time) and keep what bands "
        "are calibrated on. Half of these roll-outs make the weights, a fifth says when to stop, of the rest the "
        "successes calibrate.",
        epilog="example: vla detect train rollouts --hold-out set=relation --output detectors/mine",
    )
    train.add_argument("rollouts", nargs="+", metavar="ROLLOUTS", help="folders that `vla eval --features` wrote")
    train.add_argument("--hold-out", required=True, metavar="KEY=VALUE,…",
                       help="tasks that nothing is learned from: of task, set, categories, wording or category (of the "
                       "object), such as set=relation,noun or category=mug")  # fmt: skip
    train.add_argument("--output", required=True, metavar="DIR", help="folder of the detector")
    train.add_argument("--hidden", type=int, default=64, metavar="N", help="width of both heads (default 64)")
    train.add_argument("--epochs", type=int, default=600, metavar="N", help="at most (default 600)")
    train.add_argument("--seed", type=int, default=0, metavar="S", help="of the split and the weights (default 0)")
    evaluate = actions.add_parser(
        "evaluate",
        help="measure a detector on the tasks that were held out",
        description="A line a score: ROC-AUC of its largest value, until each episode's end and until the first one "
        "ended; at the band balanced accuracy, first alarm as a share of the episode, and false alarms to be set "
        "beside --alpha.",
        epilog="example: vla detect evaluate detectors/mine rollouts --plot scores.png --json figures.json",
    )
    evaluate.add_argument("detector", metavar="DIR", help="folder of a detector")
    evaluate.add_argument("rollouts", nargs="+", metavar="ROLLOUTS", help="folders that `vla eval --features` wrote")
    evaluate.add_argument("--alpha", type=float, default=0.1, metavar="SHARE",
                          help="of successes that may raise an alarm (default 0.1)")  # fmt: skip
    evaluate.add_argument("--splits", type=int, default=20, metavar="N", help="calibrations to average (default 20)")
    evaluate.add_argument("--seed", type=int, default=0, metavar="S", help="of the splits (default 0)")
    evaluate.add_argument("--plot", action=OutputFile, suffix=".png", metavar="FILE", help="draw all scores (PNG)")
    evaluate.add_argument("--json", action=OutputFile, metavar="FILE", help="write the figures, name → number")


def run(arguments: argparse.Namespace) -> int:
    """Do one of the two; 0 when it is done, however good the detector is."""
    return {"train": _train, "evaluate": _evaluate}[arguments.action](arguments)


def _train(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from vla_ros.failure_detection.rollout import read_rollouts
    from vla_ros.failure_detection.tasks import HoldOut, split

    hold_out = HoldOut.read(arguments.hold_out)
    check_output_folder("--output", arguments.output, arguments.rollouts)
    rollouts = read_rollouts(arguments.rollouts)

    from vla_ros.failure_detection.detector import save_detector
    from vla_ros.failure_detection.heads import HEADS
    from vla_ros.failure_detection.report import print_training
    from vla_ros.failure_detection.training import TrainingConfig, train_detector
    from vla_ros.progress import shown_in_files

    config = TrainingConfig(hidden=arguments.hidden, epochs=arguments.epochs, seed=arguments.seed)
    with shown_in_files("training") as tell:

        def report(head: str, epoch: int, loss: float) -> None:
            done = list(HEADS).index(head) * config.epochs + epoch
            tell(f"{head}, epoch {epoch}, loss {loss:.3f}", done, len(HEADS) * config.epochs)

        detector, trained = train_detector(rollouts, hold_out, config, report)
    save_detector(Path(arguments.output), detector)
    known, held = hold_out.parted(rollouts)
    parts = split(known, config.seed)
    counts = {
        name: (sum(rollout.success for rollout in part), sum(not rollout.success for rollout in part))
        for name, part in (
            ("weights", parts.train),
            ("early stopping", parts.stop),
            ("calibration", parts.calibrate),
            ("held out", held),
        )
    }
    print_training(trained, counts, Console())
    print(f"written to {arguments.output}; `vla detect evaluate {arguments.output} {' '.join(arguments.rollouts)}`")
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from vla_ros.failure_detection.detector import load_detector
    from vla_ros.failure_detection.evaluating import evaluate_detector, held_out
    from vla_ros.failure_detection.report import flat_figures, print_figures
    from vla_ros.failure_detection.rollout import read_rollouts

    detector = load_detector(Path(arguments.detector))
    rollouts = read_rollouts(arguments.rollouts)
    figures = evaluate_detector(detector, rollouts, arguments.alpha, arguments.splits, arguments.seed)
    print_figures(figures, detector.config.hold_out, Console())
    if arguments.json:
        write_output("--json", arguments.json, json.dumps(flat_figures(figures), indent=2) + "\n")
    if arguments.plot:
        from vla_ros.failure_detection.plot import draw

        write_output("--plot", arguments.plot, draw(detector, held_out(detector, rollouts), arguments.alpha))
    return 0
