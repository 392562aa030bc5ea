# SPDX-License-Identifier: Apache-2.0
"""The backbone: two pictures and a sentence to boxes, and which of them is meant; what it sees is there to be read."""
