# SPDX-License-Identifier: Apache-2.0
"""./vla in a fresh clone. An interpreter of straw stands in for Python where only the script's logic is at stake."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
import zipfile
from pathlib import Path

import psutil
import pytest

# Answers what ./vla asks of a Python: makes a "venv" that holds itself, and a "pip" that takes $STRAW_S seconds.
STRAW = r"""#!/bin/bash
case "$*" in
    -V) echo "Python 3.12.0" ;;
    "-m venv "*)
        mkdir -p "$3/bin" "$3/lib/python3.12/site-packages/pip.dist-info" && cp "$0" "$3/bin/python"
        echo made >> "$STRAW_LOG" ;;
    "-m pip install"*)
        echo pip >> "$STRAW_LOG"
        echo "Collecting numpy"; echo "WARNING: running pip as root may break things" >&2
        for ((i = 0; i < ${STRAW_PACKAGES:-0}; i++)); do
            mkdir -p "${0%/bin/*}/lib/python3.12/site-packages/package$i.dist-info"; sleep 0.7
        done
        sleep "${STRAW_S:-0}"
        [[ ${STRAW_PIP:-0} == 0 ]] || { echo "ERROR: no version of numpy is 2.4.6"; echo "[notice] pip is old"; } >&2
        exit "${STRAW_PIP:-0}" ;;
    *"import pyrealsense2"*) exit "${STRAW_USB:-0}" ;;
    *vla_ros.launching.egl*) exit "${STRAW_EGL:-0}" ;;
    "-P -m vla_ros "*) shift 3; echo "cli $* $VLA_STARTED_AT" ;;
    *ensurepip*) [[ -z ${STRAW_DEBIAN:-} || -e $STRAW_LOG.apt ]] ;;
    *version_info\[*) echo 3.12 ;;
    *) exit "${STRAW_C:-0}" ;;
esac
"""


class Clone:
    """A clone with nothing in it but the script and lock files; learned policies are left out."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        (folder / "requirements").mkdir()
        shutil.copy(root / "vla", folder / "vla")
        (folder / "requirements" / "lock.txt").write_text("numpy==2.4.6\n")
        (folder / "requirements" / "learning.lock.txt").write_text("filelock==4.2.11\n")
        (folder / "requirements" / "torch.lock.txt").write_text("torch==2.13.0\n")
        self.log = folder / "straw.log"
        python = folder / "straw"
        python.write_text(STRAW)
        python.chmod(0o755)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VLA_")}
        self.environment = inherited | {
            "VLA_PYTHON": str(python),
            "VLA_NO_UV": "1",
            "VLA_EXTRAS": "none",
            "STRAW_LOG": str(self.log),
        }

    def start(self, *words: str, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            [str(self.folder / "vla"), *words],
            cwd="/",
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(*words, **environment)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def done(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture
def clone(tmp_path, root):
    return Clone(tmp_path, root)


def test_it_sets_up_once_and_passes_everything_on(clone):
    before = time.time()
    code, output, errors = clone.run("launch", "job", "x:=a b")
    assert code == 0, errors
    assert output.startswith("cli launch job x:=a b ")
    assert before <= float(output.split()[-1]) <= time.time()
    assert "[1/3]" in errors
    assert "[3/3]" in errors
    assert "learning" not in errors
    assert clone.done() == ["made", "pip"]
    started = time.monotonic()
    code, output, errors = clone.run("doctor")
    assert time.monotonic() - started < 1.0
    assert (code, errors) == (0, "")
    assert output.startswith("cli doctor ")
    assert clone.done() == ["made", "pip"]


def test_a_changed_lock_file_updates_the_environment(clone):
    clone.run()
    (clone.folder / "requirements" / "lock.txt").write_text("numpy==2.4.7\n")
    clone.run()
    assert clone.done() == ["made", "pip", "pip"]


def test_one_command_installs_what_learned_policies_need_too(clone):
    for _ in range(2):
        code, output, errors = clone.run("launch", VLA_EXTRAS="")
        assert code == 0, errors
        assert output.startswith("cli launch")
    assert clone.done() == ["made", "pip", "pip", "pip"]
    assert clone.run("doctor")[2] == ""  # who can do without it minds it not


def test_what_learned_policies_need_is_added_later(clone):
    clone.run()
    code, _, errors = clone.run("launch", VLA_EXTRAS="learning")  # the same as saying nothing
    assert code == 0, errors
    assert "[4/5] packages of requirements/learning.lock.txt" in errors
    assert "[5/5] packages of requirements/torch.lock.txt" in errors
    assert "[3/5]" not in errors  # the rest was done
    assert clone.done() == ["made", "pip", "pip", "pip"]


def test_an_extra_is_installed_once_beside_the_rest(clone):
    (clone.folder / "requirements" / "training.lock.txt").write_text("transformers==5.23.0\n")
    clone.run(VLA_EXTRAS="")
    assert clone.done() == ["made", "pip", "pip", "pip"]  # nobody requested it
    for _ in range(2):
        code, _, errors = clone.run("test", VLA_EXTRAS="training")
        assert code == 0, errors
    assert clone.done() == ["made", "pip", "pip", "pip", "pip"]
    assert clone.run("doctor", VLA_EXTRAS="")[2] == ""


def test_an_extra_that_cannot_be_installed_spoils_nothing_else(clone):
    clone.run()
    code, _, errors = clone.run("test", VLA_EXTRAS="", STRAW_PIP="1")
    assert code == 2
    assert "VLA_EXTRAS=none" in errors.splitlines()[-1]
    assert clone.run("doctor")[0] == 0
    assert clone.run("test", VLA_EXTRAS="")[0] == 0
    assert clone.done() == ["made", "pip", "pip", "pip", "pip"]


def test_an_unknown_extra_is_named(clone):
    code, _, errors = clone.run("test", VLA_EXTRAS="lerning")
    assert code == 2
    assert "VLA_EXTRAS='lerning'" in errors
    assert "learning" in errors.partition(";")[2]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_it_may_be_interrupted_and_run_again(clone, number):
    process = clone.start(STRAW_S="20")
    deadline = time.monotonic() + 10
    while "pip" not in clone.done():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    started = time.monotonic()
    for one in [psutil.Process(process.pid)] if number != signal.SIGKILL else _family(process.pid):
        with contextlib.suppress(psutil.NoSuchProcess):  # what shows the progress starts and ends all the time
            one.send_signal(number)
    _, errors = process.communicate()
    assert time.monotonic() - started < 3.0
    assert process.returncode == {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}[number]
    assert "Traceback" not in errors
    code, output, errors = clone.run("doctor")
    assert code == 0
    assert output.startswith("cli doctor")
    assert clone.done() == ["made", "pip", "made", "pip"]  # the half-made one is not trusted


def _family(pid: int) -> list[psutil.Process]:
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def test_two_at_once_set_up_once(clone):
    both = [clone.start("doctor", STRAW_S="1"), clone.start("doctor", STRAW_S="1")]
    outcomes = [process.communicate(timeout=30) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(output.startswith("cli doctor") for output, _ in outcomes)
    assert clone.done() == ["made", "pip"]
    assert sum("waiting for it" in errors for _, errors in outcomes) == 1


def test_a_failed_installation_is_not_taken_for_complete(clone):
    code, _, errors = clone.run(STRAW_PIP="1")
    assert code == 2
    assert "run this again" in errors.splitlines()[-1]
    assert clone.run("doctor")[0] == 0


def test_what_pip_says_goes_to_the_log_and_a_step_is_a_line(clone):
    code, _, errors = clone.run("doctor", VLA_EXTRAS="")
    assert code == 0
    assert "Collecting" not in errors
    assert "WARNING" not in errors
    assert "\r" not in errors
    assert all(line.startswith("vla: ") for line in errors.splitlines())
    assert re.search(
        r"^vla: \[2/5\] packages of requirements/lock\.txt: 1 installed with pip in \d+ s$", errors, re.MULTILINE
    )
    assert "WARNING: running pip as root" in (clone.folder / ".venv.log").read_text()


def test_a_failure_says_its_reason_and_where_the_rest_is(clone):
    code, _, errors = clone.run("doctor", STRAW_PIP="1")
    assert code == 2
    last = errors.splitlines()[-1]
    assert "could not be installed: ERROR: no version of numpy is 2.4.6 (all of it in " in last
    assert str(clone.folder / ".venv.log") in last
    assert "notice" not in errors


def test_a_terminal_sees_one_line_that_changes(clone):
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    process = subprocess.Popen(
        [str(clone.folder / "vla"), "doctor"], env=clone.environment | {"STRAW_PACKAGES": "2"}, cwd="/",
        stdout=subprocess.DEVNULL, stderr=follower, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    shown = b""
    with contextlib.suppress(OSError):  # Linux tells the end of a terminal so
        while block := os.read(leader, 4096):
            shown += block
    os.close(leader)
    assert process.wait(timeout=10) == 0
    lines = shown.decode().split("\r\n")
    changing = next(line for line in lines if "[2/3]" in line)
    states = changing.split("\r\x1b[K")
    assert len(states) > 3
    assert any("1 of 1 packages" in state for state in states)
    assert all(len(state) < 80 for state in states)
    assert "1 installed with pip in " in states[-1]
    assert "Collecting" not in shown.decode()
    assert sum("[2/3]" in line for line in lines) == 1


def test_a_python_that_is_too_old_is_named(clone):
    code, _, errors = clone.run(STRAW_C="1")
    assert code == 2
    assert "Python 3.11 to 3.14 is needed" in errors
    assert "Python 3.12.0" in errors
    assert not (clone.folder / ".venv").exists()


@pytest.fixture
def debian(clone):
    """Stand in for apt-get and for who runs it: no test may install anything."""

    def make(user: int, code: int) -> str:
        folder = clone.folder / "bin"
        folder.mkdir()
        for name, body in {"apt-get": f'echo "$*" >> "$STRAW_LOG.apt"; exit {code}', "id": f"echo {user}"}.items():
            (folder / name).write_text(f"#!/bin/bash\n{body}\n")
            (folder / name).chmod(0o755)
        return f"{folder}:{os.environ['PATH']}"

    return make


def test_debians_missing_venv_is_installed_as_root(clone, debian):
    code, _, errors = clone.run("doctor", STRAW_DEBIAN="1", PATH=debian(0, 0))
    assert code == 0, errors
    assert "install -y --no-install-recommends python3.12-venv" in clone.log.with_suffix(".log.apt").read_text()


def test_debians_missing_venv_is_named_to_anyone_else(clone, debian):
    code, _, errors = clone.run("doctor", STRAW_DEBIAN="1", PATH=debian(1000, 0))
    assert code == 2
    assert "apt-get install python3.12-venv" in errors.splitlines()[-1]
    assert not clone.log.with_suffix(".log.apt").exists()


def test_missing_egl_is_said_but_stops_nothing(clone, debian):
    code, output, errors = clone.run("doctor", STRAW_EGL="1", PATH=debian(0, 100))
    assert code == 0
    assert "apt-get install libegl1" in errors
    assert output.startswith("cli doctor")


def test_the_library_of_usb_is_installed_for_cameras_as_root_and_named_to_anyone_else(clone, debian):
    lock = clone.folder / "requirements" / "hardware.lock.txt"
    lock.write_text("pyrealsense2==2\n")
    code, output, errors = clone.run("doctor", STRAW_USB="1", VLA_EXTRAS="hardware", PATH=debian(0, 100))
    assert code == 0, errors
    assert "install -y --no-install-recommends libusb-1.0-0" in clone.log.with_suffix(".log.apt").read_text()
    assert "pyrealsense2 does not load: apt-get install libusb-1.0-0" in errors
    assert output.startswith("cli doctor")
    lock.write_text("pyrealsense2==3\n")
    code, _, errors = clone.run("doctor", VLA_EXTRAS="hardware")
    assert code == 0
    assert "libusb" not in errors


def test_a_link_to_the_script_means_its_clone(clone, tmp_path):
    link = tmp_path / "elsewhere" / "vla"
    link.parent.mkdir()
    link.symlink_to("../vla")
    done = subprocess.run([link, "robots"], env=clone.environment, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("cli robots")
    assert (tmp_path / ".venv").is_dir()


def test_a_real_virtual_environment_is_made(clone):
    """Real Python, real pip, a lock file without packages."""
    (clone.folder / "requirements" / "lock.txt").write_text("# nothing==0\n")
    for module in ("__main__", "launching/egl"):
        path = clone.folder / "vla_ros" / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text("import sys; print(sys.prefix, sys.argv[1:])")
    code, output, errors = clone.run("a", "b c", VLA_PYTHON=sys.executable, PATH=os.environ["PATH"])
    assert code == 0, errors
    assert output.split("\n")[0] == f"{clone.folder / '.venv'} ['a', 'b c']"


def test_what_has_another_hash_than_the_locks_is_not_installed(root, tmp_path):
    """Real pip, of a lock whose hash is of another file: a wheel made here stands in for one that was swapped."""
    wheel = tmp_path / "swapped-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("swapped-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: swapped\nVersion: 1.0\n")
        archive.writestr("swapped-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        archive.writestr("swapped-1.0.dist-info/RECORD", "")
    made = Clone(tmp_path, root)
    (tmp_path / "requirements" / "lock.txt").write_text(f"swapped==1.0 --hash=sha256:{'0' * 64}\n")
    here = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    code, _, errors = made.run("doctor", VLA_PYTHON=sys.executable, **here)
    assert code == 2
    assert "could not be installed" in errors.splitlines()[-1]
    assert "DO NOT MATCH THE HASHES" in (tmp_path / ".venv.log").read_text()
