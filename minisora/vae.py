"""The video compression network: 1 + 4k frames become 1 + k latent frames, 8× smaller each way. Built in chapter 2.

Causal in time at both ends: latent frame 0 knows the first frame alone, latent frame j the first 1 + 4j frames, and a decoded frame
no later latent. So an image is a video of one frame, encoding a prefix is the prefix of the encoding, and a long video can be coded
in chunks. Made of matrix products: fold 4×4×4 voxels into one vector, look at the neighbours, think, merge 2×2; the decoder mirrors
that and ends in a wide nonlinear read-out, without which everything that moves is blurred (chapter 2 shows it).

Beside all that runs a straight line: one matrix from 8×8×4 voxels to the latents and one back. Training starts them as the
principal components of the clips, the best linear code there is, and every block as the identity; the rest learns what a line cannot.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from minisora.errors import UserError

FOLD = 4  # frames, rows and columns in one cell
MERGE = 2  # cells, each way, in one latent position
FOCUS = 3.0  # how much more an error counts where somebody is or something moves


@dataclass(frozen=True)
class VAEConfig:
    """Sizes of a VideoVAE. `tiny` trains in seconds (tests), `small` in an hour on two cores (the release), `base` is for a GPU."""

    channels: int = 64  # of the latents
    fine: int = 128  # width where a cell is 4×4 pixels
    coarse: int = 192  # width where it is 8×8
    fine_blocks: int = 2
    coarse_blocks: int = 3
    hidden: int = 2  # a block's SwiGLU is this many times as wide as the block
    read: int = 768  # hidden width of the read-out

    @classmethod
    def named(cls, name: str) -> "VAEConfig":
        """One of the named sizes. Raises UserError for any other name."""
        if name not in SIZES:
            raise UserError(f"preset={name}: the autoencoder comes as {', '.join(SIZES)}. Try small.")
        return SIZES[name]


SIZES = {
    "tiny": VAEConfig(channels=8, fine=32, coarse=48, fine_blocks=1, coarse_blocks=1, read=96),
    "small": VAEConfig(),
    "base": VAEConfig(fine=192, coarse=208, fine_blocks=4, coarse_blocks=4, read=1536),
}


class Neighbours(nn.Module):
    """One linear layer over a cell's 3×3 neighbourhood in its own step and over the same cell one step before."""

    def __init__(self, width: int):
        super().__init__()
        self.around = nn.Parameter(torch.zeros(width, 9 * width))
        self.before = nn.Parameter(torch.zeros(width, width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor, past: Tensor | None) -> Tensor:
        B, t, _, _, C = x.shape
        kernel = self.around.view(C, 3, 3, C).permute(0, 3, 1, 2)
        rows = x.flatten(0, 1).permute(0, 3, 1, 2)  # (B·t, C, h, w), channels last in memory: one matrix product
        here = F.conv2d(rows, kernel, self.bias, padding=1).permute(0, 2, 3, 1).unflatten(0, (B, t))
        first = torch.zeros_like(x[:, :1]) if past is None else past
        return here + F.linear(torch.cat([first, x[:, :-1]], 1), self.before)  # (B, t, h, w, C)


class Norm(nn.RMSNorm):
    """RMSNorm in the precision of what it is given: mixed, it would be done in single precision, step by step."""

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, self.normalized_shape, self.weight.to(x.dtype), self.eps)


class SwiGLU(nn.Module):
    def __init__(self, width: int, hidden: int, out: int):
        super().__init__()
        self.up = nn.Linear(width, 2 * hidden)
        self.down = nn.Linear(hidden, out)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.up(x).chunk(2, -1)
        return self.down(F.silu(gate) * value)


class Block(nn.Module):
    """Look at the neighbours, then think; both added to what was there, and at the start nothing. RMSNorm runs over one cell's channels."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.look_norm, self.look = Norm(width), Neighbours(width)
        self.think_norm, self.think = Norm(width), SwiGLU(width, hidden * width, width)
        nn.init.zeros_(self.think.down.weight)
        nn.init.zeros_(self.think.down.bias)

    def forward(self, x: Tensor, past: Tensor | None = None) -> tuple[Tensor, Tensor]:
        seen = self.look_norm(x)
        x = x + self.look(seen, past)
        return x + self.think(self.think_norm(x)), seen[:, -1:]


def fold(x: Tensor, frames: int, side: int) -> Tensor:
    """(B, T, H, W, C) to cells (B, T / frames, H / side, W / side, frames · side · side · C)."""
    return rearrange(x, "B (t f) (h a) (w b) C -> B t h w (f a b C)", f=frames, a=side, b=side)


def unfold(x: Tensor, frames: int, side: int) -> Tensor:
    """The inverse of `fold`."""
    return rearrange(x, "B t h w (f a b C) -> B (t f) (h a) (w b) C", f=frames, a=side, b=side)


class VideoVAE(nn.Module):
    """Encodes video (B, 3, T, H, W) in [-1, 1] to normalised latents (B, c, t, h, w) and decodes them.

    T is 1 + 4k and t is 1 + k; H and W are multiples of 8, h and w an eighth of them. `latent_mean` and `latent_std` (c,) are
    measured over the training clips and stored with the weights: latents are normalised to mean 0 and deviation 1. Then each is
    multiplied by its channel's `latent_gain` (c,), 1 until it is measured: how much the channel shows in the picture, beside the
    average channel, to the power of 3/4. So noise drowns what hardly shows first, and what shows most last, as it does in pixels,
    and a denoiser's loss is not ruled by details that nobody sees.
    """

    def __init__(self, config: VAEConfig | None = None):
        super().__init__()
        self.config = config = config or VAEConfig()
        voxels = FOLD**3 * 3

        def blocks(n: int, width: int) -> nn.ModuleList:
            return nn.ModuleList(Block(width, config.hidden) for _ in range(n))

        self.embed = nn.Linear(voxels, config.fine)
        self.encode_fine = blocks(config.fine_blocks, config.fine)
        self.merge = nn.Linear(MERGE**2 * config.fine, config.coarse)
        self.encode_coarse = blocks(config.coarse_blocks, config.coarse)
        self.to_latent = nn.Sequential(Norm(config.coarse), nn.Linear(config.coarse, 2 * config.channels))
        self.from_latent = nn.Linear(config.channels, config.coarse)
        self.decode_coarse = blocks(config.coarse_blocks, config.coarse)
        self.split = nn.Linear(config.coarse, MERGE**2 * config.fine)
        self.decode_fine = blocks(config.fine_blocks, config.fine)
        self.read = nn.Sequential(Norm(config.fine), SwiGLU(config.fine, config.read, voxels))
        self.line_in = nn.Linear(MERGE**2 * voxels, config.channels)
        self.line_out = nn.Linear(config.channels, MERGE**2 * voxels)
        with torch.no_grad():  # a posterior as wide as its mean would hide the first steps' signal
            self.to_latent[1].weight[config.channels :] *= 0.1
            self.to_latent[1].bias[config.channels :] = -6.0
        self.register_buffer("latent_mean", torch.zeros(config.channels))
        self.register_buffer("latent_std", torch.ones(config.channels))
        self.register_buffer("latent_gain", torch.ones(config.channels))

    def encode(
        self, video: Float[Tensor, "B 3 T H W"], sample: bool = False, chunk: int | None = None
    ) -> Float[Tensor, "B c t h w"]:
        """Normalised latents; the mean unless `sample`. `chunk`: latent frames coded at once (all), for long videos.

        Raises UserError when the frames are not 1 + 4k or a side is no multiple of 8.
        """
        mean, logvar = self.moments(video, chunk)
        z = mean + torch.randn_like(mean) * (logvar / 2).exp() if sample else mean
        return (z - self._stat(self.latent_mean)) / self._stat(self.latent_std / self.latent_gain)

    def decode(self, latents: Float[Tensor, "B c t h w"], chunk: int | None = None) -> Float[Tensor, "B 3 T H W"]:
        """Video (not clamped) of normalised latents. `chunk`: latent frames decoded at once (all of them), for long videos."""
        return self.decode_raw(latents * self._stat(self.latent_std / self.latent_gain) + self._stat(self.latent_mean), chunk)

    def moments(self, video: Float[Tensor, "B 3 T H W"], chunk: int | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance (B, c, t, h, w) of the raw latents, before normalisation."""
        check_video_shape(*video.shape[2:])
        z = _in_chunks(self._encode, self._cells(video), chunk)             # (B, t, h, w, 2c)
        mean, logvar = z.permute(0, 4, 1, 2, 3).float().chunk(2, 1)         # (B, c, t, h, w)
        return mean, logvar.clamp(-12, 6)

    def decode_raw(self, z: Float[Tensor, "B c t h w"], chunk: int | None = None) -> Float[Tensor, "B 3 T H W"]:
        """Video of raw latents."""
        x = _in_chunks(self._decode, z.permute(0, 2, 3, 4, 1), chunk)       # (B, t, 2h, 2w, voxels)
        return unfold(x, FOLD, FOLD)[:, FOLD - 1 :].permute(0, 4, 1, 2, 3)  # (B, 3, T, H, W)

    def forward(self, video: Float[Tensor, "B 3 T H W"]) -> tuple[Tensor, Tensor, Tensor]:
        """For training: the video decoded from sampled latents, and the latents' mean and log-variance (raw)."""
        mean, logvar = self.moments(video)
        return self.decode_raw(mean + torch.randn_like(mean) * (logvar / 2).exp()), mean, logvar

    @staticmethod
    def _cells(video: Tensor) -> Tensor:
        """(B, 3, T, H, W) to (B, t, 2h, 2w, voxels), the first frame four times."""
        x = video.permute(0, 2, 3, 4, 1)                                    # (B, T, H, W, 3)
        return fold(torch.cat([x[:, :1].expand(-1, FOLD - 1, -1, -1, -1), x], 1), FOLD, FOLD)

    def _encode(self, cells: Tensor, memory: list | None) -> tuple[Tensor, list]:
        x, fine = _through(self.encode_fine, self.embed(cells), memory and memory[0])              # (B, t, 2h, 2w, fine)
        x, coarse = _through(self.encode_coarse, self.merge(fold(x, 1, MERGE)), memory and memory[1])  # (B, t, h, w, coarse)
        line = F.pad(self.line_in(fold(cells, 1, MERGE)), (0, self.config.channels))                # (B, t, h, w, 2c)
        return self.to_latent(x) + line, [fine, coarse]

    def _decode(self, z: Tensor, memory: list | None) -> tuple[Tensor, list]:
        x, coarse = _through(self.decode_coarse, self.from_latent(z), memory and memory[0])        # (B, t, h, w, coarse)
        x, fine = _through(self.decode_fine, unfold(self.split(x), 1, MERGE), memory and memory[1])    # (B, t, 2h, 2w, fine)
        return self.read(x) + unfold(self.line_out(z), 1, MERGE), [coarse, fine]                    # (B, t, 2h, 2w, voxels)

    @torch.no_grad()
    def start_linear(self, video: Float[Tensor, "B 3 T H W"], power: float = 0.7) -> None:
        """Makes the untrained network the best linear code of `video`: its principal components, through the straight line alone.

        power: 1 gives every latent channel the same deviation, 0 leaves each as strong as it is in the pixels.
        Raises UserError when `video` has fewer 8×8×4 blocks than there are channels.
        """
        check_video_shape(*video.shape[2:])
        blocks = fold(self._cells(video), 1, MERGE).flatten(0, -2).double()                         # (n, 768)
        channels = self.config.channels
        if len(blocks) <= channels:
            raise UserError(f"{len(blocks)} blocks of 8×8×4 voxels: {channels} channels need more. Give more clips.")
        middle = blocks.mean(0)
        values, axes = torch.linalg.eigh((blocks - middle).T @ (blocks - middle) / len(blocks))
        axes, scale = axes[:, -channels:], values[-channels:].clamp(min=1e-6).sqrt() ** power
        self.line_in.weight.copy_((axes / scale).T)
        self.line_in.bias.copy_(-(middle @ axes) / scale)
        self.line_out.weight.copy_(axes * scale)
        self.line_out.bias.copy_(middle)
        self.to_latent[1].weight[:channels] = 0
        self.to_latent[1].bias[:channels] = 0
        nn.init.zeros_(self.read[1].down.weight)
        nn.init.zeros_(self.read[1].down.bias)

    def freeze_encoder(self) -> None:
        """Leaves only the decoder to be trained: latents that were coded before stay what they are."""
        for part in (self.embed, self.encode_fine, self.merge, self.encode_coarse, self.to_latent, self.line_in):
            part.requires_grad_(False)

    @staticmethod
    def _stat(values: Tensor) -> Tensor:
        return values.view(1, -1, 1, 1, 1)


def _through(blocks: nn.ModuleList, x: Tensor, memory: list | None) -> tuple[Tensor, list]:
    """x after all blocks, and what each block saw last: its memory for the chunk that follows."""
    last = []
    for index, block in enumerate(blocks):
        x, seen = block(x, memory[index] if memory else None)
        last.append(seen)
    return x, last


def _in_chunks(code, x: Tensor, chunk: int | None) -> Tensor:
    """`code` over x (B, t, ...), `chunk` steps at a time, each with the memory of the one before."""
    if chunk is None or chunk >= x.shape[1]:
        return code(x, None)[0]
    if chunk < 1:
        raise UserError(f"chunk={chunk}: latent frames coded at once, 1 or more. Try chunk=8.")
    parts, memory = [], None
    for part in x.split(chunk, 1):
        done, memory = code(part, memory)
        parts.append(done)
    return torch.cat(parts, 1)


def check_video_shape(frames: int, height: int, width: int) -> None:
    """Raises UserError unless frames is 1 + 4k and both sides are multiples of 8."""
    if frames < 1 or (frames - 1) % FOLD:
        near = 1 + FOLD * max(0, round((frames - 1) / FOLD))
        raise UserError(f"frames={frames}: the autoencoder codes 1 + 4k frames (1, 5, 9, ...). Try frames={near}.")
    step = FOLD * MERGE
    for name, side in (("height", height), ("width", width)):
        if side < step or side % step:
            raise UserError(f"{name}={side}: sides are multiples of {step} pixels. Try {name}={max(step, step * round(side / step))}.")


def loss(
    output: Float[Tensor, "B 3 T H W"], video: Float[Tensor, "B 3 T H W"], mean: Tensor, logvar: Tensor, kl: float = 1e-5,
    focus: float = FOCUS,
) -> Tensor:  # fmt: skip
    """What training makes small: absolute and squared error, weighted up on what moves and on saturated colours, with those of the
    differences between neighbouring pixels (outlines), plus `kl` times the latents' distance from a unit Gaussian.

    Characters are far more saturated than the places that they stand in, and small; unweighted, their outlines would be noise
    beside the sky. The weight reaches two pixels around them, where ink outlines and eyes lie.
    """
    off = output.float() - video                                                    # (B, 3, T, H, W)
    weight = (1 + focus * attention(video)).unsqueeze(1)                            # (B, 1, T, H, W)
    pixels = (weight * (off.abs() + off.square())).mean()
    down = (weight[..., 1:, :] * (off[..., 1:, :] - off[..., :-1, :]).abs()).mean()
    across = (weight[..., 1:] * (off[..., 1:] - off[..., :-1]).abs()).mean()
    gauss = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum((1, 2, 3, 4)).mean()
    return pixels + 0.5 * (down + across) + kl * gauss / video[0, 0].numel()


def attention(video: Float[Tensor, "B 3 T H W"]) -> Float[Tensor, "B T H W"]:
    """1 where something moves or is strongly coloured, and two pixels around it; 0 where nothing is."""
    high, low = video.amax(1), video.amin(1)                                        # (B, T, H, W)
    saturation = (high - low) / (high + 1).clamp(min=0.4)
    moving = (video[:, :, 1:] - video[:, :, :-1]).abs().amax(1)                     # (B, T - 1, H, W)
    moving = F.pad(moving, (0, 0, 0, 0, 1, 0))
    seen = torch.maximum(((saturation - 0.4) * 5).clamp(0, 1), (moving * 3 - 0.2).clamp(0, 1))
    return F.max_pool2d(seen, 5, stride=1, padding=2)
