# SPDX-License-Identifier: Apache-2.0
"""Whether red is red: things that instructions name by a colour, and how much of it the pictures show.

Exchanged channels turn red into blue and back, and leave green as it is. Each episode whose words name a colour is
asked whether more of it is in its first picture than in those of the others, as stored and with channels exchanged.
"""

from __future__ import annotations

import re

import cv2
import numpy as np

from vla_ros.configuration import config_file
from vla_ros.data.conventions.finding import Answers, Finding, Untold
from vla_ros.data.conventions.recording import Recording
from vla_ros.documents import read_yaml

# Hues [degrees] that a word may look like, of those that exchanged channels change.
HUES = {"red": ((345.0, 360.0), (0.0, 15.0)), "orange": ((15.0, 42.0),), "yellow": ((45.0, 68.0),),
        "blue": ((190.0, 255.0),), "purple": ((260.0, 300.0),)}  # fmt: skip
SATURATION, VALUE = 0.45, 0.2  # least of a pixel that has a colour
SIZE = (240, 320)  # height, width [px] they are looked at in
EPISODES = 60
VOTES = 3  # episodes that must say something
MAJORITY = 0.8
EVIDENCE = 5e-4  # share of a picture, of which more must have the colour in the one reading than in the other


def check_channels(recording: Recording) -> Answers:
    """Yield cameras in whose pictures the colours that are named are those of exchanged channels."""
    if not recording.contract.cameras:
        return
    words = _named(recording)
    for camera in recording.contract.cameras:
        where = f"channels of the pictures of {camera}"
        if len(words) < VOTES:
            yield Untold(where, "fewer than 3 of the instructions name a colour that would tell")
            continue
        votes = _votes(recording, camera, words)
        if len(votes) < VOTES or MAJORITY > np.mean(votes) > 1.0 - MAJORITY:
            yield Untold(where, "too little of the colours that are named is seen")
        elif np.mean(votes) <= 1.0 - MAJORITY:
            yield Finding(
                "picture_channels",
                f"pictures of {camera}",
                f"show the colours that are named with red and blue exchanged, in {votes.count(0)} of {len(votes)} "
                "episodes: blue, green, red instead of red, green, blue",
            )


def _named(recording: Recording) -> dict[int, str]:
    """Return the colour that each episode's words name, of those with one."""
    names = {
        shade: color
        for color, shades in read_yaml(config_file("objects", "color_names.yaml")).items()
        if color in HUES
        for shade in (color, *shades)
    }
    pattern = re.compile(r"\b(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")\b")
    found = {}
    for episode in recording.reader.metadata.episodes[:EPISODES]:
        colors = {names[word] for text in episode.tasks for word in pattern.findall(text.lower())}
        if len(colors) == 1:
            found[episode.index] = colors.pop()
    return found


def _votes(recording: Recording, camera: str, words: dict[int, str]) -> list[int]:
    """Return 1 for every episode that speaks for red, green, blue, 0 for one that speaks against it."""
    shares: dict[int, dict[str, np.ndarray]] = {}
    episodes = range(min(EPISODES, len(recording.reader.metadata.episodes)))
    for episode, image in zip(episodes, recording.images(camera, episodes, SIZE, 1), strict=True):
        stored, exchanged = _shares(image), _shares(image[..., ::-1])
        shares[episode] = {color: np.array([stored[color], exchanged[color]]) for color in HUES}
    votes = []
    for index, color in words.items():
        others = [share[color] for other, share in shares.items() if words.get(other) != color]
        usual = np.median(others, axis=0) if others else np.zeros(2)
        stored, exchanged = shares[index][color] - usual
        if abs(stored - exchanged) > EVIDENCE:
            votes.append(int(stored > exchanged))
    return votes


def _shares(image: np.ndarray) -> dict[str, float]:
    """Return which share of a picture (H, W, 3) has each colour."""
    hue, saturation, value = cv2.split(cv2.cvtColor(image.astype(np.float32) / 255.0, cv2.COLOR_RGB2HSV))
    colored = (saturation > SATURATION) & (value > VALUE)
    return {
        color: float((colored & np.logical_or.reduce([(hue >= low) & (hue < high) for low, high in ranges])).mean())
        for color, ranges in HUES.items()
    }
