# SPDX-License-Identifier: Apache-2.0
"""The words of the command line: a module for each, with `add_arguments(parser)` and `run(arguments)`."""
