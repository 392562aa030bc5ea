# SPDX-License-Identifier: Apache-2.0
"""The small GR-3: the action transformer reads the project's own vision-language backbone."""
