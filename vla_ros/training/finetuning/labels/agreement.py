# SPDX-License-Identifier: Apache-2.0
"""How well derived labels agree with the truth, where it is known: on generated demonstrations.

python -m vla_ros.training.finetuning.labels.agreement checkpoints/graspvla_small datasets/grasps/action --episodes 20
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from controllers.errors import VlaError
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.grasp_finding.grasp_pose import nearest_flip
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import read_config, require_chain
from vla_ros.policies.graspvla.small.target_search import TargetSearch
from vla_ros.training.finetuning.labels.labels import label_episode
from vla_ros.training.finetuning.labels.object_boxes import overlap
from vla_ros.training.generation import annotations as notes
from vla_ros.training.pictures.frames import SEEN


@torch.inference_mode()
def label_agreement(root: Path, checkpoint: Path, episodes: Sequence[int] | None = None) -> dict[str, float]:
    """Return figures, name → number, over episodes of a dataset that has its annotations."""
    config = read_config(checkpoint)
    require_chain(checkpoint, config)
    networks, views = load_networks(checkpoint, config).eval(), config.views
    search = TargetSearch(networks.backbone)
    ious: list[float] = []
    missed, invented, mm, degrees, openings, middles, valid = [], [], [], [], [], [], []
    refused = 0
    with LeRobotReader(root) as reader:
        records = reader.metadata.episodes
        chosen = [records[i] for i in episodes] if episodes is not None else list(records)
        for record in chosen:
            try:
                found = label_episode(reader, record, search, views)
            except VlaError:
                refused += 1
                continue
            rows = slice(record.start, record.start + record.length)
            target = int(reader.column(notes.TARGET)[record.start])
            for view in views:
                truth = reader.column(notes.boxes_column(view))[rows, target]
                ours = found.columns[notes.boxes_column(view)][:, 0]
                seen, told = truth[:, 4] >= SEEN, ours[:, 4] >= SEEN
                missed += (seen & ~told)[seen].tolist()
                invented += (told & ~seen)[told].tolist()
                for a, b in zip(truth[seen & told, :4], ours[seen & told, :4], strict=True):
                    ious.append(float(overlap(a[None], b[None])[0, 0]))
            k = max(0, found.closure.told - 1)
            true = reader.column(notes.GRASP)[rows][k].astype(float)
            our = found.columns[notes.GRASP][k].astype(float)
            mm.append(1000 * float(np.linalg.norm(true[:3] - our[:3])))
            R, Q = (Rotation.from_quat(pose[3:7]).as_matrix() for pose in (true, our))
            degrees.append(float(np.degrees(Rotation.from_matrix(R.T @ nearest_flip(Q, R)).magnitude())))
            openings.append(1000 * abs(float(true[7] - our[7])))
            middle = reader.column(notes.POSITIONS)[rows][k, target]
            middles.append(1000 * float(np.linalg.norm(middle - found.resting.middle)))
            valid += (found.columns[notes.VALID] == reader.column(notes.VALID)[rows]).tolist()
    return {
        "episodes": len(mm),
        "left_out": refused,
        "iou_median": float(np.median(ious)),
        "iou_mean": float(np.mean(ious)),
        "iou_above_0.5": float(np.mean(np.array(ious) > 0.5)),
        "unlabelled": float(np.mean(missed)),  # share of the boxes there are
        "invented": float(np.mean(invented)),  # share of the boxes that are told
        "grasp_mm": float(np.median(mm)),
        "grasp_mm_p90": float(np.quantile(mm, 0.9)),
        "turn_deg": float(np.median(degrees)),
        "turn_deg_p90": float(np.quantile(degrees, 0.9)),
        "opening_mm": float(np.median(openings)),
        "middle_mm": float(np.median(middles)),
        "middle_mm_p90": float(np.quantile(middles, 0.9)),
        "example_right": float(np.mean(valid)),
    }


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--episodes", type=int, metavar="N", help="the first N (default all)")
    given = parser.parse_args()
    some = None if given.episodes is None else range(given.episodes)
    try:
        figures = label_agreement(given.dataset, given.checkpoint, some)
    except VlaError as error:
        print(f"vla: {error}", file=sys.stderr)
        return 2
    for name, value in figures.items():
        print(f"{name:14} {value:.4g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
