# SPDX-License-Identifier: Apache-2.0
"""Fine-tuning: a checkpoint on demonstrations or boxes of a task, mixed with what it has learned before."""
