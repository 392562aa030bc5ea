# SPDX-License-Identifier: Apache-2.0
"""Problems to plan, for one arm and for two at once, a second opinion on what was planned, and a picture of it."""
