# SPDX-License-Identifier: Apache-2.0
"""What a page that lies in a file may do: show itself. It reads names that anybody chose, so it may fetch nothing."""

from __future__ import annotations

import base64
import hashlib
import re

_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)  # those that run; data has a type


def page_policy(template: str = "") -> str:
    """Return the element for a page's head that permits its own scripts, word for word, and pictures within it."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _SCRIPT.findall(template))
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests) or "'none'"
    return (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        f"style-src 'unsafe-inline'; script-src {scripts}; base-uri 'none'; form-action 'none'\">"
    )
