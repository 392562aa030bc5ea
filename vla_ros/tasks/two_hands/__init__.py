# SPDX-License-Identifier: Apache-2.0
"""What experts of tasks for two hands share: chunks of both arms, ways side by side, plans that mind the other arm."""
