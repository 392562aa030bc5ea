# SPDX-License-Identifier: Apache-2.0
"""Hardware time stamps that break decoding.

lerobot#3513, #3884: with a camera's own stamps in the table the last frame is one beyond the video's end, IndexError.
lerobot#2364: "One or several query timestamps unexpectedly violate the tolerance". lerobot#2627: the same of merged
data sets, by hundreds of seconds.
"""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bags.sample_bag import Recording, write_bag
from demonstrations.numbered_picture import number
from demonstrations.small_contract import CONTRACT
from lerobot_parts.rules import read

from vla_ros.data.conversion.bag_to_dataset import ConversionSettings
from vla_ros.data.conversion.convert import convert_bags
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.merge import merge
from vla_ros.data.datasets.reader import LeRobotReader

FRONT = "observation.images.front"
# A sensor's clock: 29.97 Hz and a little, exposures that wander, a start that is no multiple of anything.
HARDWARE = {
    "drifting": Recording(start=1_700_000_000.123457, camera_rate=29.97, jitter=0.006),
    "uneven": Recording(start=1_700_000_000.4142, steps=(0.0301, 0.0366, 0.0329, 0.0338, 0.0321)),
    "a little fast": Recording(start=86_399.7, camera_rate=30.4, jitter=0.001),
}


def dataset(folder: Path, recording: Recording) -> Path:
    bag = write_bag(folder / "bag", recording)
    convert_bags([bag], folder / "set", ConversionSettings(CONTRACT))
    return folder / "set"


@pytest.mark.parametrize("kind", HARDWARE)
def test_every_frame_of_a_cameras_own_clock_decodes_the_last_one_too(tmp_path, kind):
    recording = HARDWARE[kind]
    root = dataset(tmp_path, recording)
    assert check(root, deep=True) == []
    found = read(root)  # demands timestamp = frame_index / fps, and the same of the video's own stamps
    times = found["frames"]["timestamp"].astype(float)
    stamps = recording.exposures(0)
    first = stamps[np.argmax(stamps >= max(recording.exposures(1)[0], recording.start) - 1e-6)]
    expected = [int(np.argmin(np.abs(stamps - first - time))) for time in times]
    with LeRobotReader(root) as reader:
        shown = [number(reader[k][FRONT]) for k in (len(times) - 1, *range(len(times)))]
    assert shown == [expected[-1], *expected]


def test_data_sets_of_such_cameras_are_merged_and_still_decode(tmp_path):
    parts = []
    for kind, recording in HARDWARE.items():
        (tmp_path / kind).mkdir()
        parts.append(dataset(tmp_path / kind, recording))
    merge(tmp_path / "all", parts)
    assert check(tmp_path / "all", deep=True) == []
    apart = [image for part in parts for image in read(part)["images"][FRONT]]
    expected = [number(image) for image in apart]
    assert [number(image) for image in read(tmp_path / "all")["images"][FRONT]] == expected
    with LeRobotReader(tmp_path / "all") as reader:
        assert [number(reader[k][FRONT]) for k in range(len(reader))] == expected


def test_a_data_set_that_was_made_with_a_cameras_own_stamps_is_named_before_training(tmp_path):
    root = dataset(tmp_path, HARDWARE["drifting"])
    path = next((root / "data").rglob("*.parquet"))
    table = pq.read_table(path)
    times = np.array(table["timestamp"].to_pylist()) * 1.002  # the last one is beyond the video's end
    column = table.column_names.index("timestamp")
    pq.write_table(table.set_column(column, table.schema.field(column), pa.array(times, pa.float32())), path)
    complaints = check(root)
    assert any("timestamp" in line for line in complaints), complaints
    with LeRobotReader(root) as reader:  # frames are found by their number, so that no stamp can miss one
        assert number(reader[len(times) - 1][FRONT]) == number(last_picture(root))


def last_picture(root: Path) -> np.ndarray:
    """Return the last picture of the video itself."""
    with av.open(str(next((root / "videos" / FRONT).rglob("*.mp4")))) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)][-1]
