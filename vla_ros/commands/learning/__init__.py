# SPDX-License-Identifier: Apache-2.0
"""Words that make training data and train on it."""
