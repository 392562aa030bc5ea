# SPDX-License-Identifier: Apache-2.0
"""Cut a mesh into convex pieces: `python decompose.py mesh.npz pieces.npz MOST THRESHOLD SEED`.

A program of its own, run by convex_pieces.py, so that a mesh that CoACD cannot take ends this process and no other.
"""

import sys

import coacd
import numpy as np


def main(given: str, made: str, most: int, threshold: float, seed: int) -> None:
    """Read vertices and faces, write one array of vertices a piece."""
    with np.load(given, allow_pickle=False) as mesh:
        vertices, faces, remesh = mesh["vertices"], mesh["faces"], bool(mesh["remesh"])
    coacd.set_log_level("error")
    pieces = coacd.run_coacd(
        coacd.Mesh(vertices, faces),
        threshold=threshold,
        max_convex_hull=most,
        seed=seed,
        # A tenth of the default search: pieces as good to a gripper, in seconds instead of minutes.
        preprocess_mode="on" if remesh else "off",
        preprocess_resolution=30,
        resolution=500,
        mcts_nodes=8,
        mcts_iterations=20,
        mcts_max_depth=2,
    )
    np.savez(made, **{f"piece_{index:03d}": vertices for index, (vertices, _) in enumerate(pieces)})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
