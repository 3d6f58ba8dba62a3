"""One optimiser of two parts, the learning rate over a run, the weights' average."""

import pytest
import torch

from minisora.train import optim
from minisora.train.common import Average
from minisora.train.optim import MuonAdamW, schedule, split_parameters
from minisora.train.vae import ENDS
from minisora.vae import SIZES, VideoVAE


def test_matrices_go_to_muon_and_ends_to_adamw():
    network = VideoVAE(SIZES["tiny"])
    matrices, others = split_parameters(network, ENDS)
    names = {id(value): name for name, value in network.named_parameters()}
    muon, adamw = {names[id(v)] for v in matrices}, {names[id(v)] for v in others}
    assert "merge.weight" in muon and "decode_fine.0.look.around" in muon and "read.1.up.weight" in muon
    assert {"embed.weight", "read.1.down.weight", "from_latent.weight", "to_latent.1.weight", "embed.bias"} <= adamw
    assert not muon & adamw and len(muon | adamw) == len(names)


@pytest.mark.parametrize("shape", [(12, 40), (40, 12)])
def test_muon_in_single_precision_is_torchs(monkeypatch, shape):
    monkeypatch.setattr(optim, "native_bf16", lambda: False)
    torch.manual_seed(0)
    start, gradients = torch.randn(shape), torch.randn(3, *shape)
    moved = []
    for muon in (torch.optim.Muon, optim.Muon):
        weight = torch.nn.Parameter(start.clone())
        optimizer = muon([weight], lr=0.1, weight_decay=0.2, momentum=0.9, nesterov=True)
        for weight.grad in gradients:
            optimizer.step()
        moved.append(weight.detach() - start)
    assert (moved[0] - moved[1]).norm() < 0.02 * moved[0].norm()  # bf16 is as fine as that


def test_matrices_of_one_shape_are_turned_together_and_each_as_if_alone():
    torch.manual_seed(0)
    matrices, settings = torch.randn(3, 12, 40), ((3.4445, -4.7750, 2.0315), 5)
    for one, together in zip(matrices, optim.orthogonal(matrices, *settings), strict=True):
        torch.testing.assert_close(optim.orthogonal(one[None], *settings)[0], together)
        assert torch.linalg.svdvals(together).sub(1).abs().max() < 0.4


def test_the_optimiser_goes_on_where_its_state_left_it():
    def fresh():
        torch.manual_seed(0)
        layer = torch.nn.Linear(4, 4)
        return layer, MuonAdamW([layer.weight], [layer.bias], muon=0.02, adamw=0.01)

    def steps(layer, optimizer, inputs):
        for x in inputs:
            optimizer.scale(0.5)
            optimizer.zero_grad()
            (layer(x) ** 2).sum().backward()
            optimizer.step()

    inputs = torch.randn(6, 4)
    (whole, optimizer), (first, before) = fresh(), fresh()
    steps(whole, optimizer, inputs)
    steps(first, before, inputs[:3])
    second, after = fresh()
    second.load_state_dict(first.state_dict())
    after.load_state_dict(before.state_dict())
    steps(second, after, inputs[3:])
    assert torch.equal(second.weight, whole.weight) and torch.equal(second.bias, whole.bias)
    assert after.param_groups[0]["lr"] == 0.01


def test_the_learning_rate_rises_stays_and_falls():
    assert schedule(0.0, 0) == 0.01 and schedule(0.1, 500) == schedule(0.6, 3000) == 1.0
    assert 0.45 < schedule(1 - 0.35 / 2, 5000) < 0.55 and schedule(1.0, 6000) == 0.0


def test_the_average_swaps_in_and_out():
    class Holder:
        network = torch.nn.Linear(2, 2)

    average, before = Average(half_life=10), Holder.network.weight.detach().clone()
    average.on_fit_start(None, Holder)
    with torch.no_grad():
        Holder.network.weight.add_(1.0)
    average.on_train_batch_end(None, Holder, None, None, 0)
    average.swap(Holder.network)
    assert (before < Holder.network.weight).all() and (Holder.network.weight < before + 1).all()
    average.swap(Holder.network)
    assert torch.equal(Holder.network.weight, before + 1)
