# SPDX-License-Identifier: Apache-2.0
"""What config.json of a full GR-3 checkpoint says: robot, state and actions, what is seen and said. No PyTorch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.action_transformer.sizes import ActionTransformerSizes
from vla_ros.policies.families.checkpoint_config import check_version, read_checkpoint_config
from vla_ros.policies.hugging_face.part_folders import check_part_folders

KIND, VERSION = "gr3_full", 1
DTYPES = ("float32", "bfloat16")
VIEWS, INSTRUCTION = "{views}", "{instruction}"  # in a prompt: where pictures and words go
# As Qwen2.5-VL's chat template writes one question, which the answer follows.
PROMPT = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    f"<|im_start|>user\n{VIEWS}{INSTRUCTION}<|im_end|>\n<|im_start|>assistant\n"
)


@dataclass(frozen=True)
class Parts:
    """Folders inside the checkpoint, each as Hugging Face lays it out; both may be the same one, as it is published."""

    vision_language: str = "qwen2_5_vl"
    tokenizer: str = "qwen2_5_vl"

    def __post_init__(self) -> None:
        check_part_folders(vars(self))


@dataclass(frozen=True)
class ImageSize:
    """What every view is scaled to, whatever its own size; each side a multiple of Qwen's patch times its merging."""

    width: int = 308  # [px] with the height 11 × 8 tokens a view: near to the 4:3 of the cameras
    height: int = 224  # [px]

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1:
            raise ConfigError(f"image is {self.width}x{self.height} px: give both sides at least 1 px")


@dataclass(frozen=True)
class FullConfig(ActingConfig):
    """Everything but the weights and Qwen's own configuration. Raises ConfigError for what cannot be used."""

    # With Qwen2.5-VL-3B these sizes make the report's 4 billion weights; it does not say them.
    transformer: ActionTransformerSizes = field(default_factory=lambda: ActionTransformerSizes(1024, 16, 4096))
    image: ImageSize = field(default_factory=ImageSize)
    prompt: str = PROMPT
    answer_end: str = "<|im_end|>"  # what follows the answer of a vision-language sample
    parts: Parts = field(default_factory=Parts)
    dtype: str = "float32"  # of all weights
    transformers: str = ""  # the version that named the weights of Qwen
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        check_version(self.kind, self.version, KIND, VERSION)
        super().__post_init__()
        if self.dtype not in DTYPES:
            raise ConfigError(unknown_name("dtype", self.dtype, DTYPES))
        for place in (VIEWS, INSTRUCTION):
            if self.prompt.count(place) != 1:
                raise ConfigError(f"prompt has {place} {self.prompt.count(place)} times: write it once, where it goes")


def read_full_config(folder: Path) -> FullConfig:
    """Read config.json. Raises ConfigError for what is missing, unknown or out of range."""
    return read_checkpoint_config(FullConfig, folder, KIND)
