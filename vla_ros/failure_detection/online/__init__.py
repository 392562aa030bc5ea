# SPDX-License-Identifier: Apache-2.0
"""A detector that listens while a policy acts, and what is done at an alarm."""
