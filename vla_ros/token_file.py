# SPDX-License-Identifier: Apache-2.0
"""A secret in a file that its owner alone may read: what two sides of a connection know, and no command line shows."""

from __future__ import annotations

import os
import re
from pathlib import Path

from controllers.errors import ConfigError

TOKEN_FORM = re.compile(r"[A-Za-z0-9_-]{16,128}")
_FILE_MAX = 1024  # [bytes] looked at


def is_private(path: Path) -> bool:
    """Say whether a file belongs to this user and nobody else may read it."""
    status = path.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def chosen_token(path: Path, option: str = "token_file:=") -> str:
    """Return the token of a file that a user wrote, and nobody else may read.

    A command line, a launch argument or a ROS parameter would show it to every user of this machine. Raises
    ConfigError, which never holds what the file does; `option` is how it was named.
    """
    named = f"{option}{path}"
    try:
        if not path.is_file():
            raise ConfigError(
                f"{named}: is no file: write a token into one, such as the output of `openssl rand -hex 24`"
            )
        if not is_private(path):
            raise ConfigError(f"{named}: others may read it, or it is not yours: choose a new token, and chmod 600 it")
        with path.open("rb") as file:
            token = file.read(_FILE_MAX).decode(errors="replace").strip()
    except OSError as error:
        raise ConfigError(f"{named}: cannot be read ({error.strerror})") from None
    if not TOKEN_FORM.fullmatch(token):
        raise ConfigError(f"{named}: must hold 16 to 128 letters, digits, '-' or '_', and nothing else")
    return token
