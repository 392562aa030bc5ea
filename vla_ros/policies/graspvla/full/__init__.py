# SPDX-License-Identifier: Apache-2.0
"""GraspVLA at the paper's size, over Hugging Face backbones: tested with tiny random configurations, no more than that.

Nothing outside this folder imports it unless it is requested: it needs PyTorch and transformers.
"""
