# SPDX-License-Identifier: Apache-2.0
"""Fine-tune a checkpoint on demonstrations of a task, or on boxes alone.

The checkpoint says of which family it is, and that how it learns. The small GraspVLA's networks (proposals, matching,
grasp, expert) go on at a low rate, on the task's data and on data like that they have learned from: without --original
that is generated first, a little of it, into OUTPUT/original. Recordings (`vla convert`) are labelled from what they
show, into OUTPUT/labelled. Started again, or after Ctrl-C or a kill, the same command goes on where it was. --evaluate
runs both checkpoints in the same scenes. docs/finetuning.md says more.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from vla_ros.commands.learning.family import check_request, how_it_learns, learner_of
from vla_ros.commands.learning.generated_data import GeneratedData
from vla_ros.output_file import OutputFile, check_output_folder
from vla_ros.policies.families.learning import DataAmounts, FinetuningRequest
from vla_ros.policies.families.table import family_of

EVALUATED, SEED = 50, 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT",
                        help="folder to go on from, such as checkpoints/graspvla_small")  # fmt: skip
    parser.add_argument("datasets", nargs="+", type=Path, metavar="DATASET",
                        help="demonstrations: of `vla convert`, of `vla generate`, or boxes alone")  # fmt: skip
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the new checkpoint goes")
    parser.add_argument("--original", nargs="+", type=Path, metavar="ROOT",
                        help="data not to be forgotten (default: generate a little into OUTPUT/original)")  # fmt: skip
    parser.add_argument("--generate", metavar="EPISODES:SCENES",
                        help="how much original data is generated; 0:0: none, and it may be forgotten")  # fmt: skip
    parser.add_argument("--policy", metavar="FAMILY",
                        help="whose checkpoint it is, or FILE.py:NAME of your own (default: as it says)")  # fmt: skip
    parser.add_argument("--config", metavar="NAME",
                        help="a name from config/finetune, or a .yaml file (default: the family's)")  # fmt: skip
    parser.add_argument("--stages", metavar="A,B", help="networks that learn: of proposals, matching, grasp, expert")
    parser.add_argument("--boxes-only", action="store_true",
                        help="learn from boxes alone: proposals and matching; needs no actions")  # fmt: skip
    parser.add_argument("--label-anew", action="store_true",
                        help="derive labels even where the dataset has its own")  # fmt: skip
    parser.add_argument("--threads", type=int, metavar="N", help="of a process (default: the file's)")
    parser.add_argument("--evaluate", nargs="?", type=int, const=EVALUATED, default=0, metavar="N",
                        help=f"run both checkpoints in N scenes of the task and of basic ({EVALUATED})")  # fmt: skip
    parser.add_argument("--objects", metavar="DIR", help="--evaluate: the task's objects; docs/objects.md")
    parser.add_argument("--set", dest="set_name", default="basic", help="--evaluate: the task's set of scenes")
    parser.add_argument("--by-part", action="store_true", help="--evaluate: objects are requested by a part")
    parser.add_argument("--wording", default="common", help="--evaluate: words of the task's instructions")
    parser.add_argument("--seed", type=int, default=SEED, metavar="S", help=f"--evaluate: first scene ({SEED})")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="--evaluate: processes, one a core")
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="write the figures, name → number")


def run(arguments: argparse.Namespace) -> int:
    """Have the family's training go on; 0 when done, 130 when interrupted."""
    policy = arguments.policy or family_of(arguments.checkpoint)
    kind, learning = how_it_learns(policy, lambda kind: kind.finetune, "goes on from no checkpoint")
    words = {name: value for name, value in vars(arguments).items() if name != "policy"}
    words |= {name: words[name] and tuple(words[name]) for name in ("datasets", "original")}
    generate = None if arguments.generate is None else DataAmounts.parse(arguments.generate)
    request = FinetuningRequest(**words | {"config": arguments.config or learning.config, "generate": generate})
    check_request(request, f"policy '{policy}'", learning)
    learner = learner_of(kind.packages, learning)
    check_output_folder("--output", request.output, request.sources)
    return learner(request, GeneratedData())
