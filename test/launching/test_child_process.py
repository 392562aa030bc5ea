# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys

FIRST_CHILD = """
import re, time
from pathlib import Path
from vla_ros.evaluation.child_process import start_child

if __name__ == "__main__":
    process, _ = start_child(time.sleep)
    status = Path(f"/proc/{process.pid}/status").read_text()
    process.kill()
    blocked, ignored = (int(re.search(name + r":\\s*(\\w+)", status)[1], 16) for name in ("SigBlk", "SigIgn"))
    print(bool((blocked | ignored) & 2))
"""


def test_the_first_child_is_born_deaf_to_ctrl_c_too(tmp_path, environment):
    script = tmp_path / "first.py"
    script.write_text(FIRST_CHILD)
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stdout + done.stderr
