# SPDX-License-Identifier: Apache-2.0
"""What is asked of a policy where no simulator judges, sentence by sentence."""
