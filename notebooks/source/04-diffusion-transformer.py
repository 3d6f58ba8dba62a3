# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # 04 · The diffusion transformer: everything looks at everything
#
# Chapter 3 needed a network that answers one question, over and over: *here is something noisy; which way to go?* For points in a plane
# three small layers were enough. For videos this chapter builds the network that OpenAI built Sora on, and makes one claim about it: **a
# stack of equal blocks, each of which is born doing nothing, and in which every patch of the video looks at every other one, is all that it
# takes to turn noise into motion.**
#
# **You will**
#
# - build attention, and see why it does not know where anything is, nor when;
# - turn queries and keys by angles, so that it knows distances in seconds and in units of the frame, and nothing else;
# - keep numbers to size (RMSNorm, QK-norm), think with a gate (SwiGLU), and let the noise level steer it all (adaLN-zero);
# - put a whole diffusion transformer together, equal to the package's to the last digits, and train one until noise becomes a moving
#   character;
# - take out two parts that look like decoration, and watch what happens.
#
# **You need** PyTorch (a module, a training step), tokens and positions (chapter 1), velocity and `sigma` (chapter 3).
#
# *About an hour and a quarter with the exercises; about four minutes of computing. Exercises can be skipped: nothing below depends on
# your answers.*
#
# ## 1 · The finished thing first
#
# The shipped model makes a clip. At each of its 25 steps we stop it and ask what it believes at that moment: the clean video at the end of
# the line on which it stands.

# %% tags=["slide"]
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from IPython.display import display
from torch import Tensor, nn

from minisora import MiniSora, Video, flow
from minisora.check import check
from minisora.show import AXES, gallery, grid, picture, show

BLUE, GREEN, ORANGE, GREY = "#0072B2", "#009E73", "#D55E00", "#6B6B6B"
sora = MiniSora.from_pretrained()
sentence = "a red ball hops over a blue box in the snow"
way = list(sora.sample_steps(sentence, frames=17, height=64, width=64, seed=0))
stops = [way[index] for index in (0, 2, 6, 12, 24)]
believed = [sora.decoded(step.clean, 64, 64) for step in stops]
titles = [f"believed in step {step.index} of {step.steps}" for step in stops]
gallery(believed, titles, alt=f"Nine frames of the clip that the model expects: {sentence}", width=480)

# %% [markdown]
# The same by hand: one slider goes down the noise levels, the other along the frames. Left stands what the sampler holds, right what the network
# makes of it.

# %%
from minisora.widgets import NoiseScrubber

NoiseScrubber.of_steps(sora, way, 64, 64, alt=f"One sampling: {sentence}")

# %% [markdown]
# Look along a row of the strips, not down a column. Whatever the model believes, it believes of *all nine frames at once*: the place has the same light
# from the first frame to the last, long before anybody can be recognised in it. No frame is made first and no frame waits for another. That
# is what we build: a function of the whole noisy video, with one answer for the whole video.
#
# | Sora's report says | we do | nobody outside knows |
# |---|---|---|
# | Sora "is a diffusion *transformer*"; given noisy patches and the text, it is trained to predict the original "clean" patches | the same; our live training below predicts the clean patches too, and turns them into a velocity (chapter 3) | what the last layer predicts; how the noise level enters |
# | transformers scale well for video: quality "improves markedly as training compute increases" (base, 4×, 32×) | two million numbers and two minutes of training, here; the shipped model is larger | layers, width, how much compute that was |
# | nothing about who looks at whom | full attention: every patch of every frame looks at all the others | full, or space and time in turns |
# | nothing about positions, norms, gates | rotary positions in seconds and units, RMSNorm, QK-norm, SwiGLU, adaLN-zero with one modulation network for all blocks | everything |
#
# *Source: OpenAI, "Video generation models as world simulators", 15 February 2024, section "Scaling transformers for video generation",
# which names Peebles and Xie's diffusion transformer (DiT) as its reference.*
#
# ## 2 · Looking: attention
#
# A noisy patch alone is hopeless. Is this grey smear a piece of a star, or of the sky? The patch beside it may know, and so may the same
# place half a second later. A convolution would ask the eight neighbours, always the same ones. Attention lets each token find out *whom*
# to ask.
#
# Each token makes three vectors out of itself. A **query**: what do I want to know? A **key**: what can one ask me about? A **value**: what
# do I say when asked? A query is held against every key; the better they fit, the larger the share of that token's value that is brought
# home. Naively, one token after the other:

# %% tags=["slide-code"]
def look_slowly(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention with one head, token by token: queries (N, d), keys and values (M, d) -> (N, d)."""
    home = []
    for asks in q:
        fits = torch.stack([asks @ offers for offers in k])                 # (M,): the scores
        shares = fits.exp() / fits.exp().sum()                              # (M,): positive, 1 in all
        home.append(sum(share * says for share, says in zip(shares, v, strict=True)))
    return torch.stack(home)


torch.manual_seed(0)
q, k, v = torch.randn(3, 20, 16) / 16**0.25                                 # 20 tokens; the scores have a variance of about 1
print("the first token brings home", [round(number, 2) for number in look_slowly(q, k, v)[0, :4].tolist()], "…")

# %% [markdown]
# Two things make it useful. **Heads:** the vectors are cut into `H` pieces, and each piece does all this for itself, so that a token can
# ask for colour here and for motion there. **Matrix products:** all queries against all keys is one product of matrices, and processors
# love those.
#
# ### Exercise 4.1 · Everybody looks at everybody
# *8 minutes · a first step*
#
#     q  (B, H, N, d) ─┐
#     k  (B, H, M, d) ─┼─► scores (B, H, N, M) ─► shares, 1 in each row ─► what they bring home (B, H, N, d)
#     v  (B, H, M, d) ─┘
#
# `torch.softmax` makes shares of scores. The queries already carry their scale: divide by nothing.

# %% tags=["exercise"]
def look(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention of queries (B, H, N, d) over keys and values (B, H, M, d): (B, H, N, d)."""
    raise NotImplementedError


# %% tags=["solution"]
def look(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention of queries (B, H, N, d) over keys and values (B, H, M, d): (B, H, N, d)."""
    score = q @ k.transpose(-1, -2)                                         # (B, H, N, M)
    return torch.softmax(score, dim=-1) @ v                                 # (B, H, N, d)


# %% tags=["check"]
check("4.1", look)

# %% [markdown] tags=["hint"]
# `@` multiplies the last two axes of both sides and leaves the others alone. A query times a key is a sum over `d`, so `d` must meet `d`.

# %% [markdown] tags=["hint"]
# `k.transpose(-1, -2)` is (B, H, d, M), and `q @` that is (B, H, N, M): row n holds the scores of token n.

# %% [markdown] tags=["hint"]
# Each row of shares adds up to 1, so the softmax runs over the last axis. Then `shares @ v`.

# %% [markdown]
# The package's function does the same. (It also takes a `bias` that is added to the scores, for words that must not be seen; chapter 5.)
#
# **Predict before you run.** We shuffle the twenty tokens, put them through attention, and put the answers back in their old order. How
# much does the result differ from that of the unshuffled tokens?

# %% tags=["nbval-check-output"]
from minisora.dit import attention

torch.testing.assert_close(attention(*(one[None, None] for one in (q, k, v)))[0, 0], look_slowly(q, k, v))
order = torch.randperm(20)
shuffled = look_slowly(q[order], k[order], v[order])
back = torch.empty_like(shuffled)
back[order] = shuffled
torch.testing.assert_close(back, look_slowly(q, k, v))
print("the package's attention and the slow one agree; shuffling the tokens changed nothing")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# Not at all. A sum does not care for the order of what is summed. To attention, a video is a *bag* of patches: play it backwards, tear it
# up, throw the pieces into the air, and every patch is told the same.
# </details>
#
# ## 3 · Where and when: turned pairs
#
# So tokens must be told where they are. The oldest way adds a vector for the place to each token, and our network does that too for the
# place *in the frame*: the ground is below, whatever the clip. But what attention needs most are *distances*. "The same place, half a
# second ago" is a good thing to look for, and it is the same thing at the beginning of a video and at its end.
#
# Here is a way to get distances and nothing else (Su et al. 2021). Take two numbers of a query as the coordinates of a point in the plane,
# and turn that point about the origin by an angle: the token's position times some frequency. Do the same to the key, by *its* position.
# The product of two vectors depends on the angle between them, so after the turns it depends on the *difference* of the two positions. One
# pair of numbers tells little; we take many pairs, with fast and slow frequencies, and a third of them for each of our three axes: seconds,
# up and right.
#
# ### Exercise 4.2 · Turned pairs
# *8 minutes · a first step*
#
#     x (B, H, N, d)           number i and number i + d/2 are a pair (a, b):
#     ┌───────┬───────┐
#     │   a   │   b   │        a' = a · cos - b · sin              cos, sin  (N, d/2): an angle for each token
#     └───────┴───────┘        b' = b · cos + a · sin                               and each pair

# %% tags=["exercise"]
def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (B, H, N, d) with each pair (x[i], x[i + d/2]) turned by its angle; cos and sin (N, d/2)."""
    raise NotImplementedError


# %% tags=["solution"]
def turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """x (B, H, N, d) with each pair (x[i], x[i + d/2]) turned by its angle; cos and sin (N, d/2)."""
    a, b = x.chunk(2, dim=-1)                                               # (B, H, N, d/2)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1)


# %% tags=["check"]
check("4.2", turned)

# %% [markdown] tags=["hint"]
# All the `a`s are the first half of the last axis, all the `b`s the second: `x.chunk(2, dim=-1)`.

# %% [markdown] tags=["hint"]
# `cos` and `sin` have no B and no H; broadcasting adds both on the left by itself. Compute both halves from the *old* a and b, then
# `torch.cat`.

# %% [markdown]
# Which angles? Positions are in seconds and units, as in chapter 1. The fastest pair turns once a second (or within half the frame), the
# slowest needs a minute, and the others lie between, each slower than the last by the same factor:

# %% tags=["nbval-check-output", "slide-code"]
from minisora.patches import Grid, frequencies, positions, rotary, rotate


def angles(where: Tensor, head: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines (N, head/2) for positions `where` (N, 3) in seconds, up, right."""
    pairs = head // 2
    third = pairs // 3
    parts = []
    for axis, count, shortest, longest in ((0, pairs - 2 * third, 1.0, 64.0), (1, third, 0.5, 8.0), (2, third, 0.5, 8.0)):
        waves = shortest * (longest / shortest) ** (torch.arange(count) / max(count - 1, 1))   # seconds, or units, for a full turn
        parts.append(where[:, axis, None] * 2 * torch.pi / waves)           # (N, count)
    angle = torch.cat(parts, dim=-1)                                        # (N, pairs)
    return angle.cos(), angle.sin()


where = positions(Grid(5, 4, 4))                                            # (80, 3): two seconds of a square
for ours, theirs in zip(angles(where, 48), rotary(where, 48), strict=True):
    torch.testing.assert_close(ours, theirs)
q, k = torch.randn(2, 1, 1, 80, 48)
here = rotate(q, *angles(where, 48)) @ rotate(k, *angles(where, 48)).transpose(-1, -2)
elsewhere = where + torch.tensor([30.0, 2.0, -1.0])                         # half a minute later, higher up, further left
there = rotate(q, *angles(elsewhere, 48)) @ rotate(k, *angles(elsewhere, 48)).transpose(-1, -2)
torch.testing.assert_close(here, there, atol=1e-3, rtol=1e-3)
print("our angles are the package's; all scores are the same half a minute later and elsewhere in the frame")

# %% [markdown]
# What do such scores look like? We take a query and a key that are equal, so that they fit best where both are, and move them apart:

# %% tags=["slide"]
far = torch.linspace(-4, 4, 401)
one = torch.ones(1, 1, 1, 48) / 48**0.5
fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
for axis, name, colour in ((0, "apart in time, in seconds", AXES["t"]), (2, "apart in the frame, in units", AXES["w"])):
    moved = torch.zeros(401, 3)
    moved[:, axis] = far
    score = rotate(one, *angles(torch.zeros(1, 3), 48)) @ rotate(one.expand(1, 1, 401, 48), *angles(moved, 48)).transpose(-1, -2)
    ax.plot(far, score[0, 0, 0], color=colour, label=name)
ax.set(xlabel="distance", ylabel="score", ylim=(0, 1.05))
ax.legend(frameon=False, loc="lower right")
ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="The score of two equal vectors against their distance, in time and in the frame: 1 at 0, lower with ripples on both sides")

# %% [markdown]
# Near counts more than far, to begin with. The network is free to learn otherwise: if a query is a key turned by half a second, the peak
# sits at half a second, and the head looks for "where I was half a second ago".
#
# ## 4 · Keeping to size
#
# Networks of many layers have an old illness. Each layer adds something to what came in, numbers grow, and what was a gentle preference in
# one layer is a shout in another. The cure is to bring every token's vector to a standard size before anything reads it. **RMSNorm** (Zhang
# and Sennrich 2019) divides it by the root of its mean square; nothing else. What is left is a direction.
#
# ### Exercise 4.3 · RMSNorm
# *6 minutes · a first step*
#
#     x (…, D) ─► x / √(mean of x² over the last axis)  (…, D)        each vector for itself; zeros stay zeros

# %% tags=["exercise"]
def to_size(x: Tensor) -> Tensor:
    """x (..., D), each vector along the last axis scaled to a mean square of 1."""
    raise NotImplementedError


# %% tags=["solution"]
def to_size(x: Tensor) -> Tensor:
    """x (..., D), each vector along the last axis scaled to a mean square of 1."""
    square = x.square().mean(-1, keepdim=True)                              # (..., 1)
    return x * torch.rsqrt(square + torch.finfo(x.dtype).eps)


# %% tags=["check"]
check("4.3", to_size)

# %% [markdown] tags=["hint"]
# Three words, three calls, from right to left: *root* of the *mean* of the *squares*. `keepdim=True` keeps an axis to divide by.

# %% [markdown] tags=["hint"]
# A vector of zeros has root 0, and 0/0 is no number. Add `torch.finfo(x.dtype).eps`, the smallest step near 1, to the mean square.

# %% [markdown]
# There is one place where size matters even more: the scores. **Predict before you run.** Below, one query looks at ten keys. The same
# query and keys, as they are, then both twice, then both four times as large. What becomes of the ten shares?

# %% tags=["slide"]
torch.manual_seed(2)
query, keys = torch.randn(16) / 2, torch.randn(10, 16) / 2
fig, axes = plt.subplots(1, 3, figsize=(8, 2.1), layout="constrained", sharey=True)
largest = {}
for ax, times in zip(axes, (1, 2, 4), strict=True):
    shares = torch.softmax((times * query) @ (times * keys).T, dim=-1)      # (10,)
    largest[times] = shares.max().item()
    ax.bar(range(10), shares, color=AXES["N"])
    ax.set(title=f"times {times}", xticks=range(10), ylim=(0, 1.02))
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("share")
show(fig, alt="Ten shares of one query: spread out over all keys, then mostly on a few, then everything on a single key")
assert largest[1] < 0.6 < 0.99 < largest[4]

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# Scores grow with the product of both sizes, and a softmax turns differences of scores into ratios of shares. At four times the size one
# key takes all, and the other nine get next to nothing. Worse: then the slope is zero as well. A network in this state cannot learn that it
# looks at the wrong key, because moving a little changes nothing.
# </details>
#
# Nothing holds the weights back from growing there. **QK-norm** does (Henry et al. 2020): queries and keys are brought to size just before
# they meet, and a learned **gain** for each head says how sharp it may look. Then the network has to *want* sharpness; it cannot slide into
# it. Section 10 takes this norm out.
#
# ## 5 · Thinking
#
# After looking, each token thinks about what it brought home, by itself: its vector is widened to `hidden` numbers, bent, and narrowed
# again. How it is bent has been tried in many ways. **SwiGLU** (Shazeer 2020) lets one half of the wide numbers open and close the other
# half:
#
#     silu(gate) · value            silu(g) = g · sigmoid(g): nearly 0 for negative g, nearly g for positive
#
# ### Exercise 4.4 · SwiGLU
# *6 minutes · a first step*
#
#     x (B, N, D) ── up (2·hidden, D) ──► ┌──────┬───────┐    silu(gate) · value ── down (D, hidden) ──► (B, N, D)
#                                         │ gate │ value │
#                                         └──────┴───────┘
#
# `up` and `down` are weights as `nn.Linear` keeps them, (out, in); `F.linear(x, up)` multiplies.

# %% tags=["exercise"]
def think(x: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """SwiGLU of x (B, N, D) with the weights up (2 · hidden, D) and down (D, hidden): (B, N, D)."""
    raise NotImplementedError


# %% tags=["solution"]
def think(x: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """SwiGLU of x (B, N, D) with the weights up (2 · hidden, D) and down (D, hidden): (B, N, D)."""
    gate, value = F.linear(x, up).chunk(2, dim=-1)                          # (B, N, hidden) each
    return F.linear(F.silu(gate) * value, down)


# %% tags=["check"]
check("4.4", think)

# %% [markdown] tags=["hint"]
# One product makes both halves; `.chunk(2, dim=-1)` takes them apart, the gate first.

# %% [markdown] tags=["hint"]
# `F.silu` goes over the gate alone. Then multiply, then `F.linear(…, down)`.

# %% [markdown]
# ## 6 · How much to believe: adaLN-zero
#
# One input is still missing, and it is the strangest. At `sigma = 0.9` nearly all that the network sees is noise, and it should go by what
# videos are like in general. At `sigma = 0.1` it should believe its eyes. These are two different networks, almost. Yet we want one.
#
# Peebles and Xie (2023) let the noise level *set the dials* inside each block. A small network turns `sigma` into a vector, the frame's
# *moment*, and out of that come three vectors for each part of a block. **Scale** and **shift** are applied to the normed tokens before the
# part reads them; the **gate** is applied to what the part says before it is added. They call it adaLN. In our videos the noise level
# belongs to a *frame* (chapters 6 and 7 need that), so each frame has its own dials.
#
# Now the *zero*. Let the layer that makes the dials begin with all its weights at 0. Then every gate is 0 and **every block is born as the
# identity**: what goes in comes out. The parts may say what they like, nobody listens yet. Training opens the gates, as far and as fast as
# it pays. A stack of a hundred blocks is, at birth, as easy to train as none.
#
# ### Exercise 4.5 · A part with dials
# *12 minutes · needs thought*
#
#     x (B, t, n, D) ───┬──────────────────────────────────────────────────────────┐
#                       └─► RMSNorm ─► · (1 + scale) + shift ─► part ─► · gate ──► + ──► (B, t, n, D)
#
#     shift, scale, gate  (B, t, D): one for each frame, the same for all its n places
#
# The 1 is there so that a scale of 0 means "leave it". `part` is any function of (B, t, n, D). Use `F.rms_norm(x, (D,))` or your own.

# %% tags=["exercise"]
def dialled(part, x: Tensor, shift: Tensor, scale: Tensor, gate: Tensor) -> Tensor:
    """x (B, t, n, D) plus what `part` says about it; shift, scale and gate (B, t, D)."""
    raise NotImplementedError


# %% tags=["solution"]
def dialled(part, x: Tensor, shift: Tensor, scale: Tensor, gate: Tensor) -> Tensor:
    """x (B, t, n, D) plus what `part` says about it; shift, scale and gate (B, t, D)."""
    shift, scale, gate = (one[:, :, None] for one in (shift, scale, gate))  # (B, t, 1, D)
    return x + gate * part(F.rms_norm(x, x.shape[-1:]) * (1 + scale) + shift)


# %% tags=["check"]
check("4.5", dialled)

# %% [markdown] tags=["hint"]
# First the shapes. The dials have no axis for the n places of a frame: give them one of size 1, in third place.

# %% [markdown] tags=["hint"]
# Follow the picture from left to right: norm, times `1 + scale`, plus `shift`, `part`, times `gate`. Only then add the x that came in.

# %% [markdown] tags=["hint"]
# `x + gate * part(F.rms_norm(x, x.shape[-1:]) * (1 + scale) + shift)`, with `shift[:, :, None]` and so on.

# %% [markdown]
# A block has two parts, so it needs six vectors of width `D` for each frame. In DiT each block has a matrix of its own for that, `6 D × D`
# numbers, and these matrices are a third of all its numbers. PixArt-alpha (Chen et al. 2023, section 2.3) found that one matrix for *all*
# blocks does as well, if each block may add an **offset** of its own to the dials:

# %% tags=["nbval-check-output"]
from minisora.dit import PRESETS

print("numbers that make the dials     a matrix a block   one for all, and offsets     all the rest")
for name in ("tiny", "small", "base"):
    size = PRESETS[name]
    D, L = size.width, size.depth
    rest = L * (6 * D * D + 3 * D * size.hidden + 2 * D * size.text_width)
    print(f"{name:6} {D} wide, {L:2} blocks {L * 6 * D * (D + 1):25,} {6 * D * (D + 1) + L * 6 * D:28,} {rest:16,}")

# %% [markdown]
# ## 7 · The whole
#
# A block, with all that we have. It looks at the video and at the words *at the same time*: one matrix, `ask`, makes query, key and value,
# and a second query for the words; one matrix, `answer`, reads what came back from both. (The words are chapter 5's. Here they are only
# carried along.)

# %%
def unit(x: Tensor) -> Tensor:
    """RMSNorm, as in exercise 4.3."""
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + torch.finfo(x.dtype).eps)


class OurBlock(nn.Module):
    """Looking, then thinking. `norm` brings queries and keys to size; section 10 leaves it out."""

    def __init__(self, config, norm=unit):
        super().__init__()
        D, self.heads, self.norm = config.width, config.heads, norm
        self.ask = nn.Linear(D, 4 * D, bias=False)
        self.read = nn.Linear(config.text_width, 2 * D, bias=False)
        self.answer = nn.Linear(2 * D, D, bias=False)
        self.up = nn.Linear(D, 2 * config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, D, bias=False)
        self.offset = nn.Parameter(torch.zeros(1, 6, D))
        d = D // self.heads
        self.gain = nn.Parameter(torch.tensor([d**-0.25, d**-0.25, d**-0.5]).view(3, 1, 1).repeat(1, self.heads, 1))

    def in_heads(self, x, parts):
        """(B, N, parts · D) -> (parts, B, H, N, d)"""
        return x.unflatten(-1, (parts, self.heads, -1)).permute(2, 0, 3, 1, 4)

    def look(self, h, turn, text, bias):
        """Tokens (B, t, n, D) look at one another, and at the words (B, L, Dt)."""
        B, t, n, D = h.shape
        q, k, c, v = self.in_heads(self.ask(h.flatten(1, 2)), 4)            # (B, H, N, d) each; c asks the words
        q, k, c = (self.norm(one) * gain[:, None] for one, gain in zip((q, k, c), self.gain, strict=True))
        q, k = rotate(q, *turn), rotate(k, *turn)
        self.met = q.detach(), k.detach()                                   # for a look at them later
        word, meaning = self.in_heads(self.read(text), 2)                   # (B, H, L, d)
        told = attention(c, unit(word), meaning, bias.repeat_interleave(n, 1)[:, None])
        both = torch.cat((attention(q, k, v), told), dim=1)                 # (B, 2H, N, d)
        return self.answer(both.transpose(1, 2).reshape(B, t, n, 2 * D))

# %% [markdown]
# Thinking is one line each way, and the block hangs both parts on their dials. `forward` is the whole story: six dials, look, think.

# %%
def part_with_dials(part, x, shift, scale, gate):
    """Exercise 4.5."""
    shift, scale, gate = (one[:, :, None] for one in (shift, scale, gate))  # (B, t, 1, D)
    return x + gate * part(unit(x) * (1 + scale) + shift)


class OurWholeBlock(OurBlock):
    def think(self, h):
        gate, value = self.up(h).chunk(2, dim=-1)
        return self.down(F.silu(gate) * value)

    def forward(self, x, modulation, turn, text, bias):
        """x (B, t, n, D), modulation (B, t, 6, D), turn: two of (t, n, d/2), text (B, L, Dt), bias (B, t, L)."""
        dials = (modulation + self.offset).unbind(2)                        # 6 of (B, t, D)
        turn = [part.flatten(0, 1) for part in turn]                        # (N, d/2)
        x = part_with_dials(lambda h: self.look(h, turn, text, bias), x, *dials[:3])
        return part_with_dials(self.think, x, *dials[3:])


from minisora.dit import Block, DiT, DiTConfig

torch.manual_seed(3)
theirs = Block(PRESETS["tiny"])
ours = OurWholeBlock(PRESETS["tiny"])
ours.load_state_dict(theirs.state_dict())
x, modulation = torch.randn(2, 3, 4, 64), torch.randn(2, 3, 6, 64)          # 3 frames of 2 × 2 tokens
turn = [part.unflatten(0, (3, 4)) for part in rotary(positions(Grid(3, 2, 2)), 32)]
words, bias = torch.randn(2, 5, 64), torch.randn(2, 3, 5)
torch.testing.assert_close(ours(x, modulation, turn, words, bias), theirs(x, modulation, turn, words, bias))
assert torch.equal(ours(x, 0 * modulation, turn, words, bias), x), "with all dials at 0 a block is the identity"

# %% [markdown]
# Around the blocks there is little. Patches enter through one matrix, with a vector for their place in the frame. A frame's moment is made
# of its noise level, its share of the video's length, and that length, as waves of several lengths, because a network hears the difference
# between 0.50 and 0.52 better when some of its inputs swing fast. At the end each token is normed, scaled and shifted once more, and
# becomes a patch again.

# %%
def moments(sigma: Tensor, seconds: float) -> Tensor:
    """What is known of each frame: sigma (B, t) as 32 waves, its share of the length as 16, the length. (B, t, 49)"""
    B, t = sigma.shape
    noise = sigma[..., None] * frequencies(16, 0.05, 4.0)                   # (B, t, 16)
    share = (torch.arange(t) / max(t - 1, 1))[:, None] * frequencies(8, 0.2, 4.0)
    rest = torch.cat((share.cos(), share.sin(), torch.full((t, 1), math.log1p(seconds))), dim=-1)
    return torch.cat((noise.cos(), noise.sin(), rest.expand(B, -1, -1)), dim=-1)


class OurDiT(nn.Module):
    """Noisy latents and a noise level for each frame go in; a velocity comes out."""

    def __init__(self, config, norm=unit):
        super().__init__()
        D, voxels, self.config = config.width, config.channels * math.prod(config.patch), config
        self.embed = nn.Linear(voxels, D)
        self.place = nn.Linear(32, D, bias=False)
        self.moment = nn.Sequential(nn.Linear(49, D), nn.SiLU(), nn.Linear(D, D))
        self.gist = nn.Linear(config.text_width, D, bias=False)
        self.modulate = nn.Linear(D, 6 * D)
        self.blocks = nn.ModuleList(OurWholeBlock(config, norm) for _ in range(config.depth))
        self.finish, self.out = nn.Linear(D, 2 * D), nn.Linear(D, voxels)
        for layer in (self.modulate, self.finish, self.out):                # the zero
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, *given):
        return run(self, *given)

# %% [markdown]
# The forward pass, as one function, from the noisy latents to the velocity. Read it from top to bottom: it is the map of the chapter.

# %% tags=["slide-code"]
from minisora.dit import text_bias
from minisora.patches import patchify, unpatchify


def run(net, x, sigma, text, mask, shot):
    """The velocity at x (B, c, t, h, w), sigma (B, t). text (B, L, Dt), mask and shot (B, L) are the words: chapter 5."""
    config, cut = net.config, Grid.of_latents(x.shape, net.config.patch)
    where = positions(cut, patch=config.patch)                              # (N, 3): seconds, up, right
    turn = [part.unflatten(0, (cut.t, -1)) for part in angles(where, config.width // config.heads)]
    waves = torch.cat([where[:, axis, None] * frequencies(8, 0.25, 8.0) for axis in (1, 2)], dim=-1)
    place = net.place(torch.cat((waves.cos(), waves.sin()), dim=-1))        # (N, D)
    tokens = (net.embed(patchify(x, config.patch)) + place).unflatten(1, (cut.t, -1))   # (B, t, n, D)

    text = unit(text)
    bias = text_bias(mask, shot, torch.ones_like(sigma, dtype=torch.long))  # (B, t, L)
    gist = net.gist(bias.softmax(-1) @ text)                                # (B, t, D)
    moment = F.silu(net.moment(moments(sigma, float(where[-1, 0]))) + gist)
    modulation = net.modulate(moment).unflatten(-1, (6, -1))                # (B, t, 6, D): for all blocks
    for block in net.blocks:
        tokens = block(tokens, modulation, turn, text, bias)

    shift, scale = net.finish(moment)[:, :, None].chunk(2, dim=-1)          # (B, t, 1, D)
    patches = net.out(unit(tokens) * (1 + scale) + shift)                   # (B, t, n, p)
    out = unpatchify(patches.flatten(1, 2), cut, config.patch)
    return flow.velocity_from(out, x, sigma, config.prediction)

# %% [markdown]
# Is it right? We give the package's network random numbers wherever it was born with zeros, so that everything acts on everything, copy its
# weights into ours, and compare, on two formats.

# %% tags=["nbval-check-output"]
torch.manual_seed(4)
small = DiTConfig(width=72, depth=3, heads=2, hidden=96, channels=6, text_width=16, prediction="clean")
theirs, ours = DiT(small), OurDiT(small)
for value in theirs.parameters():
    if not value.any():
        nn.init.normal_(value, std=0.1)
ours.load_state_dict(theirs.state_dict())
for t, h, w in ((5, 8, 8), (2, 4, 12)):
    x, sigma = torch.randn(2, 6, t, h, w), torch.rand(2, t)
    told = torch.randn(2, 5, 16), torch.rand(2, 5) < 0.7, torch.zeros(2, 5, dtype=torch.long)
    torch.testing.assert_close(ours(x, sigma, *told), theirs(x, sigma, *told), atol=1e-4, rtol=1e-4)
    print(f"latents {t}×{h}×{w}: ours and the package's diffusion transformer say the same")

# %% [markdown]
# From here on the package's `DiT` is used: what you have just built, in [minisora/dit.py](../minisora/dit.py).
#
# ## 8 · Live: a tiny one learns one small world
#
# Now we want to see it work within two minutes on two cores, from nothing. So the world must be small: one place, one character at a time,
# three kinds, three colours. The character slides or hops, to the left or to the right, at a speed of its own. Frames are 32 × 32 pixels,
# clips two seconds.

# %%
import random

from minisora.world.render import render
from minisora.world.scene import Actor, Character, Event, Scene, Shot

CLIPS, HELD = 900, 100                                                      # to learn from, and to be asked about


def little_scene(seed: int) -> Scene:
    """One character crosses the middle of the frame, halfway through the clip or near it."""
    rng = random.Random(seed)
    who = Character(rng.choice(("box", "star", "heart")), rng.choice(("red", "yellow", "blue")), "large")
    direction, action, speed = rng.choice(("left", "right")), rng.choice(("slide", "hop")), rng.uniform(0.12, 0.3)
    event = Event(action, 0.0, 2.0, direction=direction, speed=speed, amount=0.16 if action == "hop" else 0.0)
    start = rng.uniform(-0.15, 0.15) + (speed if direction == "left" else -speed)
    return Scene((who,), (Shot("snow", 2.0, (Actor(0, x=start, events=(event,)),), layout=3),))


clips = np.stack([render(little_scene(seed), 32, 32) for seed in range(CLIPS + HELD)])   # (n, 17, 32, 32, 3)
films = grid([Video(clip) for clip in clips[:12]], columns=6)
show(films, alt="Twelve small clips side by side: a box, star or heart in red, yellow or blue slides or hops through the same snowy place")

# %% [markdown]
# The code is chapter 2's straight line, the principal components of these clips: 96 numbers for 8 × 8 pixels of four frames. It blurs a
# little, and it is found in a second. Clips of 17 frames become latents of 5 × 4 × 4, and these become 5 × 2 × 2 = 20 tokens.

# %%
from minisora.train.common import to_uint8
from minisora.train.data import to_video
from minisora.vae import VAEConfig, VideoVAE

film = to_video(clips)                                                      # (n, 3, T, H, W) in [-1, 1]
code = VideoVAE(VAEConfig(channels=96, fine=8, coarse=8, fine_blocks=0, coarse_blocks=0, read=8)).requires_grad_(False)
code.start_linear(film[:400])
raw, _ = code.moments(film)
code.latent_mean.copy_(raw[:CLIPS].mean((0, 2, 3, 4)))
code.latent_std.copy_(raw[:CLIPS].std((0, 2, 3, 4)))
latents = code.encode(film)                                                 # (n, 96, 5, 4, 4): mean 0, deviation 1
tokens = Grid.of_latents(latents.shape).tokens


def seen(z: Tensor) -> list[Video]:
    """Latents (B, c, t, h, w) as videos."""
    return [Video(frames) for frames in to_uint8(code.decode(z))]


pair = [Video(clips[CLIPS]), seen(latents[CLIPS : CLIPS + 1])[0]]
gallery(pair, ["drawn", "through the code"], alt="Nine frames of a character in the snow", width=480)

# %% [markdown]
# The training step is chapter 3's. The network predicts the clean latents, as Sora's report says it, and turns them into a velocity. That
# divides its error by `sigma`, so near 0 tiny errors would drown all others; below 0.3 we let them count no more than at 0.3, as the
# package's own training does.

# %%
def no_words(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """A text of which nothing may be seen: states (B, L, Dt), mask and shot (B, L)."""
    return torch.zeros(count, 1, 8), torch.zeros(count, 1, dtype=torch.bool), torch.zeros(count, 1, dtype=torch.long)


def loss_of(net: nn.Module, clean: Tensor, generator: torch.Generator) -> Tensor:
    """The flow loss on clean latents (B, c, t, h, w) at noise levels drawn for so many tokens."""
    B, _, t, _, _ = clean.shape
    noise = torch.randn(clean.shape, generator=generator)
    sigma = flow.draw_sigma(B, 4 * tokens, generator)[:, None].expand(B, t)
    velocity = net(flow.add_noise(clean, noise, sigma), sigma, *no_words(B))
    weight = (sigma / 0.3).clamp(max=1).square()[:, :, None, None]          # (B, t, 1, 1)
    return flow.loss(velocity, clean, noise, torch.zeros(B, t, dtype=torch.bool), weight).mean()


def train(net: nn.Module, steps: int, batch: int = 64, rate: float = 2e-3, warm: int = 20, fall: float = 0.4):
    """Trains in place, and gives the loss after each step. The rate rises over `warm` steps, and falls to 0 over the last share."""
    generator = torch.Generator().manual_seed(0)
    adam = torch.optim.AdamW(net.parameters(), betas=(0.9, 0.95), weight_decay=0.01)
    for step in range(steps):
        for group in adam.param_groups:
            group["lr"] = rate * min(1, (step + 1) / warm) * min(1, (1 - step / steps) / fall if fall else 1)
        pick = torch.randint(CLIPS, (batch,), generator=generator)
        cost = loss_of(net, latents[pick], generator)
        adam.zero_grad()
        cost.backward()
        adam.step()
        yield cost.item()


# %% [markdown]
# **Live.** About two minutes on two cores. Above, three clips made by the network as it is at the moment, always out of the same three
# draws of noise; below, its loss. **Predict before you run:** what comes first: a place, a character, its outline, or its motion?

# %% tags=["slide"]
STEPS, LOOK = 600, 100
torch.manual_seed(0)
dit = DiT(DiTConfig(width=192, depth=4, heads=4, hidden=384, channels=96, text_width=8, prediction="clean"))
begin = torch.randn(24, *latents.shape[1:], generator=torch.Generator().manual_seed(3))


@torch.no_grad()
def dream(noise: Tensor, steps: int = 25) -> list[flow.Step]:
    """All steps from noise (B, c, t, h, w) to clean latents."""
    denoise = lambda x, sigma: dit(x, sigma, *no_words(len(x)))             # noqa: E731
    return list(flow.sample_steps(denoise, noise, steps=steps, shift=flow.shift_for(4 * tokens)))


def state(costs: list[float]):
    """The training as it stands."""
    fig, (high, low) = plt.subplots(2, 1, figsize=(7.4, 3.6), layout="constrained", height_ratios=(1.7, 1))
    made = [np.asarray(video.strip(9)) for video in seen(dream(begin[:3], 12)[-1].x)]
    high.imshow(np.concatenate(made), interpolation="nearest")
    high.set_title(f"after {len(costs)} steps", size=10)
    high.axis("off")
    low.plot(costs, color=BLUE, lw=0.8)
    low.set(xlim=(0, STEPS), ylim=(0, 3), xlabel="step", ylabel="loss")
    low.spines[["top", "right"]].set_visible(False)
    return picture(fig, alt=f"After {len(costs)} steps: three rows of nine frames that the network makes of noise, and the falling loss")


spot, costs = display(picture(seen(begin[:1])[0], alt="Noise, decoded"), display_id=True), []
for cost in train(dit, STEPS):
    costs.append(cost)
    if len(costs) % LOOK == 0:
        spot.update(state(costs))

# %% tags=["nbval-check-output"]
with torch.no_grad():
    fresh = loss_of(dit, latents[CLIPS:], torch.Generator().manual_seed(1)).item()
assert fresh < 0.4 * np.mean(costs[:5])
size = sum(value.numel() for value in dit.parameters()) / 1e6
print(f"{size:.1f} million numbers learned; on clips never seen the loss is less than half of what it was at birth")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# The place, at once: it is the same in all clips, and an average shows it perfectly. Then coloured clouds, wherever somebody could be. They
# draw together, outlines come, and last the eyes. Ours is not done after two minutes: now and then somebody changes shape or colour on
# the way.
# </details>
#
# ## 9 · Noise turning into a moving character
#
# Here is the whole way of one clip, from pure noise to the end. On the left the latents as they stand, decoded; on the right what the
# network believes at that moment.

# %%
steps = dream(begin)
ONE = slice(9, 10)                                                          # one of the two dozen
noisy = [begin[ONE]] + [step.x[ONE] for step in steps]
believes = [steps[0].clean[ONE]] + [step.clean[ONE] for step in steps]
levels = [1.0] + [step.sigma for step in steps]
rows, shown_rows = [], (0, 3, 6, 10, 14, 18, 21, 25)
for row in shown_rows:
    left, right = (np.asarray(seen(z)[0].strip(5)) for z in (noisy[row], believes[row]))
    rows.append(np.concatenate((left, np.full((32, 16, 3), 255, np.uint8), right), axis=1))
titles = [f"sigma = {levels[row]:.2f}" for row in shown_rows]
gallery(rows, titles, alt="Left, five frames as they stand; right, what the network believes: a blur, then a character", width=720)

# %% [markdown]
# Nothing here was told what a character is, or that it goes on existing from one frame to the next. Two dozen clips, each from its own draw
# of noise:

# %% tags=["slide"]
dreamed = seen(steps[-1].x)
show(grid(dreamed, columns=8), alt="Twenty-four clips that the network made: characters in several colours slide and hop through the snow")

# %% [markdown]
# Do they really *move*, or do they only look different in each frame? The place is known, so we can measure it. Whatever differs from the
# empty place is the character; its middle in each frame is a path. Below, paths of drawn and of dreamed clips.

# %% tags=["slide"]
empty = render(Scene((), (Shot("snow", 2.0, (), layout=3),)), 32, 32)[0].astype(float)   # the place with nobody in it


def whereabouts(clip: np.ndarray) -> np.ndarray:
    """For each frame: the middle's column and row in pixels, and how many pixels differ from the empty place. (T, 3)"""
    there = np.abs(clip - empty).max(-1) > 70                               # (T, H, W)
    rows, columns = np.mgrid[:32, :32]
    size = there.sum((1, 2))
    return np.stack([(there * axis).sum((1, 2)) / np.maximum(size, 1) for axis in (columns, rows)] + [size], axis=1)


drawn = [whereabouts(clip) for clip in clips[CLIPS : CLIPS + 24]]
made = [whereabouts(video.frames) for video in dreamed]
fig, axes = plt.subplots(1, 4, figsize=(10, 2.6), layout="constrained", sharex=True)
panels = {"drawn: across": drawn, "dreamed: across": made, "drawn: up": drawn, "dreamed: up": made}
for ax, (title, paths) in zip(axes, panels.items(), strict=True):
    for path in paths:
        place = path[:, 0] if "across" in title else 31 - path[:, 1]
        ax.plot(np.arange(17) / 8, place, lw=0.9, color=GREEN if paths is drawn else BLUE)
    ax.set(title=title, xlabel="seconds", ylim=(0, 31) if "across" in title else (4, 26))
    ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="Paths over two seconds, drawn and dreamed: across, straight lines up and down; in height, flat lines and two arches each")

# %% tags=["nbval-check-output"]
def is_a_mover(path: np.ndarray) -> bool:
    """Whether somebody of a character's size is there in every frame, and gets at least 3 pixels from where it began."""
    size = path[:, 2]
    return size.min() > 25 and size.max() < 220 and np.abs(path[:, 0] - path[0, 0]).max() > 3


jumps = [np.abs(np.diff(path[:, 0])).max() for path in made]
assert sum(is_a_mover(path) for path in drawn) >= 20
assert sum(is_a_mover(path) for path in made) >= 16
assert np.median(jumps) < 4
print("most dreamed clips: somebody in every frame, who moves, and never leaps from one place to another")

# %% [markdown]
# ### Who looks at whom
#
# Our own network kept what queries and keys it made (`met`), and it takes the package's weights. So we can look into the trained one. Below
# are all 20 × 20 shares of one block, for each of its four heads, averaged over clips at `sigma = 0.5`: in a row stands who looks, in a
# column at whom. Lines separate the five latent frames, with four tokens each.
#
# **Predict before you run:** if a head looks at *the same place in other frames*, what does that look like? And a head that looks *around
# in its own frame*?

# %% tags=["slide"]
inside = OurDiT(dit.config)
inside.load_state_dict(dit.state_dict())
generator = torch.Generator().manual_seed(5)
sigma = torch.full((HELD, 5), 0.5)
with torch.no_grad():
    inside(flow.add_noise(latents[CLIPS:], torch.randn(latents[CLIPS:].shape, generator=generator), sigma), sigma, *no_words(HELD))
fig, axes = plt.subplots(2, 4, figsize=(9.5, 4.9), layout="constrained")
for row, index in zip(axes, (0, 2), strict=True):
    q, k = inside.blocks[index].met                                         # (B, H, N, d)
    shares = torch.softmax(q @ k.transpose(-1, -2), dim=-1).mean(0)         # (H, N, N)
    for head, ax in enumerate(row):
        ax.imshow(shares[head], cmap="Blues", vmin=0, vmax=shares.max())
        for line in range(4, 20, 4):
            ax.axhline(line - 0.5, color=AXES["t"], lw=0.6)
            ax.axvline(line - 0.5, color=AXES["t"], lw=0.6)
        ax.set(xticks=[], yticks=[], title=f"block {index + 1}, head {head + 1}")
show(fig, alt="Eight tables of shares, 20 by 20 tokens: bright spots on the diagonal and in short stripes beside it, four tokens away")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# Same place, other frames: stripes parallel to the diagonal, four tokens away. Its own frame: spots in the squares on the diagonal. You find
# both, and mixtures: in some heads a token looks at its own place half a second earlier or later, in others at the ground below it. Few look
# far in time; in this world what happens next follows from what is now. Nobody asked for any of this.
# </details>
#
# ## 10 · Two failures on purpose
#
# ### Without the zero
#
# Same clips, same steps, same narrow networks, in two depths and at a lively learning rate. Those in blue are born as the identity. Those in orange
# are made as most networks are: random weights in all layers, and gates open (1) from the beginning. **Predict before you run:** which of the
# two likes depth?

# %% tags=["slide"]
def narrow(depth: int, norm=unit, zero: bool = True) -> OurDiT:
    """A small network; zero=False: adaLN as well, but with open gates and random dials from birth."""
    torch.manual_seed(0)
    net = OurDiT(DiTConfig(width=64, depth=depth, heads=2, hidden=128, channels=96, text_width=8, prediction="clean"), norm)
    if not zero:
        for layer in (net.modulate, net.finish, net.out):
            layer.reset_parameters()
        with torch.no_grad():
            net.modulate.bias.view(6, -1)[[2, 5]] += 1                      # both gates
    return net


DEPTHS, SHORT = (4, 24), 50
curves = {}
for depth in DEPTHS:
    for zero in (True, False):
        curves[depth, zero] = list(train(narrow(depth, zero=zero), SHORT, batch=32, rate=5e-3, fall=0))
last = {key: float(np.mean(curve[-10:])) for key, curve in curves.items()}
fig, axes = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
for zero, colour, name in ((True, BLUE, "adaLN-zero"), (False, ORANGE, "open from birth")):
    smooth = np.convolve(curves[24, zero], np.ones(5) / 5, mode="valid")
    axes[0].plot(np.arange(len(smooth)) + 5, smooth, color=colour, lw=1.5, label=name)
    axes[1].plot(DEPTHS, [last[depth, zero] for depth in DEPTHS], "o-", color=colour)
axes[0].set(xlabel="step", ylabel="loss, mean of 5 steps", title="24 blocks")
axes[1].set(xlabel="blocks", ylabel="loss, last 10 steps", title="after 50 steps", xticks=DEPTHS, ylim=(0, 1.1 * max(last.values())))
axes[0].legend(frameon=False)
for ax in axes:
    ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="Left, losses at 24 blocks: open from birth lies above adaLN-zero. Right, at the end: it rises with depth, adaLN-zero falls")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# The one that is born as the identity. With the gates open, every block says something from the first step on, and it is nonsense. The
# next block reads that nonsense, and all of them are corrected at the same time, each against a floor that moves. The more blocks, the
# more they get in each other's way. With the gates at 0 the path through the network is empty at first, and a block is let in when it has
# something to say.
# </details>

# %% tags=["nbval-check-output"]
assert last[24, False] > 1.15 * last[24, True]
print("at 24 blocks the network that is open from birth is well behind the one with adaLN-zero")

# %% [markdown]
# ### Without QK-norm, at a high learning rate
#
# For this failure we take attention out of the video and give it its plainest task, a lost-property office. Sixteen things lie on the
# shelf, each with a name (16 random numbers) and a content (16 more). Sixteen visitors come, each says a name, and should be given what
# belongs to it. That is all that query, key and value are for. One head, and the names are new in every step, so nothing can be learned
# by heart: `ask` and `offer` must turn equal names into large scores.
#
# Pairs of such offices differ in one thing: whether queries and keys are brought to size before they meet. Each pair is trained for 200
# steps at a learning rate of its own, from modest to reckless. **Predict before you run:** what will become of the largest score in those
# without the norm?

# %% tags=["slide"]
def office(norm, rate: float, steps: int = 200, d: int = 32) -> tuple[float, float]:
    """Trains a lost-property office; its squared error at the end (1: it knows nothing), and the largest score."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    ask, offer, say, hand = (nn.Linear(*sizes, bias=False) for sizes in ((16, d), (16, d), (16, d), (d, 16)))
    gain = nn.Parameter(torch.full((2,), d**-0.25))
    adam = torch.optim.AdamW([gain, *(layer.weight for layer in (ask, offer, say, hand))], betas=(0.9, 0.95), weight_decay=0.01)
    errors = []
    for step in range(steps):
        adam.param_groups[0]["lr"] = rate * min(1, (step + 1) / 5)
        names, contents = torch.randn(2, 32, 16, 16, generator=generator)   # (B, things, numbers) each
        order = torch.rand(32, 16, generator=generator).argsort(1)[..., None].expand(-1, -1, 16)
        q = norm(ask(names.gather(1, order))) * gain[0]                     # (B, visitors, d)
        k = norm(offer(names)) * gain[1]                                    # (B, things, d)
        given = hand(attention(q[:, None], k[:, None], say(contents)[:, None])[:, 0])
        error = (given - contents.gather(1, order)).square().mean()
        adam.zero_grad()
        error.backward()
        adam.step()
        errors.append(error.item())
    return float(np.mean(errors[-20:])), (q @ k.transpose(-1, -2)).abs().max().item()


RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
offices = {name: [office(norm, rate) for rate in RATES] for name, norm in (("with QK-norm", unit), ("without", nn.Identity()))}
fig, axes = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
for (name, ends), colour in zip(offices.items(), (BLUE, ORANGE), strict=True):
    for ax, values in zip(axes, zip(*ends, strict=True), strict=True):
        ax.plot(RATES, values, "o-", color=colour, ms=4, lw=1.2, label=name)
for ax, label in zip(axes, ("error at the end", "largest score"), strict=True):
    ax.set(xlabel="learning rate", ylabel=label, xscale="log", yscale="log")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].legend(frameon=False)
show(fig, alt="Against the learning rate: on the left the error, on the right the largest score; both lie far higher without QK-norm")

# %% tags=["nbval-check-output"]
(kept, calm), (lost, wild) = (zip(*offices[name], strict=True) for name in ("with QK-norm", "without"))
assert all(one < 0.5 * other for one, other in list(zip(kept, lost, strict=True))[:4])  # up to 0.03; above, luck has its say
assert all(one < 0.7 * other for one, other in list(zip(calm, wild, strict=True))[:4]) and wild[-1] > 5 * calm[-1]
print("up to 0.03 the office without QK-norm makes more than twice the error with larger scores, at 0.3 its scores have run away")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# It runs away. To answer surely, the office wants large scores, and without the norm it gets them by making its weights larger: one more
# name that is long by chance now shouts down all the others. Soon every softmax says 0 or 1, wrong ones too, and where it says 0 or 1
# there is no slope to learn by. With the norm all names speak equally loudly, and the only way to be surer is the gain, one number, in
# small steps.
#
# In our tiny denoiser the same norm hardly matters within so short a training, for its gates open slowly and hold the scores down. In large
# ones that train for weeks it decides whether the training survives (Dehghani et al. 2023, section 2).
# </details>
#
# ## 11 · What it costs
#
# Why not build all of it larger, then? It is what Sora's report did, and its most quoted figure shows the same sentence at base compute,
# four times and thirty-two times as much. Let us count what a block costs. A **multiplication** (with the addition after it) is the unit;
# norms and softmax are small change.
#
# ### Exercise 4.6 · What a block costs
# *12 minutes · needs thought*
#
#     N tokens of width D, SwiGLU's hidden width, no words
#
#     matrices   query, key, value: 3 of D × D     answer: D × D     up: D × 2·hidden     down: hidden × D     … for every token
#     attention  every token's query with every token's key, and every share with a value of width D (all heads together)

# %% tags=["exercise"]
def work(N: int, D: int, hidden: int) -> tuple[int, int]:
    """Multiplications of one block on N tokens: those in its matrices, and those of attention."""
    raise NotImplementedError


# %% tags=["solution"]
def work(N: int, D: int, hidden: int) -> tuple[int, int]:
    """Multiplications of one block on N tokens: those in its matrices, and those of attention."""
    matrices = N * (4 * D * D + 3 * D * hidden)
    return matrices, 2 * N * N * D


# %% tags=["check"]
check("4.6", work)

# %% [markdown] tags=["hint"]
# A matrix of `a × b` costs `a · b` multiplications for each token that goes through it.

# %% [markdown] tags=["hint"]
# A score is a product of two vectors. With `H` heads there are `H · N²` scores of `D / H` multiplications each: `N² · D`, whatever `H` is.

# %% [markdown] tags=["hint"]
# Bringing the values home costs as much again: `2 · N² · D` in all.

# %% tags=["nbval-check-output"]
size = PRESETS["small"]
D, hidden = size.width, size.hidden
print("seconds of 64×64   tokens   multiplications a block   of which attention")
for seconds in (0, 2, 8, 30, 60):
    N = Grid.of_video(1 + 8 * seconds, 64, 64).tokens
    matrices, pairs = N * (4 * D * D + 3 * D * hidden), 2 * N * N * D
    print(f"{seconds:16} {N:8,} {matrices + pairs:25,} {pairs / (matrices + pairs):19.0%}")
even = (4 * D * D + 3 * D * hidden) // (2 * D)
print(f"at {even:,} tokens looking costs as much as thinking")

# %% [markdown]
# For the short clips of this course full attention is almost free, and it is simple; that is why we do not take space and time in turns.
# But it grows with the *square* of the tokens, and a video in high resolution has a hundred times as many. Whoever wants that must compress
# harder (chapter 2), or let tokens look at fewer others.
#
# ## 12 · Recap

# %% tags=["slide"]
fig, ax = plt.subplots(figsize=(11, 4.1))
ax.axis("off")
ax.set(xlim=(0, 22), ylim=(0, 8.2), aspect="equal")


def box(x, y, wide, high, text, colour):
    ax.add_patch(plt.Rectangle((x, y), wide, high, fc=colour + "33", ec=colour, lw=1.3))
    ax.text(x + wide / 2, y + high / 2, text, ha="center", va="center", size=9.5)


def arrow(*points, colour="#555555"):
    ax.plot(*zip(*points[:-1], strict=True), color=colour, lw=1.2)
    ax.annotate("", points[-1], points[-2], arrowprops=dict(arrowstyle="-|>", color=colour, lw=1.2))


ax.add_patch(plt.Rectangle((5.0, 2.2), 11.4, 4.5, fc="#F7F7F7", ec="#999999"))
ax.text(16.2, 6.9, "a block, several times", ha="right", size=9.5, color="#555555")
box(0.2, 4.0, 3.3, 1.3, "noisy patches\n+ place", AXES["N"])
arrow((3.5, 4.65), (5.8, 4.65))
for x, part, colour in ((5.8, "look:\nattention, turned by\nseconds, up, right", AXES["t"]), (11.2, "think:\nSwiGLU", AXES["D"])):
    box(x, 3.7, 4.3, 1.9, part, colour)
    arrow((x - 0.4, 4.65), (x - 0.4, 6.2), (x + 4.8, 6.2), (x + 4.8, 4.75))
    ax.text(x + 2.15, 6.3, "+ what came in", ha="center", size=8, color="#777777")
    arrow((x + 2.15, 1.5), (x + 2.15, 3.7), colour=AXES["sigma"])
    ax.text(x + 2.3, 2.6, "shift, scale, gate\n(gate 0 at birth)", size=8, color=AXES["sigma"], va="center")
arrow((10.1, 4.65), (11.2, 4.65))
arrow((15.5, 4.65), (18.0, 4.65))
box(18.0, 4.0, 3.3, 1.3, "clean patches,\nor a velocity", AXES["N"])
box(5.8, 0.4, 9.7, 1.1, "moment of each frame: sigma, time, words", AXES["sigma"])
show(fig, alt="Noisy patches go through blocks that look and think, each adding to what came in, steered by each frame's noise level")

# %% [markdown]
# - **Attention** brings home what others say, by how well query and key fit. By itself it does not know where anything is.
# - **Turned pairs** make scores depend on distances in seconds and units of the frame, so any length and format will do.
# - **RMSNorm and QK-norm** keep vectors to size, so that no softmax gets stuck. **SwiGLU** thinks.
# - **adaLN-zero** lets the noise level of each frame set the dials of every part, and lets every block be born as the identity.
# - A stack of such blocks learned, within two minutes, that somebody who is in one frame is in the next one too.
#
# Chapter 5 gives it words.
#
# ## What to read next
#
# - Vaswani et al. (2017), *Attention is all you need*, section 3: queries, keys, values, heads.
# - Peebles and Xie (2023), *Scalable diffusion models with transformers*, section 3.2: adaLN-zero, against three other ways to tell the
#   noise level.
# - Su et al. (2021), *RoFormer: enhanced transformer with rotary position embedding*, section 3.2: why turning gives distances.
# - Zhang and Sennrich (2019), *Root mean square layer normalization*, section 3; Shazeer (2020), *GLU variants improve transformer*,
#   section 2.
# - Henry et al. (2020), *Query-key normalization for transformers*, section 3; Dehghani et al. (2023), *Scaling vision transformers to 22
#   billion parameters*, section 2, where the same norm saves a large training.
# - Chen et al. (2023), *PixArt-alpha: fast training of diffusion transformer for photorealistic text-to-image synthesis*, section 2.3: one
#   modulation for all blocks.
# - In the package: [minisora/dit.py](../minisora/dit.py), all of this chapter; `rotary` and `rotate` are in
#   [minisora/patches.py](../minisora/patches.py).
#
# ## Words of this chapter
#
# All words and letters of the course are in the [glossary](../book/glossary.md).
#
# - **query, key, value** — what a token asks, what it can be asked about, what it says
# - **score, share** — how well a query fits a key; the softmax of the scores, 1 in all
# - **head** — one of several attentions side by side, on a piece of the vectors each
# - **rotary position, turned pair** — two numbers of a query or key, turned by an angle that grows with the position
# - **RMSNorm** — a vector divided by the root of its mean square
# - **QK-norm** — RMSNorm of queries and keys before they meet; **gain**: how sharp a head may look
# - **SwiGLU** — a wide layer of which one half opens and closes the other
# - **moment** — what a frame knows of its noise level, its place in the length, and the words
# - **dials: shift, scale, gate** — three vectors from the moment that steer a part of a block; together they are the *modulation*
# - **adaLN-zero** — such dials, all 0 at birth
# - **offset** — what a block adds to the dials that all blocks share
