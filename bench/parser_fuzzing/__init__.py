# SPDX-License-Identifier: Apache-2.0
"""Damaged inputs for every parser of what others hand us: how they are damaged, who reads them, what is a finding."""
