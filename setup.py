# SPDX-License-Identifier: Apache-2.0
"""Packaging for pip and, as ament_python, for colcon."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
SHARE = Path("share/vla_ros")
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "vla_ros/__init__.py").read_text()).group(1)
NODES = sorted(path.stem for path in (ROOT / "vla_ros/nodes").glob("*_node.py"))
TOPS = ("config", "urdf", "launch", "checkpoints")  # what is installed to share/vla_ros as it is


def requirements(file: str) -> list[str]:
    """Return what requirements/<file> asks for."""
    lines = (ROOT / "requirements" / file).read_text().split("\n")
    return [line for line in lines if line[:1] not in ("", "#")]


def data_files() -> list[tuple[str, list[str]]]:
    """Return the files of share/vla_ros, folder by folder."""
    folders: dict[Path, list[str]] = {}
    for top in TOPS:
        for path in sorted((ROOT / top).rglob("*")):
            if path.is_file() and not path.name.startswith(".") and "__pycache__" not in path.parts:
                relative = path.relative_to(ROOT)
                folders.setdefault(SHARE / relative.parent, []).append(str(relative))
    return [
        ("share/ament_index/resource_index/packages", ["resource/vla_ros"]),
        (str(SHARE), ["package.xml"]),
        *((str(folder), files) for folder, files in folders.items()),
    ]


setup(
    name="vla_ros",
    version=VERSION,
    description="Vision-language-action policies on ROS 2, from a pip-only simulator to a real arm",
    license="Apache-2.0",
    packages=find_packages(include=["vla_ros", "vla_ros.*", "controllers", "controllers.*"]),
    package_data={"vla_ros": ["**/*.json", "teleop/page/**/*"]},
    data_files=data_files(),
    python_requires=">=3.11",
    install_requires=requirements("runtime.in"),
    extras_require={
        "learning": requirements("torch.lock.txt"),
        "training": requirements("training.in"),
        "hardware": requirements("hardware.in"),
    },
    entry_points={
        "console_scripts": [
            "vla-ros = vla_ros.cli:main",
            *(f"{node} = vla_ros.nodes.{node}:main" for node in NODES),
        ]
    },
)
