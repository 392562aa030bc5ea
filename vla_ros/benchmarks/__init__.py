# SPDX-License-Identifier: Apache-2.0
"""Worlds of others: benchmarks that run beside this project, in an environment and a process of their own."""
