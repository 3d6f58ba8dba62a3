"""The diffusion transformer: noisy latents, a noise level per latent frame and the states of a text go in; a velocity comes out.

Built in chapter 4. DiT (Peebles and Xie 2023) with one modulation network for all blocks and a learned offset per block
(PixArt-alpha, section 2.3), full attention over the tokens of all frames, rotary positions in seconds and units of the frame,
QK-norm, RMSNorm and SwiGLU. Each block looks at the video and at the text at the same time: one projection, two attentions.
"""

import copy
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minisora.errors import UserError
from minisora.flow import PREDICTIONS, velocity_from
from minisora.patches import PATCH, Grid, frequencies, patchify, positions, rotary, rotate, unpatchify

WEAK = 2  # the block that the network lacks which guidance leads away from (data/bench/sampler.json)
NEVER = -1e4  # added to the score of a word that may not be seen; finite, so that a row with no words at all stays a number


@dataclass(frozen=True)
class DiTConfig:
    """Sizes of the denoiser. `prediction` is what the network's last layer gives: "velocity", "clean" or "noise"."""

    width: int = 256
    depth: int = 8
    heads: int = 4
    hidden: int = 704  # of SwiGLU
    channels: int = 16  # of the autoencoder's latents
    text_width: int = 192
    patch: tuple[int, int, int] = PATCH
    prediction: str = "velocity"
    labels: int = 0  # numbers that an auxiliary head tells of each token from a middle block (training only); 0: no head

    def __post_init__(self):
        object.__setattr__(self, "patch", tuple(self.patch))  # JSON knows no tuples
        if self.width % self.heads or (self.width // self.heads) % 2:
            raise UserError(f"width={self.width} is not an even number of times heads={self.heads}. Try heads={self.width // 64 or 1}.")
        if self.prediction not in PREDICTIONS:
            raise UserError(f"prediction={self.prediction!r} is not one of {', '.join(PREDICTIONS)}.")

    def to_dict(self) -> dict:
        return asdict(self)


PRESETS = {
    "tiny": DiTConfig(width=64, depth=2, heads=2, hidden=128, text_width=64),
    "small": DiTConfig(),
    "base": DiTConfig(width=384, depth=8, heads=6, hidden=1024, text_width=256),
}


def attention(
    q: Float[Tensor, "B H N d"], k: Float[Tensor, "B H M d"], v: Float[Tensor, "B H M d"], bias: Tensor | None = None
) -> Float[Tensor, "B H N d"]:
    """softmax(q kᵀ + bias) v, with `bias` (B, 1, N or 1, M) or None. The queries already carry their scale.

    Without gradients this is torch's scaled_dot_product_attention. With gradients on a CPU it is two matrix products and a softmax:
    for clips of a few hundred tokens the backward pass of torch's kernel takes three to four times as long in bf16.
    Built in chapter 4.
    """
    if torch.is_grad_enabled() and q.device.type == "cpu":
        score = q @ k.transpose(-1, -2)                                                 # (B, H, N, M)
        return torch.softmax(score if bias is None else score + bias, dim=-1) @ v
    return F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=1.0)


def text_bias(mask: Bool[Tensor, "B L"], text_shot: Int[Tensor, "B L"], frame_shot: Int[Tensor, "B t"]) -> Float[Tensor, "B t L"]:
    """0 where a frame may see a word, NEVER where not: words of shot 0 are for all frames, others for the frames of their shot."""
    meant = (text_shot[:, None] == 0) | (text_shot[:, None] == frame_shot[:, :, None])  # (B, t, L)
    return torch.where(meant & mask[:, None], 0.0, NEVER)


class Block(nn.Module):
    """Attention to the video beside attention to the text, then SwiGLU; each scaled, shifted and gated by its frame's modulation."""

    def __init__(self, config: DiTConfig):
        super().__init__()
        width, self.heads = config.width, config.heads
        self.ask = nn.Linear(width, 4 * width, bias=False)  # query, key, value; and the query to the text
        self.read = nn.Linear(config.text_width, 2 * width, bias=False)  # key and value of the text
        self.answer = nn.Linear(2 * width, width, bias=False)
        self.up = nn.Linear(width, 2 * config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, width, bias=False)
        self.offset = nn.Parameter(torch.zeros(1, 6, width))  # this block's own part of the shared modulation
        head = width // config.heads
        gain = torch.tensor((head**-0.25, head**-0.25, head**-0.5)).view(3, 1, 1)  # together 1/√d at the start, then learned
        self.gain = nn.Parameter(gain.repeat(1, config.heads, 1))

    def split(self, x: Tensor, parts: int) -> Tensor:
        return x.unflatten(-1, (parts, self.heads, -1)).permute(2, 0, 3, 1, 4)          # (parts, B, H, N, d)

    def forward(self, x: Tensor, modulation: Tensor, turn: tuple[Tensor, Tensor], text: Tensor, bias: Tensor) -> Tensor:
        """`x` (B, t, n, D) with n tokens a frame; `modulation` (B, t, 6, D); `turn` (t, n, pairs) twice; `text` (B, L, Dt) normed;
        `bias` (B, t, L). Time and place stay two axes up to here, so that one compiled block serves every grid."""
        mod = (modulation + self.offset.to(modulation.dtype)).unsqueeze(2).unbind(3)    # 6 of (B, t, 1, D)
        B, t, n, D = x.shape
        turn = tuple(part.flatten(0, 1) for part in turn)                               # (N, pairs)
        bias = bias[:, :, None].expand(-1, -1, n, -1).flatten(1, 2)[:, None]            # (B, 1, N, L)
        h = torch.addcmul(mod[0], F.rms_norm(x, (D,)), 1 + mod[1]).view(B, t * n, D)    # (B, N, D)
        asked = self.ask(h).unflatten(-1, (4, self.heads, -1))                          # (B, N, 4, H, d)
        qkc = F.rms_norm(asked[:, :, :3], asked.shape[-1:]) * self.gain.to(x.dtype)     # (B, N, 3, H, d)
        q, k, c = (part.transpose(1, 2) for part in qkc.unbind(2))                      # (B, H, N, d)
        v = asked[:, :, 3].transpose(1, 2)                                              # (B, H, N, d)
        word, meaning = self.split(self.read(text), 2)                                  # (B, H, L, d)
        seen = attention(rotate(q, *turn), rotate(k, *turn), v)                         # (B, H, N, d)
        told = attention(c, F.rms_norm(word, word.shape[-1:]), meaning, bias)           # (B, H, N, d)
        both = torch.cat((seen, told), dim=1).transpose(1, 2).reshape(B, t * n, -1)     # (B, N, 2D)
        x = torch.addcmul(x, self.answer(both).view_as(x), mod[2])
        h = torch.addcmul(mod[3], F.rms_norm(x, (D,)), 1 + mod[4])                      # (B, t, n, D)
        gate, value = self.up(h).chunk(2, dim=-1)                                       # (B, t, n, hidden)
        return torch.addcmul(x, self.down(F.silu(gate) * value), mod[5])


class DiT(nn.Module):
    """Denoiser of latents. With all weights as they are born its blocks are the identity and its velocity is 0."""

    def __init__(self, config: DiTConfig = DiTConfig()):  # noqa: B008 (frozen)
        super().__init__()
        self.config = config
        width, (pt, ph, pw) = config.width, config.patch
        voxels = config.channels * pt * ph * pw
        self.embed = nn.Linear(voxels, width)
        self.place = nn.Linear(2 * 2 * 8, width, bias=False)  # where in the frame: 8 waves for each of up and right
        self.moment = nn.Sequential(nn.Linear(2 * 16 + 2 * 8 + 1, width), nn.SiLU(), nn.Linear(width, width))
        self.gist = nn.Linear(config.text_width, width, bias=False)  # mean of the words, added to each frame's moment
        self.modulate = nn.Linear(width, 6 * width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.finish = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, voxels)
        self.world = nn.Linear(width, config.labels) if config.labels else None
        for layer in (self.modulate, self.finish, self.out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def moments(self, sigma: Tensor, frame_shot: Tensor, fps: float) -> Tensor:
        """Features of each frame: its noise level, the share of its shot that has passed, its shot's length in seconds."""
        same = frame_shot[:, :, None] == frame_shot[:, None]                            # (B, t, t)
        length = same.sum(-1) - 1                                                       # (B, t)
        passed = (same.tril(-1).sum(-1) / length.clamp(min=1)).float()
        noise = sigma.float()[..., None] * frequencies(16, 0.05, 4.0, sigma.device)  # (B, t, 16)
        share = passed[..., None] * frequencies(8, 0.2, 4.0, sigma.device)           # (B, t, 8)
        seconds = torch.log1p(length * self.config.patch[0] * 4 / fps)[..., None]
        return torch.cat((noise.cos(), noise.sin(), share.cos(), share.sin(), seconds.float()), dim=-1)

    def features(
        self, x: Tensor, sigma: Tensor, text: Tensor, text_mask: Tensor, text_shot: Tensor, frame_shot: Tensor | None, fps: float
    ) -> tuple[Tensor, Tensor | None]:
        """The last layer's output (B, c, t, h, w), and what the auxiliary head tells of each token (B, N, labels) or None."""
        config, grid = self.config, Grid.of_latents(x.shape, self.config.patch)
        if frame_shot is None:
            frame_shot = torch.ones_like(sigma, dtype=torch.long)
        where = positions(grid, fps, config.patch, x.device)                            # (N, 3)
        turn = tuple(part.unflatten(0, (grid.t, -1)) for part in rotary(where, config.width // config.heads))  # (t, n, pairs)
        waves = torch.cat([where[:, axis, None] * frequencies(8, 0.25, 8.0, x.device) for axis in (1, 2)], dim=-1)
        place = self.place(torch.cat((waves.cos(), waves.sin()), dim=-1))               # (N, D)
        tokens = self.embed(patchify(x, config.patch)).unflatten(1, (grid.t, -1)) + place.unflatten(0, (grid.t, -1))  # (B, t, n, D)
        text = F.rms_norm(text, text.shape[-1:])                                        # (B, L, Dt)
        bias = text_bias(text_mask, text_shot, frame_shot)                              # (B, t, L)
        weight = torch.softmax(bias, dim=-1).to(text.dtype)                             # (B, t, L)
        moment = self.moment(self.moments(sigma, frame_shot, fps)) + self.gist(weight @ text)  # (B, t, D)
        moment = F.silu(moment)
        modulation = self.modulate(moment).unflatten(-1, (6, -1))                       # (B, t, 6, D)
        bias = bias.to(tokens.dtype)
        told = None
        for index, block in enumerate(self.blocks):
            tokens = block(tokens, modulation, turn, text, bias)                        # (B, t, n, D)
            if self.world is not None and self.training and index == (len(self.blocks) - 1) // 2:
                told = self.world(F.rms_norm(tokens, tokens.shape[-1:])).flatten(1, 2)  # (B, N, labels)
        shift, scale = self.finish(moment).unsqueeze(2).chunk(2, dim=-1)                # (B, t, 1, D)
        out = self.out(F.rms_norm(tokens, tokens.shape[-1:]) * (1 + scale) + shift)     # (B, t, n, p)
        return unpatchify(out.flatten(1, 2).float(), grid, config.patch), told

    def forward(
        self,
        x: Float[Tensor, "B c t h w"],
        sigma: Float[Tensor, "B t"],
        text: Float[Tensor, "B L Dt"],
        text_mask: Bool[Tensor, "B L"],
        text_shot: Int[Tensor, "B L"],
        frame_shot: Int[Tensor, "B t"] | None = None,
        fps: float = 8.0,
    ) -> Float[Tensor, "B c t h w"]:
        """The velocity (noise - clean) of each latent, whatever the network predicts inside.

        `sigma` is 0 for frames that are known. `text_mask` is True at words; `text_shot` is 0 for words about the whole video, k for
        words about shot k; `frame_shot` numbers each latent frame's shot from 1 (default: one shot). Raises UserError when
        the sides of `x` are no multiples of the patch's.
        """
        out, _ = self.features(x, sigma, text, text_mask, text_shot, frame_shot, fps)
        return velocity_from(out, x, sigma, self.config.prediction)


def without(dit: DiT, block: int) -> DiT:
    """The same network, weights shared, with one block left out: a worse version of itself, for guidance to lead away from.

    Karras et al. 2024 (autoguidance) train a worse network; Hyung et al. 2024 (spatiotemporal skip guidance) skip layers of the one that
    is there. Raises UserError when there is no such block.
    """
    if not 0 <= block < len(dit.blocks):
        raise UserError(f"block={block}: the network has blocks 0 to {len(dit.blocks) - 1}.")
    worse = copy.copy(dit)
    kept = [one for index, one in enumerate(dit.blocks) if index != block]
    worse._modules = {**dit._modules, "blocks": nn.ModuleList(kept)}
    return worse


class Bound:
    """A denoiser bound to a text (and to no text): what `flow.sample` calls.

        bound = Bound(dit, states, mask, shot, null)
        latents = flow.sample(bound, noise, both=bound.both, guidance=3)

    `states` (B, L, Dt), `mask` and `shot` (B, L) are as in DiT.forward; `null` (1, 1, Dt) is the state of the [NULL] token.
    """

    def __init__(
        self,
        dit: DiT,
        states: Tensor,
        mask: Tensor,
        shot: Tensor,
        null: Tensor | None = None,
        frame_shot: Tensor | None = None,
        fps: float = 8.0,
    ):
        self.dit, self.told, self.frame_shot, self.fps = dit, (states, mask, shot), frame_shot, fps
        if null is not None:
            first = torch.zeros_like(mask).index_fill_(1, torch.tensor(0, device=mask.device), True)  # one word, the rest is padding
            untold = (null.expand(*mask.shape, -1), first, torch.zeros_like(shot))
            self.twice = tuple(torch.cat(pair) for pair in zip(self.told, untold, strict=True))

    def __call__(self, x: Tensor, sigma: Tensor) -> Tensor:
        return self.dit(x, sigma, *self.told, self.frame_shot, self.fps)

    def both(self, x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """The velocities with and without the text, from one pass over a batch twice as large."""
        shot = None if self.frame_shot is None else self.frame_shot.repeat(2, 1)
        return self.dit(x.repeat(2, 1, 1, 1, 1), sigma.repeat(2, 1), *self.twice, shot, self.fps).chunk(2)
