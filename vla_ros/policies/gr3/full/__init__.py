# SPDX-License-Identifier: Apache-2.0
"""GR-3 at the paper's size, over Qwen2.5-VL: tested with tiny random configurations, no more than that.

Nothing outside this folder imports it unless it is requested: it needs PyTorch and transformers.
"""
