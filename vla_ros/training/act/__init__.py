# SPDX-License-Identifier: Apache-2.0
"""Training of ACT: from datasets to a checkpoint."""
