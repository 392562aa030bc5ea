# SPDX-License-Identifier: Apache-2.0
"""A dataset as HTML pages that need nothing else: an index over all episodes, and a page an episode."""
