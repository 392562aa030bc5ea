# SPDX-License-Identifier: Apache-2.0
"""What to collect next: a task file's combinations, evenly."""
