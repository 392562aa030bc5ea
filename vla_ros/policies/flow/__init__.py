# SPDX-License-Identifier: Apache-2.0
"""A small flow-matching policy in PyTorch. Nothing outside this folder imports it unless it is requested."""
