# SPDX-License-Identifier: Apache-2.0
"""The page on which a person judges a trial's episodes."""
