# SPDX-License-Identifier: Apache-2.0
"""What tasks with one garment and two hands share."""
