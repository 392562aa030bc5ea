# SPDX-License-Identifier: Apache-2.0
"""AgileX's PiPER through piper_sdk."""
