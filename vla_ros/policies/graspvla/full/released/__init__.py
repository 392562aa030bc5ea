# SPDX-License-Identifier: Apache-2.0
"""GraspVLA's released weights and the form of the network that their code builds (docs/graspvla_full.md).

Where that code differs from the paper, it lies here: pictures, numbers as words, projector, expert, steps of the tool.
Read from PKU-EPIC/GraspVLA (`vla_network`); none of that code is part of this.
"""
