#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build this package with colcon, copied and by symlink, and check what a ROS 2 user would get: a step of .ci/run.

colcon comes from requirements/colcon.lock.txt into .venv.colcon, which is kept; it runs under this interpreter, so
that what it installs runs under the interpreter that has the packages. Nothing is written into the source tree.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "colcon.lock.txt"
COLCON = ROOT / ".venv.colcon"
INSTALLED_FOLDERS = ("config", "launch", "urdf", "checkpoints")
# A number where a name is expected, a negative time, no chunk: every node refuses the first of them that it knows.
BAD_ROBOT = ["--ros-args", "-p", "robot:=5", "-p", "timeout_s:=-1.0", "-p", "status_chunks:=0"]
NODE_TIMEOUT_S = 60.0


class BuildProblem(Exception):
    """What a user of the built package would stumble over."""


def require(holds: bool, problem: str) -> None:
    """Raise BuildProblem unless `holds`."""
    if not holds:
        raise BuildProblem(problem)


def install_colcon() -> None:
    """Install colcon into .venv.colcon unless it is there already; the copy of the lock proves that it is complete."""
    stamp = COLCON / "installed.txt"
    if stamp.is_file() and stamp.read_bytes() == LOCK.read_bytes():
        return
    shutil.rmtree(COLCON, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", str(COLCON), "-r", str(LOCK)], check=True, stderr=subprocess.DEVNULL)
    stamp.write_bytes(LOCK.read_bytes())


def clean_environment() -> dict[str, str]:
    """Return the environment of a shell that has sourced nothing, in which python3 is this interpreter."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment |= {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", "PYTHONDONTWRITEBYTECODE": "1"}
    return environment


def build(folder: Path, symlink: bool) -> Path:
    """Run `colcon build` into `folder` and return the package's prefix."""
    words = ["--log-base", "log", "build", "--base-paths", str(ROOT), "--packages-select", "vla_ros"]
    words += ["--symlink-install"] if symlink else []
    program = "import sys; from colcon_core.command import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        env=clean_environment() | {"PYTHONPATH": str(COLCON)},
        capture_output=True,
        text=True,
        check=False,
    )
    require(done.returncode == 0, f"colcon build failed:\n{done.stdout}{done.stderr}")
    return folder / "install" / "vla_ros"


def run_sourced(prefix: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does who has sourced install/setup.sh, in a folder that has nothing to do with it."""
    line = f'. "{prefix.parent}/setup.sh" && cd / && exec "$@"'
    try:
        return subprocess.run(
            ["sh", "-c", line, "sh", *command],
            env=clean_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=NODE_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise BuildProblem(f"{' '.join(command)} goes on and on") from None


def check_shared_files(prefix: Path) -> None:
    """Check share/: every file of these folders, package.xml, and the marker of the ament index."""
    share = prefix / "share" / "vla_ros"
    sources = [path for name in INSTALLED_FOLDERS for path in (ROOT / name).rglob("*") if path.is_file()]
    for source in [*sources, ROOT / "package.xml"]:
        if "__pycache__" in source.parts:
            continue
        installed = share / source.relative_to(ROOT)
        require(installed.is_file(), f"{installed} is missing")
        require(installed.read_bytes() == source.read_bytes(), f"{installed} is not {source}")
    marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / "vla_ros"
    require(marker.is_file(), f"{marker} is missing: `ros2 run vla_ros` would not find the package")


def check_executables(prefix: Path, symlink: bool) -> list[Path]:
    """Check lib/vla_ros, where `ros2 run` and `ros2 launch` look, and return the nodes in it."""
    folder = prefix / "lib" / "vla_ros"
    names = sorted(path.stem for path in (ROOT / "vla_ros" / "nodes").glob("*_node.py"))
    shebang = f"#!{sys.executable}" if symlink else "#!/usr/bin/env python3"
    for name in [*names, "vla-ros"]:
        path = folder / name
        require(path.is_file(), f"{path} is missing")
        require(bool(path.stat().st_mode & stat.S_IXUSR), f"{path} is not executable")
        first = path.read_text().partition("\n")[0]
        require(first == shebang, f"{path} starts with {first}, not {shebang}")
    return [folder / name for name in names]


def check_behaviour(prefix: Path, nodes: list[Path], symlink: bool) -> None:
    """Check that the built package finds its own files, and that a node explains a bad parameter in one line."""
    program = "import vla_ros, vla_ros.configuration as c; print(vla_ros.__file__); print(c.share_directory())"
    done = run_sourced(prefix, sys.executable, "-c", program)
    require(done.returncode == 0, f"the built package cannot be imported:\n{done.stderr}")
    module, share = map(Path, done.stdout.split())
    build_space = prefix.parent.parent / "build" / "vla_ros"
    require(module.is_relative_to(build_space if symlink else prefix), f"{module} was imported, not the built one")
    expected = ROOT if symlink else prefix / "share" / "vla_ros"
    require(share == expected, f"the package takes {share} for its share directory, not {expected}")
    for node in nodes:
        done = run_sourced(prefix, str(node), *BAD_ROBOT)
        lines = done.stderr.strip().splitlines()
        named = any(name in done.stderr for name in ("'robot' is 5", "'timeout_s' is -1", "'status_chunks' is 0"))
        explained = done.returncode == 2 and len(lines) == 1 and named
        require(explained, f"{node.name} {' '.join(BAD_ROBOT)} exited with {done.returncode}:\n{done.stderr}")
    done = run_sourced(prefix, str(prefix / "lib" / "vla_ros" / "vla-ros"), "robots", "list")
    require(done.returncode == 0 and "franka" in done.stdout, f"vla-ros robots list failed:\n{done.stderr}")


def main() -> int:
    """Build and check both ways; print a line for each."""
    if sys.prefix == sys.base_prefix:
        print("colcon_build: run this with .venv/bin/python, which has the packages", file=sys.stderr)
        return 2
    install_colcon()
    before = strays()
    for symlink in (False, True):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="vla_ros_colcon_") as folder:
            prefix = build(Path(folder), symlink)
            check_shared_files(prefix)
            nodes = check_executables(prefix, symlink)
            check_behaviour(prefix, nodes[:1] if symlink else nodes, symlink)
        words = "colcon build --symlink-install" if symlink else "colcon build"
        seconds = time.monotonic() - started
        print(f"{words}: {len(nodes)} nodes, share/ and ament index are as they should be ({seconds:.0f} s)")
    left = sorted(str(path) for path in strays() - before)
    require(not left, f"colcon has written into the source tree: {', '.join(left)}")
    return 0


def strays() -> set[Path]:
    """Return what colcon or setuptools leaves in a source tree that they are let loose on."""
    return {ROOT / name for name in ("build", "install", "log") if (ROOT / name).exists()} | set(
        ROOT.glob("*.egg-info")
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except BuildProblem as error:
        print(f"colcon: {error}", file=sys.stderr)
        sys.exit(1)
