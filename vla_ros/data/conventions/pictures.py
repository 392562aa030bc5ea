# SPDX-License-Identifier: Apache-2.0
"""Pictures: upright, cut as said, of their time and their camera, by where the robot moves in them.

What changes between two frames of a camera that stands still is mostly the robot, and where that is follows from its
joints and the camera's calibration. The two are compared as they are, turned, mirrored, squeezed, late, and with
another camera's. A camera on a hand sees all change but the hand; there the outline of what stays is compared.

Shape legend: K pairs of frames, H × W pixels of a small picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import cv2
import numpy as np

from vla_ros.data.conventions.finding import Answers, Finding, Untold
from vla_ros.data.conventions.recording import Recording
from vla_ros.data.conventions.seen import GAP, MOVING, Seen, changes, looked_at, mask_changes, pairs

LAGS = range(-6, 7)
PAIRS = 12  # that must count
BETTER, CLEAR = 1.25, 0.06  # another reading must score so many times as much, and so much more
DARK, FLAT = 12.0, 3.0  # of 255: mean and deviation below which a picture shows nothing
CHANGED = 6.0  # of 255: less is noise
SAME = 0.35  # share of moving pairs in which nothing may change


Turn = Callable[[np.ndarray], np.ndarray]
TURNS: tuple[tuple[str, Turn], ...] = (
    ("upside down and mirrored, so turned by 180°", lambda a: a[..., ::-1, ::-1]),
    ("upside down", lambda a: a[..., ::-1, :]),
    ("mirrored", lambda a: a[..., :, ::-1]),
)
QUARTERS: tuple[tuple[str, Turn], ...] = (
    ("turned by 90°", lambda a: np.rot90(a, 1, axes=(-2, -1))),
    ("turned by -90°", lambda a: np.rot90(a, -1, axes=(-2, -1))),
)


def check_pictures(recording: Recording, progress: Callable[[float], None] = lambda share: None) -> Answers:
    """Yield what is wrong with the pictures of every camera."""
    kept = []
    for one in looked_at(recording, progress):
        if (finding := _plain(one)) is not None:
            yield finding
        elif one.optics is None:
            yield Untold(one.where, "neither the dataset nor the robot's file says where the camera is")
        else:
            kept.append(one)
    exchanged = list(_exchanged(recording, kept))
    yield from exchanged
    if exchanged:
        return
    for one in kept:
        yield from _judged(recording, one)


def _plain(one: Seen) -> Finding | None:
    """Return what is wrong with pictures whatever is in them."""
    mean, deviation = float(one.grey.mean()), float(one.grey.std(axis=(1, 2)).mean())
    if mean < DARK or deviation < FLAT:
        return Finding(
            "picture_dark", one.where, f"have a mean of {mean:.1f} of 255 and a deviation of {deviation:.1f}: values "
            "from 0 to 1 stored as bytes, or a lens that is covered"
        )  # fmt: skip
    return None


def _judged(recording: Recording, one: Seen) -> Answers:
    where, first = one.where, pairs(recording, one)
    standing = len(first) >= PAIRS
    hand = one.mask.mean(axis=0)  # of a camera on one: what stays in its place
    score: Callable[[np.ndarray], float]
    if standing:
        if (finding := _repeated(one, first)) is not None:
            yield finding
            return
        shown, masks = changes(one, first), mask_changes(one, first)

        def score(turned: np.ndarray) -> float:
            return _together(turned, masks)

    elif one.moves.mean() > 0.5 and hand.std() > 0.05:
        shown, outline = _edges(one.grey.mean(axis=0)), _edges(hand)

        def score(turned: np.ndarray) -> float:
            return _correlation(turned, outline)

    else:
        yield Untold(where, "the robot hardly moves in them")
        return
    plain = score(shown)
    turns = TURNS + (QUARTERS if shown.shape[-1] == shown.shape[-2] else ())
    scores = [(score(turn(shown)), "picture_turned", f"are {words}") for words, turn in turns]
    if standing:
        scores += [
            (_together(shown, squeezed), "picture_squeezed", words)
            for words, squeezed in _squeezed(recording, one, masks)
        ]
    best, fault, words = max(scores, key=lambda found: found[0])
    if best > BETTER * plain and best > plain + CLEAR:
        yield Finding(fault, where, f"{words}: the robot is where it moves {best:.2f} so, {plain:.2f} as stored")
        return
    if not standing:
        return
    if plain < CLEAR:
        if one.optics is not None and not one.optics.nominal:
            yield Finding(
                "calibration", where, f"do not show the robot where their calibration has it (correlation {plain:.2f})"
            )
        else:
            yield Untold(where, "the robot is not where the robot's file has the camera see it")
        return
    if not recording.doubted & {"time", "rate"}:
        yield from _late(recording, one, first)


def _edges(picture: np.ndarray) -> np.ndarray:
    """Return how steep a picture (H, W) is, blurred. In the mean of many only what stays in its place has edges."""
    across, along = cv2.Sobel(picture, cv2.CV_64F, 1, 0), cv2.Sobel(picture, cv2.CV_64F, 0, 1)
    return cv2.GaussianBlur(np.hypot(across, along), (0, 0), 2.0)


def _together(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.mean([_correlation(a, b) for a, b in zip(first, second, strict=True)]))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a * a).sum() * (b * b).sum())
    return float((a * b).sum() / size) if size > 1e-9 else 0.0


def _repeated(one: Seen, first: np.ndarray) -> Finding | None:
    """Return pictures that stay the same while the robot moves in them from frame to frame."""
    changed = np.abs(one.grey[first + 1] - one.grey[first])
    moved = (one.mask[first + 1] != one.mask[first]).mean(axis=(1, 2)) > 0.5 * MOVING
    if moved.sum() < PAIRS:
        return None
    same = float(((changed[moved] > CHANGED).mean(axis=(1, 2)) < 0.0005).mean())
    if same <= SAME:
        return None
    return Finding("picture_repeated", one.where, f"stay the same in {100.0 * same:.0f} % of the frames in which the "
                   "robot moves in them")  # fmt: skip


def _squeezed(recording: Recording, one: Seen, masks: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield where the robot would move in pictures that were scaled, cut or padded in another way."""
    stream = recording.contract.cameras[one.camera]
    height, width = masks.shape[1:]
    if stream.fit == "exact":
        return
    narrow = 0.75  # the usual 4:3 in a square
    for words, x, y in (
        ("are scaled to their shape instead of cut", narrow, 1.0),
        ("are cut to their shape instead of scaled", 1.0 / narrow, 1.0),
        ("are padded to their shape", narrow, narrow),
    ):
        if (x > 1.0) == (stream.fit == "crop"):
            continue
        M = np.array([[x, 0.0, (1.0 - x) * (width - 1) / 2], [0.0, y, (1.0 - y) * (height - 1) / 2]])
        yield words, np.array([cv2.warpAffine(mask, M, (width, height)) for mask in masks])


def _late(recording: Recording, one: Seen, first: np.ndarray) -> Answers:
    """Yield pictures that show where the robot was some frames ago."""
    furthest = max(abs(lag) for lag in LAGS)
    first = first[(first - furthest >= 0) & (first + GAP + furthest < len(one.frames))]
    episode = recording.episode[one.frames]
    first = first[episode[first - furthest] == episode[first + GAP + furthest]]
    if len(first) < PAIRS:
        yield Untold(f"delay of the {one.where}", "the robot moves too little in them")
        return
    masks = mask_changes(one, first)
    scores = {lag: _together(changes(one, first + lag), masks) for lag in LAGS}
    best = max(scores, key=lambda lag: scores[lag])
    if abs(best) >= 2 and scores[best] > 1.15 * scores[0] and scores[best] > scores[0] + 0.04:
        seconds = abs(best) / recording.contract.fps
        yield Finding(
            "picture_late", one.where, f"show the robot where its joints have it {seconds:.1f} s "
            f"{'before' if best > 0 else 'after'} ({scores[best]:.2f} against {scores[0]:.2f} at the frame's time)"
        )  # fmt: skip


def _exchanged(recording: Recording, seen: list[Seen]) -> Answers:
    """Yield two cameras whose pictures fit each other's place better than their own."""
    for one, other in combinations(seen, 2):
        if one.grey.shape != other.grey.shape:
            continue
        first = pairs(recording, one, other)
        if len(first) < PAIRS:
            continue
        shown, masks = (
            [changes(each, first) for each in (one, other)],
            [mask_changes(each, first) for each in (one, other)],
        )
        own = [_together(shown[i], masks[i]) for i in (0, 1)]
        crossed = [_together(shown[i], masks[1 - i]) for i in (0, 1)]
        if min(c - o for c, o in zip(crossed, own, strict=True)) > CLEAR:
            yield Finding(
                "cameras_exchanged",
                f"pictures of {one.camera} and {other.camera}",
                f"the robot is where it moves {np.mean(crossed):.2f} in each other's, {np.mean(own):.2f} as stored",
            )
