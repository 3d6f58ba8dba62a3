"""How much of this machine's matrix-product speed the trainings reach, beside the same work in the classes of diffusers.

    python benchmarks/speed.py [--threads 2] [--compiled] [--json speed.json]

In one run: the rate of bf16 matrix products; one training step of the denoiser (64 clips of 80 tokens) and of the autoencoder (8 clips),
each with what its arithmetic would take at that rate; one forward pass and a whole guided sampling of one clip; and forward and backward
of Latte, LTX, Wan and CogVideoX at our width, depth, tokens and words (`pip install diffusers`; skipped where it is missing).
Everything runs in bf16 autocast, or in single precision where the processor has no bf16.
"""

import argparse
import contextlib
import json
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from minisora import flow
from minisora.dit import PRESETS, Bound, DiT
from minisora.text import TextConfig, TextEncoder
from minisora.train.common import bf16_is_fast
from minisora.train.dit import ENDS, Denoiser
from minisora.train.optim import MuonAdamW, split_parameters
from minisora.train.vae import ENDS as VAE_ENDS
from minisora.vae import VideoVAE
from minisora.vae import loss as vae_loss

CLIPS, FRAMES, SIDE, CHANNELS, WORDS, VOCABULARY = 64, 5, 8, 64, 32, 500  # latents of 17 frames of 64×64
Step = Callable[[], object]


def precision():
    return torch.autocast("cpu", torch.bfloat16, enabled=bf16_is_fast("cpu"))


def seconds(step: Step, repeats: int) -> float:
    """The median time of a step, after one that is not counted."""
    step()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        step()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def operations(step: Step) -> float:
    """Multiplications and additions of the matrix products in a step."""
    with FlopCounterMode(display=False) as counter:
        step()
    return float(counter.get_total_flops())


def matmul_rate(size: int = 2048, repeats: int = 9) -> float:
    """Operations per second of a bf16 (or fp32) matrix product of size × size."""
    a, b = torch.randn(2, size, size, dtype=torch.bfloat16 if bf16_is_fast("cpu") else torch.float32)
    return 2 * size**3 / seconds(lambda: a @ b, repeats)


def denoiser() -> tuple[Denoiser, dict, torch.Tensor]:
    """A small denoiser with no zeros in it, and a batch of noise."""
    text = TextConfig.named("small", VOCABULARY)
    network = Denoiser(DiT(replace(PRESETS["small"], channels=CHANNELS)), TextEncoder(text))
    for value in network.parameters():
        if not value.any():
            nn.init.normal_(value, std=0.02)
    batch = {
        "ids": torch.randint(3, VOCABULARY, (CLIPS, WORDS)), "mask": torch.ones(CLIPS, WORDS, dtype=torch.bool),
        "shot": torch.zeros(CLIPS, WORDS, dtype=torch.long), "frame_shot": torch.ones(CLIPS, FRAMES, dtype=torch.long),
        "sigma": torch.rand(CLIPS, 1).expand(CLIPS, FRAMES),
    }  # fmt: skip
    return network, batch, torch.randn(CLIPS, CHANNELS, FRAMES, SIDE, SIDE)


def denoiser_step(compiled: bool, whole: bool) -> Step:
    """Forward and backward of the denoiser; `whole`: with text encoder, gradients clipped and the optimiser's step."""
    network, batch, x = denoiser()
    words = torch.randn(CLIPS, WORDS, network.text.config.width)
    if compiled:
        for block in network.dit.blocks:
            block.compile()
    optimizer = MuonAdamW(*split_parameters(network, ENDS), muon=1e-5, adamw=1e-5)

    def step():
        with precision():
            out = network(x, batch)[0] if whole else network.dit(x, batch["sigma"], words, batch["mask"], batch["shot"])
            loss = out.float().square().mean()
        loss.backward()
        if whole:
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
        optimizer.zero_grad()

    return step


def autoencoder_step(compiled: bool) -> Step:
    """A whole step of the autoencoder's training on 8 clips."""
    network, video = VideoVAE(), torch.rand(8, 3, 17, 64, 64) * 2 - 1
    optimizer = MuonAdamW(*split_parameters(network, VAE_ENDS), muon=1e-5, adamw=1e-5)

    def cost():
        output, mean, logvar = network(video)
        return vae_loss(output, video, mean, logvar)

    run = torch.compile(cost, dynamic=False) if compiled else cost

    def step():
        with precision():
            value = run()
        value.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def sampling() -> tuple[Step, Step]:
    """One forward pass for one clip, and 25 guided steps of one clip."""
    network, batch, x = denoiser()
    network.eval()
    words, mask, shot = torch.randn(1, WORDS, network.text.config.width), batch["mask"][:1], batch["shot"][:1]
    bound = Bound(network.dit, words, mask, shot, words[:, :1])

    @torch.no_grad()
    def forward():
        with precision():
            return bound(x[:1], batch["sigma"][:1])

    @torch.no_grad()
    def whole():
        with precision():
            return flow.sample(bound, x[:1], both=bound.both, guidance=3.0, steps=25)

    return forward, whole


def peers() -> dict[str, Callable[[], Step]]:
    """Forward and backward in the classes of diffusers, same width (256), blocks (8), heads (4 of 64), latents and words."""
    from diffusers import CogVideoXTransformer3DModel, LatteTransformer3DModel, LTXVideoTransformer3DModel, WanTransformer3DModel

    heads = dict(num_attention_heads=4, attention_head_dim=64)
    latents, when = torch.randn(CLIPS, CHANNELS, FRAMES, SIDE, SIDE), torch.rand(CLIPS) * 1000
    words = torch.randn(CLIPS, WORDS, 192)
    patches = torch.randn(CLIPS, FRAMES * (SIDE // 2) ** 2, 4 * CHANNELS)
    shape = dict(num_frames=FRAMES, height=SIDE // 2, width=SIDE // 2)

    def cogvideox():
        net = CogVideoXTransformer3DModel(
            **heads, in_channels=CHANNELS, out_channels=CHANNELS, time_embed_dim=256, text_embed_dim=192, num_layers=8, sample_width=SIDE,
            sample_height=SIDE, sample_frames=17, patch_size=2, max_text_seq_length=WORDS, use_rotary_positional_embeddings=False,
        )  # fmt: skip
        return net, lambda: net(latents.transpose(1, 2), words, when, return_dict=False)[0]

    def ltx():
        net = LTXVideoTransformer3DModel(
            **heads, in_channels=4 * CHANNELS, out_channels=4 * CHANNELS, num_layers=8, cross_attention_dim=256, caption_channels=192
        )
        return net, lambda: net(patches, words, when, torch.ones(CLIPS, WORDS), **shape, return_dict=False)[0]

    def wan():
        net = WanTransformer3DModel(
            **heads, patch_size=(1, 2, 2), in_channels=CHANNELS, out_channels=CHANNELS, text_dim=192, ffn_dim=1024, num_layers=8,
            rope_max_seq_len=64,
        )  # fmt: skip
        return net, lambda: net(latents, when, words, return_dict=False)[0]

    def latte():  # 4 spatial and 4 temporal blocks
        net = LatteTransformer3DModel(
            **heads, in_channels=CHANNELS, out_channels=CHANNELS, num_layers=4, cross_attention_dim=256, sample_size=SIDE, patch_size=2,
            caption_channels=192, video_length=FRAMES, norm_type="ada_norm_single", num_embeds_ada_norm=1000, attention_bias=True,
            activation_fn="gelu-approximate", norm_elementwise_affine=False, norm_eps=1e-6,
        )  # fmt: skip
        return net, lambda: net(latents, when.long(), words, return_dict=False)[0]

    return {"CogVideoX": cogvideox, "LTX": ltx, "Wan": wan, "Latte": latte}


def peer_step(make: Callable, compiled: bool) -> tuple[Step, float]:
    """Forward and backward of a peer, and its millions of parameters."""
    net, run = make()
    net.train()
    if compiled:  # block by block, as ours
        for blocks in (child for child in net.children() if isinstance(child, nn.ModuleList)):
            for block in blocks:
                block.compile()

    def step():
        with precision():
            loss = run().float().square().mean()
        loss.backward()
        net.zero_grad()

    return step, sum(value.numel() for value in net.parameters()) / 1e6


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked.add_argument("--repeats", type=int, default=7)
    asked.add_argument("--compiled", action="store_true", help="torch.compile as well (needs a C++ compiler, takes minutes)")
    asked.add_argument("--json", type=Path, metavar="FILE", help="write the figures here too")
    args = asked.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    warnings.filterwarnings("ignore")
    rate = matmul_rate()
    machine = platform.processor() or platform.machine()
    found = {"machine": machine, "threads": args.threads, "torch": torch.__version__, "matmul_gflops": rate / 1e9}
    print(f"{'bf16' if bf16_is_fast('cpu') else 'fp32'} matrix products: {rate / 1e9:.0f} GFLOP/s with {args.threads} threads")

    def report(name: str, step: Step, work: float | None = None) -> None:
        taken = seconds(step, args.repeats)
        found[name] = {"seconds": taken, **({"share": work / taken / rate} if work else {})}
        print(f"{name:<58}{1000 * taken:9.0f} ms" + (f"{100 * work / taken / rate:7.0f} % of the matmul rate" if work else ""), flush=True)

    modes = [("eager", False), ("compiled", True)] if args.compiled else [("eager", False)]
    whole, bare = operations(denoiser_step(False, True)), operations(denoiser_step(False, False))
    coder = operations(autoencoder_step(False))
    for mode, compiled in modes:
        report(f"denoiser: training step with optimiser, {mode}", denoiser_step(compiled, True), whole)
        report(f"autoencoder: training step with optimiser, {mode}", autoencoder_step(compiled), coder)
        report(f"minisora: forward and backward, {mode}", denoiser_step(compiled, False), bare)
        with contextlib.suppress(ImportError):
            for name, make in peers().items():
                try:
                    step, millions = peer_step(make, compiled)
                    report(f"{name} ({millions:.1f} M): forward and backward, {mode}", step, operations(step))
                except Exception as error:  # another version of diffusers asks for other arguments
                    print(f"{name}: not run, {type(error).__name__}: {str(error)[:90]}")
    for name, step in zip(("one forward pass of one clip", "25 guided steps of one clip"), sampling(), strict=True):
        report(f"denoiser: {name}, eager", step)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
