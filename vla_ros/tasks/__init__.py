# SPDX-License-Identifier: Apache-2.0
"""Tasks: what a scene shows, what is requested, what counts as success. A folder each; docs/add_a_task.md."""
