# SPDX-License-Identifier: Apache-2.0
"""`vla doctor`: a module for each kind of thing that may be missing."""
