# SPDX-License-Identifier: Apache-2.0
"""GR-3: a vision-language model whose keys and values an action diffusion transformer reads, two hands and a base.

`action_transformer.py`, `flow_matching.py`, `task_status.py` and `policy.py` are of both sizes. Nothing outside this
folder imports it unless it is requested: it needs PyTorch.
"""
