# SPDX-License-Identifier: Apache-2.0
"""What recording costs: two 640x480 colour cameras at 30 Hz, joint states at 500 Hz and chunks, in every form.

Each form gets a recorder of its own and a process that publishes and counts. Exit code 1 when a message is lost.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from rich.console import Console

from bench.figures import add_json_argument, write_json
from controllers.errors import ConfigError, VlaError
from vla_ros.launching.environment import free_domain, module_environment
from vla_ros.output_file import check_output
from vla_ros.tables import print_table

FORMS = {  # name: parameters of the recorder
    "raw": {"images": "raw", "compression": "none"},
    "zstd": {"images": "raw", "compression": "zstd"},
    "jpeg": {"images": "jpeg", "compression": "zstd"},
    "h264": {"images": "h264", "compression": "zstd"},
}
HEADINGS = ("form", "cores", "MB/s to disk", "GB in 10 min", "memory [MiB]", "grown by", "published", "lost")
READY_S = 90.0
MEMORY_SETTLED = 0.3  # of the time: from then on memory must stay


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench record`."""
    parser.add_argument("--seconds", type=float, default=60.0, help="length of each recording [s] (default 60)")
    parser.add_argument("--forms", nargs="+", choices=tuple(FORMS), default=list(FORMS), help="(default: all)")
    parser.add_argument("--folder", metavar="DIR", help="where the bags go, then deleted (default: a temporary folder)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Record in every form, print a table, write the JSON file."""
    if not arguments.seconds >= 1.0:
        raise ConfigError("bench record: --seconds must be >= 1")
    if arguments.folder and not Path(arguments.folder).is_dir():
        raise ConfigError(f"--folder {arguments.folder}: no such folder")
    check_output("--json", arguments.json)
    console = Console()
    rows = []
    figures: dict[str, float] = {}
    for form in arguments.forms:
        console.print(f"{form} …")
        measured = measure(form, arguments.seconds, arguments.folder)
        figures |= {f"{form}_{name}": value for name, value in measured.items()}
        cells = (
            form,
            f"{measured['cores']:.2f}",
            f"{measured['mb_per_s']:.2f}",
            f"{measured['mb_per_s'] * 0.6:.2f}",
            f"{measured['memory_mib']:.0f}",
            f"{measured['grown_mib']:.1f}",
            f"{measured['published']:.0f}",
            f"{measured['lost']:.0f}",
        )
        rows.append(cells)
    print_table(console, HEADINGS, rows, f"{arguments.seconds:g} s each")
    write_json(figures, arguments.json)
    return 1 if any(value for name, value in figures.items() if name.endswith("_lost")) else 0


def measure(form: str, seconds: float, folder: str | None) -> dict[str, float]:
    """Return cores, megabytes, memory and losses of one form. Raises VlaError when a process does not work."""
    scratch = Path(tempfile.mkdtemp(prefix="vla_bench_record_", dir=folder))
    environment = module_environment() | {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_DOMAIN_ID": str(free_domain()),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }
    bag = scratch / "bag"
    parameters = {"directory": str(bag), "robot": ""} | FORMS[form]
    words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={json.dumps(value)}")]
    recorder = _start(["-m", "vla_ros.nodes.recorder_node", "--ros-args", *words], environment)
    graph = _start(["-m", "bench.recorded_graph", str(seconds)], environment)
    try:
        _expect(graph, "begin")
        figures, report = _watch(psutil.Process(recorder.pid), graph)
        time.sleep(1.0)
        recorder.terminate()
        output, _ = recorder.communicate(timeout=60.0)
        if recorder.returncode:
            raise VlaError(f"the recorder ended with exit code {recorder.returncode}: {output.strip()}")
        figures |= _compare(bag, report["counts"])
        figures["late_ms"] = 1e3 * report["late_s"]
        size = sum(path.stat().st_size for path in bag.iterdir())
        figures["mb_per_s"] = size / seconds / 1e6
        return figures
    finally:
        for process in (recorder, graph):
            process.kill()
            process.wait()
        shutil.rmtree(scratch, ignore_errors=True)


def _watch(recorder: psutil.Process, graph: subprocess.Popen[str]) -> tuple[dict[str, float], dict[str, Any]]:
    """Follow the recorder until the graph has published everything."""
    began, before = time.monotonic(), _cpu(recorder)
    memory: list[float] = []
    while not _readable(graph, 0.5):
        with contextlib.suppress(psutil.Error):
            memory.append(recorder.memory_full_info().uss / 2**20)
    cores = (_cpu(recorder) - before) / (time.monotonic() - began)
    settled = memory[round(MEMORY_SETTLED * len(memory)) :] or [0.0]
    third = max(1, len(settled) // 3)
    grown = median(settled[-third:]) - median(settled[:third])
    assert graph.stdout is not None
    line = graph.stdout.readline()
    if not line.startswith("{"):
        raise VlaError("the publishing process ended before it had published everything")
    return {"cores": cores, "memory_mib": max(settled), "grown_mib": grown}, json.loads(line)


def _compare(bag: Path, counts: dict[str, int]) -> dict[str, float]:
    from vla_ros.data.bags.reader import BagReader

    with BagReader(bag) as reader:
        found = {name.removesuffix("/compressed").removesuffix("/h264"): t.count for name, t in reader.topics.items()}
    lost = {name: count - found.get(f"/{name}", 0) for name, count in counts.items()}
    return {"published": float(sum(counts.values())), "lost": float(sum(lost.values()))}


def _start(words: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        cwd=Path(__file__).resolve().parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _expect(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout is not None
    if not _readable(process, READY_S) or process.stdout.readline().strip() != line:
        raise VlaError("the recorder and the publishing process do not find each other")


def _readable(process: subprocess.Popen[str], seconds: float) -> bool:
    import select

    assert process.stdout is not None
    return bool(select.select([process.stdout], [], [], seconds)[0])


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
