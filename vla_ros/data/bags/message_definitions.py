# SPDX-License-Identifier: Apache-2.0
"""What a message type looks like, as text and as hash: whoever opens a bag later needs nothing else to read it."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rosbags.typesys import get_types_from_msg
from rosbags.typesys.store import Typestore

from vla_ros.data.bags.errors import BagError
from vla_ros.documents import read_json

SEPARATOR = "=" * 80
TF, VIDEO, JPEG = "tf2_msgs/msg/TFMessage", "foxglove_msgs/msg/CompressedVideo", "sensor_msgs/msg/CompressedImage"
# Types that a bag of ours may hold though no package of the pip home defines them.
_FOREIGN = {
    TF: "geometry_msgs/TransformStamped[] transforms\n",
    VIDEO: "# One frame of a video.\n"
    "builtin_interfaces/Time timestamp\n"
    "string frame_id\n"
    "# Annex B for h264; each frame of decoding order by itself, SPS and PPS with every key frame\n"
    "uint8[] data\n"
    "# h264\n"
    "string format\n",
}
_PRIMITIVE = re.compile(r"^(w?string(<=\d+)?|bool|byte|char|float(32|64)|u?int(8|16|32|64))$")
_FIELD = re.compile(r"^\s*([A-Za-z][\w/]*(?:<=\d+)?)(?:\[[^\]]*\])?\s+[A-Za-z]\w*(?!\s*=)")


@dataclass(frozen=True)
class MessageDefinition:
    """A type with all that it contains.

    `text` is the root's .msg text, then each part once behind a line of 80 '=' and 'MSG: package/Type'.
    """

    name: str  # package/msg/Type
    text: str
    type_hash: str  # RIHS01_…, "" where it is not known


@lru_cache(maxsize=256)
def message_definition(name: str) -> MessageDefinition:
    """Return the definition of `package/msg/Type` as it is installed here. Raises BagError when it is not."""
    texts: dict[str, str] = {}
    _collect(name, texts)
    root, *parts = texts.items()
    sections = [root[1], *(f"{SEPARATOR}\nMSG: {part.replace('/msg/', '/')}\n{text}" for part, text in parts)]
    text = "".join(section if section.endswith("\n") else f"{section}\n" for section in sections)
    return MessageDefinition(name, text, _installed_hash(name) or computed_hash(name, text))


def computed_hash(name: str, text: str) -> str:
    """Return the RIHS01 hash of a definition, or "" when its text has what no hash is defined for."""
    store = Typestore()
    try:
        store.register(get_types_from_msg(text, name))
        return store.hash_rihs01(name)
    except Exception:  # foreign text: a bag without the hash is whole all the same
        return ""


def _collect(name: str, texts: dict[str, str]) -> None:
    if name in texts:
        return
    texts[name] = _msg_text(name)
    package = name.partition("/")[0]
    for part in _parts(texts[name], package):
        _collect(part, texts)


def _parts(text: str, package: str) -> list[str]:
    """Return the full names of the types that a .msg text uses, in its order."""
    found = []
    for line in text.splitlines():
        field = _FIELD.match(line.partition("#")[0])
        if not field or _PRIMITIVE.match(field[1]):
            continue
        words = field[1].split("/")
        if words == ["Header"]:
            words = ["std_msgs", "Header"]
        owner = words[0] if len(words) > 1 else package
        found.append(f"{owner}/msg/{words[-1]}")
    return found


def _msg_text(name: str) -> str:
    path = _share_file(name, ".msg")
    if path is not None:
        return path.read_text()
    if name in _FOREIGN:
        return _FOREIGN[name]
    package = name.partition("/")[0]
    raise BagError(f"message type '{name}' has no definition here: install or source the ROS package '{package}'")


def _installed_hash(name: str) -> str:
    path = _share_file(name, ".json")
    if path is None:
        return ""
    hashes = read_json(path).get("type_hashes", ())
    return next((entry["hash_string"] for entry in hashes if entry["type_name"] == name), "")


def _share_file(name: str, suffix: str) -> Path | None:
    """Return share/<package>/<msg>/<Type><suffix> of the installation that the package's Python module is from."""
    try:
        package, kind, message = name.split("/")
    except ValueError:
        raise BagError(f"'{name}' is no message type: give package/msg/Type, such as std_msgs/msg/String") from None
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    for prefix in Path(spec.origin).parents:  # one up for wheels and apt alike: <prefix>/lib/python3/site-packages
        path = prefix / "share" / package / kind / f"{message}{suffix}"
        if path.is_file():
            return path
    return None
