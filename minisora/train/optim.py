"""One optimiser for the whole network: Muon on the hidden matrices, AdamW on everything else; and the learning rate over a run."""

import math

import torch
from torch import Tensor, nn

from minisora.precision import native_bf16

DECAY = 0.35  # the last part of a run, in which the learning rate falls to zero


class Muon(torch.optim.Muon):
    """torch's Muon, which makes its updates in bf16 and one by one. On a GPU they are made together, all matrices of one shape in one
    product, since there the calls cost more than the numbers; and in single precision where that is faster (see `native_bf16`).
    """

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            gpu = bool(weights) and weights[0].is_cuda
            if not gpu and native_bf16():
                return super().step(closure)
            same: dict[torch.Size, list[Tensor]] = {}
            for weight in weights:
                same.setdefault(weight.shape, []).append(weight)
            for shape, members in same.items():
                means = [self.state[weight].setdefault("momentum_buffer", torch.zeros_like(weight)) for weight in members]
                slopes = [weight.grad for weight in members]
                torch._foreach_lerp_(means, slopes, 1 - group["momentum"])
                updates = torch._foreach_lerp(slopes, means, group["momentum"]) if group["nesterov"] else means
                batch = torch.stack(list(updates)).to(torch.bfloat16 if gpu else torch.float32)
                turned = orthogonal(batch, group["ns_coefficients"], group["ns_steps"]).to(members[0].dtype)
                torch._foreach_mul_(members, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(members, list(turned.unbind()), alpha=-group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5)


def orthogonal(matrices: Tensor, coefficients: tuple[float, float, float], steps: int) -> Tensor:
    """Matrices (k, n, m) with all their singular values near 1, by `steps` of the Newton-Schulz iteration (Jordan et al. 2024)."""
    a, b, c = coefficients
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x


class MuonAdamW(torch.optim.Optimizer):
    """torch.optim.Muon and torch.optim.AdamW behind one `step`, so that Lightning sees one optimiser.

    Muon (Jordan et al. 2024) makes every update of a matrix equally long in all directions, which halves the steps that these small
    networks need; it is meant for matrices between hidden layers, so embeddings, read-outs, norms and biases go to AdamW. Since each
    update is full length in directions that carry nothing too, noise grows in the matrices without weight decay and drowns the signal.
    """

    def __init__(self, matrices: list[Tensor], others: list[Tensor], muon: float, adamw: float, weight_decay: float = 0.1):
        self.parts = [
            Muon(matrices, lr=muon, weight_decay=weight_decay, momentum=0.95, nesterov=True),
            torch.optim.AdamW(others, lr=adamw, betas=(0.9, 0.95), weight_decay=0.0),
        ]
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        self._link()

    def _link(self) -> None:
        """The groups are the parts' own, so that a learning rate set here is the one that they use."""
        self.param_groups = [group for part in self.parts for group in part.param_groups]
        for group in self.param_groups:
            group.setdefault("peak", group["lr"])

    def scale(self, factor: float) -> None:
        """Sets every learning rate to `factor` times its peak."""
        for group in self.param_groups:
            group["lr"] = group["peak"] * factor

    def step(self, closure=None):
        result = None
        if closure is not None:
            with torch.enable_grad():
                result = closure()
        for part in self.parts:
            part.step()
        return result

    def state_dict(self) -> dict:
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state: dict) -> None:
        for part, saved in zip(self.parts, state["parts"], strict=True):
            part.load_state_dict(saved)
        self._link()


def split_parameters(network: nn.Module, ends: tuple[str, ...]) -> tuple[list[Tensor], list[Tensor]]:
    """(matrices for Muon, the rest for AdamW): a matrix is hidden unless its name begins with one of `ends`. Frozen ones are in neither."""
    matrices, others = [], []
    for name, value in network.named_parameters():
        if not value.requires_grad:
            continue
        hidden = value.ndim == 2 and not name.startswith(ends)
        (matrices if hidden else others).append(value)
    return matrices, others


def schedule(progress: float, step: int, warmup: int = 100, decay: float = DECAY) -> float:
    """Share of the peak learning rate: up over `warmup` steps, level, then down to zero over the last `decay` of the run.

    progress: 0 at the start of the run, 1 at its end, counted in steps or in minutes. Level in between, so that a run can be
    made longer from any checkpoint before its decay (warmup-stable-decay, Hu et al. 2024).
    """
    rise = min(1.0, (step + 1) / warmup)
    fall = min(1.0, (1.0 - progress) / decay) if decay else 1.0
    return rise * max(fall, 0.0) if math.isfinite(progress) else rise
