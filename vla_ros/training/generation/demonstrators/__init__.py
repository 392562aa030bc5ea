# SPDX-License-Identifier: Apache-2.0
"""Who demonstrates: experts as they are, and such as err on purpose and recover."""
