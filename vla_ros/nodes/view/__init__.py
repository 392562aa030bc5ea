# SPDX-License-Identifier: Apache-2.0
"""What the view node is made of: one module for each thing that is shown."""
