# SPDX-License-Identifier: Apache-2.0
"""`vla bag check`: whether bags are whole and their episodes good, one or many, in lines, a table, pages and JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controllers.errors import ConfigError
from vla_ros.commands.data.dataset import write_json
from vla_ros.output_file import OutputFile

if TYPE_CHECKING:
    from vla_ros.data.quality.bag_judgement import IntendedConversion
    from vla_ros.data.quality.config import QualityConfig

DESCRIPTION = (
    "Read all of each bag: checksums, counts, order; then judge every episode: what `vla convert` would refuse, rates "
    "and gaps, skew, images, jerk, limits, idle stretches, clipped actions, the gripper, the end. A score from 0 to "
    "100 and its reasons; what conversion refuses has 50 at most. Of several bags, of a folder of bags or of a "
    "collection also a table, and with --report a page each. Exit code 1 when a bag is not whole or a score is below "
    "--min-score, 2 when one is no bag; the worst counts."
)
GOOD, POOR, NO_BAG = 0, 1, 2  # exit codes


@dataclass
class BagResult:
    """What was found of one bag."""

    path: Path
    name: str  # tells it from the others; "" when it is alone
    code: int = GOOD
    faults: list[str] = field(default_factory=list)  # of its files
    scores: list[float] = field(default_factory=list)  # of its episodes
    refused: int = 0  # episodes that conversion refuses
    first_reason: str = ""  # of the worst episode
    page: Path | None = None  # with plots, once it is written
    entries: list[dict[str, Any]] = field(default_factory=list)  # of its episodes, for JSON


def add_arguments(check: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    check.add_argument("bags", nargs="+", metavar="BAG", help="bags, .mcap files, folders of bags, collections")
    check.add_argument("--report", action=OutputFile, metavar="FILE.html", help="write a page with plots; of several "
                       "bags a table, with a page each in the folder FILE")  # fmt: skip
    check.add_argument("--json", action=OutputFile, metavar="FILE", help="write the figures of every episode")
    check.add_argument("--config", metavar="FILE", help="thresholds (default: config/quality.yaml)")
    check.add_argument("--robot", default="", help="which robot it was, where the bag does not say")
    check.add_argument("--min-score", type=float, default=0.0, metavar="0-100", help="exit code 1 below (default 0)")
    check.add_argument("--whole", action="store_true", help="only whether it is whole")
    meant = check.add_argument_group("how it is going to be converted, as for `vla convert`")
    meant.add_argument(
        "--contract", metavar="NAME", help="default: the one it was recorded for, or that its topics fit"
    )
    meant.add_argument("--skew-max", type=float, metavar="S", help="default: the contract's")
    meant.add_argument("--task", default="", metavar="WORDS", help="default: the recorded instruction")
    meant.add_argument("--namespace", default="", metavar="NAME", help="of the robot, in a bag that holds several")


def run(arguments: argparse.Namespace) -> int:
    """Check all of them; return the exit code of the worst."""
    from vla_ros.data.bags.episode_bags import bags_in, unfinished_in
    from vla_ros.data.bags.errors import BagError
    from vla_ros.data.quality.config import load_quality_config

    config = load_quality_config(Path(arguments.config) if arguments.config else None)
    intended = _intended(arguments)
    given = [Path(name) for name in arguments.bags]
    paths = list({bag.resolve(): bag for path in given for bag in bags_in(path)}.values())
    torn = [partial for path in given for partial in unfinished_in(path)]
    several = len(paths) > 1 or paths != given
    results = []
    for path, name in zip(paths, _names(paths), strict=True):
        result = BagResult(path, name if several else "")
        results.append(result)
        if _is_readable(result, several, named=path in given) and not arguments.whole:
            try:
                _judge(result, config, intended, arguments.report)
            except BagError as error:  # such as a noted contract that nobody can read
                if not several:
                    raise
                print(f"vla: {error}", file=sys.stderr)
                result.faults, result.code = [str(error)], NO_BAG
            if min(result.scores, default=100.0) < arguments.min_score:
                result.code = max(result.code, POOR)
    for partial in torn:
        print(f"{partial}: was not finished: `vla bag repair {partial}`")
    if several:
        _print_table(results)
        whole = sum(not result.faults for result in results)
        print(f"{' '.join(arguments.bags)}: {len(results)} bags, {whole} whole, {len(torn)} not finished")
    _write_results(arguments, results)
    return max([POOR if torn else GOOD, *(result.code for result in results)])


def _intended(arguments: argparse.Namespace) -> IntendedConversion:
    from vla_ros.data.quality.bag_judgement import IntendedConversion
    from vla_ros.policies.contract import load_contract
    from vla_ros.policies.contract_checks import check_robot
    from vla_ros.robots.embodiment import load_embodiment

    contract = load_contract(arguments.contract) if arguments.contract else None
    if contract is not None:
        check_robot(contract, load_embodiment(contract.robot))
    if arguments.skew_max is not None and not arguments.skew_max > 0.0:
        raise ConfigError(f"--skew-max {arguments.skew_max:g}: must be > 0 s")
    if not 0.0 <= arguments.min_score <= 100.0:
        raise ConfigError(f"--min-score {arguments.min_score:g}: must be 0 to 100")
    return IntendedConversion(
        contract, arguments.robot, arguments.task.strip(), arguments.namespace, arguments.skew_max
    )


def _names(paths: Sequence[Path]) -> list[str]:
    """Return what tells bags from each other: their names, or where these are not enough their paths."""
    names = [path.name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def _is_readable(result: BagResult, several: bool, named: bool) -> bool:
    """Say what is wrong with a bag's files; return whether its messages can all be read.

    Raises BagError for what is no bag where it is the only one.
    """
    from vla_ros.data.bags.check import check_bag
    from vla_ros.data.bags.errors import BagError
    from vla_ros.progress import shown_in_files

    try:
        with shown_in_files("reading") as show:
            faults = check_bag(result.path, show)
    except BagError as error:
        if not several:
            raise
        print(f"vla: {error}" if named else error, file=sys.stderr if named else sys.stdout)
        result.faults, result.code = [str(error)], NO_BAG if named else POOR
        return False
    result.faults = [str(fault) for fault in faults]
    for line in result.faults or ["whole"]:
        print(f"{result.path}: {line}")
    result.code = POOR if faults else GOOD
    return not any(fault.unreadable for fault in faults)


def _judge(result: BagResult, config: QualityConfig, intended: IntendedConversion, report: str | None) -> None:
    """Judge a bag's episodes, print what was found, and write its page."""
    from vla_ros.data.bags.reader import BagReader
    from vla_ros.data.quality.bag_judgement import judge_bag
    from vla_ros.data.quality.judge import as_json, as_text
    from vla_ros.progress import shown_in_files

    with BagReader(result.path) as bag, shown_in_files("judging") as show:
        start, end = bag.start, bag.end
        judgements = judge_bag(bag, config, intended, result.name, lambda time: show("", time - start, end - start))
    for judgement in judgements:
        text = as_text(judgement, start)
        print(f"{result.name}: {text}" if result.name else text)
    result.entries = [as_json(judgement, start) for judgement in judgements]
    result.scores = [judgement.score for judgement in judgements]
    result.refused = sum(bool(judgement.refusal) for judgement in judgements)
    worst = min(judgements, key=lambda judgement: judgement.score, default=None)
    result.first_reason = next(iter(worst.reasons), "") if worst else ""
    if report:
        from vla_ros.data.quality.report_page import write_page  # Matplotlib takes a second to load

        result.page = _page_file(Path(report), result.name)
        write_page(result.page, str(result.path), judgements, config)


def _page_file(report: Path, name: str) -> Path:
    """Return where a bag's page goes: the report itself, or among others a file in a folder of its name, made here."""
    if not name:
        return report
    folder = report.with_suffix("")
    if folder == report or (folder.exists() and not folder.is_dir()):
        folder = report.with_name(f"{report.name}.pages")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--report {report}: {folder} cannot be made ({error.strerror})") from None
    return folder / f"{name.strip('/').replace('/', '_')}.html"


def _print_table(results: Sequence[BagResult]) -> None:
    """Print a line a bag."""
    width = max(len("bag"), *(len(result.name) for result in results))
    print(f"{'bag':<{width}}  whole  episodes  refused  worst score")
    for result in results:
        whole = "no" if result.faults else "yes"
        figures = f"{len(result.scores):>8}  {result.refused:>7}  {min(result.scores):>11.0f}" if result.scores else ""
        print(f"{result.name:<{width}}  {whole:<5}  {figures}".rstrip())


def _write_results(arguments: argparse.Namespace, results: Sequence[BagResult]) -> None:
    """Write the JSON file and, of several bags, the page that leads to theirs."""
    if arguments.json:
        bags = [
            {
                "bag": result.name or result.path.name,
                "path": str(result.path),
                "faults": result.faults,
                "episodes": len(result.scores),
                "refused": result.refused,
                "worst_score": min(result.scores) if result.scores else None,
            }
            for result in results
        ]
        entries = [entry for result in results for entry in result.entries]
        write_json(arguments.json, {"episodes": entries, "bags": bags})
    if not arguments.report or arguments.whole:
        return
    pages = [result.page for result in results if result.page is not None]
    if [Path(arguments.report)] != pages:
        from vla_ros.data.quality.report_page import BagRow, write_index

        folder = Path(arguments.report).parent
        rows = [
            BagRow(result.name, str(result.page.relative_to(folder)) if result.page else "", not result.faults,
                   result.scores, result.first_reason or next(iter(result.faults), ""))
            for result in results
        ]  # fmt: skip
        write_index(Path(arguments.report), " ".join(arguments.bags), rows)
        print(f"{arguments.report}: a table, and a page with plots and all figures for each of {len(pages)} bags")
    elif pages:
        print(f"{arguments.report}: plots and all figures")
