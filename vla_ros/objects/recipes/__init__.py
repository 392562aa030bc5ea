# SPDX-License-Identifier: Apache-2.0
"""How each category is built: one function a category, `(shape, paint) -> parts`, in metres, z up."""
