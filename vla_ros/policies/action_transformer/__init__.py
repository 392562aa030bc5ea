# SPDX-License-Identifier: Apache-2.0
"""An action diffusion transformer that reads the keys and values of a vision-language model: of GR-3 and GEAR-VLA."""
