# SPDX-License-Identifier: Apache-2.0
"""The judgement of a bag as one HTML file that needs nothing else: scores, reasons, figures, plots."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from controllers.errors import ConfigError
from vla_ros.data.bags.errors import BagError
from vla_ros.data.page_policy import page_policy
from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.judge import Judgement
from vla_ros.data.quality.plots import draw
from vla_ros.output_file import write_output

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 1000px; margin: 2em auto; padding: 0 1em }
table { border-collapse: collapse; margin: 0.6em 0 } td, th { padding: 0.15em 0.8em 0.15em 0; text-align: left }
.score { display: inline-block; min-width: 2.2em; padding: 0 0.4em; border-radius: 0.3em; color: #fff }
.score { text-align: right }
.good { background: #2a7d46 } .fair { background: #b07a00 } .poor { background: #b3372b }
img { max-width: 100%; border: 1px solid #ddd } section { border-top: 1px solid #ccc; margin-top: 1.6em }
summary { cursor: pointer; color: #555 } code { background: #f3f3f3; padding: 0 0.2em }
"""
GOOD, FAIR = 80.0, 50.0  # scores


@dataclass(frozen=True)
class BagRow:
    """One bag of several in the table that leads to their pages."""

    name: str
    page: str  # relative to the table's; "" where there is none
    whole: bool
    scores: Sequence[float]  # of its episodes
    reason: str  # the first of its worst episode, or what is wrong with its files


def write_index(path: Path, title: str, rows: Sequence[BagRow]) -> None:
    """Write the table of several bags, the worst first. Raises BagError when that cannot be."""
    ordered = sorted(rows, key=lambda row: (row.whole, min(row.scores, default=-1.0)))
    lines = "".join(_bag_row(row) for row in ordered)
    _write(
        path,
        title,
        "<table><tr><th>bag</th><th>whole</th><th>episodes</th><th>worst score</th><th>first reason</th></tr>"
        f"{lines}</table>",
    )


def _bag_row(row: BagRow) -> str:
    name = html.escape(row.name)
    cells = (
        f"<a href='{quote(row.page)}'>{name}</a>" if row.page else name,
        "yes" if row.whole else "no",
        str(len(row.scores)),
        _badge(min(row.scores)) if row.scores else "",
        html.escape(row.reason),
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def write_page(path: Path, bag: str, judgements: Sequence[Judgement], config: QualityConfig) -> None:
    """Write the page. Raises BagError when that cannot be."""
    episodes = "".join(_episode(judgement, config) for judgement in judgements)
    rows = "".join(_row(judgement) for judgement in judgements)
    _write(
        path,
        bag,
        "<table><tr><th>episode</th><th>score</th><th>instruction</th><th>result</th><th>first reason</th></tr>"
        f"{rows}</table>{episodes}",
    )


def _write(path: Path, title: str, body: str) -> None:
    text = (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'>{page_policy()}<title>{html.escape(title)}</title>"
        f"<style>{_STYLE}</style></head><body><h1>{html.escape(title)}</h1>{body}</body></html>\n"
    )
    try:
        write_output("", path, text)
    except ConfigError as error:
        raise BagError(f"the report {error}") from None


def _row(judgement: Judgement) -> str:
    episode = judgement.data.episode
    first = judgement.reasons[0] if judgement.reasons else ""
    cells = (_link(judgement.label), _badge(judgement.score), html.escape(episode.instruction), result(judgement),
             html.escape(first))  # fmt: skip
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _episode(judgement: Judgement, config: QualityConfig) -> str:
    episode = judgement.data.episode
    reasons = (
        "".join(f"<li>{html.escape(reason)}</li>" for reason in judgement.reasons) or "<li>nothing to object to</li>"
    )
    figures = "".join(
        f"<tr><td><code>{html.escape(finding.name)}</code></td><td>{finding.value:.4g}</td>"
        f"<td>{f'−{100.0 * finding.loss:.0f} %' if finding.loss else ''}</td></tr>"
        for finding in judgement.findings
    )
    buffer = BytesIO()
    draw(judgement, config, buffer)
    label = html.escape(judgement.label)
    picture = base64.b64encode(buffer.getvalue()).decode()
    return (
        f"<section id='episode{label}'><h2>Episode {label} {_badge(judgement.score)}</h2>"
        f"<p>{html.escape(episode.instruction)}; {result(judgement)}; {episode.duration_s:.1f} s; "
        f"{_contract(judgement)}</p>"
        f"<ul>{reasons}</ul><img alt='plots of episode {label}' src='data:image/png;base64,{picture}'>"
        f"<details><summary>all figures</summary><table>{figures}</table></details></section>"
    )


def _contract(judgement: Judgement) -> str:
    """Return by which contract it was judged, and how that is known."""
    contract = judgement.data.contract
    if contract is None:
        return "no contract: whether it can be converted is not known"
    return f"judged by contract {html.escape(contract.name)} ({html.escape(contract.origin)})"


def result(judgement: Judgement) -> str:
    """Return what came of an episode, in a word."""
    episode = judgement.data.episode
    if episode.success is None:
        return "no result" if episode.finished or not episode.marked else "not finished"
    return "success" if episode.success else "failure"


def _badge(score: float) -> str:
    kind = "good" if score >= GOOD else "fair" if score >= FAIR else "poor"
    return f"<span class='score {kind}'>{score:.0f}</span>"


def _link(label: str) -> str:
    return f"<a href='#episode{html.escape(label)}'>{html.escape(label)}</a>"
