# SPDX-License-Identifier: Apache-2.0
"""What a demonstration shows without saying it: the grasp, the box of the object, which actions are an example."""
