# SPDX-License-Identifier: Apache-2.0
"""From labelled candidates to GAM's actor and critic."""
