# SPDX-License-Identifier: Apache-2.0
"""Models as Hugging Face's libraries lay them out in a folder, for every family that is built on one.

Local files only, safetensors only, and never code that comes with weights.
"""
