# SPDX-License-Identifier: Apache-2.0
"""Show an evaluation to a person: a bar while it runs, tables when it is done."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn

from vla_ros.evaluation.evaluation import Evaluation
from vla_ros.evaluation.settings import EvaluationSettings
from vla_ros.evaluation.statistics import CHOOSERS, STARVED_BELOW, by_category, failure_causes, summary, wilson_interval
from vla_ros.progress import WorkProgress
from vla_ros.tables import print_table


class EvaluationProgress:
    """A progress bar with the success so far and the time left; a context manager."""

    def __init__(self, settings: EvaluationSettings, console: Console) -> None:
        self._total = settings.episodes
        self._progress = WorkProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[success]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        )
        name = f"{settings.episode.policy} on {settings.episode.set_name}{_how(settings)}"
        self._task: TaskID = self._progress.add_task(name, total=self._total, success="")

    def __enter__(self) -> EvaluationProgress:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def show(self, evaluation: Evaluation) -> None:
        """Show what has been run so far."""
        done, successes = len(evaluation.episodes), sum(e.success for e in evaluation.episodes)
        success = f"success {successes}/{done} ({100 * successes / done:.0f} %)" if done else ""
        if evaluation.broken:
            success += f", {len(evaluation.broken)} broken"
        self._progress.update(self._task, completed=done + len(evaluation.broken), success=success)


def print_report(settings: EvaluationSettings, evaluation: Evaluation, console: Console) -> None:
    """Print the figures, the categories, the causes of failure and what broke."""
    episodes = evaluation.episodes
    figures = summary(episodes, settings.episode.spl)
    done = f"{len(episodes)} of {settings.episodes} episodes"
    title = f"{settings.episode.policy}, set {settings.episode.set_name}{_how(settings)}, {done}"
    low, high = 100 * figures["success_ci95_low"], 100 * figures["success_ci95_high"]
    rows = [("success", f"{100 * figures['success_rate']:.1f} %  (95 % interval {low:.1f} to {high:.1f} %)")]
    if "parts" in figures:
        rows.append(("things done", _share(figures, "parts", figures["parts"])))
    if "requests" in figures:
        rows.append(("instructions followed", _share(figures, "followed", figures["requests"])))
    rows += [
        ("first object lifted is the named one", _named_first(figures)),
        *_expected(figures),
        *([("SPL", f"{figures['spl']:.3f}")] if "spl" in figures else []),
        ("attempts", f"{figures['attempts_mean']:.2f}"),
        ("episode", f"{figures['episode_s_mean']:.1f} s simulated"),
        (
            "throughput",
            f"{figures['successes_per_hour']:.0f} successes an hour, simulated, one episode after the other",
        ),
        ("speed", f"{figures['sim_speed']:.2f} × real time a process"),
    ]
    if "starved" in figures:
        mean, low = figures["real_time_factor_mean"], figures["real_time_factor_min"]
        rows.append(("real-time factor", f"{mean:.3f}, lowest {low:.3f}, of whole episodes"))
    print_table(console, ("figure", "value"), rows, title)
    categories = by_category(episodes)
    if categories:
        found = []
        for name, (successes, count) in categories.items():
            low, high = (100 * end for end in wilson_interval(successes, count))
            found.append((name, f"{100 * successes / count:.0f} %", str(count), f"{low:.0f} to {high:.0f} %"))
        print_table(console, ("category", "success", "episodes", "95 % interval"), found)
    causes = failure_causes(episodes)
    if causes:
        shown = []
        for cause, count in causes.items():
            seeds = [str(e.seed) for e in episodes if not e.success and (e.cause or e.outcome) == cause]
            shown.append((cause, str(count), " ".join(seeds[:12]) + (" …" if len(seeds) > 12 else "")))
        print_table(console, ("cause of failure", "episodes", "seeds"), shown)
    for broken in evaluation.broken:
        console.print(f"seed {broken.seed} broke and counts nowhere: {broken.reason}", style="bold", markup=False)
    starved = [f"{episode.seed} ({episode.real_time_factor:.2f})" for episode in episodes if episode.starved]
    if starved:
        console.print(
            f"a machine too slow for real time (factor below {STARVED_BELOW:g}) ran seeds {', '.join(starved)}; "
            "--resume --repeat-starved runs them again",
            style="bold",
            markup=False,
        )
    if evaluation.interrupted:
        console.print(f"interrupted after {done}; --resume with the same --json continues")


def _share(figures: dict[str, float | int], what: str, count: float) -> str:
    low, high = 100 * figures[f"{what}_ci95_low"], 100 * figures[f"{what}_ci95_high"]
    return f"{100 * figures[f'{what}_rate']:.1f} % of {count}  (95 % interval {low:.1f} to {high:.1f} %)"


def _named_first(figures: Mapping[str, float]) -> str:
    if "if_rate" not in figures:
        return "n/a: the scenes have no single target"
    return f"{100 * figures['if_rate']:.1f} %"


def _expected(figures: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return a row with what that would be for who understands little; none where it is not known."""
    shares = [
        f"{100 * figures[f'if_rate_{name}']:.1f} % by {words}"
        for name, words in CHOOSERS.items()
        if f"if_rate_{name}" in figures
    ]
    return [("expected of it", ", ".join(shares))] if shares else []


def _how(settings: EvaluationSettings) -> str:
    words = "" if settings.episode.wording == "common" else f" in {settings.episode.wording} wording"
    return words + (" through the graph" if settings.episode.graph else "")
