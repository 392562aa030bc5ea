# SPDX-License-Identifier: Apache-2.0
"""From videos of datasets to a latent-action tokenizer."""
