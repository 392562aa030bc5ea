# SPDX-License-Identifier: Apache-2.0
"""Videos read back frame by frame."""

from pathlib import Path

import av
import numpy as np

from vla_ros.evaluation.video import VideoWriter


def test_frames_come_back(tmp_path: Path) -> None:
    path = tmp_path / "made" / "run.mp4"
    with VideoWriter(path, rate_hz=10.0) as video:
        for level in (20, 120, 220):
            video.write(np.full((48, 65, 3), level, dtype=np.uint8))
    with av.open(str(path)) as container:
        assert float(container.streams.video[0].average_rate) == 10.0
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [frame.shape for frame in frames] == [(48, 64, 3)] * 3
    np.testing.assert_allclose([frame.mean() for frame in frames], [20, 120, 220], atol=4)


def test_no_frames_is_no_error(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "empty.mp4"):
        pass
    assert list(tmp_path.iterdir()) in ([], [tmp_path / "empty.mp4"])
