# SPDX-License-Identifier: Apache-2.0
"""What bags cost on their way to a policy: conversion of two 640x480 cameras at 10 Hz, and random access for training.

Conversion is timed by the clock, with so many processes, and by the processor time it takes. A sample is a frame's
state, a chunk of actions and both pictures.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from bench.figures import add_json_argument, report
from controllers.errors import ConfigError

SAMPLES = 400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench datasets`."""
    parser.add_argument("--bags", type=int, default=6, metavar="N", help="bags to convert (default 6)")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each [s] (default 20)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default 2)")
    parser.add_argument("--size", type=int, default=128, metavar="PX", help="of the pictures read (default 128)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Make bags, convert them, read the dataset; print the figures."""
    if arguments.bags < 1 or not arguments.seconds >= 1.0 or arguments.workers < 1 or arguments.size < 16:
        raise ConfigError("bench datasets: --bags and --workers must be >= 1, --seconds >= 1, --size >= 16")
    folder = Path(tempfile.mkdtemp(prefix="vla_bench_"))
    try:
        report(measure(folder, arguments.bags, arguments.seconds, arguments.workers, arguments.size), arguments.json)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def measure(folder: Path, bags: int, seconds: float, workers: int, size: int) -> dict[str, float]:
    """Return the figures, name → number."""
    from bench.synthetic_bags import write_bags
    from vla_ros.data.conversion.bag_to_dataset import ConversionSettings
    from vla_ros.data.conversion.convert import convert_bags
    from vla_ros.policies.contract import load_contract

    paths = write_bags(folder / "bags", bags, seconds)
    settings = ConversionSettings(load_contract("franka_grasp"))
    before = _processor_s()
    done = convert_bags(paths, folder / "set", settings, workers)
    processor = _processor_s() - before
    data = done.frames / settings.contract.fps
    stored = [path for path in (folder / "set").rglob("*") if path.is_file()]
    figures = {
        "recorded_s": bags * seconds,
        "convert_wall_s": done.seconds,
        "convert_times_real_time": data / done.seconds,
        "convert_times_real_time_of_a_core": data / processor if processor else np.nan,
        "bags_mb": sum(path.stat().st_size for path in (folder / "bags").rglob("*.mcap")) / 1e6,
        "dataset_mb": sum(path.stat().st_size for path in stored) / 1e6,
    }
    figures |= {f"read_{size}_{name}": rate for name, rate in _reading(folder, size).items()}
    return figures


def _reading(folder: Path, size: int) -> dict[str, float]:
    from vla_ros.data.datasets.reader import LeRobotReader

    rates = {}
    for name, cache in (("samples_s", None), ("samples_s_cached", folder / "cache")):
        began = time.monotonic()
        with LeRobotReader(folder / "set", (size, size), cache) as reader:
            if cache is not None:
                rates["cache_frames_s"] = 2 * len(reader) / (time.monotonic() - began)
            frames = np.random.default_rng(0).integers(0, len(reader), SAMPLES).tolist()
            reader[frames[0]]
            before = time.process_time()
            for frame in frames:
                reader[frame]
                reader.window("action", frame, range(8))
            rates[name] = SAMPLES / (time.process_time() - before)
    return rates


def _processor_s() -> float:
    """Return the processor time of this process and of those it has waited for [s]."""
    times = psutil.Process().cpu_times()
    return times.user + times.system + times.children_user + times.children_system
