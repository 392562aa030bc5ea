# SPDX-License-Identifier: Apache-2.0
"""The two networks: encoders, actor and critic."""
