# SPDX-License-Identifier: Apache-2.0
"""Scenes, views and observations that a test says everything about."""
