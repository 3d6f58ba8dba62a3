# %% [markdown]
# # 03 · Flow matching: an average is a bad answer and a good direction
#
# A network that is asked to turn noise into data in one go answers with the average of everything, which is fog. Ask the same network for
# an average *direction*, take a small step, and ask again: now it makes data. That is the claim of this chapter, and the engine of
# everything that follows.
#
# **You will**
#
# - mix clean data with noise at any level `sigma`, and train a network on the mixture's direction, the *velocity*;
# - know in closed form what the best possible network would say, and hold the learned one against it, arrow by arrow;
# - walk from noise to data with two solvers, Euler's and Heun's, and measure what too few steps cost;
# - see which noise levels deserve the training, why larger videos need more noise, and what the network had best predict;
# - build guidance, which trades variety for obedience.
#
# **You need** PyTorch (a module, an optimiser, a training loop) and the mean and variance of a Gaussian. No stochastic calculus.
# [Chapter 1](01-spacetime-patches.ipynb) and [chapter 2](02-video-autoencoder.ipynb) help, but nothing here depends on them: we work with
# points in the plane.
#
# *About an hour and a quarter with the exercises; a minute or two of computing.*
#
# ## 1 · The finished thing first
#
# One of the toy world's characters, the heart, taken as a cloud of dust: points in the plane inside its body, with holes for the whites of its
# eyes. Our data are single points of that dust. The finished thing of this chapter is a machine that makes new ones.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor

from minisora import Video, flow
from minisora.check import check
from minisora.show import gallery, picture, show
from minisora.world.shapes import FACES, SHAPES

torch.set_num_threads(1)  # the networks of this chapter are so small that two cores would only wait for one another
BLUE, GREEN, ORANGE, GREY = "#0072B2", "#009E73", "#D55E00", "#6B6B6B"
WIDTH = 0.06  # each grain of dust is a small Gaussian of this width


def grains(kind: str, spacing: float = 0.14, x: float = 0.0) -> Tensor:
    """The middles of the grains: a regular grid cut out along the character's outline, two units in radius, at x. (n, 2)"""
    side = torch.arange(-2.4, 2.4, spacing)
    points = torch.cartesian_prod(side, side) / 2
    gap, height, radius, _ = FACES[kind]
    body = torch.from_numpy(SHAPES[kind](*points.numpy().T) < 0)
    eye = torch.hypot(points[:, 0].abs() - gap, points[:, 1] - height)
    pupils = points[eye < 0.45 * radius].repeat(3, 1)                       # dark: three grains at each place
    return 2 * torch.cat((points[body & (eye > radius)], pupils)) + torch.tensor([x, 0.0])


def dust(middles: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` points of the dust. (count, 2)"""
    pick = torch.randint(len(middles), (count,), generator=generator)
    return middles[pick] + WIDTH * torch.randn(count, 2, generator=generator)


# %% [markdown]
# The next cell is meant to look like magic for now. `towards` says for each point which way to go. Section 4 takes it apart; section 6 replaces
# it by a network that was never shown the formula.

# %% tags=["slide"]
def towards(x: Tensor, sigma: Tensor, middles: Tensor, width: float = WIDTH) -> Tensor:
    """The best velocity at points x (B, 2) and noise levels sigma (B), in a world of Gaussian grains. (B, 2)"""
    sigma = sigma[:, None]                                                  # (B, 1)
    variance = (1 - sigma) ** 2 * width**2 + sigma**2
    squares = (x[:, None] - (1 - sigma)[..., None] * middles).square().sum(-1)
    share = torch.softmax(-squares / (2 * variance), dim=1)                 # (B, n): which grain was it?
    middle = share @ middles                                                # (B, 2)
    surprise = (x - (1 - sigma) * middle) / variance
    return sigma * surprise - (middle + (1 - sigma) * width**2 * surprise)


def film(clouds: list[Tensor], pixels: int = 128, reach: float = 3.0) -> Video:
    """Clouds of points (n, 2), one after the other, as a video."""
    frames = np.full((len(clouds), pixels, pixels, 3), 255, np.uint8)
    for frame, cloud in zip(frames, clouds, strict=True):
        column, row = ((cloud * torch.tensor([1, -1]) / reach + 1) * pixels / 2).long().T.numpy()
        inside = (np.minimum(column, row) >= 0) & (np.maximum(column, row) < pixels)
        frame[row[inside], column[inside]] = (213, 94, 0)
    return Video(frames, fps=8)


heart = grains("heart")
generator = torch.Generator().manual_seed(0)
x = torch.randn(1500, 2, generator=generator)
clouds = [x]
for sigma in torch.linspace(1, 1 / 24, 24):
    x = x - towards(x, sigma.expand(len(x)), heart) / 24
    clouds.append(x)
clip = film(clouds + [x] * 8)
show(clip, alt="A round cloud of 1500 orange dots contracts within three seconds into a heart with two eyes")
show(Video(clip.frames[:25]).strip(7), alt="Seven moments of the same clip: round cloud, then a vague lump, a heart's outline, at last the eyes")

# %% [markdown]
# 1,500 random points, 24 steps. No point knows of any other one; each only asks, over and over, "where to from here?", and the answer depends
# on its own place and one number, the noise level `sigma`. First comes the lump, then the outline, last the eyes. You saw the same in
# [chapter 0](00-welcome.ipynb), and it is no accident.
#
# A two-second video's latents are one point too, only with many thousands of coordinates. The sampler that moves it is the same: by the end of
# this chapter you will have rebuilt [minisora/flow.py](../minisora/flow.py), and MiniSora uses nothing else.
#
# | Sora's report says | we do | nobody outside knows |
# |---|---|---|
# | Sora "is a diffusion model": given noisy patches and the text, it is trained to predict the original "clean" patches | rectified flow, a diffusion model whose noising is a straight line; what the last layer says is one word in the configuration, and section 8 compares the three | the noising, how noise levels are drawn and weighted, in which of the three forms the network really answers |
# | sample quality grows with training compute | one small training, its loss held against the least that is possible | how far the real loss is above its floor |
# | nothing about the sampler | Euler's and Heun's solver, 25 steps, guidance in an interval of `sigma` | the solver, its steps, whether and how it is guided |
#
# *Source: OpenAI, [Video generation models as world simulators](https://openai.com/index/video-generation-models-as-world-simulators/) (15 February 2024),
# sections "Turning visual data into patches" to "Scaling transformers for video generation".*
#
# ## 2 · The naive version: from noise to data in one go
#
# Why not train a network to turn noise into data? Pair each random point with a random point of the heart, and learn the map by least squares:

# %%
from torch import nn


def small_net(inputs: int, outputs: int, width: int = 128) -> nn.Sequential:
    """Three hidden layers: (B, inputs) -> (B, outputs)."""
    sizes = [inputs, width, width, width]
    layers = [layer for pair in zip(sizes, sizes[1:], strict=False) for layer in (nn.Linear(*pair), nn.SiLU())]
    return nn.Sequential(*layers, nn.Linear(width, outputs))


torch.manual_seed(0)
naive = small_net(2, 2)
adam = torch.optim.Adam(naive.parameters(), 2e-3)
for _ in range(400):
    noise, clean = torch.randn(512, 2, generator=generator), dust(heart, 512, generator)
    cost = (naive(noise) - clean).square().mean()
    adam.zero_grad()
    cost.backward()
    adam.step()

# %% [markdown]
# **Predict before you run.** The loss has settled. Where do the answers to 500 fresh random points lie: spread over the heart, on its outline,
# in one spot, or all over the plane?

# %% tags=["slide"]
with torch.no_grad():
    answers = naive(torch.randn(500, 2, generator=generator))


def panel(ax, points: Tensor, title: str, colour: str = ORANGE, size: float = 2.0, reach: float = 2.8) -> None:
    """A cloud of points in a square of its own."""
    ax.scatter(*points.T, s=size, lw=0, color=colour)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    ax.set_title(title, size=10)


fig, axes = plt.subplots(1, 3, figsize=(8, 2.9), layout="constrained")
panel(axes[0], torch.randn(500, 2, generator=generator), "what goes in", GREY)
panel(axes[1], dust(heart, 500, generator), "what is asked for")
panel(axes[2], answers, "what comes out", BLUE)
show(fig, alt="Three clouds: round noise goes in, a heart is asked for, and out comes a small clump of points in the middle")

# %% tags=["nbval-check-output"]
assert answers.std(0).max() < 0.3 * heart.std(0).max() and (answers.mean(0) - heart.mean(0)).abs().max() < 0.2
print("the answers hardly differ from one another, and lie around the mean of the data")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# In one spot. A given random point was paired, over time, with *every* point of the heart, and the answer that has the least squared error
# against all of them is their mean. The network solved its task perfectly. The task was wrong.
# </details>
#
# On video the mean of all clips is a grey fog. It will come back wherever a network is asked for the end of a way of which only the beginning
# is known.
#
# What helps? Seen from pure noise, any end is possible. Seen from a point that is *almost* data, only few are, and their average is close to
# each of them. So walk there in small steps, and ask anew at each one. For that the network must have seen the places along the way.
#
# ## 3 · The line between noise and data
#
# The simplest way from a clean point to a random one is the straight line. The noise level `sigma` says how far along it we are:
#
#     x_sigma = (1 - sigma) * clean + sigma * noise          sigma = 0: clean, sigma = 1: noise
#
# Why not just `clean + sigma * noise`? At `sigma = 1` there is still all of the heart in it, only shaken. A sampler has to *begin* there, and
# we cannot draw from "a heart, shaken" without having a heart.

# %% tags=["slide"]
generator = torch.Generator().manual_seed(1)
clean, noise = dust(heart, 900, generator), torch.randn(900, 2, generator=generator)
fig, axes = plt.subplots(2, 5, figsize=(9, 3.9), layout="constrained")
for (upper, lower), sigma in zip(axes.T, (0.0, 0.1, 0.3, 0.6, 1.0), strict=True):
    panel(upper, (1 - sigma) * clean + sigma * noise, f"sigma = {sigma:g}", size=1.5)
    panel(lower, clean + sigma * noise, "", GREY, size=1.5)
axes[0, 0].set_ylabel("mixed")
axes[1, 0].set_ylabel("only added")
show(fig, alt="The heart at five noise levels. Above, mixed: eyes fade first, then the outline; at 1 it is round. Below, added: wider, never quite round")

# %% [markdown]
# On the line, move `sigma` by a little, and `x` moves by that little times
#
#     velocity = d x / d sigma = noise - clean
#
# which does not depend on `sigma`: the way is straight and is walked at an even pace. A sampler goes from `sigma = 1` down to 0, so it takes
# steps of *minus* something times the velocity.
#
# In the package everything has the shape of a video's latents, `(B, c, t, h, w)`, and the noise level has shape `(B, t)`: one number for each
# latent frame. Here all frames of a video get the same one; in chapters 6 and 7 known frames get `sigma = 0`, which lets the model animate,
# extend and fill. A point of our dust is the smallest video there is, `(B, 2, 1, 1, 1)`.
#
# ### Exercise 3.1 · Noise for each frame
# *8 minutes · a first step*
#
#     clean  (B, c, t, h, w) ─┐
#     noise  (B, c, t, h, w) ─┼─► x (B, c, t, h, w)        each frame on its own place of its own line
#     sigma  (B,    t      ) ─┘
#
# Mix, with a noise level of its own for every frame. Where `sigma` is 0, the frame must come out exactly as it went in.

# %% tags=["exercise"]
def add_noise(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """The point at `sigma` (B, t) on the line from `clean` (0) to `noise` (1), both (B, c, t, h, w)."""
    raise NotImplementedError


# %% tags=["solution"]
def add_noise(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """The point at `sigma` (B, t) on the line from `clean` (0) to `noise` (1), both (B, c, t, h, w)."""
    level = sigma[:, None, :, None, None]                                   # (B, 1, t, 1, 1)
    return (1 - level) * clean + level * noise


# %% tags=["check"]
check("3.1", add_noise)

# %% [markdown] tags=["hint"]
# The formula is the one above. All the work lies in the shape of `sigma`: it has two axes, the latents have five.

# %% [markdown] tags=["hint"]
# Broadcasting lines up axes from the right. `sigma` must become `(B, 1, t, 1, 1)`, so that it is the same for all channels, rows and columns.

# %% [markdown] tags=["hint"]
# Indexing with `None` makes an axis of size 1: `level = sigma[:, None, :, None, None]`.

# %% [markdown]
# From here on the package's version is used. Yours, if the check is green, is the same.

# %% tags=["nbval-check-output"]
def video(points: Tensor) -> Tensor:
    """Points (B, c) as the smallest of videos. (B, c, 1, 1, 1)"""
    return points[:, :, None, None, None]


level = torch.rand(900, generator=generator)
mixed = flow.add_noise(video(clean), video(noise), level[:, None])
torch.testing.assert_close(mixed, video((1 - level[:, None]) * clean + level[:, None] * noise))
print("a point is a video of shape", tuple(mixed.shape[1:]), "and its noise level has shape", tuple(level[:, None].shape[1:]))

# %% [markdown]
# ## 4 · The best answer is known
#
# Now train a network to say the velocity: mix, show it `x` and `sigma`, and punish the squared difference between its answer and
# `noise - clean`. But through one and the same point `x` pass very many lines, each in its own direction, and the network cannot know which one
# it is on. What should it say?
#
# The same that least squares always says: the average, over all lines through `x`, weighted by how likely each one is: `E[noise - clean | x]`.
# We can look at it in a simple world. Let the data be one number, drawn from a Gaussian with mean 1.5 and standard deviation 0.5:

# %%
MEAN, STD = 1.5, 0.5
generator = torch.Generator().manual_seed(2)
clean = MEAN + STD * torch.randn(200_000, generator=generator)
noise = torch.randn(200_000, generator=generator)
sigma = 0.5
x = (1 - sigma) * clean + sigma * noise
velocity = noise - clean

edges = torch.linspace(-0.5, 2.0, 26)
middles = (edges[1:] + edges[:-1]) / 2
averages = torch.stack([velocity[(x > low) & (x < high)].mean() for low, high in zip(edges, edges[1:], strict=False)])
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
ax.scatter(x[:1500], velocity[:1500], s=3, lw=0, color=GREY, label="lines: where they pass, and their velocity")
ax.plot(middles, averages, "o", ms=4, color=ORANGE, label="average in a narrow strip of x")
ax.set(xlabel="x at sigma = 0.5", ylabel="velocity", xlim=(-0.6, 2.1))
ax.legend(frameon=False, fontsize=8)
show(fig, alt="A tilted cloud of grey dots, velocity against x, and orange dots for the average in strips of x. The averages lie on a straight line")

# %% [markdown]
# The averages lie on a straight line. For two Gaussian quantities the best guess of one from the other is a line whose slope is covariance over
# variance. Here
#
#     variance of x                 = (1 - sigma)² std² + sigma²
#     covariance of clean with x    = (1 - sigma) std²
#     covariance of noise with x    = sigma
#     surprise                      = (x - (1 - sigma) mean) / variance        how far x is from where it was expected
#
# so the best guesses are `noise ≈ sigma * surprise` and `clean ≈ mean + (1 - sigma) std² * surprise`, and the best velocity is the one minus
# the other. Look back at `towards` in section 1. Its last line is this; the lines above it ask how likely it is that `x` came from each grain
# (`share`, a softmax over distances), and take the average.
#
# ### Exercise 3.2 · The best velocity there is
# *12 minutes · needs thought*
#
#     x      (B, c, t, h, w) ─┐
#     sigma  (B,    t      ) ─┼─► velocity (B, c, t, h, w)     each number for itself: the world has no correlations
#     mean, std  two numbers ─┘
#
# Write the closed form down. The check looks at it in worlds of several means and widths.

# %% tags=["exercise"]
def best_velocity(x: Tensor, sigma: Tensor, mean: float, std: float) -> Tensor:
    """E[noise - clean | x] where every clean number is Gaussian with this mean and std. x: (B, c, t, h, w), sigma: (B, t)."""
    raise NotImplementedError


# %% tags=["solution"]
def best_velocity(x: Tensor, sigma: Tensor, mean: float, std: float) -> Tensor:
    """E[noise - clean | x] where every clean number is Gaussian with this mean and std. x: (B, c, t, h, w), sigma: (B, t)."""
    level = flow.per_frame(sigma)                                           # (B, 1, t, 1, 1)
    variance = (1 - level) ** 2 * std**2 + level**2
    surprise = (x - (1 - level) * mean) / variance
    return level * surprise - (mean + (1 - level) * std**2 * surprise)


# %% tags=["check"]
check("3.2", best_velocity)

# %% [markdown] tags=["hint"]
# Test yourself at the ends. At `sigma = 1` nothing is known about the clean number, so its best guess is the mean, and the velocity is `x - mean`.
# At `sigma = 0` the clean number is `x` itself and nothing is known about the noise: the velocity is `-x`.

# %% [markdown] tags=["hint"]
# Shape `sigma` first (`flow.per_frame` does what you did in 3.1), then write `variance` and `surprise` as in the table above.

# %% [markdown] tags=["hint"]
# `noise_guess = level * surprise` and `clean_guess = mean + (1 - level) * std**2 * surprise`. Return the first minus the second.

# %% [markdown]
# Our own copy for what follows: a world of one grain is the Gaussian world.

# %% tags=["nbval-check-output"]
def gaussian_world(x: Tensor, sigma: Tensor) -> Tensor:
    """The best velocity in the world of MEAN and STD. x: (B, c, t, h, w), sigma: (B, t)."""
    level = flow.per_frame(sigma)
    numbers = x.flatten()[:, None]                                          # each number is a point on a line
    best = towards(numbers, level.expand_as(x).flatten(), torch.tensor([[MEAN]]), STD)
    return best.view_as(x)


line = gaussian_world(video(middles[:, None]), torch.full((25, 1), 0.5)).flatten()
assert (line - averages).abs().max() < 0.1
print("the formula and the averages of 200,000 lines agree")

# %% [markdown]
# The lines that we train on are straight. **Predict before you run:** if a point follows the *average* of all lines at every place, is its path
# straight too? And can two paths cross?

# %% tags=["slide"]
levels = torch.linspace(1, 0, 201)
starts = torch.linspace(-2.2, 2.2, 15)
paths = [starts]
for now, then in zip(levels, levels[1:], strict=False):
    step = gaussian_world(video(paths[-1][:, None]), now.expand(15, 1)).flatten()
    paths.append(paths[-1] + (then - now) * step)
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.4), layout="constrained", sharey=True)
for one, other in zip(noise[:45], clean[:45], strict=True):
    axes[0].plot([1, 0], [one, other], color=GREY, lw=0.8)
axes[1].plot(levels, torch.stack(paths), color=BLUE, lw=1.2)
for ax, title in zip(axes, ("lines that the network is trained on", "paths that a sampler walks"), strict=True):
    ax.set(xlabel="sigma", xlim=(1, 0), title=title)
axes[0].set_ylabel("x")
show(fig, alt="Left, straight grey lines from noise to data cross one another. Right, blue paths bend, come closer, and never cross")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# The paths bend: at `sigma = 1` all of them head for the mean, and only near the end do they fan out. And they never cross: at one place and
# one noise level there is one velocity.
# </details>
#
# And yet the points do not end at the average but spread over the data exactly as they should: moving all points with the mean velocity at
# their place carries the crowd as a whole just as moving each point along its own line would (Lipman et al. 2022 and Liu et al. 2022 prove it,
# both in section 3).
#
# ### The loss, and why it never reaches zero
#
# The loss is the mean squared error of the velocity, over frames that are not known already:

# %% tags=["nbval-check-output"]
def loss(velocity: Tensor, clean: Tensor, noise: Tensor, known: Tensor) -> Tensor:
    """Mean squared error over the frames that are not known (known: (B, t) of bool), one number for each video. (B)"""
    error = (velocity - (noise - clean)).square().mean(dim=(1, 3, 4))       # (B, t)
    return (error * ~known).sum(1) / (~known).sum(1).clamp(min=1)


many = [torch.randn(2000, 1, 3, 1, 1, generator=generator) for _ in range(2)]
clean_frames, noise_frames = MEAN + STD * many[0], many[1]
known = torch.tensor([True, False, False]).expand(2000, 3)
levels = torch.where(known, 0.0, 0.5)
answer = gaussian_world(flow.add_noise(clean_frames, noise_frames, levels), levels)
torch.testing.assert_close(loss(answer, clean_frames, noise_frames, known), flow.loss(answer, clean_frames, noise_frames, known))
floor = STD**2 / (0.5**2 * STD**2 + 0.5**2)
assert abs(loss(answer, clean_frames, noise_frames, known).mean() - floor) < 0.1
print(f"the best possible loss at sigma = 0.5 is {floor:.2f}, not 0")

# %% [markdown]
# What the best answer leaves over is the spread of the lines around their average; in the Gaussian world it is `std² / variance`. No training
# removes it, so a loss that flattens out at 0.8 may be a triumph or a disaster. In our worlds we can compute the floor, and we shall draw it
# into the training curve.
#
# ## 5 · Walking: Euler and Heun
#
# A sampler starts at noise and follows the velocity from `sigma = 1` to 0. Euler's way: ask for the direction, go straight for a while, ask
# again. Here it is, as a generator that gives its state after every step:

# %% tags=["nbval-check-output", "slide-code"]
def euler(denoise, x: Tensor, steps: int):
    """Walks from noise (B, c, t, h, w) to data; gives x after each step. denoise(x, sigma (B, t)) is the velocity."""
    levels = torch.linspace(1, 0, steps + 1)
    for now, then in zip(levels[:-1], levels[1:], strict=True):
        velocity = denoise(x, now.expand(x.shape[0], x.shape[2]))
        x = x + (then - now) * velocity
        yield x


noise = torch.randn(64, 2, 3, 4, 4, generator=torch.Generator().manual_seed(3))
*_, end = euler(gaussian_world, noise, steps=10)
torch.testing.assert_close(end, flow.sample(gaussian_world, noise, steps=10, shift=1.0))
print("ten steps of ours end where ten steps of flow.sample end")

# %% [markdown]
# The package's `sample_steps` does no more than this, plus three things for later: `known` frames that do not move (chapter 6), guidance
# (section 9) and a `shift` that puts more steps where there is more noise (section 7; 1.0 means evenly spaced).
#
# ### A failure on purpose: too few steps
#
# The paths bend, and Euler walks straight. How much does that cost? In the Gaussian world everything is linear, so two points are enough: start
# at -1 and at +1, and half their distance at the end is the standard deviation that the sampler produces. It should be 0.5. **Predict before
# you run:** what comes out with a *single* step?

# %% tags=["nbval-check-output"]
def spread(steps: int, solver: str) -> float:
    """The standard deviation that a sampler makes out of a Gaussian world whose own is STD."""
    ends = flow.sample(gaussian_world, video(torch.tensor([[-1.0], [1.0]])), steps=steps, solver=solver, shift=1.0).flatten()
    return ((ends[1] - ends[0]) / 2).item()


print("steps      " + "".join(f"{steps:7d}" for steps in (1, 2, 4, 8, 16, 32, 64)))
for solver in flow.SOLVERS:
    print(f"{solver:11s}" + "".join(f"{spread(steps, solver):7.3f}" for steps in (1, 2, 4, 8, 16, 32, 64)))

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# Zero. At `sigma = 1` every path heads for the mean, and one step goes all the way: everything lands on 1.5. It is the fog of section 2 again.
# Too few steps make *average* things, with too little spread and too little detail.
# </details>
#
# The heart shows the same in the plane, and the shipped model in video: one sentence, one seed, no guidance; only the number of steps differs.

# %% tags=["slide"]
generator = torch.Generator().manual_seed(4)
noise = torch.randn(900, 2, generator=generator)


def heart_world(x: Tensor, sigma: Tensor) -> Tensor:
    """`towards` the heart, in the package's shapes."""
    return video(towards(x.flatten(1), sigma[:, 0], heart))


fig, axes = plt.subplots(1, 5, figsize=(9, 2.1), layout="constrained")
for ax, steps in zip(axes, (1, 2, 4, 8, 32), strict=True):
    panel(ax, flow.sample(heart_world, video(noise), steps=steps, shift=1.0).flatten(1), f"{steps} step{'s' * (steps > 1)}", size=1.5)
show(fig, alt="The heart from 1, 2, 4, 8 and 32 steps: a single dot, a small lump, a thin heart without eyes, a heart, a crisp heart with eyes")

# %%
from minisora import MiniSora

sora = MiniSora.from_pretrained()
sentence = "a red ball rolls to the right in the snow"
few = {steps: sora.generate(sentence, seed=1, steps=steps, guidance=1.0) for steps in (1, 3, 8, 25)}
strips = [np.asarray(clip.strip(7)) for clip in few.values()]
gallery(strips, [f"{steps} steps" for steps in few], alt=f"Seven frames, a blur at first, most detail at last: {sentence}", width=640)


def sharpness(clip: Video) -> float:
    """How much neighbouring pixels differ, on average."""
    return float(np.abs(np.diff(clip.frames.astype(float), axis=2)).mean())


assert sharpness(few[1]) < sharpness(few[25]), "one step should be blurred"

# %% [markdown]
# ### Heun: look ahead before you go
#
# Heun takes Euler's step on trial, asks for the direction at its end too, and then goes along the mean of both. That costs two calls of the
# network for a step, but the error shrinks with the square of the step instead of the step itself.
#
# The last step is special. It ends at `sigma = 0`, where there is no noise left to tell a direction from, so it is Euler's.
#
# ### Exercise 3.3 · Heun's solver
# *15 minutes · needs thought*
#
#       x ●───── velocity at x ─────► ahead ◌           1. step on trial
#         │                            │
#         │                            └─ velocity at ahead
#         ●─ mean of both ──► x                         2. the real step, from the old x

# %% tags=["exercise"]
def heun(denoise, noise: Tensor, steps: int) -> Tensor:
    """Walks from noise (B, c, t, h, w) at sigma = 1 to sigma = 0 in even steps, the last one Euler's. denoise(x, sigma (B, t)): velocity."""
    raise NotImplementedError


# %% tags=["solution"]
def heun(denoise, noise: Tensor, steps: int) -> Tensor:
    """Walks from noise (B, c, t, h, w) at sigma = 1 to sigma = 0 in even steps, the last one Euler's. denoise(x, sigma (B, t)): velocity."""
    x, frames = noise, (noise.shape[0], noise.shape[2])
    levels = torch.linspace(1, 0, steps + 1)
    for now, then in zip(levels[:-1], levels[1:], strict=True):
        velocity = denoise(x, now.expand(frames))
        if then > 0:
            ahead = x + (then - now) * velocity
            velocity = (velocity + denoise(ahead, then.expand(frames))) / 2
        x = x + (then - now) * velocity
    return x


# %% tags=["check"]
check("3.3", heun)

# %% [markdown] tags=["hint"]
# Begin with the body of `euler` above, with `x = noise`, and add to it; the loop over pairs of levels stays. Only the end is wanted here: instead of
# the `yield` in the loop, a `return x` after it.

# %% [markdown] tags=["hint"]
# After asking for the velocity at `(x, now)`, make `ahead = x + (then - now) * velocity` and ask again at `(ahead, then)`. Note `then`:
# the second question is asked at the *lower* noise level.

# %% [markdown] tags=["hint"]
# The real step begins at the old `x`: `x = x + (then - now) * (first + second) / 2`; where `then` is 0, only with `first`.

# %% tags=["slide"]
counts = [1, 2, 4, 8, 16, 32, 64, 128]
fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for solver, colour in zip(flow.SOLVERS, (ORANGE, BLUE), strict=True):
    calls = [steps if solver == "euler" else 2 * steps - 1 for steps in counts]
    ax.loglog(calls, [abs(spread(steps, solver) - STD) for steps in counts], "o-", color=colour, ms=4, label=solver)
ax.set(xlabel="calls of the network", ylabel="error of the standard deviation")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="Error against calls of the network, both on logarithmic axes. Both lines fall; Heun's is twice as steep and soon far below Euler's")

# %% tags=["nbval-check-output"]
for solver, order in (("euler", 1), ("heun", 2)):
    falls = math.log2(abs(spread(32, solver) - STD) / abs(spread(64, solver) - STD))
    assert abs(falls - order) < 0.25
    print(f"{solver}: twice the steps, error divided by about {2**order}")

# %% [markdown]
# With a handful of calls Euler is as good; with twenty or more, Heun is far ahead *in this smooth world*. For a network the gain is smaller,
# because its own error is the larger one. MiniSora's default is 25 steps of Euler; `solver="heun"` is one word.
#
# ## 6 · A network learns the directions
#
# So far the velocity came from a formula that has the data in it, grain by grain. For videos a network has to learn it from examples: the three
# numbers `x` and `sigma` go in, the two of the velocity come out.

# %%
class PointNet(nn.Module):
    """(x (B, dim, 1, 1, 1), sigma (B, 1)) -> velocity, like every denoiser of the package, but for points."""

    def __init__(self, dim: int = 2, waves: int = 5, width: int = 128, prediction: str = "velocity"):
        super().__init__()
        self.prediction, self.waves = prediction, 1.5 * torch.arange(1.0, waves + 1)
        self.body = small_net(dim + 2 * dim * waves + 8, dim, width)

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        points = x.flatten(1)                                               # (B, dim)
        place = (points[..., None] * self.waves).flatten(1)                 # (B, dim · waves)
        level = sigma * torch.tensor([0.5, 1.0, 2.0, 4.0]) * math.pi        # (B, 4)
        told = torch.cat((points, place.sin(), place.cos(), level.sin(), level.cos()), dim=1)
        return flow.velocity_from(self.body(told).view_as(x), x, sigma, self.prediction)


# %% [markdown]
# Two remarks. A network of this kind learns what changes slowly long before what changes fast, so we tell it every place also as sines and
# cosines of several lengths (chapter 4 does the same with positions). And `flow.velocity_from` changes nothing before section 8.
#
# The training is a generator too, and MiniSora's denoiser is trained by the same few lines:

# %%
def draw_heart(count: int, generator: torch.Generator) -> Tensor:
    """Clean data, as the smallest of videos. (B, 2, 1, 1, 1)"""
    return video(dust(heart, count, generator))


def middle_first(count: int, generator: torch.Generator) -> Tensor:
    """Noise levels to train on; section 7 says why these. (B)"""
    return flow.draw_sigma(count, tokens=32, generator=generator)


def train(net: nn.Module, draw_clean, steps: int, draw_sigma=middle_first, batch: int = 512, rate: float = 1e-2):
    """Trains the net in place; gives (step, loss) after each step."""
    generator = torch.Generator().manual_seed(0)
    adam = torch.optim.Adam(net.parameters())
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, rate, total_steps=steps, pct_start=0.1)
    known = torch.zeros(batch, 1, dtype=torch.bool)
    for step in range(1, steps + 1):
        clean = draw_clean(batch, generator)
        noise = torch.randn(clean.shape, generator=generator)
        sigma = draw_sigma(batch, generator)[:, None]                       # (B, 1)
        velocity = net(flow.add_noise(clean, noise, sigma), sigma)
        cost = flow.loss(velocity, clean, noise, known).mean()
        adam.zero_grad()
        cost.backward()
        adam.step()
        pace.step()
        yield step, cost.item()


# %% [markdown]
# Since the world is known, the formula can tell us the lowest loss that any network can have on it:

# %%
generator = torch.Generator().manual_seed(5)
clean, noise = draw_heart(8000, generator), torch.randn(8000, 2, 1, 1, 1, generator=generator)
sigma = middle_first(8000, generator)[:, None]
best = heart_world(flow.add_noise(clean, noise, sigma), sigma)
floor = flow.loss(best, clean, noise, torch.zeros(8000, 1, dtype=torch.bool)).mean().item()
nothing = flow.loss(0 * best, clean, noise, torch.zeros(8000, 1, dtype=torch.bool)).mean().item()
print(f"a network that says nothing: {nothing:.2f}; the best that can be: {floor:.2f}")

# %% [markdown]
# **Live.** Half a minute at most, on two cores. Left, where the same 900 random points land with the network as it is; right, its loss.
# **Predict before you run:** what will the network get right first: the lump, the outline, or the eyes?

# %%
from IPython.display import display

STEPS, AGAIN = 6000, 1000
torch.manual_seed(0)
net = PointNet()
begin = torch.randn(900, 2, generator=torch.Generator().manual_seed(6))


def state(costs: list[float], lands: Tensor):
    """A picture of the training as it stands: where the random points land, and the loss."""
    fig, axes = plt.subplots(1, 2, figsize=(8, 3), layout="constrained", width_ratios=(1, 1.7))
    panel(axes[0], lands, f"after {len(costs)} steps", BLUE)
    smooth = np.convolve(costs, np.ones(50) / 50, mode="valid")
    axes[1].plot(np.arange(len(smooth)) + 50, smooth, color=BLUE, lw=1)
    axes[1].axhline(floor, color=GREEN, lw=1)
    axes[1].text(STEPS, 0.97 * floor, "the least that is possible", color=GREEN, ha="right", va="top", size=9)
    axes[1].set(xlim=(0, STEPS), ylim=(0.9 * floor, nothing), xlabel="step", ylabel="loss, mean of 50 steps")
    return picture(fig, alt=f"After {len(costs)} steps: the cloud on its way to a heart, and the loss falling to a green line, the least possible")


place, costs, landed = display(picture(film([begin]), alt="The cloud at the beginning"), display_id=True), [], {}
for step, cost in train(net, draw_heart, STEPS):
    costs.append(cost)
    if step % AGAIN == 0 or step in (50, 200):
        with torch.no_grad():
            landed[step] = flow.sample(net, video(begin), steps=25, shift=1.0).flatten(1)
        place.update(state(costs, landed[step]))

# %% tags=["nbval-check-output"]
assert abs(np.mean(costs[-1000:]) - floor) < 0.06 and np.mean(costs[:5]) > 1.15 * floor
print("the loss has come down to the least that is possible, and stays there")

# %% [markdown]
# The loss tells almost nothing: its last few hundredths decide about the eyes. So let us look at the thing itself.

# %%
fig, axes = plt.subplots(1, 5, figsize=(9, 2.1), layout="constrained")
for ax, step in zip(axes, (50, 200, 1000, 3000, STEPS), strict=True):
    panel(ax, landed[step], f"after {step} steps", BLUE, 1.5)
show(fig, alt="Where the same 900 points land after more and more training: a lump, a rough heart, a heart, and at last a heart with eyes")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# The same order as in the sampling: the lump first, then the outline; the eyes last. What is large moves many arrows by much, and the loss pays
# for it at once. The eyes move few arrows, by little.
# </details>
#
# ### The signature: learned against exact
#
# Below, formula and network are asked at the same places, at four noise levels: green is the exact velocity, blue the learned one on top of it,
# and behind them, in orange, the dust at that noise level. (Drawn as the sampler walks, from noise towards data.)

# %% tags=["slide"]
def arrows(ax, sigma: float) -> None:
    """Exact and learned directions on a grid, where there is dust at this noise level."""
    generator = torch.Generator().manual_seed(7)
    cloud = (1 - sigma) * dust(heart, 3000, generator) + sigma * torch.randn(3000, 2, generator=generator)
    side = torch.linspace(-2.4, 2.4, 15)
    grid = torch.cartesian_prod(side, side)
    grid = grid[(torch.cdist(grid, cloud) < 0.25).sum(1) > 3]
    level = torch.full((len(grid), 1), sigma)
    with torch.no_grad():
        learned = net(video(grid), level).flatten(1)
    exact = towards(grid, level[:, 0], heart)
    panel(ax, cloud[:1200], f"sigma = {sigma:g}", "#F2C9A8", 1.5)
    for velocity, colour, thick in ((exact, GREEN, 0.009), (learned, BLUE, 0.004)):
        ax.quiver(*grid.T, *-velocity.T, color=colour, angles="xy", scale_units="xy", scale=5, width=thick)


fig, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
for ax, sigma in zip(axes, (0.9, 0.6, 0.3, 0.1), strict=True):
    arrows(ax, sigma)
show(fig, alt="Arrows at four noise levels: inwards from everywhere at 0.9, outwards to the outline at 0.1. Blue arrows lie on green ones almost everywhere")

# %%
def gap(net: nn.Module, sigma: float, count: int = 3000) -> float:
    """Root mean square of learned minus exact velocity at places where there is dust, per coordinate."""
    generator = torch.Generator().manual_seed(8)
    level = torch.full((count, 1), sigma)
    x = flow.add_noise(draw_heart(count, generator), torch.randn(count, 2, 1, 1, 1, generator=generator), level)
    with torch.no_grad():
        return (net(x, level) - heart_world(x, level)).square().mean().sqrt().item()


LEVELS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.98)
gaps = [gap(net, sigma) for sigma in LEVELS]
untrained = [gap(PointNet(), sigma) for sigma in LEVELS]
fig, ax = plt.subplots(figsize=(6, 2.8), layout="constrained")
for values, colour, name in ((untrained, GREY, "before training"), (gaps, BLUE, "after")):
    ax.plot(LEVELS, values, "o-", ms=3, color=colour)
    ax.text(0.99, values[-1], " " + name, color=colour, va="center", clip_on=False)
ax.set(xlabel="sigma", ylabel="gap to the exact velocity", xlim=(0, 1.2), ylim=(0, None))
ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="The gap between learned and exact velocity: before training a valley between 1 and 0.3; after it near 0, and largest at small sigma")

# %% tags=["nbval-check-output"]
assert max(gaps[5:]) < 0.15 and max(gaps) < 0.4 and min(untrained) > 0.25
print("from sigma = 0.3 upwards the learned arrows differ from the exact ones by less than 0.15; untrained ones nowhere by less than 0.25")

# %% [markdown]
# Both are walked without any chance, so the same random point should end at almost the same place:

# %%
with torch.no_grad():
    learned = flow.sample(net, video(begin), steps=40, shift=1.0).flatten(1)
exact = flow.sample(heart_world, video(begin), steps=40, shift=1.0).flatten(1)
fig, axes = plt.subplots(1, 3, figsize=(8.4, 2.9), layout="constrained")
panel(axes[0], exact, "the formula's way", GREEN)
panel(axes[1], learned, "the network's way", BLUE)
panel(axes[2], exact, "same beginning, both ends", GREEN)
axes[2].plot(*torch.stack((exact, learned), 1)[:250].permute(2, 1, 0), color=BLUE, lw=0.6)
show(fig, alt="Two hearts with eyes, from the formula and from the network, and short lines that join the two ends of the same beginnings")

# %% tags=["nbval-check-output"]
apart = (exact - learned).norm(dim=1)
assert apart.median() < 0.15
print("half of the points end less than 0.15 from where the formula leads them; the heart is 4 wide")

# %% [markdown]
# ### Why not simply keep the formula?
#
# `towards` can be written for any data: let each training example be a grain of no width. No training, no network, and it is the exact optimum
# of the loss. **Predict before you run:** we give it 40 points of the heart as its whole training set, and walk 500 random points. What comes
# out?

# %% tags=["slide"]
collection = dust(heart, 40, torch.Generator().manual_seed(9))


def copier(x: Tensor, sigma: Tensor) -> Tensor:
    """The exact best velocity for a training set of 40 points."""
    return video(towards(x.flatten(1), sigma[:, 0], collection, width=0.0))


ends = flow.sample(copier, video(begin[:500]), steps=60, shift=0.1).flatten(1)   # a small shift: more steps near the data
fig, axes = plt.subplots(1, 2, figsize=(5.6, 2.9), layout="constrained")
panel(axes[0], collection, "training set", size=6)
panel(axes[1], ends, "500 samples", GREEN, 6)
show(fig, alt="Forty orange points, and five hundred green samples that lie exactly on the same forty places")

# %% tags=["nbval-check-output"]
copied = torch.cdist(ends, collection).min(1).values < 0.01
assert copied.float().mean() > 0.99
print("samples are training examples, copied to the hundredth")

# %% [markdown]
# A photocopier. The perfect solution of the training task invents nothing. Everything new that a generative model makes comes from the
# network's *failure* to be perfect: it cannot follow every grain, so it says something smooth in between. In which way it is smooth is up to
# its architecture; chapter 4 builds one for videos.
#
# ## 7 · Which noise levels?
#
# ### Large things are decided first: a law
#
# Here is a world that is large, Gaussian and yet made of pictures: 500 scenes of the toy world, in 16 × 16 pixels. We keep only their mean and
# their covariance, so whatever comes next is again in closed form. The covariance's principal components are pictures themselves, sorted by how
# much the scenes differ along them: first the brightness of the sky, at the end single pixels.

# %%
from minisora.world.render import render
from minisora.world.sample import sample_scene


def scene_picture(seed: int, side: int = 16) -> np.ndarray:
    """A still scene in side × side pixels, from -1 to 1. (side, side, 3)"""
    large = render(sample_scene(seed, seconds=0), 64, 64)[0] / 127.5 - 1
    return large.reshape(side, 64 // side, side, 64 // side, 3).mean((1, 3))


pictures = torch.tensor(np.stack([scene_picture(seed) for seed in range(500)]), dtype=torch.float32).flatten(1)  # (500, 768)
mean = pictures.mean(0)
_, scales, parts = torch.linalg.svd((pictures - mean) / len(pictures) ** 0.5, full_matrices=False)
first = int((scales > 0.02).sum())
scales, parts = scales[:first], parts[:first]                               # standard deviations (k), components (k, 768)


def known_share(sigma: float) -> Tensor:
    """How much of each component the best guess dares to say at this noise level, 0 to 1. (k)"""
    return (1 - sigma) ** 2 * scales**2 / ((1 - sigma) ** 2 * scales**2 + sigma**2)


def best_guess(x: Tensor, sigma: float) -> Tensor:
    """E[clean | x] in the world of these pictures, for sigma below 1. x: (768)"""
    surprise = (x / (1 - sigma) - mean) @ parts.T                           # (k)
    return mean + (known_share(sigma) * surprise) @ parts


def as_image(x: Tensor) -> np.ndarray:
    return np.kron(((x.view(16, 16, 3) + 1) * 127.5).clamp(0, 255).byte().numpy(), np.ones((6, 6, 1), np.uint8))


# %% [markdown]
# Take a picture that is not among the 500, hide it under noise, and ask for the best guess. **Predict before you run:** at `sigma = 0.9`, can
# you still see anything in the noisy picture? Can the formula?

# %% tags=["slide"]
held = torch.tensor(scene_picture(9003), dtype=torch.float32).flatten()
noise = torch.randn(768, generator=torch.Generator().manual_seed(10))
rows = [[], []]
for sigma in (0.97, 0.9, 0.8, 0.6, 0.3, 0.1):
    x = (1 - sigma) * held + sigma * noise
    rows[0].append(as_image(x))
    rows[1].append(as_image(best_guess(x, sigma)))
sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
show(sheet, alt="Above, a scene under less and less noise; below, the best guess: a blurred place at sigma 0.9, then shapes, at last fine detail", width=700)

# %%
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
levels = np.linspace(0.001, 0.999, 300)
curves = torch.stack([known_share(sigma) for sigma in levels])              # (300, k)
for k, shade in zip((0, 3, 15, 63, 200), ("#08306b", "#2171b5", "#6baed6", "#9e9ac8", "#c994c7"), strict=True):
    ax.plot(levels, curves[:, k], color=shade)
    half = (scales[k] / (1 + scales[k])).item()
    ax.plot(half, 0.5, "o", color=shade, ms=4)
    ax.text(half - 0.01, 0.53, f"{k + 1}", color=shade, ha="right", size=9)
ax.set(xlim=(1, 0), xlabel="sigma, from noise to data", ylabel="share of the component that is known")
ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="Five S-shaped curves from 0 to 1 while sigma falls: component 1 first, near sigma 0.9, then 4, 16, 64 and 201, near 0.1")
assert (known_share(0.5) - scales**2 / (scales**2 + 1)).abs().max() < 1e-5 and scales[0] > 5 * scales[20]

# %% [markdown]
# Each component has its moment. Something that varies by `s` stands out from the noise when `(1 - sigma) * s` is larger than `sigma`; so
# it is decided around
#
#     sigma = s / (1 + s)        or, in other words:  the odds  sigma / (1 - sigma)  are equal to  s
#
# Large things are decided at large `sigma`, small ones at small `sigma`: the law that the welcome chapter promised. White noise has the same
# strength at every scale and pictures do not, so the fine things drown first, and come up last.
#
# ### A larger video needs more noise
#
# Draw the same scene with twice the pixels each way. What was one number is now four that say nearly the same, and whoever averages four
# numbers halves their noise. So the same `sigma` hides less:

# %% tags=["slide"]
def shrunk(grey: np.ndarray, side: int) -> np.ndarray:
    """A square grey picture as averages. (side, side)"""
    n = len(grey) // side
    return grey.reshape(side, n, side, n).mean((1, 3))


large = render(sample_scene(7, seconds=0), 64, 64)[0].mean(-1)              # (64, 64)
large = (large - large.mean()) / large.std()
rng = np.random.default_rng(0)
rows = {"16, 32 and 64 pixels a side, all at sigma = 0.6": [], "the same, averaged to 16 × 16": [], "shifted, and averaged to 16 × 16": []}
for side in (16, 32, 64):
    small, grain = shrunk(large, side), rng.standard_normal((side, side))
    same, more = ((1 - sigma) * small + sigma * grain for sigma in (0.6, flow.shifted(torch.tensor(0.6), side / 16).item()))
    for row, grey in zip(rows.values(), (same, shrunk(same, 16), shrunk(more, 16)), strict=True):
        tones = (50 * grey / grey.std() + 128).clip(0, 255).astype(np.uint8)[..., None]
        row += [np.kron(tones, np.ones((192 // len(grey), 192 // len(grey), 3), np.uint8)), np.full((192, 8, 3), 255, np.uint8)]
sheets = [np.concatenate(row[:-1], axis=1) for row in rows.values()]
gallery(sheets, list(rows), alt="A dark ball under noise, in three sizes", width=592)

# %% [markdown]
# The first row has the same `sigma` in all three. In the second row their pixels are averaged: on the right the dark ball is plain to see, on
# the left it hardly is. With `n` times as many numbers, everything large gets `sqrt(n)` times easier to see, as if its `s` were `sqrt(n)` times
# larger. For equal difficulty the odds of `sigma` must be multiplied by the same factor, as in the last row, where all three are hidden alike
# (Esser et al. 2024, section 5.3.2, derived it for images). MiniSora begins with `shift = sqrt(tokens / 32)`; chapter 5 finds by experiment that
# its latents bear more, and the sampler, like the last training of the shipped weights, goes further up.
#
# ### Exercise 3.4 · The shift
# *10 minutes · needs thought*
#
#     sigma (any shape), shift ─► shifted sigma (same shape)        odds of the result = shift × odds of sigma
#
#     0 ├──────────────┼──────────────┤ 1        before
#     0 ├───────────────────────┼─────┤ 1        shift = 3: the middle, 0.5, goes to 0.75; the ends stay
#
# Solve the line above for the result. It should also work at `sigma = 1`, where the odds are infinite.

# %% tags=["exercise"]
def shifted(sigma: Tensor, shift: float) -> Tensor:
    """Noise levels whose odds sigma / (1 - sigma) are `shift` times as large."""
    raise NotImplementedError


# %% tags=["solution"]
def shifted(sigma: Tensor, shift: float) -> Tensor:
    """Noise levels whose odds sigma / (1 - sigma) are `shift` times as large."""
    return shift * sigma / (1 + (shift - 1) * sigma)


# %% tags=["check"]
check("3.4", shifted)

# %% [markdown] tags=["hint"]
# Call the odds `o = sigma / (1 - sigma)`. Then `sigma = o / (1 + o)`: that is the way back.

# %% [markdown] tags=["hint"]
# So the result is `shift * o / (1 + shift * o)`. Correct, but at `sigma = 1` it is infinity over infinity.

# %% [markdown] tags=["hint"]
# Multiply numerator and denominator by `1 - sigma`: `shift * sigma / (1 - sigma + shift * sigma)`.

# %% [markdown]
# ### What there is to learn
#
# Which noise levels should the training draw? Those at which there is much to *learn*. At `sigma` near 1 the best answer is `x - mean`, near 0
# it is about `-x`; a network knows that after a minute. What takes a network is how the exact velocity differs from the best *straight-line*
# answer, section 4's formula with the heart's mean and covariance.
#
# And we look at a second heart, a *large* one: each of its two coordinates is written down 256 times, as the pixels of a large picture repeat
# their neighbours. Averaging 256 numbers divides their noise by 16, so for the large heart the same things happen at 16 times the odds.

# %%
COPIES = 256
LARGE = math.sqrt(COPIES)                                                   # 16: how much easier averaging makes it
spread_of_heart = torch.cov(heart.T) + WIDTH**2 * torch.eye(2)


def worth(sigma: float, count: int = 3000) -> float:
    """Mean square of what the exact velocity has beyond the best linear one, per coordinate."""
    generator = torch.Generator().manual_seed(11)
    x = (1 - sigma) * dust(heart, count, generator) + sigma * torch.randn(count, 2, generator=generator)
    variance = (1 - sigma) ** 2 * spread_of_heart + sigma**2 * torch.eye(2)
    surprise = (x - (1 - sigma) * heart.mean(0)) @ torch.linalg.inv(variance)
    linear = sigma * surprise - (heart.mean(0) + (1 - sigma) * surprise @ spread_of_heart)
    return (towards(x, torch.full((count,), sigma), heart) - linear).square().mean().item()


def logit_normal(sigma: np.ndarray, mean: float = 0.0) -> np.ndarray:
    """How often torch.sigmoid(mean + torch.randn(...)) comes out near sigma."""
    return np.exp(-((np.log(sigma / (1 - sigma)) - mean) ** 2) / 2) / (sigma * (1 - sigma) * math.sqrt(2 * math.pi))


# %%
worths = [worth(sigma) for sigma in LEVELS]
fig, (low, high) = plt.subplots(2, 1, figsize=(6.5, 4), layout="constrained", sharex=True)
for places, colour, name, x in ((torch.tensor(LEVELS), GREEN, "the heart", 0.3), (flow.shifted(torch.tensor(LEVELS), LARGE), ORANGE, "the large heart", 0.87)):
    low.fill_between(places, worths, color=colour, alpha=0.3, lw=0)
    low.text(x, 1.05 * max(worths), name, color=colour, ha="center")
low.set(ylabel="to be learned", ylim=(0, 1.3 * max(worths)))
for values, colour, name, place in (
    (np.ones(300), GREY, "uniform", (0.05, 1.5)),
    (logit_normal(levels), BLUE, "logit-normal", (0.5, 2.1)),
    (logit_normal(levels, math.log(LARGE)), ORANGE, "logit-normal, shifted", (0.92, 8.5)),
):
    high.plot(levels, values, color=colour)
    high.text(*place, name, color=colour, ha="right" if place[0] > 0.9 else "center")
high.set(xlabel="sigma", ylabel="drawn", ylim=(0, 12), xlim=(0, 1))
show(fig, alt="Above, what there is to learn: a broad hill around 0.3 for the heart, one pushed up to 0.87 for the large heart. "
     "Below, three ways to draw sigma: uniform; logit-normal, low and broad around 0.5; shifted, high and narrow near 1")  # fmt: skip

# %% tags=["nbval-check-output"]
top = LEVELS[int(np.argmax(worths))]
assert 0.15 <= top <= 0.4 and worths[0] < 0.2 * max(worths) and worths[-3] < 0.01 * max(worths)
print("for the heart, most is to be learned between sigma = 0.15 and 0.4; above 0.7 there is next to nothing")
print(f"for the large heart: between {0.15 * LARGE / (1 + 15 * 0.15):.2f} and {0.4 * LARGE / (1 + 15 * 0.4):.2f}")

# %% [markdown]
# The lower half shows three ways to draw. The **logit-normal** takes a Gaussian number and puts it through a sigmoid (Esser et al. 2024, section
# 3.1): few draws at the ends, most in the middle. And since the shift multiplies odds, and the logarithm of the odds *is* that Gaussian number,
# shifting means moving its mean. So MiniSora draws:

# %% tags=["nbval-check-output"]
def draw_sigma(count: int, tokens: int, generator: torch.Generator) -> Tensor:
    """Noise levels to train on, for videos of so many tokens. (B)"""
    drawn = torch.sigmoid(torch.randn(count, generator=generator))
    return flow.shifted(drawn, math.sqrt(tokens / 32)).clamp(1e-3, 1 - 1e-3)


for tokens, video_of in ((16, "a picture of 64 × 64 pixels"), (80, "2 seconds"), (976, "30 seconds")):
    drawn = draw_sigma(20_000, tokens, torch.Generator().manual_seed(0))
    torch.testing.assert_close(drawn, flow.draw_sigma(20_000, tokens, torch.Generator().manual_seed(0)))
    print(f"{tokens:4d} tokens, {video_of}: half of the draws lie above sigma = {drawn.median():.1f}")

# %% [markdown]
# ### A failure on purpose: effort where there is nothing to learn
#
# Three networks learn the large heart with the same short training (a fifth of the steps above); only the draws of `sigma` differ. To a network
# that has learned to average, the large heart is the small heart at a 16th of the odds. So we train on the small heart and divide the odds of
# the draws by 16; shifted draws were multiplied by 16 first, so they stay what they were.
#
# **Predict before you run:** which of the three ends furthest from where the formula leads?

# %% tags=["slide"]
def uniform(count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator).clamp(1e-3, 1 - 1e-3)


def averaged(draw):
    """What draws for the large heart are to whoever has averaged its copies."""
    return lambda count, generator: flow.shifted(draw(count, generator), 1 / LARGE)


ways = {"uniform": (averaged(uniform), GREY), "logit-normal": (averaged(middle_first), BLUE), "logit-normal, shifted": (middle_first, ORANGE)}
fig, axes = plt.subplots(1, 4, figsize=(10, 2.5), layout="constrained", width_ratios=(1.3, 1, 1, 1))
missed = {}
for ax, (name, (draw, colour)) in zip(axes[1:], ways.items(), strict=True):
    torch.manual_seed(0)
    short = PointNet()
    for _ in train(short, draw_heart, 1200, draw, batch=256):
        pass
    with torch.no_grad():
        lands = flow.sample(short, video(begin), steps=40, shift=1.0).flatten(1)
    missed[name] = (lands - exact).norm(dim=1).mean().item()
    axes[0].plot(flow.shifted(torch.tensor(LEVELS), LARGE), [gap(short, sigma) for sigma in LEVELS], "o-", ms=3, color=colour)
    panel(ax, lands, f"{name}: {missed[name]:.2f} off", colour, 1.5)
axes[0].set(xlabel="sigma of the large heart", ylabel="gap to the exact velocity", ylim=(0, None))
show(fig, alt="Gaps of three trainings, and their hearts. Logit-normal draws without a shift leave a large gap near sigma 1 and spoil the heart; shifted ones do best")

# %% tags=["nbval-check-output"]
assert missed["logit-normal, shifted"] < missed["uniform"] < 0.5 * missed["logit-normal"]
print("drawn where there is most to learn, the same training ends nearest to where the formula leads")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# The logit-normal without a shift: it looks hardly ever where the large things of the large heart are decided, so the walk begins with arrows
# that nobody has taught. Uniform draws do look there, but spend most of their effort lower down.
# </details>
#
# For the *small* heart the uniform draws are no worse than the logit-normal ones: its hill lies well inside. Aim pays where the hill stands at
# the edge, that is for large videos, and there the wrong aim is worse than none. That is the reason for `shift_for`.

# %% [markdown]
# ## 8 · What should the network say?
#
# A straight line is fixed by any two of its points. Whoever knows `x` and `sigma` and one of these three knows the other two:
#
#     clean ●───────────────●─────────────────────────● noise
#        sigma = 0          x                     sigma = 1
#                           └──► velocity = noise - clean
#
# So a network could say the **velocity** (as ours does), the **clean** data, or the **noise** (as the first diffusion models did). Sora's
# report says that Sora "is trained to predict the original 'clean' patches". Nobody outside knows whether that describes the last layer or
# merely the task. In exact arithmetic it makes no difference. For a network with errors it does.
#
# ### Exercise 3.5 · Three ways to say the same
# *10 minutes · needs thought*
#
#     out, x  (B, c, t, h, w) ─┐
#     sigma   (B,    t      ) ─┼─► velocity (B, c, t, h, w)
#     "velocity", "clean" or "noise" ─┘
#
# From `x` it is `sigma` to the clean end, and `1 - sigma` to the other one: one difference and one division are enough, with no detour by way of the
# end that you do not have. At the ends these are 0: hold whatever you divide by at 0.02 or above.

# %% tags=["exercise"]
def velocity_from(out: Tensor, x: Tensor, sigma: Tensor, prediction: str) -> Tensor:
    """The velocity that a network's output stands for. out, x: (B, c, t, h, w), sigma: (B, t), prediction: what the output is."""
    raise NotImplementedError


# %% tags=["solution"]
def velocity_from(out: Tensor, x: Tensor, sigma: Tensor, prediction: str) -> Tensor:
    """The velocity that a network's output stands for. out, x: (B, c, t, h, w), sigma: (B, t), prediction: what the output is."""
    level = flow.per_frame(sigma)                                           # (B, 1, t, 1, 1)
    if prediction == "clean":
        return (x - out) / level.clamp(min=0.02)
    if prediction == "noise":
        return (out - x) / (1 - level).clamp(min=0.02)
    return out


# %% tags=["check"]
check("3.5", velocity_from)

# %% [markdown] tags=["hint"]
# The velocity is a way divided by the `sigma` that the way takes. Over the whole line: `(noise - clean) / 1`. Now take only the part on one
# side of `x`.

# %% [markdown] tags=["hint"]
# From the clean end to `x`: the way is `x - clean`, and it took `sigma`. From `x` to the noise: the way is `noise - x`, and it takes `1 - sigma`.

# %% [markdown] tags=["hint"]
# `.clamp(min=0.02)` on the divisor, not on the result: `(x - out) / level.clamp(min=0.02)`.

# %% [markdown]
# Dividing by `sigma` turns an error in the clean data, made at small `sigma`, into a large error in the velocity. Predicting the noise has the
# same trouble at the other end. **Predict before you run:** which of the two is worse for a sampler, which begins at `sigma = 1` and ends at 0?

# %%
trio, strayed = {}, {}
for prediction in flow.PREDICTIONS:
    torch.manual_seed(0)
    trio[prediction] = PointNet(prediction=prediction)
    for _ in train(trio[prediction], draw_heart, 1500, batch=256):
        pass

COLOURS = {"velocity": BLUE, "clean": GREEN, "noise": ORANGE}
fig, axes = plt.subplots(1, 4, figsize=(10, 2.5), layout="constrained", width_ratios=(1.3, 1, 1, 1))
for ax, (prediction, one) in zip(axes[1:], trio.items(), strict=True):
    axes[0].semilogy(LEVELS, [gap(one, sigma) for sigma in LEVELS], "o-", ms=3, color=COLOURS[prediction])
    with torch.no_grad():
        lands = flow.sample(one, video(begin), steps=40, shift=1.0).flatten(1)
    strayed[prediction] = (lands - exact).norm(dim=1).mean().item()
    panel(ax, lands, f"{prediction}: {strayed[prediction]:.2f} off", COLOURS[prediction])
axes[0].set(xlabel="sigma", ylabel="gap to the exact velocity")
show(fig, alt="Gap against sigma for three predictions: the clean one is worst near 0, the noise one near 1. Beside it the hearts that each one makes")

# %% tags=["nbval-check-output"]
assert strayed["noise"] > max(strayed["velocity"], strayed["clean"])
print("furthest from where the formula leads: the network that says the noise")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# The noise. Its answers are worthless where the sampler *begins*: at `sigma = 1` the noise is `x` itself, so the answer says nothing about the
# data, and its small errors are divided by almost nothing. So the points set out in a wrong direction. The clean prediction errs in the last
# steps, where hardly any way is left.
# </details>
#
# ### The same heart in 256 numbers
#
# Points in a plane are kind to all three. Videos are long rows of numbers in which little is free. To imitate that, we lay the plane of the
# heart into a space of 256 dimensions: the data still have two degrees of freedom, the noise fills all 256. The network's hidden layers are 128
# wide.
#
# **Predict before you run:** which of the three still finds the heart?

# %% tags=["slide"]
basis = torch.linalg.qr(torch.randn(256, 2, generator=torch.Generator().manual_seed(13))).Q.T   # (2, 256), at right angles


def draw_wide(count: int, generator: torch.Generator) -> Tensor:
    """The heart, somewhere in 256 dimensions. (B, 256, 1, 1, 1)"""
    return video(dust(heart, count, generator) @ basis)


wide_noise = video(torch.randn(700, 256, generator=torch.Generator().manual_seed(14)))
left = {}
fig, axes = plt.subplots(1, 3, figsize=(8.4, 3), layout="constrained")
for ax, prediction in zip(axes, flow.PREDICTIONS, strict=True):
    torch.manual_seed(0)
    one = PointNet(256, waves=0, prediction=prediction)
    for _ in train(one, draw_wide, 1500, batch=256, rate=2e-3):
        pass
    with torch.no_grad():
        ends = flow.sample(one, wide_noise, steps=25, shift=1.0).flatten(1)   # (700, 256)
    flat = ends @ basis.T                                                     # (700, 2): its shadow in the plane
    left[prediction] = (ends - flat @ basis).square().mean().sqrt().item()
    far = max(2.8, 1.1 * flat.abs().max().item())
    panel(ax, flat, f"{prediction}: {left[prediction]:.2f} off the plane", COLOURS[prediction], reach=far)
    ax.set_xlabel(f"{2 * far:.0f} wide", size=9)
show(fig, alt="What velocity, clean and noise make in 256 dimensions, seen in the heart's plane: only clean shows a heart, the others are clouds")

# %% tags=["nbval-check-output"]
assert left["clean"] < 0.05 and min(left["velocity"], left["noise"]) > 0.3
print("only the network that says the clean data leads all numbers back into the plane of the heart")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# The clean one. What it has to say has two degrees of freedom. Noise, and velocity as well, since it contains the noise, has 256, and they do
# not pass through a layer of 128: the network cannot even *repeat* the noise that it was just shown, so some of it stays in the sample. With
# noise as the output the errors are divided by `1 - sigma` besides, and the points fly away. A network that is wider than the noise has room
# for all three.
# </details>
#
# Li and He (2025) make this case for large pictures: clean data lie on something thin, noise fills everything, so let the network say what is
# thin. It may be what Sora's sentence means. The objective stays the same: all three are compared as velocities.

# %% [markdown]
# ## 9 · Guidance
#
# Last, the knob that users know best. A model that listens to text can be asked twice at each step: for the velocity with the sentence (`told`)
# and without (`untold`). Their difference is the direction in which the sentence pulls. Why not go further in it?
#
#     velocity = untold + guidance * (told - untold)          guidance = 1: as told; 0: as if nothing had been said; 3: three times the pull
#
# This is classifier-free guidance (Ho and Salimans 2022, section 3.2). How a network learns both is chapter 5's subject. Here a heart and a
# star stand half in front of one another, `untold` is the exact velocity of both together, and `told` that of the heart alone.
#
# **Predict before you run:** with guidance 1 we get the heart, all of it. What happens at 3 or 10: does it get sharper, larger, emptier, or
# does it move?

# %%
aside, star = grains("heart", x=-0.8), grains("star", x=0.8)
everybody = torch.cat((aside, star))


def told(x: Tensor, sigma: Tensor) -> Tensor:
    """The velocity with the word "heart"."""
    return video(towards(x.flatten(1), sigma[:, 0], aside))


def both(x: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """The velocity with the word "heart", and when nothing is said."""
    return told(x, sigma), video(towards(x.flatten(1), sigma[:, 0], everybody))


def guided_cloud(guidance: float, interval: tuple[float, float] = (0.0, 1.0)) -> Tensor:
    """Where 700 random points end. (700, 2)"""
    noise = video(torch.randn(700, 2, generator=torch.Generator().manual_seed(12)))
    return flow.sample(told, noise, both=both, guidance=guidance, interval=interval, steps=30, shift=1.0).flatten(1)


def compared(clouds: dict[str, Tensor], alt: str) -> None:
    """Clouds side by side, over the grains of heart and star."""
    fig, axes = plt.subplots(1, len(clouds), figsize=(2.4 * len(clouds), 2.6), layout="constrained")
    for ax, (title, cloud) in zip(axes, clouds.items(), strict=True):
        ax.scatter(*everybody.T, s=1, lw=0, color="#DDDDDD")
        panel(ax, cloud, title, BLUE, reach=3.2)
    show(fig, alt=alt)


ends = {guidance: guided_cloud(guidance) for guidance in (0.0, 1.0, 3.0, 10.0)}
compared(
    {f"guidance {guidance:g}": cloud for guidance, cloud in ends.items()},
    alt="Guidance 0: heart and star. 1: the heart. 3: the heart thins out where the star overlaps it. 10: crowded on the side far from the star",
)

# %% tags=["nbval-check-output"]
def doubtful(cloud: Tensor) -> float:
    """Share of the points that could just as well belong to the star."""
    return (torch.cdist(cloud, star).min(1).values < 0.14).float().mean().item()


shares = {guidance: doubtful(cloud) for guidance, cloud in ends.items()}
widths = {guidance: cloud[:, 0].std().item() for guidance, cloud in ends.items()}
assert shares[0.0] > shares[1.0] > shares[3.0] > shares[10.0] and widths[1.0] > widths[3.0] > widths[10.0]
print("more guidance: fewer points that could be the star's, and a narrower heart")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# It gets emptier, from the side of the star. Guidance prefers points that are *unmistakably* a heart, away from where the untold model also
# feels at home. The price is variety, and at high guidance also truth: hearts are not lopsided. That is why `guidance=3` is MiniSora's default
# and not 10.
# </details>
#
# At which noise levels is guidance worth it? At the very top, where nothing is decided yet, it drives all samples in the same direction; at the
# very bottom it only costs a second call. Kynkäänniemi et al. (2024) therefore switch it on in an interval of `sigma` only. Where it lies best
# differs from model to model. MiniSora's is from 0.6 to 1; chapter 5 tells what was found.
#
# ### Exercise 3.6 · Guidance in an interval
# *8 minutes · a first step*
#
#     both(x, sigma) ─► told, untold ─┐
#     guidance, interval ─────────────┼─► velocity (B, c, t, h, w)
#     sigma (one number) ─────────────┘        outside the interval: just told
#
# `low` and `high` themselves belong to the interval.

# %% tags=["exercise"]
def guided(told: Tensor, untold: Tensor, guidance: float, sigma: float, interval: tuple[float, float]) -> Tensor:
    """The velocity to walk with at noise level sigma; told and untold are velocities of the same shape."""
    raise NotImplementedError


# %% tags=["solution"]
def guided(told: Tensor, untold: Tensor, guidance: float, sigma: float, interval: tuple[float, float]) -> Tensor:
    """The velocity to walk with at noise level sigma; told and untold are velocities of the same shape."""
    low, high = interval
    return untold + guidance * (told - untold) if low <= sigma <= high else told


# %% tags=["check"]
check("3.6", guided)

# %% [markdown] tags=["hint"]
# Two cases: inside the interval the formula above, outside the velocity that listens to the sentence, without any extra pull.

# %% [markdown] tags=["hint"]
# Begin at `untold`, and go `guidance` times the way from there to `told`. With guidance 1 you must arrive at `told` exactly.

# %% [markdown]
# What the interval does to guidance 10 in our little world:

# %%
compared(
    {
        "guidance 1": ends[1.0],
        "10, everywhere": ends[10.0],
        "10, 0.1 to 0.95": guided_cloud(10.0, (0.1, 0.95)),
        "10, 0.1 to 0.6": guided_cloud(10.0, (0.1, 0.6)),
    },
    alt="The heart at guidance 1, at 10 everywhere, from 0.1 to 0.95, and from 0.1 to 0.6: the later it sets in, the more of the heart remains",
)

# %% [markdown]
# ## 10 · Recap
#
# The chapter in one picture. Mix data with noise; learn the average direction at every place and noise level; walk it backwards in
# small steps; lean a little further in the direction of what you were told.

# %% tags=["slide"]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.8), layout="constrained")
panel(axes[0], torch.cat((clouds[0][:250], dust(heart, 250, generator))), "1 · mix", "#F2C9A8")
for one, another in zip(clouds[0][:40], dust(heart, 40, generator), strict=True):
    axes[0].plot(*torch.stack((one, another)).T, color=GREY, lw=0.5)
arrows(axes[1], 0.3)
axes[1].set_title("2 · learn the direction", size=10)
panel(axes[2], clouds[-1][:700], "3 · walk it")
axes[2].plot(*torch.stack(clouds)[:, :30].permute(2, 0, 1), color=BLUE, lw=0.7)
axes[3].scatter(*everybody.T, s=1, lw=0, color="#DDDDDD")
panel(axes[3], ends[3.0], "4 · guide", BLUE, reach=3.2)
show(fig, alt="Four panels: lines between noise and heart, arrows towards the heart, curved paths that end on it, a guided heart beside a star")

# %% [markdown]
# On video `x` has many thousand numbers instead of 2, and the network is a transformer (chapter 4) instead of three layers. That is all.
# `flow.add_noise`, `flow.loss` and `flow.sample_steps` do not know the difference, and you have now built all three.
#
# ## What to read next
#
# - Liu, Gong and Liu (2022), *Flow straight and fast: learning to generate and transfer data with rectified flow*, section 2: the straight line, and
#   why following averages keeps the crowd.
# - Lipman et al. (2022), *Flow matching for generative modeling*, section 3: the same from the side of velocity fields.
# - Ho, Jain and Abbeel (2020), *Denoising diffusion probabilistic models*, section 3: where predicting the noise began.
# - Karras et al. (2022), *Elucidating the design space of diffusion-based generative models*, sections 3 (Heun, few steps) and 5 (which noise
#   levels to train): the clearest map of all these choices.
# - Esser et al. (2024), *Scaling rectified flow transformers for high-resolution image synthesis*, sections 3.1 (logit-normal) and 5.3.2 (the shift).
# - Ho and Salimans (2022), *Classifier-free diffusion guidance*, section 3; Kynkäänniemi et al. (2024), *Applying guidance in a limited interval
#   improves sample and distribution quality in diffusion models*, section 3.
# - Li and He (2025), *Back to basics: let denoising generative models denoise*, section 3: for clean data as the output, the case that Sora's
#   report may be making.
#
# ## Words of this chapter
#
# All words and letters of the course are in the [glossary](../book/glossary.md).
#
# | word | what it means |
# |---|---|
# | sigma | the noise level: 0 is clean, 1 is pure noise; one number for each latent frame |
# | odds | sigma / (1 - sigma), how many times the noise outweighs the data |
# | velocity | noise minus clean, the direction of the line through a mixed point; a network learns its average |
# | rectified flow, flow matching | learning that average direction, and walking it from noise to data |
# | denoiser | anything that says a velocity for `(x, sigma)`: a formula or a network |
# | floor | the loss of the best possible denoiser; above 0, since the lines through one point differ |
# | solver | the rule by which a sampler steps: Euler's goes straight, Heun's looks ahead |
# | logit-normal | the sigmoid of a Gaussian number: noise levels with few at the ends |
# | shift | multiplying the odds of sigma, more noise for larger videos |
# | prediction | what the network's last layer stands for: velocity, clean data or noise |
# | guidance | going further in the direction in which the sentence pulls |
# | interval | the noise levels at which guidance is on |
#
# Next: chapter 4 builds the network that says all this of a whole video at once.
