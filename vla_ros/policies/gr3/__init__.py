# SPDX-License-Identifier: Apache-2.0
"""GR-3: a vision-language model whose keys and values an action diffusion transformer reads, two hands and a base.

What is of both sizes stands in `action_transformer`. Nothing outside this folder imports it unless it is requested: it
needs PyTorch.
"""
