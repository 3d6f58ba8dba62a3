# %% [markdown]
# # 06 · Image animation: a noise level for every frame
#
# **The claim of this chapter: a model that makes videos of sentences can bring pictures to life with nothing added to it. No second network, no
# new input, no switch. Each frame of a video gets a noise level of its own, and a frame that is known has level 0.**
#
# You built all parts in chapters 1 to 5. This one adds a single idea and then looks hard at it, because the idea is small and the ways of getting it
# almost right are many. One of them looks perfect in training and gives films in which nothing ever moves; we shall catch it with
# a network of some 40,000 numbers.
#
# **When you are through, you can**
#
# - say why overwriting frames while a sampler runs is not the same as knowing them, and prove it in a world whose answer is known exactly;
# - write the sampler in which known frames do not move by a single bit, and prove it equal to the package's;
# - say what a network must have seen in training before it can be told that a frame is known;
# - bring a picture of the toy world, and one of your own, to life;
# - find out whether the code of a first frame knows the future, and measure how much of it can be read there.
#
# **What you need:** noise, velocity and the sampler (chapter 3), the causal autoencoder (chapter 2). *About an hour and a few minutes of
# computing. Six exercises; nothing below depends on your answers.*

# %% [markdown]
# ## 1 · The finished thing first
#
# A picture, drawn by the toy world, and a sentence that says what should happen in it:

# %% tags=["slide"]
import random
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn

from minisora import MiniSora, Video, flow
from minisora.bench.seams import change, psnr
from minisora.check import check
from minisora.show import AXES, gallery, show
from minisora.windows import settled
from minisora.world.render import render
from minisora.world.scene import COLOURS, KINDS, LOOKS, PLACES, Actor, Character, Event, Scene, Shot

sora = MiniSora.from_pretrained()
snow = Shot("snow", 0.0, (Actor(0, x=-0.22),), layout=3)
picture = render(Scene((Character("ball", "red", "large"),), (snow,)), 64, 64)[0]         # (H, W, 3)
sentence = "a large red ball rolls to the right in the snow"
film = sora.animate(picture, sentence)
gallery([picture, film], ["the picture", sentence], alt="A red ball in the snow, and nine frames of what was made of it")

# %%
show(film, alt=f"A clip of two seconds that begins with the picture: {sentence}")

# %% tags=["nbval-check-output"]
assert (film.frames[0] == picture).all() and (film.frames[1:] != picture).any()
print(f"{len(film)} frames; the first is the picture, every pixel of it")

# %% [markdown]
# Look at what has been kept: the place with its trees and stones, the light, the red. The sentence mentions hardly any of it. How well the ball keeps
# its outline, and whether it *rolls*, depends on how long the shipped weights were trained, and section 8 will count instead of guess. That the film begins with
# this picture, and goes on in this place, does not depend on it.
#
# ### Sora says, we do, nobody outside knows
#
# | | Sora's report says | we do | nobody outside knows |
# |---|---|---|---|
# | **from a picture** | the model makes videos from a picture and a prompt; shown on pictures that DALL·E 2 and 3 had made | the same; the pictures are the toy world's, and yours | how the picture enters the network |
# | **one model** | text, pictures and videos can all prompt it, so the same model animates, extends and edits | one set of weights; a mask says which latent frames are known | whether one set of weights did it all, and what share of the training was such |
# | **pictures** | it makes pictures too: patches of noise in a grid that is one frame long | the same: `sora.image` | what share of the training was pictures |
# | **first frame** | a compression network shrinks videos in time and space | frame 0 is coded alone, then four at a time | whether theirs codes the first frame alone |
#
# Source: OpenAI, [*Video generation models as world simulators*](https://openai.com/index/video-generation-models-as-world-simulators/) (February 2024), sections "Prompting with
# images and videos", "Animating DALL·E images", "Image generation capabilities" and "Video compression network".

# %% [markdown]
# ## 2 · The naive version: paste it in
#
# The first idea that anybody has: generate a video of the sentence, and put the picture in front of it.

# %% tags=["slide"]
pasted = sora.generate(sentence, seed=1)
pasted.frames[0] = picture
gallery([pasted, film], ["pasted in front", "animated"], alt="Nine frames of a clip that should begin with the picture")
jumps = [change(video.frames[0], video.frames[1]) for video in (pasted, film)]
assert jumps[0] > jumps[1], "the pasted picture should not fit to what follows"
print("from frame 0 to frame 1 the pixels change by {:.1f} levels of 255 on average when pasted, by {:.1f} when animated".format(*jumps))

# %% [markdown]
# It is a film with a picture in front of it. The sentence asked for *a* snowy place and got one, but not this one. The rest of the video must be
# made *knowing* the picture, so the picture has to be there while the video is made.
#
# That is the second idea: the sampler goes from noise to video in steps, so **overwrite** the first frame in every step. All frames of a video in the
# making are equally noisy. So before each step we throw away what the sampler has in frame 0, and write the picture there, with just as much noise as
# the other frames have at that moment. The network never needs to hear of it. It looks like a sound plan, and for image inpainting it has been used a lot.
# To see what is wrong with it, we need a world in which we know what is right.
#
# ## 3 · A world in which the answer is known
#
# A video has five latent frames here, and each is a single number: where a walker stands. It starts somewhere (standard deviation 1), walks at a constant
# speed that can be anything (standard deviation ½ per frame), and trembles a little (0.1). All these are Gaussians, so a video is a Gaussian with five
# dimensions, and everything is known of it. `COV` says how frames hang together.

# %%
t = 5
j = torch.arange(t).float()
COV = 1.0 + 0.5**2 * j[:, None] * j + 0.1**2 * torch.eye(t)                             # (t, t): start, speed, tremble

START = 1.5                                                                             # this is where it stands in frame 0
hold = COV[1:, 0] / COV[0, 0]                                                           # (t - 1,)
true_mean = hold * START
true_cov = COV[1:, 1:] - hold[:, None] * COV[0, 1:]                                     # (t - 1, t - 1)
walks = torch.randn(150, t - 1, generator=torch.Generator().manual_seed(0))
truth = true_mean + torch.cat((walks, -walks)) @ torch.linalg.cholesky(true_cov).T                    # (300, t - 1)

# %% [markdown]
# `truth` holds 300 walks that begin at 1.5, drawn from the textbook's formula for a Gaussian of which one number is known. Nobody said how fast it goes, so
# they fan out. This is what a perfect animator would make of the "picture" 1.5.
#
# Chapter 3 found the best denoiser of a Gaussian in closed form. Nothing in it demands that all frames have the *same* noise level. If frame $j$ has level
# $\sigma_j$, what we see is $x_j = (1-\sigma_j)\,\text{clean}_j + \sigma_j\,\text{noise}_j$, a Gaussian again, and the best guess of the velocity is four lines:

# %% tags=["slide-code"]
def best_velocity(x: Tensor, sigma: Tensor) -> Tensor:
    """The best guess of noise - clean in this world. x: (B, 1, t, 1, 1); sigma: (B, t), a level for each frame."""
    keep = torch.diag_embed(1 - sigma)                                                  # (B, t, t)
    spread = keep @ COV @ keep + torch.diag_embed(sigma**2)                             # (B, t, t): how the x hang together
    surprise = torch.linalg.solve(spread, x[:, 0, :, 0])                                # (B, t, 1)
    clean, noise = COV @ keep @ surprise, sigma[..., None] * surprise                   # (B, t, 1) each
    return (noise - clean)[:, None, ..., None]                                          # (B, 1, t, 1, 1)

# %% [markdown]
# Now two samplers. They differ in what they do with the known frames, and in what they *tell* the network about them.

# %%
def levels(steps: int) -> list[tuple[float, float]]:
    """(now, then) of each step from 1 down to 0."""
    return list(pairwise(torch.linspace(1, 0, steps + 1, dtype=torch.float64).tolist()))


def frames(known: Tensor) -> Tensor:
    """(B, t) shaped to go with latents: (B, 1, t, 1, 1)."""
    return known[:, None, :, None, None]


def by_overwriting(denoise, noise, clean, known, steps=25):
    """All frames at one level. Before each step the known ones are overwritten with themselves, as noisy as the rest."""
    x = noise
    for now, then in levels(steps):
        sigma = torch.full(known.shape, now)                                            # (B, t): the same for all
        x = torch.where(frames(known), flow.add_noise(clean, noise, sigma), x)
        x = x + (then - now) * denoise(x, sigma)
    return torch.where(frames(known), clean, x)


def by_frame(denoise, noise, clean, known, steps=25):
    """Each frame at its own level: known ones at 0 from the first step to the last."""
    x = torch.where(frames(known), clean, noise)
    for now, then in levels(steps):
        sigma = torch.where(known, 0.0, now)                                            # (B, t)
        moved = x + (then - now) * denoise(x, sigma)
        x = torch.where(frames(known), x, moved)
    return x

# %% [markdown]
# **Predict before you run.** Three fans: the truth, overwriting, a level for each frame. Both samplers have the perfect denoiser, so no network is to
# blame for anything. Where will the walks made by overwriting be in frame 1, right after the known one: at 1.5, above it, or below?

# %% tags=["slide"]
half = torch.randn(150, 1, t, 1, 1, generator=torch.Generator().manual_seed(1))
noise = torch.cat((half, -half))                                                        # each with its opposite, so that means are exact
known = (torch.arange(t) == 0).expand(300, t)                                           # (B, t): the first frame
clean = torch.zeros_like(noise)
clean[:, :, 0] = START
made = {name.__name__: name(best_velocity, noise, clean, known)[:, 0, :, 0, 0] for name in (by_overwriting, by_frame)}
fans = {"the truth": torch.cat((torch.full((300, 1), START), truth), 1), "overwritten": made["by_overwriting"],
        "a level for each frame": made["by_frame"]}  # fmt: skip

fig, axes = plt.subplots(1, 3, figsize=(10, 3), sharey=True, layout="constrained")
for ax, (name, walk) in zip(axes, fans.items(), strict=True):
    ax.plot(walk[::15].T, color="#BBBBBB", lw=0.8)
    ax.plot(walk.mean(0), "o-", color=AXES["t"], lw=2.5, label="mean")
    ax.plot([0], [START], "s", color="#222222", ms=8, label="known")
    ax.set(title=name, xticks=range(t), ylim=(-4, 6))
    ax.set_xlabel("latent frame", color=AXES["t"])
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("where it stands")
axes[0].legend(frameon=False, loc="upper left")
show(fig, alt="Three fans of walks from 1.5. The truth's mean stays at 1.5; overwritten, it drops at once and ends near 0; with a level for each frame it stays")

# %% [markdown]
# Everything here is linear and each noise was used with its opposite, so the means are exact, whatever the noise:

# %% tags=["nbval-check-output"]
for name, walk in fans.items():
    print(f"{name:22}", [round(value, 2) for value in walk[:, 1:].mean(0).tolist()])
torch.testing.assert_close(made["by_frame"][:, 1:].mean(0), true_mean, atol=0.02, rtol=0)
spread = made["by_frame"][:, 1:].std(0) / true_cov.diag().sqrt()
assert (spread - 1).abs().max() < 0.15, "the fan should be as wide as the truth's"

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# Below. Overwriting jumps: frame 1 lies far under frame 0, though nobody in this world takes such a step, and by the last frame the walks have forgotten
# where they began. Look at the first steps to see why. At level 1 the overwritten frame is *pure noise*, like the rest. At 0.9 a tenth of the picture shines through.
# But large things are decided first (chapter 3): in just these steps the sampler settles where the walk will be, and it does so almost without having seen
# the picture. When the picture is clear at last, everything else has been decided. And the network is *told* that frame 0 is as noisy as
# all others, so it believes only a part of it.
#
# The sampler with a level for each frame shows the whole picture from the first step on, and says so. Its means are the textbook's.
# </details>
#
# Nothing about this is special to our little world. Ho and others measured it on videos (*Video Diffusion Models*, 2022, section 3.1): frames made by overwriting look fine one by one and
# do not fit to those that are known. One can mend it from outside, by going back and forth many times (RePaint, Lugmayr and others, 2022) or with an extra
# pull. Or one can do it right.
#
# ## 4 · A noise level for each frame
#
# So here is the whole idea. Instead of one `sigma` for a video, `(B,)`, there are `t` of them, `(B, t)`. The network has been built for that from the
# beginning: in chapter 4 every frame's tokens are modulated by *their frame's* noise level. A sentence alone is the mask "nothing known". A picture to be brought to
# life is "the first frame". In chapter 7 other masks will extend, fill, connect and loop.
#
# Is our sampler the package's? In the Gaussian world, with every kind of mask, in each of its steps; and does what is known stay where it is, bit for bit?

# %% tags=["nbval-check-output"]
from minisora.frames import KINDS as MASKS
from minisora.frames import mask

pieces = torch.randn(7, 1, t, 1, 1, generator=torch.Generator().manual_seed(2))         # "videos" of which frames are known
kinds = torch.stack([mask(kind, t, window=2, generator=torch.Generator().manual_seed(3)) for kind in MASKS])  # (7, t)
start = noise[:7]
torch.testing.assert_close(
    by_frame(best_velocity, start, pieces, kinds), flow.sample(best_velocity, start, steps=25, known=kinds, clean=pieces, shift=1.0)
)
for step in flow.sample_steps(best_velocity, start, steps=25, known=kinds, clean=pieces):
    assert torch.equal(step.x[frames(kinds)], pieces[frames(kinds)]), "a known frame has moved"
print(f"{len(MASKS)} masks: our sampler ends where the package's ends, and no known frame moved in any step")

# %% [markdown]
# Why insist on *bit for bit*? A network's velocity for a known frame is never exactly 0. Added up over 25 steps, small errors would wash the
# picture out; so what is known is not updated at all. The network's opinion of it is thrown away.
#
# ### Exercise 6.1 · Noise for what is not known
# *8 minutes · a first step*
#
# What a network sees in training: each video with its own noise level, but no noise on its known frames; and the levels, as the network must be told them.
#
# ```
#   clean, noise  (B, c, t, h, w)                     x      (B, c, t, h, w)
#   level         (B,)      0.8           ──►         sigma  (B, t)           0   0.8  0.8  0   0.8
#   known         (B, t)    ■ · · ■ ·
# ```

# %% tags=["exercise"]
def noisy(clean: Tensor, noise: Tensor, level: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """x (B, c, t, h, w), with noise on the frames that are not `known` (B, t), and sigma (B, t). `level` is (B,), one for each video."""
    raise NotImplementedError


# %% tags=["solution"]
def noisy(clean: Tensor, noise: Tensor, level: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """x (B, c, t, h, w), with noise on the frames that are not `known` (B, t), and sigma (B, t). `level` is (B,), one for each video."""
    sigma = torch.where(known, 0.0, level[:, None])                                     # (B, t)
    shaped = sigma[:, None, :, None, None]                                              # (B, 1, t, 1, 1)
    return (1 - shaped) * clean + shaped * noise, sigma


# %% tags=["check"]
check("6.1", noisy)

# %% [markdown] tags=["hint"]
# Make `sigma` first. Where a frame is known it is 0, elsewhere it is the video's level. Then chapter 3's line from clean to noise does the rest by itself.

# %% [markdown] tags=["hint"]
# `level[:, None]` is `(B, 1)` and goes with `known`, `(B, t)`, in `torch.where(known, 0.0, level[:, None])`.

# %% [markdown] tags=["hint"]
# To multiply latents, `sigma` needs its two axes at places 0 and 2: `sigma[:, None, :, None, None]`.

# %% [markdown]
# ### Exercise 6.2 · One step of the sampler
# *10 minutes · needs thought*
#
# One step of Euler's from level `now` down to level `then`. `denoise(x, sigma)` gives the velocity. The known frames are in `x` already, clean. Two things must be
# right: where they end, and what the network is told.
#
# ```
#   x     (B, c, t, h, w)      known (B, t)      denoise: (B, c, t, h, w), (B, t) ──► (B, c, t, h, w)
#   now 0.8, then 0.7    ──►   known frames as they were; the others a tenth of the way further
# ```

# %% tags=["exercise"]
def one_step(denoise, x: Tensor, known: Tensor, now: float, then: float) -> Tensor:
    """x after a step from level `now` to level `then` (now > then); frames that are `known` (B, t) have level 0 and stay as they are."""
    raise NotImplementedError


# %% tags=["solution"]
def one_step(denoise, x: Tensor, known: Tensor, now: float, then: float) -> Tensor:
    """x after a step from level `now` to level `then` (now > then); frames that are `known` (B, t) have level 0 and stay as they are."""
    sigma = torch.where(known, 0.0, now)                                                # (B, t)
    moved = x + (then - now) * denoise(x, sigma)
    return torch.where(known[:, None, :, None, None], x, moved)


# %% tags=["check"]
check("6.2", one_step)

# %% [markdown] tags=["hint"]
# The network wants a level for each frame, `(B, t)`: 0 where known, `now` elsewhere.

# %% [markdown] tags=["hint"]
# The velocity points from clean to noise, and `then - now` is negative: `x + (then - now) * velocity` goes the right way.

# %% [markdown] tags=["hint"]
# `torch.where(known[:, None, :, None, None], x, moved)` chooses frame by frame.

# %% [markdown]
# ## 5 · What training must have shown
#
# In the Gaussian world the denoiser was a formula and understood any levels. A network understands what it has seen. One that was trained with a single
# level per video has never met a clean frame beside noisy ones, and will not know that it may trust it. So in training some frames are given away: they
# stay clean, their level is 0, and the loss does not count them (chapter 3's `flow.loss` has an argument for that; what was given away costs nothing and teaches nothing).
#
# Which frames? All the ways in which anybody might ask later. The package knows seven kinds of masks:

# %% tags=["slide"]
from minisora.frames import Mix

fig, axes = plt.subplots(1, 7, figsize=(11, 1.5), layout="constrained")
for ax, kind in zip(axes, MASKS, strict=True):
    row = mask(kind, 5, window=2, generator=torch.Generator().manual_seed(3))
    for k, there in enumerate(row.tolist()):
        ax.add_patch(plt.Rectangle((k, 0), 0.9, 0.9, fc=AXES["t"] if there else "white", ec="#888888"))
    ax.set(xlim=(-0.1, 5), ylim=(-0.1, 1), xticks=[], yticks=[], title=kind, xlabel=f"{getattr(Mix(), kind):.0%}")
    ax.set_aspect("equal")
    ax.spines[:].set_visible(False)
words = ", ".join(f"{kind} {getattr(Mix(), kind):.0%}" for kind in MASKS)
show(fig, alt=f"Seven rows of five squares, the known latent frames filled, with the share of each kind in training: {words}")

# %% [markdown]
# More than half of the training shows no known frame at all. The plain way, from a sentence alone, is the hardest of them and has to be learned in any case; a
# model that is always handed something soon leans on it. Drawing a batch of masks is then a matter of rolling dice twice: which kind, and, for a prefix or suffix, how long.

# %%
def draw(count: int, t: int, mix: Mix, generator: torch.Generator) -> Tensor:
    """Masks (count, t): kinds by their shares, windows from two frames to all but one."""
    shares = torch.tensor([getattr(mix, kind) for kind in MASKS])
    rows = []
    for number in torch.multinomial(shares, count, replacement=True, generator=generator).tolist():
        window = int(torch.randint(2, max(t, 3), (1,), generator=generator))
        rows.append(mask(MASKS[number], t, window=window, generator=generator))
    return torch.stack(rows)

# %% tags=["nbval-check-output"]
from minisora.frames import draw_masks

for length in (1, 2, 5, 9):
    ours, theirs = (made(64, length, Mix(), torch.Generator().manual_seed(length)) for made in (draw, draw_masks))
    torch.testing.assert_close(ours, theirs)
    assert not theirs.all(1).any(), "something must be left to be made"
many = draw_masks(4000, 5, Mix(), torch.Generator().manual_seed(0))
assert abs((~many.any(1)).float().mean() - 0.60) < 0.04 and 0.22 < many[:, 0].float().mean() < 0.34
print("the same masks as the package's; about six in ten know nothing, every fourth knows the first frame")

# %% [markdown]
# ### Exercise 6.3 · The kinds of masks
# *10 minutes · needs thought*
#
# Write five of the seven yourself (`none` and `random` are dull). Whatever is asked, at least one frame is left to be made, for a video of nothing but
# known frames teaches nothing. With `t = 1` that leaves nothing to be known.
#
# ```
#   "first", t = 5             ■ · · · ·              "prefix", t = 5, window = 2      ■ ■ · · ·
#   "last",  t = 5             · · · · ■              "suffix", t = 5, window = 2      · · · ■ ■
#   "ends",  t = 5             ■ · · · ■              "prefix", t = 3, window = 9      ■ ■ ·
# ```

# %% tags=["exercise"]
def which(kind: str, t: int, window: int = 1) -> Tensor:
    """The known ones of `t` latent frames (1, or 3 and more), as (t,) of bool; "prefix" and "suffix" know `window`, at most t - 1."""
    raise NotImplementedError


# %% tags=["solution"]
def which(kind: str, t: int, window: int = 1) -> Tensor:
    """The known ones of `t` latent frames (1, or 3 and more), as (t,) of bool; "prefix" and "suffix" know `window`, at most t - 1."""
    window = min(window, t - 1)
    known = torch.zeros(t, dtype=torch.bool)
    if t == 1:
        return known
    if kind in ("first", "ends"):
        known[0] = True
    if kind in ("last", "ends"):
        known[-1] = True
    if kind == "prefix":
        known[:window] = True
    if kind == "suffix":
        known[t - window :] = True
    return known


# %% tags=["check"]
check("6.3", which)

# %% [markdown] tags=["hint"]
# Begin with `torch.zeros(t, dtype=torch.bool)` and set some places to True.

# %% [markdown] tags=["hint"]
# Cut the window to size first: `min(window, t - 1)`. With `t = 1` that is 0, and there a slice from the end, `known[-window:]`, goes wrong: it is the whole
# row. `known[t - window:]` does not.

# %% [markdown]
# ### Exercise 6.4 · Rounded outward
# *12 minutes · needs thought*
#
# Users think in frames, the model in latent frames, each of which holds one frame (the first) or four. A latent frame is known as a whole or not at all. If any
# of its frames is missing, it has to be made.
#
# ```
#   frames    0 │ 1 2 3 4 │ 5 6 7 8 │ 9 10 11 12         missing: 7, 8, 9
#   latent    0 │    1    │    2    │     3        ──►   known:   ■ ■ · ·
# ```

# %% tags=["exercise"]
def known_of(missing: Tensor) -> Tensor:
    """Which latent frames are known, (t,) of bool, when the frames `missing` (T,), T = 1 + 4k, are to be made."""
    raise NotImplementedError


# %% tags=["solution"]
def known_of(missing: Tensor) -> Tensor:
    """Which latent frames are known, (t,) of bool, when the frames `missing` (T,), T = 1 + 4k, are to be made."""
    groups = missing[1:].reshape(-1, 4)                                                 # (t - 1, 4)
    return torch.cat((~missing[:1], ~groups.any(1)))


# %% tags=["check"]
check("6.4", known_of)

# %% [markdown] tags=["hint"]
# Treat frame 0 apart. The rest is `4k` frames, which can be reshaped to `(k, 4)`.

# %% [markdown] tags=["hint"]
# A group is known when *none* of its frames is missing: `~groups.any(1)`.

# %% [markdown]
# ## 6 · What does the network do with a picture?
#
# Enough of toy numbers; here is the shipped network. We take 24 held-out clips with their captions, drown them in noise, 90 % of it, and ask for the velocity. The error
# over latent frames 1 to 4 says how well the network knows what is under the noise. Four times, with the same noise:
#
# - **nothing known**: all five frames are noisy;
# - **picture**: frame 0 is clean, and its level says so;
# - **picture, not told**: frame 0 is clean, but the network is told that it is as noisy as the rest;
# - **a stranger's picture**: frame 0 is clean, told so, and belongs to another clip.
#
# **Predict before you run.** Put the four in order. Does the third lie nearer to the first, or to the second? Is a wrong picture better than none?

# %%
from minisora.world.caption import caption
from minisora.world.sample import sample_scene

scenes = [sample_scene(10_000_000 + seed, 2.0, 1.0, "heldout", characters=1 + seed % 3, shots=1) for seed in range(24)]
latents = torch.cat([sora.encoded(render(scene, 64, 64)) for scene in scenes])          # (24, c, 5, 8, 8)
told = sora.tokenizer.batch([caption(scene, "detailed", 0).text for scene in scenes])
first = mask("first", 5).expand(24, -1)
level = torch.where(first, 0.0, 0.9)                                                    # (B, t)
drawn = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def mistake(x: Tensor, sigma: Tensor) -> Tensor:
    """Squared error of the velocity in latent frames 1 to 4. (4,)"""
    velocity = sora.dit(x, sigma, sora.text(*told), told.mask, told.shot)
    return (velocity - (drawn - latents)).square().mean((0, 1, 3, 4))[1:]


even = torch.full_like(level, 0.9)
given = flow.add_noise(latents, drawn, level)                                           # frame 0 clean, the others noisy
strange = torch.cat((latents[:, :, :1].roll(1, 0), given[:, :, 1:]), dim=2)
errors = {
    "nothing known": mistake(flow.add_noise(latents, drawn, even), even),
    "picture, not told": mistake(given, even),
    "a stranger's picture": mistake(strange, level),
    "picture": mistake(given, level),
}

# %% tags=["slide"]
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3), layout="constrained", width_ratios=(1.1, 1))
shades = {"nothing known": "#888888", "picture, not told": "#56B4E9", "a stranger's picture": "#CC79A7", "picture": AXES["t"]}
means = {name: error.mean().item() for name, error in errors.items()}
bars = left.barh(list(means), list(means.values()), color=[shades[name] for name in means], height=0.65)
left.bar_label(bars, fmt="%.2f", padding=4)
left.set(xlabel="squared error of the velocity", xlim=(0, 1.15 * max(means.values())))
for name, error in errors.items():
    right.plot(range(1, 5), error, "o-", color=shades[name], label=name)
right.set(xticks=range(1, 5), ylim=(0, None), ylabel="squared error")
right.set_xlabel("latent frame", color=AXES["t"])
for ax in (left, right):
    ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="Errors at 90 % noise. Smallest with the picture, larger when the network is not told of it, larger with nothing, largest with a stranger's")
assert means["picture"] < 0.8 * means["nothing known"] and means["picture"] < means["picture, not told"]
assert means["a stranger's picture"] > means["nothing known"]

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# The picture takes away a good part of the error that is left when only the caption is known: the place, the look, who is there and where. On the right you see its reach: each
# later frame is a little harder, for the picture says less about it.
#
# The same pixels without the right *level* are worth less. The network believes what it is told: a frame of level 0.9 is mostly noise, so it is
# read with suspicion. (That is the second fault of overwriting, seen in the real model.) And a stranger's picture is worse than none. A frame of level 0 is
# the truth to this network, whatever the caption says; it paints the rest to match.
# </details>
#
# That last bar is a warning for whoever animates pictures: where picture and sentence contradict one another, the picture wins. A sentence cannot turn
# a beach into snow. (That is what `sora.edit` is for, in chapter 7.)
#
# ## 7 · From a picture to a film, by hand
#
# We have everything. Code the picture alone, put it into latent frame 0, sample around it, decode. First with our own sampler and the shipped network, without guidance and
# with few steps, to see that nothing is hidden in the package's:

# %% tags=["nbval-check-output", "slide-code"]
code = sora.encoded(picture[None])                                                      # (1, c, 1, h, w): the picture alone
clean = torch.zeros(sora.latent_shape(17, 64, 64))                                      # (1, c, 5, h, w)
clean[:, :, :1] = code
known = mask("first", clean.shape[2])[None]                                             # (1, t)
one_told = sora.tokenizer.batch([sentence])
with torch.no_grad():
    states = sora.text(*one_told)                                                       # (1, L, D)


@torch.no_grad()
def denoise(x: Tensor, sigma: Tensor) -> Tensor:
    return sora.dit(x, sigma, states, one_told.mask, one_told.shot)


noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(0))
ours = by_frame(denoise, noise, clean, known, steps=6)
torch.testing.assert_close(ours, flow.sample(denoise, noise, steps=6, known=known, clean=clean, shift=1.0), atol=1e-4, rtol=1e-4)
assert torch.equal(ours[:, :, :1], code)
print("the shipped network, six steps: our sampler and the package's agree, and the picture's latents are untouched")

# %% [markdown]
# From here on the package's, with guidance and a better schedule. Then `animate` is a dozen lines, of which two are about the picture. One detail at the end: the
# decoder gives frame 0 back as the *autoencoder* sees it, a little softer than it was. We know it better, so we put the original in its place. And where
# later frames show the same as the original within a few levels, they are drawn towards it (`settled`): else the grain of every wall would change at once
# between the first frame and the second.

# %% tags=["slide-code"]
def my_animate(picture: np.ndarray, prompt: str, frames: int = 17, seed: int = 0) -> Video:
    """`picture` (H, W, 3) as the first of 1 + 4k frames."""
    height, width = picture.shape[:2]
    clean = torch.zeros(sora.latent_shape(frames, height, width))                       # (1, c, t, h, w)
    clean[:, :, :1] = sora.encoded(picture[None])
    known = mask("first", clean.shape[2])[None]                                         # (1, t)
    with sora.precision():
        for step in sora.sample_steps(prompt, frames, height, width, seed=seed, known=known, clean=clean):
            if step.index in (1, 8, 16, 25) and seed == 0:
                seen.append((step.sigma, sora.decoded(step.x, height, width)))
        video = sora.decoded(step.x, height, width, prompt)
    given = np.arange(frames) == 0
    video.frames = settled(video.frames, picture[None].repeat(frames, 0), given)        # frame 0 as it was, and its grain for the others
    return video


seen = []
mine = my_animate(picture, sentence)
apart = change(mine.frames, film.frames)
assert apart < 0.5, f"our film should be the package's, but differs by {apart:.2f} levels"

# %% [markdown]
# Watch it happen. Each row is what the sampler holds after a step, decoded, one picture for each of the five latent frames. The first column is
# finished before it begins:

# %%
rows = [Video(video.frames[::4]).strip(5) for _, video in seen]
titles = [f"after step {number}: levels 0, then {sigma:.2f} four times" for number, (sigma, _) in zip((1, 8, 16, 25), seen, strict=True)]
gallery(rows, titles, alt="Frames 0, 4, 8, 12 and 16 of a film in the making: the first is the picture all along, the others come out of noise")

# %% [markdown]
# Attention is full, in both directions. So the noisy frames look at the clean one from the first step on, in every layer, and the clean one is looked at and never
# changed. Nothing about the network says "conditioning". There are frames, some of which are finished.
#
# ## 8 · The signature: pictures come alive
#
# Four pictures. Two are from the world. The other two the world has never seen: they are drawn here, with a few lines of Pillow, by somebody with another hand. Change them; they are yours.

# %%
from PIL import Image, ImageDraw


def creature() -> Image.Image:
    """A round purple somebody on a green hill, 240 × 320."""
    image = Image.new("RGB", (240, 320), "#bfe3f5")
    pen = ImageDraw.Draw(image)
    pen.ellipse((170, 20, 220, 70), fill="#f7d34a")
    pen.ellipse((-120, 210, 360, 520), fill="#79b85a")
    pen.ellipse((62, 130, 172, 240), fill="#8a4fc4", outline="#402060", width=5)
    for x in (96, 138):
        pen.ellipse((x - 13, 160, x + 13, 192), fill="white")
        pen.ellipse((x - 4, 170, x + 6, 184), fill="black")
    pen.arc((90, 180, 144, 222), 20, 160, fill="#402060", width=5)
    return image


def house() -> Image.Image:
    """A house and a tree under the stars, 320 × 240; nobody at home."""
    image = Image.new("RGB", (320, 240), "#1d2550")
    pen = ImageDraw.Draw(image)
    for x, y in ((30, 30), (150, 25), (200, 70), (290, 40), (255, 20), (60, 100)):
        pen.ellipse((x, y, x + 6, y + 6), fill="#fff4c0")
    pen.rectangle((0, 180, 320, 240), fill="#2f4a3a")
    pen.rectangle((40, 110, 140, 200), fill="#c76b4a")
    pen.polygon(((28, 112), (90, 58), (152, 112)), fill="#7a3326")
    pen.rectangle((70, 140, 105, 175), fill="#ffe07a")
    pen.rectangle((250, 130, 264, 195), fill="#5a4030")
    pen.ellipse((215, 70, 300, 150), fill="#3f7a48")
    return image

# %% [markdown]
# A picture has to be *fitted* first. The model makes frames whose sides are multiples of 16 pixels or so, near 64. Squeezing a picture into a square makes eggs of balls. Black bars
# beside it are something that the model has never seen and will wonder about. So the picture is shrunk until it just covers the frame, and what
# sticks out is cut off evenly. Shrinking by a whole factor is the mean over squares of pixels:

# %%
from minisora.fitting import fitted, resized

large = np.asarray(creature())                                                          # (320, 240, 3)
squares = large[40:296, 0:240].reshape(64, 4, 60, 4, 3).mean((1, 3)).round()            # by hand: a quarter, 256 rows from the middle
theirs, how = resized(large[None, 40:296], 64, 60)
assert abs(squares - theirs[0]).max() <= 1
purple, home = (fitted(drawing(), name="image") for drawing in (creature, house))
gallery([creature(), purple[0], house(), home[0]], ["yours", purple[1], "yours", home[1]], alt="A drawing, before or after fitting", width=150)

# %% [markdown]
# ### Exercise 6.5 · Cover, then cut
# *10 minutes · a first step*
#
# To which size is a picture brought, and where does the cut begin, so that it covers the frame without being stretched?
#
# ```
#   picture 320 × 240 (rows × columns)         shrunk to 85 × 64          cut from row 10, column 0
#   frame    64 × 64                    ──►    (85, 64, 10, 0)            ┌┄┄┄┐
#                                                                         │   │ 64
#                                                                         └┄┄┄┘
# ```
#
# Rows and columns are rounded to the nearest pixel. Here 85 - 64 = 21 rows are too many, an odd number: the smaller half, 10, goes above, and 11 go
# below. With columns the smaller half is on the left.

# %% tags=["exercise"]
def cover(tall: int, wide: int, height: int, width: int) -> tuple[int, int, int, int]:
    """(rows, columns) of the picture tall × wide once it just covers height × width, and (top, left) of the cut; all rounded to whole pixels."""
    raise NotImplementedError


# %% tags=["solution"]
def cover(tall: int, wide: int, height: int, width: int) -> tuple[int, int, int, int]:
    """(rows, columns) of the picture tall × wide once it just covers height × width, and (top, left) of the cut; all rounded to whole pixels."""
    scale = max(height / tall, width / wide)
    rows, columns = round(tall * scale), round(wide * scale)
    return rows, columns, (rows - height) // 2, (columns - width) // 2


# %% tags=["check"]
check("6.5", cover)

# %% [markdown] tags=["hint"]
# Two scales would make one of the sides fit exactly. With the smaller of them the other side is too short. So …

# %% [markdown] tags=["hint"]
# `scale = max(height / tall, width / wide)`. What is left over on a side, `rows - height`, is cut half above and half below,
# the smaller half above: `(rows - height) // 2`. (Python's `round` takes 10.5 to 10, but 21.5 to 22.)

# %% [markdown]
# Now let them live. **Predict before you run:** which of the four will come out worst, and is it the denoiser's fault?

# %% tags=["slide"]
night = Shot("night", 0.0, (Actor(0, x=-0.2), Actor(1, x=0.25)), layout=8)
pair = render(Scene((Character("star", "yellow", "large"), Character("ring", "cyan", "medium")), (night,), "ink"), 64, 64)[0]
wishes = [
    (picture, "a large red ball hops in the snow"),
    (pair, "an ink drawing of a large yellow star and a medium cyan ring at night. The yellow star spins. The ring stays still."),
    (creature(), "a large purple ball hops in the meadow"),
    (house(), "a small yellow ball rolls to the right at night"),
]
alive = [sora.animate(image, prompt) for image, prompt in wishes]
titles = [f"{prompt} ({video.width}×{video.height})" for (_, prompt), video in zip(wishes, alive, strict=True)]
gallery(alive, titles, alt="Nine frames of a film that begins with a picture")

# %%
coded = [sora.decoded(sora.encoded(video.frames[:1]), video.height, video.width) for video in alive]
pairs = [np.concatenate((video.frames[0], soft.frames[0]), axis=1) for video, soft in zip(alive, coded, strict=True)]
clear = [psnr(video.frames[0], soft.frames[0]) for video, soft in zip(alive, coded, strict=True)]
gallery(pairs, [f"{value:.1f} dB" for value in clear], alt="A picture, and beside it the picture as the autoencoder sees it", width=220)

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# Look at the second row of pictures before you blame anybody: each picture beside itself after the autoencoder. That is all that the denoiser ever learns about it. Flat colours
# and clean edges are easy for that code, even in a drawing by another hand; fine grain and thin lines are hard, even in the world's own pictures. Where the two look alike, whatever goes wrong
# from frame 1 on is the denoiser's. It has never seen a house, or a sun with nobody's face, so it can carry them along only as far as it has learned to copy *anything*. Frame 0 is exact, as it is put
# back in the end; frame 1 shows what the model made of it.
#
# The last one asks for something else: a ball that is *not in the picture*. In the toy world nobody appears out of nothing, except from outside the frame or from
# behind something. Whatever you see there, it is an answer to a question that training never asked.
# </details>
#
# Your turn: put the name of a file into `MINE`, a drawing or a photo of any size, and say what should happen in it.

# %%
MINE, WISH = creature(), "a large purple ball rolls to the left in the meadow"           # MINE = "photo.jpg"
yours = sora.animate(MINE, WISH, seconds=1)
show(yours, alt=f"A clip that begins with the reader's own picture: {WISH}")
print(yours.note or "it was taken as it is")

# %% [markdown]
# ### One picture, two sentences
#
# A picture does not say where its ball is about to roll. The sentence does. Does the model listen? We take four pictures with one character each and ask for a slide to the left and for a slide to
# the right, with the same seed. The oracle, which looks at nothing but pixels, says which way the character has gone between the first frame and the last.

# %%
from minisora.bench.parse import parse


def walker(seed: int, speed: float) -> Scene:
    """Somebody who slides at `speed` units a second, to the left when it is below 0; at 0 it stands still."""
    rng = random.Random(seed)
    who = Character(rng.choice(KINDS), rng.choice(COLOURS), rng.choice(("medium", "large")))
    slide = Event("slide", 0.0, 2.0, "right" if speed > 0 else "left", speed=abs(speed))
    actor = Actor(0, x=rng.uniform(-0.2, 0.2), events=(slide,) if speed else ())
    return Scene((who,), (Shot(rng.choice(PLACES), 2.0, (actor,), layout=rng.randrange(1000)),), rng.choice(LOOKS))


def went(video: np.ndarray) -> float:
    """How far the character has gone to the right, in units; 0 when it cannot be found twice."""
    ways = [person.x[np.isfinite(person.x)] for person in parse(video).people]
    return max((float(way[-1] - way[0]) for way in ways if len(way) > 1), key=abs, default=0.0)


moved = {"left": [], "right": []}
for seed in range(4):
    for way, speed in (("left", -0.12), ("right", 0.12)):
        scene = walker(seed, speed)
        video = sora.animate(render(scene, 64, 64)[0], caption(scene, "detailed", 0).text)
        moved[way].append(went(video.frames))

# %% tags=["slide"]
fig, ax = plt.subplots(figsize=(7, 2.2), layout="constrained")
for place, (way, colour) in enumerate((("left", "#0072B2"), ("right", "#D55E00"))):
    ax.scatter(moved[way], [place] * 4, color=colour, s=45, alpha=0.75)
ax.axvline(0, color="#888888", lw=1)
ax.set(yticks=(0, 1), yticklabels=("told: left", "told: right"), ylim=(-0.5, 1.5), xlabel="units gone to the right, by the oracle")
ax.spines[["top", "right", "left"]].set_visible(False)
show(fig, alt="For four pictures and two sentences each, how far the character went to the right; obeyed, the upper points lie right and the lower left")
obeyed = sum(gone < 0 for gone in moved["left"]) + sum(gone > 0 for gone in moved["right"])
print(f"{obeyed} of 8 films went the way that the sentence says; a true film goes 0.24 units")

# %% [markdown]
# A coin would get four. If the count that you see is near that, then the shipped weights hear the sentence and keep the picture but have not learned to *act* yet: of everything in this
# world, motion is learned last (the [model card](../data/weights/README.md) has the figures). Remember the scale of this plot. In the next
# section we meet a mistake that would keep the points at 0 for ever, however long one trains.
#
# ## 9 · The failure on purpose: the picture that knows the future
#
# When we trained, the "picture" was the first latent frame of a film. Where does that latent come from? Ours is coded from frame 0 *alone*; chapter 2 built the autoencoder that way, as
# $1 + 4k$. It would have been more even to cut a film into plain fours. Many video codes do look at several frames at once. So let us do the obvious and ask what it
# costs. Four ways to get the latent of the first frame:

# %% tags=["slide-code"]
@torch.no_grad()
def alone(video: Tensor) -> Tensor:
    """The first frame, coded as a picture. (B, 3, T, H, W) → (B, c, 1, h, w)"""
    return sora.vae.encode(video[:, :, :1])


@torch.no_grad()
def in_film(video: Tensor) -> Tensor:
    """The whole film coded causally, then its first latent frame."""
    return sora.vae.encode(video)[:, :, :1]


@torch.no_grad()
def normed(video: Tensor) -> Tensor:
    """Causal, but made "nice" afterwards: each film's latents are brought to mean 0 and deviation 1, by its own statistics."""
    z = sora.vae.encode(video)                                                          # (B, c, t, h, w)
    return ((z - z.mean((2, 3, 4), keepdim=True)) / z.std((2, 3, 4), keepdim=True))[:, :, :1]


@torch.no_grad()
def in_fours(video: Tensor) -> Tensor:
    """A film cut into plain fours: frames 0 to 3 share the first latent frame."""
    return sora.vae.encode(torch.cat((video[:, :, :1], video[:, :, :4]), dim=2))[:, :, 1:]

# %% [markdown]
# (`in_fours` uses the same trained network. It hands it frames 0 to 3 as a group of four, which this network is made for; only that the group now *begins* the film.)
#
# A leak is easily found without any theory: **change the future and see whether the first latent notices.**
#
# ### Exercise 6.6 · Find the leak
# *12 minutes · a climb*
#
# ```
#   video   ▣ 1 2 3 4 …  ──encode──►  ■ ■ ■ …  ┐
#                                              ├──  the difference of the first latent frames, root mean square: a number
#   mixed   ▣ b c d e …  ──encode──►  ■ ■ ■ …  ┘
#           └─ frame 0 of `video`, then the frames of `other`
# ```

# %% tags=["exercise"]
def leak(encode, video: Tensor, other: Tensor) -> float:
    """How much the first latent frame changes (root mean square) when all frames but the first are those of `other`.

    encode: (B, 3, T, H, W) → (B, c, t, h, w). video, other: (B, 3, T, H, W).
    """
    raise NotImplementedError


# %% tags=["solution"]
def leak(encode, video: Tensor, other: Tensor) -> float:
    """How much the first latent frame changes (root mean square) when all frames but the first are those of `other`.

    encode: (B, 3, T, H, W) → (B, c, t, h, w). video, other: (B, 3, T, H, W).
    """
    mixed = torch.cat((video[:, :, :1], other[:, :, 1:]), dim=2)                        # (B, 3, T, H, W)
    difference = encode(mixed)[:, :, 0] - encode(video)[:, :, 0]                        # (B, c, h, w)
    return difference.square().mean().sqrt().item()


# %% tags=["check"]
check("6.6", leak)

# %% [markdown] tags=["hint"]
# What must be the same in both videos, so that a difference can only come from the future?

# %% [markdown] tags=["hint"]
# `torch.cat((video[:, :, :1], other[:, :, 1:]), dim=2)` has the first frame of one and the future of the other.

# %% [markdown] tags=["hint"]
# Of both codes take latent frame 0 alone, `[:, :, 0]`. Then the difference, squared, its mean, the root, and `.item()`.

# %% [markdown]
# Here is such a test, on six pictures, each with two futures that could both be: it slides to the right, or to the left. **Predict before you run:** `normed` uses a causal
# network. Does it leak?

# %% tags=["slide"]
pixels = np.stack([[render(walker(seed, speed), 64, 64) for seed in range(6)] for speed in (0.35, -0.35)])    # (2, 6, T, H, W, 3)
assert abs(pixels[0, :, 0].astype(int) - pixels[1, :, 0]).max() <= 1                    # they begin alike, up to rounding …
pixels[1, :, 0] = pixels[0, :, 0]                                                       # … and now to the last bit
films, others = torch.from_numpy(pixels).permute(0, 1, 5, 2, 3, 4).float() / 127.5 - 1  # (6, 3, 17, 64, 64) each
leaks = {code.__name__: (code(others) - code(films))[:, :, 0].square().mean().sqrt().item() for code in (alone, in_film, normed, in_fours)}

fig, ax = plt.subplots(figsize=(7, 2), layout="constrained")
bars = ax.barh(list(leaks), list(leaks.values()), color=[AXES["t"], AXES["t"], "#CC79A7", "#CC79A7"], height=0.6)
ax.bar_label(bars, fmt="%.3f", padding=4)
ax.invert_yaxis()
ax.set(xlabel="change of the first latent frame between two futures (latents have deviation 1 on the average)", xlim=(0, 1.15 * max(leaks.values())))
ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="No change for alone and in_film; a small one for normed; by far the largest for in_fours")

# %% tags=["nbval-check-output"]
assert leaks["alone"] == 0 and leaks["in_film"] < 1e-4 < 3e-3 < leaks["normed"] and leaks["in_fours"] > 0.1
torch.testing.assert_close(alone(films), in_film(films), atol=1e-4, rtol=1e-4)
print("the causal code of a film begins with the code of its first picture; the two others know the future")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# It does. The network is causal, the division after it is not: a film's mean and deviation are taken over all its frames, and so each latent carries a little of every other one.
# Norms that run over time are the commonest back door. Ours have none: the latents' statistics are constants that were measured once over many films (chapter 2).
# </details>
#
# ### What can be read there?
#
# A change in some numbers is not yet harm. So let us ask somebody to *read* the future out of the first latent frame: a probe, a tiny network that sees nothing else and shall say how far the character
# will have gone in two seconds. It learns on 480 films in which somebody slides to the left or to the right at some speed, or stands still, and is tested on 160 others. Whatever
# it finds, a denoiser a hundred times as large will find as well, for it is paid to.

# %%
TRAIN, TEST = 480, 160


def future(seed: int) -> float:
    """The speed of film `seed`: a third goes to the left, a third stands still, a third goes to the right."""
    return (seed % 3 - 1) * random.Random(f"speed {seed}").uniform(0.2, 0.45)


starts = np.stack([render(walker(1000 + seed, future(seed)), 64, 64)[:4] for seed in range(TRAIN + TEST)])   # (n, 4, H, W, 3)
starts = torch.from_numpy(starts).permute(0, 4, 1, 2, 3)                                # (n, 3, 4, H, W) of uint8
gone = torch.tensor([2.0 * future(seed) for seed in range(TRAIN + TEST)])               # (n,): units in two seconds


def coded_by(code, clips: Tensor) -> Tensor:
    """The first latent frame of each clip, a few at a time. (n, c, h, w)"""
    return torch.cat([code(part.float() / 127.5 - 1)[:, :, 0] for part in clips.split(80)])


pictures = starts[TRAIN:, :, :1].expand(-1, -1, 4, -1, -1)                              # what a user has: one picture, four times
codes = {"alone": coded_by(alone, starts), "in_fours": coded_by(in_fours, starts), "picture in_fours": coded_by(in_fours, pictures)}

# %%
def probe(x: Tensor, target: Tensor, steps: int = 250) -> nn.Module:
    """A small network that learns to tell `target` (n,) from `x` (n, c, h, w)."""
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(x.shape[1], 64, 1), nn.GELU(), nn.Conv2d(64, 64, 3, padding=1), nn.GELU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(64, 1), nn.Flatten(0),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.05)
    for _ in range(steps):
        some = torch.randint(len(x), (96,))
        loss = (net(x[some]) - target[some]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return net.eval().requires_grad_(False)


probes = {name: probe(codes[name][:TRAIN], gone[:TRAIN]) for name in ("alone", "in_fours")}
asked = gone[TRAIN:]
said = {
    "coded alone": probes["alone"](codes["alone"][TRAIN:]),
    "coded with frames 1 to 3": probes["in_fours"](codes["in_fours"][TRAIN:]),
    "… given a user's still picture": probes["in_fours"](codes["picture in_fours"]),
}

# %% [markdown]
# **Predict before you run.** Three plots of what the probe says against what is true: for our code; for the code in fours; and for the second probe when it is given what a
# *user* has, a still picture, repeated four times.

# %% tags=["slide"]
fig, axes = plt.subplots(1, 3, figsize=(11, 3.5), sharex=True, sharey=True, layout="constrained")
for ax, (name, answer), colour in zip(axes, said.items(), (AXES["t"], "#CC79A7", "#CC79A7"), strict=True):
    ax.plot((-0.9, 0.9), (-0.9, 0.9), "--", color="#AAAAAA", lw=1)
    ax.scatter(asked, answer, s=14, color=colour, alpha=0.7)
    together = torch.corrcoef(torch.stack((asked, answer)))[0, 1].item()
    ax.set(title=f"{name}\ncorrelation {together:.2f}", xlabel="units that it will go", ylim=(-1.2, 1.2), xticks=(-0.8, -0.4, 0, 0.4, 0.8))
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("what the probe says")
show(fig, alt="Left: a shapeless cloud, the picture does not tell. Middle: points along the diagonal, the future is read. Right: a flat row at 0, nobody moves")

# %% tags=["nbval-check-output"]
tied = {name: torch.corrcoef(torch.stack((asked, answer)))[0, 1].item() for name, answer in said.items()}
moving = asked.abs() > 0
missed = {name: (answer - asked).square().mean().item() for name, answer in said.items()}
assert missed["coded with frames 1 to 3"] < 0.7 * missed["coded alone"], "the leak should make the probe's error smaller"
believed = said["… given a user's still picture"][moving].abs().mean() / asked[moving].abs().mean()
assert abs(tied["coded alone"]) < 0.35 and tied["coded with frames 1 to 3"] > 0.75 and believed < 0.3
print("coded alone, the first frame does not say where somebody will go; coded with three later ones, it does;")
print("and a still picture, coded like that, says: nobody will move much")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# **Left**, our code: a cloud. The probe can learn its 480 films by heart, but there is nothing in a picture that would tell it the way of a new one. Left or right is open,
# and so it *should* be: the sentence is there to say it. **Middle**: the points lie along the diagonal. Three eighths of a second of motion are enough to know the speed, and thus the place two seconds
# later, without a word being said. **Right**, the trap. A still picture, repeated four times, is the code of somebody who does not move, so the answer lies near 0
# for everyone, whatever the truth will be.
# </details>
#
# Now follow a denoiser through this. In training it is given the first latent frame, clean, level 0, and learns to trust it entirely; section 6 showed how much. With the leak, the speed can be read there
# for nothing, better than from any caption that does not tell it. The loss looks *better* than ours, as the second probe's does. Then somebody brings a photograph, and everything that the network has
# learned to trust says that nothing will move. No error message, no bad curve, and no amount of training mends it, for in training all was well. The remedy costs one frame: **code the conditioning picture
# in training exactly as it will be coded in use, alone.**
#
# The same question is worth asking of anything that a model is given: *could I have made this input, on the day of use, without knowing the answer?*
#
# ## 10 · The chapter in one picture

# %% tags=["slide"]
fig, ax = plt.subplots(figsize=(11, 3.9))
ax.axis("off")
ax.set_aspect("equal")
ax.imshow(picture, extent=(0, 4, 4.2, 8.2))
ax.text(2, 3.6, "a picture", ha="center", size=10)
ax.annotate("", (7.6, 6.2), (4.3, 6.2), arrowprops=dict(arrowstyle="-|>", color=AXES["t"], lw=2))
ax.text(5.95, 6.6, "coded alone", ha="center", size=10, color=AXES["t"])
for row, sigma in enumerate((1.0, 0.75, 0.5, 0.25, 0.0)):
    for column in range(5):
        level = 0 if column == 0 else sigma
        face = str(0.95 - 0.7 * level)
        ax.add_patch(plt.Rectangle((8 + 1.5 * column, 7.0 - 1.5 * row), 1.4, 1.4, fc=face, ec=AXES["t"] if column == 0 else "#888888", lw=1.5))
        ax.text(8.7 + 1.5 * column, 7.7 - 1.5 * row, f"{level:g}", ha="center", va="center", color="white" if level > 0.5 else "#333333")
ax.text(11.7, 8.8, "a noise level for each latent frame", ha="center", size=10, color=AXES["sigma"])
ax.annotate("", (16.0, 1.2), (16.0, 8.0), arrowprops=dict(arrowstyle="-|>", color="#777777", lw=1.5))
ax.text(16.3, 4.6, "the sampler's\nsteps", size=10, color="#777777", va="center")
ax.text(11.7, 0.3, "t", ha="center", color=AXES["t"], weight="bold", size=12)
ax.annotate("", (21.4, 1.7), (15.9, 1.7), arrowprops=dict(arrowstyle="-|>", color="#777777", lw=1.5))
ax.text(19.2, 0.9, "decoded", ha="center", size=10, color="#777777")
for number, frame in reversed(list(enumerate(film.frames[::4]))):
    ax.imshow(frame, extent=(21.8 + 0.9 * number, 25.8 + 0.9 * number, 1.0 + 0.8 * number, 5.0 + 0.8 * number), zorder=9 - number)
ax.text(25.4, 0.1, "a film that begins with it", ha="center", size=10)
ax.set(xlim=(-0.2, 30), ylim=(-0.4, 9.3))
grid_words = "five columns of noise levels: the first is 0 in all rows, the others go from 1 to 0"
show(fig, alt=f"A picture is coded alone and enters latent frame 0; {grid_words}; at the end a film that begins with the picture")

# %% [markdown]
# - A video has **a noise level for each latent frame**. 0 says: this is known. Animating is the mask "first"; nothing is added to the network.
# - **Overwriting** shows the picture too late and lies about its level; in a world with a known answer it misses it. A level for each frame hits it.
# - **Known frames do not move**, bit for bit, and the loss does not count them. Training must show all kinds of masks, and most of the time none.
# - The network **trusts level 0** more than words. So what is handed over at level 0 must not know the future: the picture is **coded alone**.
#
# Chapter 7 plays all the other masks: what comes next, what came before, what is missing, loops.
#
# **To read next.** J. Ho and others, *Video Diffusion Models* (NeurIPS 2022), section 3.1: what overwriting gets wrong. A. Lugmayr and others, *RePaint* (CVPR 2022), section 4: overwriting, mended by going back and forth. B. Chen and
# others, *Diffusion Forcing* (NeurIPS 2024), section 3: a noise level for every frame, drawn at random. Y. HaCohen and others, *LTX-Video* (2025), the part on image-to-video: a large model that marks the given frame by its noise level. A. Blattmann and others, *Stable Video Diffusion*
# (2023), the part on image-to-video: the other school, which lays the picture beside the noise as more channels. L. Yu and others, *Language Model Beats Diffusion* (MAGVIT-v2, ICLR 2024): a code of videos whose first frame is coded alone.
# In the package: [minisora/frames.py](../minisora/frames.py), the masks, and [minisora/modes.py](../minisora/modes.py), every way in.
#
# **Words of this chapter** (all words and letters of the course: the [glossary](../book/glossary.md))
#
# | word | what it means |
# |---|---|
# | known frame | a latent frame that is given: its noise level is 0, and the sampler leaves it as it is |
# | mask | which latent frames of a video are known, `(t,)`; of a batch, `(B, t)` |
# | conditioning | whatever a model is given beside noise: here words, and known frames |
# | overwriting | putting known frames, with noise, into a sampler's hands before each step; also called replacement |
# | mix | the shares of the kinds of masks in training |
# | leak | something in a model's input that would not be there on the day of use |
# | probe | a small network that shows what can be read out of some numbers |
