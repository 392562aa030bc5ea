# SPDX-License-Identifier: Apache-2.0
"""A LeRobotDataset v3.0 read by the rules of the format with pyarrow and PyAV alone: no line shared with the writer."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as pq

STATISTICS = {"min", "max", "mean", "std", "count", "q01", "q10", "q50", "q90", "q99"}


def read(root: Path) -> dict:
    """Return every frame and all metadata of a dataset that follows the rules; assert each rule on the way."""
    root = Path(root)
    info = json.loads((root / "meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    features = info["features"]
    for name in ("timestamp", "frame_index", "episode_index", "index", "task_index"):
        assert features[name]["shape"] == [1]
    assert not any("/" in name for name in features)
    videos = [name for name, feature in features.items() if feature["dtype"] == "video"]
    columns = [name for name in features if name not in videos]

    tasks = pq.read_table(root / "meta/tasks.parquet")
    assert tasks["task_index"].to_pylist() == list(range(len(tasks)))
    described = json.loads(tasks.schema.metadata[b"pandas"])
    assert described["index_columns"] == ["task"]
    words = tasks["task"].to_pylist()
    assert len(set(words)) == len(words) == info["total_tasks"]

    files = sorted((root / "data").glob("*/*.parquet"))  # all of them, as lerobot does: no stray file may lie there
    rows = {name: [] for name in columns}
    groups = []
    for file in files:
        parquet = pq.ParquetFile(file)
        groups += [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
        table = parquet.read()
        assert set(table.column_names) == set(columns)
        for name in columns:
            rows[name] += table[name].to_pylist()
    frames = {name: np.array(values) for name, values in rows.items()}
    total = len(frames["index"])
    assert total == info["total_frames"]
    assert frames["index"].tolist() == list(range(total))
    for name in columns:
        shape = tuple(features[name]["shape"])
        assert frames[name].shape == ((total,) if shape == (1,) else (total, *shape)), name

    episodes = [
        row for file in sorted((root / "meta/episodes").glob("*/*.parquet")) for row in pq.read_table(file).to_pylist()
    ]
    assert [row["episode_index"] for row in episodes] == list(range(info["total_episodes"]))
    assert info["splits"] == {"train": f"0:{len(episodes)}"}
    assert groups == [row["length"] for row in episodes]  # a row group an episode
    start = 0
    for row in episodes:
        assert row["dataset_from_index"] == start
        start = row["dataset_to_index"]
        part = slice(row["dataset_from_index"], start)
        assert row["length"] == start - row["dataset_from_index"] > 0
        assert (frames["episode_index"][part] == row["episode_index"]).all()
        assert frames["frame_index"][part].tolist() == list(range(row["length"]))
        exact = (np.arange(row["length"]) / info["fps"]).astype(np.float32)
        assert (frames["timestamp"][part].astype(np.float32) == exact).all()
        assert row["tasks"] == list(dict.fromkeys(words[i] for i in frames["task_index"][part]))
        path = info["data_path"].format(chunk_index=row["data/chunk_index"], file_index=row["data/file_index"])
        table = pq.read_table(root / path, columns=["index"])["index"].to_pylist()
        assert row["dataset_from_index"] in table
    assert start == total

    images = {key: _videos(root, info, key, episodes) for key in videos}
    stats = json.loads((root / "meta/stats.json").read_text())
    for name, feature in features.items():
        if feature["dtype"] == "string":
            continue
        assert set(stats[name]) == STATISTICS
        assert stats[name]["count"] == [total]
        shape = (3, 1, 1) if name in videos else tuple(feature["shape"])
        assert all(np.shape(stats[name][key]) == shape for key in STATISTICS - {"count"}), name
        assert (np.array(stats[name]["std"]) > 0).all()
        if name in videos:
            assert 0.0 <= np.min(stats[name]["min"]) <= np.max(stats[name]["max"]) <= 1.0
    for row in episodes:
        assert all(f"stats/{name}/{key}" in row for name in stats for key in STATISTICS)
    return {"info": info, "frames": frames, "images": images, "episodes": episodes, "tasks": words, "stats": stats}


def _videos(root: Path, info: dict, key: str, episodes: list[dict]) -> list[np.ndarray]:
    """Return the frames of a camera in the order of the dataset, decoded from the first file to the last."""
    feature, fps = info["features"][key], info["fps"]
    height, width, channels = feature["shape"]
    assert feature["names"] == ["height", "width", "channels"]
    described = feature["info"]
    assert (described["video.height"], described["video.width"], channels) == (height, width, 3)
    assert described["video.fps"] == fps
    assert described["video.is_depth_map"] is False
    decoded: dict[tuple[int, int], list[np.ndarray]] = {}
    used: dict[tuple[int, int], int] = {}
    images: list[np.ndarray] = []
    for row in episodes:
        place = (row[f"videos/{key}/chunk_index"], row[f"videos/{key}/file_index"])
        if place not in decoded:
            path = root / info["video_path"].format(video_key=key, chunk_index=place[0], file_index=place[1])
            decoded[place] = _decode(path, fps, (height, width), described)
        first = used.get(place, 0)
        assert abs(row[f"videos/{key}/from_timestamp"] - first / fps) < 1e-4
        assert abs(row[f"videos/{key}/to_timestamp"] - (first + row["length"]) / fps) < 1e-4
        images += decoded[place][first : first + row["length"]]
        used[place] = first + row["length"]
    for place, frames in decoded.items():
        assert used[place] == len(frames)  # no frame too many or too few
    there = {
        tuple(int(p.split("-")[1].split(".")[0]) for p in f.parts[-2:]) for f in (root / "videos" / key).glob("*/*.mp4")
    }
    assert there == set(decoded)
    return images


def _decode(path: Path, fps: int, size: tuple[int, int], described: dict) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.pix_fmt == described["video.pix_fmt"] == "yuv420p"
        assert stream.codec_context.codec.canonical_name == described["video.codec"]
        assert stream.average_rate == fps
        frames, last_key = [], 0
        for i, frame in enumerate(container.decode(stream)):
            assert abs(float(frame.pts * frame.time_base) - i / fps) < 1e-4
            assert (frame.height, frame.width) == size
            last_key = i if frame.key_frame else last_key
            assert i - last_key < 2  # GOP 2
            frames.append(frame.to_ndarray(format="rgb24"))
        return frames
