# %% [markdown]
# # 01 · Spacetime patches: any video as a row of tokens
#
# **The claim of this chapter: one cut, a single line of code, turns any video, of any length, size and shape, into a row of tokens; and three
# numbers beside each token, in seconds and in units of the frame, say all that has to be known about where it came from.**
#
# A transformer reads rows of tokens. Words come in rows by nature. A video does not: it is a block of numbers with three directions, and no two videos
# need to have the same length or the same shape. This chapter is about the small piece between the two, the first arrow on the map of
# [chapter 0](00-welcome.ipynb). It needs no training and no mathematics beyond counting. It decides all the same what the big model
# can be asked for, and what an answer costs.
#
# **When you are through, you can**
#
# - cut a video into spacetime patches, put it together again, and say where in the row a given patch lies;
# - say in your head how many tokens a video has, and what a minute costs against four seconds;
# - explain why a picture is a video of one frame, and why our patches are one latent frame long;
# - show how a model breaks on another length or shape when positions are counted instead of measured, and mend it.
#
# **What you need:** PyTorch's shapes, indexing and `reshape`; what attention is, roughly (every token looks at every other one; chapter 4
# builds it). *About an hour, and a minute of computing. Six exercises; skip any of them and go on, nothing below depends on your answers.*

# %% [markdown]
# ## 1 · The finished thing first
#
# One set of weights, one sentence, five formats: a square, a wide, a tall and a long video, and a picture. Nobody trained five models.

# %% tags=["slide"]
import torch

from minisora import MiniSora
from minisora.check import check
from minisora.show import AXES, gallery, show

sora = MiniSora.from_pretrained()
sentence = "a red ball hops over a blue box in the snow"
made = {
    "square": sora.generate(sentence, seconds=2, height=64, width=64),
    "wide": sora.generate(sentence, seconds=2, height=64, width=96),
    "tall": sora.generate(sentence, seconds=2, height=96, width=64),
    "long": sora.generate(sentence, seconds=4, height=64, width=64),
    "picture": sora.image(sentence, height=64, width=64),
}
titles = [f"{name}: {video.seconds:g} s, {video.width}×{video.height}" for name, video in made.items()]
gallery(list(made.values()), titles, alt=f"Frames from left to right, all made by the same weights of the sentence: {sentence}")

# %% [markdown]
# How can one network have five mouths? It has one, and it is shaped for none of them. Before the network sees anything, each of these videos has become this:

# %% tags=["nbval-check-output"]
from minisora.patches import Grid

for name, video in made.items():
    grid = Grid.of_video(len(video), video.height, video.width)
    print(f"{name:8} {len(video):2} frames of {video.width}x{video.height}:  {grid.t} x {grid.h} x {grid.w} = {grid.tokens:3} tokens")

# %% [markdown]
# Rows of 80, 120, 120, 144 and 16 tokens. The network asks for nothing else: it takes a row of any length and gives back a row of the same length. To order a
# wide video, one hands it a row of noise that is *meant* to be wide. All the rest of this chapter is about two questions: how is the cut
# made, and what does "meant to be wide" mean?
#
# ### Sora says, we do, nobody outside knows
#
# | | Sora's report says | we do | nobody outside knows |
# |---|---|---|---|
# | **what is cut** | videos are first compressed in time and space, then the compressed video is taken apart into spacetime patches, which serve as the transformer's tokens | the same; one token covers 1×2×2 latents, which is 4 frames of 16×16 pixels | the size of the patches |
# | **pictures** | the scheme works for images too, since they are videos of one frame | the same: frame 0 is compressed alone, and a picture is nothing but a frame 0 | whether pictures were trained in the same batches |
# | **formats** | it is trained on videos of their own size, length and aspect; the size of a new video is chosen by laying out random patches in a grid of that size | the same, with square, wide and tall clips and pictures | how batches of different sizes were put together |
# | **where a token lies** | nothing | seconds, and units of the frame | everything |
#
# Source: OpenAI, [*Video generation models as world simulators*](https://openai.com/index/video-generation-models-as-world-simulators/) (February 2024),
# sections "Turning visual data into patches", "Spacetime latent patches" and "Variable durations, resolutions, aspect ratios".

# %% [markdown]
# ## 2 · What should a token be?
#
# Three ideas come to mind before the good one. Let us count what each costs for our square clip of two seconds, 17 frames of 64×64 pixels with three
# colours. What matters in a transformer is the number of tokens, and even more its square: every token looks at every other one.
#
# **Predict before you run.** Which of the four rows below can be trained on your laptop? And what is wrong with the one that is cheapest?

# %% tags=["nbval-check-output"]
T, H, W, C = 17, 64, 64, 3
ideas = {
    "a pixel": (T * H * W, C),
    "a whole frame": (T, H * W * C),
    "16x16 pixels of a frame": (T * (H // 16) * (W // 16), 16 * 16 * C),
    "16x16 pixels of 4 frames": ((1 + (T - 1) // 4) * (H // 16) * (W // 16), 4 * 16 * 16 * C),
}
for idea, (tokens, numbers) in ideas.items():
    print(f"{idea:25} {tokens:6,} tokens of {numbers:6,} numbers, {tokens**2:13,} pairs that look at one another")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# **A pixel** is hopeless: almost five billion pairs in each layer, for two seconds of a stamp-sized video. **A whole frame** has the fewest
# tokens, and two faults. Its first layer must accept exactly 12,288 numbers, so it is married to 64×64: a wide frame does not fit in at all. And a token that
# holds everything cannot look at anything: that the ball in this frame is the ball in the next one would have to be found out by the plain
# layers, for each place anew. **A square of a frame** is what vision transformers use for pictures (Dosovitskiy and others, 2021), and
# it works. But frames that follow one another are nearly alike, and it pays for each of them in full. **A square of several frames** is the spacetime patch:
# the cheapest that still knows places. It fits any format whose sides are multiples of 16.
# </details>
#
# The last one is a cut in all three directions, like cutting a block of cheese into dice. ViViT (Arnab and others, 2021, section 3.2) calls the dice
# *tubelets*. Sora's report calls them *spacetime patches*, and adds one thing: do not cut the pixels, cut the *compressed* video.

# %%
import matplotlib.pyplot as plt

from minisora import Video
from minisora.world.render import render
from minisora.world.scene import Actor, Character, Event, Scene, Shot

roll = Event("roll", start=0.0, end=4.0, direction="right", speed=0.15)
shot = Shot("meadow", 4.0, actors=(Actor(0, x=-0.30, events=(roll,)), Actor(1, x=0.5)))
scene = Scene(cast=(Character("ball", "red", "large"), Character("box", "blue", "medium")), shots=(shot,), aspect=1.5)
film = render(scene, 64, 96)                                                            # (T, H, W, 3): 33 frames, wide
clip = film[:17, :, 16:80]                                                              # (T, H, W, 3): two seconds of its middle
show(Video(film), alt="A drawn clip of four seconds, wide: a red ball rolls to the right through a meadow towards a blue box", width=288)

# %% [markdown]
# That is the clip for this chapter. It is drawn, not generated, so that we know it to the last pixel. Now the compression. Chapter 2 builds the network that does it; here it is a black
# box with one promise: every 8×8 pixels of 4 frames become one point of the latents, with `c` channels. The first frame is coded alone, so 17 = 1 + 4·4
# frames become `t` = 1 + 4 = 5 latent frames. And a video of 1 frame becomes 1 latent frame: a picture needs no rule of its own.

# %%
x = sora.encoded(clip)                                                                  # (1, c, t, h, w)
c = sora.vae.config.channels
assert x.shape == (1, c, 5, 8, 8) and sora.encoded(clip[:1]).shape == (1, c, 1, 8, 8)
print(f"{clip.size:,} numbers of pixels became {x.numel():,} of latents: {clip.size / x.numel():.0f} times fewer")

# %% [markdown]
# ## 3 · The cut
#
# First the version that cannot be misunderstood. Three loops, time outermost, then rows, then columns; each turn takes out a block of `pt × ph × pw`
# latents, with all their channels, and lays its numbers in a line:

# %% tags=["slide-code"]
def patchify_slowly(x, patch=(1, 2, 2)):
    """Latents (B, c, t, h, w) to tokens (B, N, p), p = c·pt·ph·pw: one patch after the other, as one reads."""
    (t, h, w), (pt, ph, pw) = x.shape[2:], patch
    tokens = []
    for a in range(0, t, pt):
        for i in range(0, h, ph):
            for j in range(0, w, pw):
                block = x[:, :, a : a + pt, i : i + ph, j : j + pw]                     # (B, c, pt, ph, pw)
                tokens.append(block.flatten(1))                                         # (B, p)
    return torch.stack(tokens, dim=1)                                                   # (B, N, p)


tokens = patchify_slowly(x)
assert tokens.shape == (1, 5 * 4 * 4, c * 1 * 2 * 2)

# %% [markdown]
# Here is what it does, as a picture. On the left our clip, one frame for each of the five latent frames; two latents at a time, its 8 rows and 8 columns are cut into 4 and 4. On the right the row of its 80 tokens, broken into
# five lines so that it fits on the page. A token is drawn as the 16×16 pixels that it stands for.

# %% tags=["slide"]
fig, axes = plt.subplots(1, 2, figsize=(11, 4.2), width_ratios=(1, 1.7), layout="constrained")
last_frames = clip[::4]                                                                 # the last frame that each latent frame covers
for a, frame in reversed(list(enumerate(last_frames))):
    left, low = 14 * a, 12 * a
    axes[0].imshow(frame, extent=(left, left + 64, low, low + 64), zorder=10 - a)
    for cut in range(0, 65, 16):
        line = dict(lw=0.8, zorder=10 - a)
        axes[0].plot([left, left + 64], [low + cut, low + cut], color=AXES["h"], **line)
        axes[0].plot([left + cut, left + cut], [low, low + 64], color=AXES["w"], **line)
axes[0].annotate("", (128, 50), (72, 2), arrowprops=dict(arrowstyle="-|>", color=AXES["t"], lw=2))
axes[0].text(106, 14, "t = 5", color=AXES["t"], weight="bold", size=12)
axes[0].text(-4, 32, "h = 8", color=AXES["h"], weight="bold", ha="right", size=12)
axes[0].text(32, -12, "w = 8", color=AXES["w"], weight="bold", ha="center", size=12)
axes[0].set(xlim=(-28, 134), ylim=(-20, 118))
for n in range(80):
    a, i, j = n // 16, n // 4 % 4, n % 4
    patch = last_frames[a][16 * i : 16 * i + 16, 16 * j : 16 * j + 16]
    axes[1].imshow(patch, extent=(18 * (n % 16), 18 * (n % 16) + 16, -24 * a, -24 * a + 16))
    if n % 4 == 0:
        axes[1].text(18 * (n % 16), -24 * a + 18, n, size=7, color=AXES["N"], weight="bold")
axes[1].text(144, 32, "N = 80", color=AXES["N"], weight="bold", ha="center", size=12)
axes[1].set(xlim=(-2, 290), ylim=(-100, 46))
for ax in axes:
    ax.set_aspect("equal")
    ax.axis("off")
order = "frame by frame, each from its upper left corner to its lower right one"
show(fig, alt=f"Left, five frames behind one another, each cut into 4 by 4 squares. Right, the 80 squares in a row: {order}")

# %% [markdown]
# Loops are slow, and there are millions of videos to cut. The same without a loop takes three steps that are worth knowing by heart, because half of all transformer code consists of them:
# *split* each axis into (which patch, where in the patch), *move* all the "which" to the front and all the "where" to the back, *merge* each group into one axis.

# %% tags=["slide-code"]
def patchify_by_hand(x, patch=(1, 2, 2)):
    """The same in three steps: split, move, merge."""
    (B, c, t, h, w), (pt, ph, pw) = x.shape, patch
    x = x.reshape(B, c, t // pt, pt, h // ph, ph, w // pw, pw)                          # 0 B, 1 c, 2 t', 3 pt, 4 h', 5 ph, 6 w', 7 pw
    x = x.permute(0, 2, 4, 6, 1, 3, 5, 7)                                               # (B, t', h', w', c, pt, ph, pw)
    return x.reshape(B, -1, c * pt * ph * pw)                                           # (B, N, p)


torch.testing.assert_close(patchify_by_hand(x), tokens)

# %% [markdown]
# The library `einops` lets us write the two sides of this sentence and works out the steps. This line *is* the package's `patchify`:

# %% tags=["nbval-check-output"]
from einops import rearrange

from minisora.patches import patchify, unpatchify

one_line = rearrange(x, "B c (t pt) (h ph) (w pw) -> B (t h w) (c pt ph pw)", pt=1, ph=2, pw=2)
torch.testing.assert_close(one_line, tokens)
torch.testing.assert_close(patchify(x), tokens)
print("three versions and the package agree on", " x ".join(map(str, patchify(x).shape[:2])), "tokens")

# %% [markdown]
# From here on we use the package's. Two details in it deserve a second look.
#
# **Why is the patch only one latent frame long?** A patch two frames long would halve the row. But a picture has `t = 1`, and 1 cannot be cut into pieces of 2; nor can the 5 latent frames of our
# clip. With `pt = 1` every video and every picture can be cut, and the compression in time is left to the network that was trained for it.
#
# **What goes wrong when one step is forgotten?** The shapes come out right without the *move* step too. Shapes are all that PyTorch checks. **Predict before you run:**
# we cut the pixels of our first frame into 16×16 patches with `reshape` alone, then put them back properly. What will the picture look like: the same, noise, or something in between?

# %% tags=["slide"]
still = torch.from_numpy(clip[:1].copy()).permute(3, 0, 1, 2)[None].float()             # (1, 3, 1, 64, 64)
whole, cell = Grid(1, 4, 4), (1, 16, 16)
careless = still.reshape(1, 16, 3 * 16 * 16)                                            # the right shape …
assert careless.shape == patchify(still, cell).shape


def image(video):
    """(1, 3, 1, H, W) to pixels (H, W, 3)."""
    return video[0, :, 0].permute(1, 2, 0).byte().numpy()


back = [image(still), image(unpatchify(careless, whole, cell)), image(unpatchify(patchify(still, cell), whole, cell))]
titles = ["the frame", "cut with reshape alone", "cut with split, move, merge"]
gallery(back, titles, alt="The frame, and what comes back after a cut", width=192)

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# Something in between, and that is what makes the mistake dangerous. All numbers are there, runs of neighbours stay together, and a network trained on such tokens would even learn something, only worse
# and for no visible reason. `reshape` never moves a number in memory; it only says anew where rows end. The cure is to look at one example with your own eyes, as we did here, and a test that goes there *and
# back*: `unpatchify(patchify(x)) == x` for odd shapes, all sides different. (Sides that are equal hide swapped axes.)
# </details>
#
# ### Exercise 1.1 · How many tokens?
# *5 minutes · a first step*
#
# The number of tokens of a video, from its size in pixels. Do not call `Grid`: find out what it does.
#
# ```
#   frames, height, width            latents t, h, w              tokens
#     17 ,    64 ,   96      ──►       5 ,  8 , 12       ──►    5 × 4 × 6 = 120
#    4 at a time, but the first alone     8×8 pixels             2×2 latents of one latent frame
# ```

# %% tags=["exercise"]
def count_tokens(frames: int, height: int, width: int) -> int:
    """Tokens of a video of 1 + 4k frames whose height and width are multiples of 16 pixels."""
    raise NotImplementedError


# %% tags=["solution"]
def count_tokens(frames: int, height: int, width: int) -> int:
    """Tokens of a video of 1 + 4k frames whose height and width are multiples of 16 pixels."""
    t = 1 + (frames - 1) // 4
    h, w = height // 8, width // 8
    return t * (h // 2) * (w // 2)


# %% tags=["check"]
check("1.1", count_tokens)

# %% [markdown] tags=["hint"]
# Three numbers multiplied: how many patches there are along time, along the height, along the width.

# %% [markdown] tags=["hint"]
# Along time: the first frame makes one latent frame of its own, and every 4 frames after it make one more. Along the height: 8 pixels to a latent, 2 latents to a token.

# %% [markdown]
# ### Exercise 1.2 · The way back
# *12 minutes · needs thought*
#
# The network's answer is a row of tokens; the decoder wants latents. Write the inverse of `patchify`, with `reshape` and `permute` or with one `rearrange`.
#
# ```
#   tokens (B, N, p)                                      latents (B, c, t, h, w)
#   ┌──┬──┬──┬──┬──┬──┬──┬─                                   ╱╲╱╲╱╲
#   │ 0│ 1│ 2│ 3│ 4│ 5│ 6│ …     grid (t', h', w')  ──►      │0│1│2│
#   └──┴──┴──┴──┴──┴──┴──┴─      patch (pt, ph, pw)          │3│4│5│
#    p = c·pt·ph·pw numbers in each                          t = t'·pt,  h = h'·ph,  w = w'·pw
# ```

# %% tags=["exercise"]
def my_unpatchify(tokens: torch.Tensor, grid: Grid, patch: tuple[int, int, int] = (1, 2, 2)) -> torch.Tensor:
    """Tokens (B, N, p) back to latents (B, c, t, h, w). `grid.t`, `grid.h` and `grid.w` count patches."""
    raise NotImplementedError


# %% tags=["solution"]
def my_unpatchify(tokens: torch.Tensor, grid: Grid, patch: tuple[int, int, int] = (1, 2, 2)) -> torch.Tensor:
    """Tokens (B, N, p) back to latents (B, c, t, h, w). `grid.t`, `grid.h` and `grid.w` count patches."""
    pt, ph, pw = patch
    B, c = len(tokens), tokens.shape[-1] // (pt * ph * pw)
    x = tokens.reshape(B, grid.t, grid.h, grid.w, c, pt, ph, pw)                        # 0 B, 1 t', 2 h', 3 w', 4 c, 5 pt, 6 ph, 7 pw
    x = x.permute(0, 4, 1, 5, 2, 6, 3, 7)                                               # (B, c, t', pt, h', ph, w', pw)
    return x.reshape(B, c, grid.t * pt, grid.h * ph, grid.w * pw)                       # (B, c, t, h, w)


# %% tags=["check"]
check("1.2", my_unpatchify)

# %% [markdown] tags=["hint"]
# Run the film of `patchify_by_hand` backwards: un-merge, move back, un-split. Each step is undone by one of the same kind.

# %% [markdown] tags=["hint"]
# First `reshape` to eight axes `(B, t', h', w', c, pt, ph, pw)`. `c` is the one size that nobody told you: it is what is left of `p`.

# %% [markdown] tags=["hint"]
# Then `permute` so that each "which patch" stands right before its "where in the patch": `(B, c, t', pt, h', ph, w', pw)`. The last `reshape` merges each pair.

# %% [markdown]
# ### Exercise 1.3 · Where does token n come from?
# *6 minutes · a first step*
#
# The row is read like a book: a latent frame is a page, its rows are lines. Which page, line and column is token number `n` (counted from 0)?
#
# ```
#   n = 37,  grid 5 × 4 × 6  (24 tokens a frame)   ──►   (1, 2, 1):  frame 1, row 2, column 1
# ```

# %% tags=["exercise"]
def place_of(n: int, grid: Grid) -> tuple[int, int, int]:
    """(frame, row, column) in the grid of the token that is number `n` in the row."""
    raise NotImplementedError


# %% tags=["solution"]
def place_of(n: int, grid: Grid) -> tuple[int, int, int]:
    """(frame, row, column) in the grid of the token that is number `n` in the row."""
    frame, rest = divmod(n, grid.h * grid.w)
    row, column = divmod(rest, grid.w)
    return frame, row, column


# %% tags=["check"]
check("1.3", place_of)

# %% [markdown] tags=["hint"]
# How many tokens fill a frame? Whole frames that fit into `n` come off first; what is left is counted within the frame.

# %% [markdown] tags=["hint"]
# `divmod(n, size)` gives how often `size` fits into `n`, and the rest.

# %% [markdown]
# ## 4 · What a minute costs
#
# Any length, any size: the grid grows, the network stays. But not for nothing. Here is the bill for square clips of 64×64 pixels at 8 frames a second. A pass of
# the network costs two kinds of multiplications: those that each token needs for itself (the linear layers), and those for each *pair* of tokens (attention).
# The widths are those of the preset `small`, which a laptop trains (the shipped network, `base`, is half as wide again); chapter 4 explains each of its layers.
#
# **Predict before you run.** A minute is 15 times as long as four seconds. How many times as much work is it: 15, 225, or in between?

# %% tags=["nbval-check-output"]
from minisora.dit import DiTConfig

config = DiTConfig()
each = config.depth * (6 * config.width**2 + 3 * config.width * config.hidden)          # multiplications for a token
pair = config.depth * 2 * config.width                                                  # … and for a pair of them


def bill(seconds, height=64, width=64):
    """Tokens, pairs, and billions of multiplications of one pass."""
    N = Grid.of_video(1 + round(8 * seconds), height, width).tokens
    return N, N**2, (N * each + N**2 * pair) / 1e9


for seconds in (0, 2, 4, 20, 60):
    N, pairs, work = bill(seconds)
    paired = N**2 * pair / 1e9 / work
    print(f"{seconds:2} s: {N:5,} tokens, {pairs:9,} pairs, {work:5.1f} billion multiplications, {paired:3.0%} of them in attention")
ratios = [long / short for long, short in zip(bill(60), bill(4), strict=True)]
print("a minute against 4 s: {:.1f} times the tokens, {:.0f} times the pairs, {:.0f} times the work".format(*ratios))

# %% tags=["slide"]
fig, (left, right) = plt.subplots(1, 2, figsize=(10.5, 3.8), layout="constrained")
seconds = [s / 2 for s in range(0, 121)]
for (height, width), style in {(64, 64): "-", (64, 96): "--", (128, 128): ":"}.items():
    left.plot(seconds, [bill(s, height, width)[0] for s in seconds], style, color=AXES["N"], lw=2, label=f"{width}×{height} pixels")
for s in (4, 60):
    N = bill(s)[0]
    left.plot(s, N, "o", color="#222222")
    spot = (20, 1500) if s == 4 else (50, 3700)
    left.annotate(f"{s} s: {N:,}", (s, N), spot, arrowprops=dict(arrowstyle="-", color="#888888"), size=9)
left.set(xlabel="seconds of video", ylabel="tokens", title="tokens grow with seconds and with pixels")
left.legend(frameon=False)
own = [bill(s)[0] * each / 1e9 for s in seconds]
all_of_it = [bill(s)[2] for s in seconds]
right.fill_between(seconds, own, color=AXES["D"], alpha=0.5, lw=0, label="each token for itself")
right.fill_between(seconds, own, all_of_it, color=AXES["N"], alpha=0.6, lw=0, label="each pair: attention")
right.set(xlabel="seconds of 64×64 video", ylabel="billion multiplications a pass", title="work bends upwards: pairs")
right.legend(frameon=False, loc="upper left")
for ax in (left, right):
    ax.set(xlim=(0, 61), ylim=(0, None))
    ax.spines[["top", "right"]].set_visible(False)
lines = "tokens rise in straight lines with seconds, 144 at 4 s and 1,936 at 60 s for 64×64, four times as many for 128×128"
show(fig, alt=f"Left: {lines}. Right: the work of a pass bends upwards; attention is a sliver at 4 s and half at 60 s")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# In between. The tokens grow a little less than the seconds, because every video pays for its first frame once. The pairs grow with the square. But pairs are cheap, one short product each, and tokens
# are dear: each passes through matrices with almost a million numbers in every block. For our sizes the two are even only near a full minute.
# </details>
#
# **This is the signature of full attention: what is short is almost free, what is long is paid for in pairs.** Sora's report makes a point of generating
# the whole video at once, and so do we: all frames look at all frames, in both directions, which is why a character who hides can come out the same. Do the
# same sum for a minute of 1920×1080 at 24 frames a second with our factors, and you get about three million tokens and nine trillion pairs, in each layer, in each step. Nobody outside
# knows how OpenAI paid that bill. We know how we pay ours: by staying small.
#
# The bill also says how training is organised. A batch is a stack of equal rows, so all videos in a batch share one format, a *bucket* (as in Open-Sora, 2024). To keep each step equally
# heavy, a bucket of long videos holds fewer of them, so that the number of *tokens* in a batch stays about the same. Pictures are the bucket `T = 1`.
#
# ### Exercise 1.4 · How long may it be?
# *10 minutes · needs thought*
#
# You have memory for `budget` tokens. How many frames can a video of this size have? Videos have 1, 5, 9, … frames.
#
# ```
#   budget 100,  64 × 64   16 tokens a latent frame: 6 fit   ──►   1 + 4·5 = 21 frames
#   budget  10,  64 × 64   not even a picture fits           ──►   0
# ```

# %% tags=["exercise"]
def longest(budget: int, height: int, width: int) -> int:
    """The most frames (1 + 4k) of height × width pixels that make at most `budget` tokens; 0 when a picture is too much."""
    raise NotImplementedError


# %% tags=["solution"]
def longest(budget: int, height: int, width: int) -> int:
    """The most frames (1 + 4k) of height × width pixels that make at most `budget` tokens; 0 when a picture is too much."""
    a_frame = (height // 16) * (width // 16)
    t = budget // a_frame
    return 1 + 4 * (t - 1) if t else 0


# %% tags=["check"]
check("1.4", longest)

# %% [markdown] tags=["hint"]
# Two steps: how many *latent* frames fit, then how many frames they hold.

# %% [markdown] tags=["hint"]
# `t` latent frames hold `1 + 4 (t - 1)` frames, if `t` is at least 1. What does the formula say for `t = 0`?

# %% [markdown]
# ## 5 · A row has no shape
#
# Something has been lost. A row of 120 tokens: was it a wide video of two seconds (5×4×6) or a tall one (5×6×4)? The row
# does not say. Worse, to attention even the *order* of the row means nothing. Here a row of eight tokens passes through attention, then the same row shuffled:

# %%
import torch.nn.functional as F

row = torch.randn(1, 8, 16, generator=torch.Generator().manual_seed(0))                 # (B, N, D)
order = torch.tensor([5, 2, 7, 0, 3, 6, 1, 4])
looked = F.scaled_dot_product_attention(row, row, row)                                  # (B, N, D)
shuffled = F.scaled_dot_product_attention(row[:, order], row[:, order], row[:, order])
torch.testing.assert_close(shuffled, looked[:, order])

# %% [markdown]
# Shuffling before is the same as shuffling after. A transformer sees a *bag* of tokens. So every token must carry with it where it belongs, and the question is in which words. There are three
# ways to say it, and they look equally good as long as all videos have the same format:
#
# 1. **count**: "I am token number 37";
# 2. **share**: "I am a quarter of the way through, two thirds down, one fifth across";
# 3. **measure**: "I am at 0.5 seconds, 0.4 units up, 0.4 to the left".

# %% tags=["slide-code"]
def count(grid):
    """Number in the row. (N, 1)"""
    return torch.arange(grid.tokens).float()[:, None]


def share(grid):
    """How far through the video, down the frame and across it, each from 0 to 1. (N, 3)"""
    parts = [torch.linspace(0, 1, side) for side in (grid.t, grid.h, grid.w)]
    return torch.stack(torch.meshgrid(*parts, indexing="ij"), dim=-1).reshape(-1, 3)

# %% [markdown]
# And measured. Seconds need the frame rate. For lengths the unit is the shorter side of the frame, as in the toy world, so a wide frame is 1 high and 1.5 wide.
# The origin should stay in place when the format changes: we take the middle of the width, and the *lower* edge of the height, where the ground is. A token's place is the
# middle of the square it covers, and its time that of the last frame it covers.

# %% tags=["slide-code"]
def measure(grid, fps=8.0, patch=(1, 2, 2), frames_a_latent=4):
    """(seconds, up, right) of each token; lengths in units of the frame's shorter side. (N, 3)"""
    short = min(grid.h * patch[1], grid.w * patch[2])                                   # latents along the shorter side
    seconds = torch.arange(grid.t) * patch[0] * frames_a_latent / fps                   # (t,)
    up = (grid.h - 0.5 - torch.arange(grid.h)) * patch[1] / short                       # (h,): the row at the top is highest
    right = (torch.arange(grid.w) + 0.5 - grid.w / 2) * patch[2] / short                # (w,): 0 is the middle
    return torch.stack(torch.meshgrid(seconds, up, right, indexing="ij"), dim=-1).reshape(-1, 3)  # (N, 3)

# %% tags=["nbval-check-output"]
from minisora.patches import positions

for grid in (Grid(5, 4, 4), Grid(5, 4, 6), Grid(5, 6, 4), Grid(9, 8, 8), Grid(1, 4, 4)):
    torch.testing.assert_close(measure(grid), positions(grid))
    first, end = positions(grid)[0].tolist(), positions(grid)[-1].tolist()
    print(f"{grid.t} x {grid.h} x {grid.w}: from {first} to {end} (seconds, up, right)")

# %% [markdown]
# The same as the package's `positions`, which we use from here on. Look at three formats in these units, and at the same scene in each. Tokens of different videos that show the same thing carry the same numbers:

# %% tags=["slide"]
from dataclasses import replace

fig, axes = plt.subplots(1, 4, figsize=(11, 3.4), width_ratios=(1, 1.5, 1, 1), layout="constrained")
for ax, (name, height, width) in zip(axes, [("square", 64, 64), ("wide", 64, 96), ("tall", 96, 64), ("finer", 128, 128)], strict=True):
    frame = render(replace(scene, aspect=width / height), height, width)[8]
    grid, unit = Grid.of_video(1, height, width), min(height, width)
    ax.imshow(frame, extent=(-width / unit / 2, width / unit / 2, 0, height / unit), alpha=0.75)
    where = positions(grid)                                                             # (N, 3)
    ax.scatter(where[:, 2], where[:, 1], s=14, color=AXES["N"], edgecolor="#333333", lw=0.6)
    ax.set(title=f"{name}: {grid.h} × {grid.w} tokens", xlim=(-0.78, 0.78) if width > height else (-0.52, 0.52), ylim=(-0.03, 1.53))
    ax.set_xlabel("right", color=AXES["w"])
    ax.set_aspect("equal")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("up", color=AXES["h"])
same = "the ball and the ground have the same coordinates in all four, only the dots differ"
show(fig, alt=f"The same ball in a square, wide, tall and finer frame with a dot at each token's place; {same}")

# %% [markdown]
# ### Exercise 1.5 · The square in the middle
# *8 minutes · needs thought*
#
# From the tokens of a wide video, take those of the square in its middle, without putting the video together first. The positions tell you which.
#
# ```
#            wide: 4 × 6 tokens a frame              square: 4 × 4
#        right = -0.6  -0.4 -0.1  0.1  0.4  0.6
#              │ 0 │ 1 │ 2 │ 3 │ 4 │ 5 │            │ 1 │ 2 │ 3 │ 4 │
#              │ 6 │ 7 │ 8 │ 9 │10 │11 │    ──►     │ 7 │ 8 │ 9 │10 │
# ```

# %% tags=["exercise"]
def middle_square(tokens: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Of a wide or square video's `tokens` (B, N, p), at the positions `where` (N, 3), those in the middle square: (B, M, p), in order."""
    raise NotImplementedError


# %% tags=["solution"]
def middle_square(tokens: torch.Tensor, where: torch.Tensor) -> torch.Tensor:
    """Of a wide or square video's `tokens` (B, N, p), at the positions `where` (N, 3), those in the middle square: (B, M, p), in order."""
    inside = where[:, 2].abs() < 0.5                                                    # (N,)
    return tokens[:, inside]                                                            # (B, M, p)


# %% tags=["check"]
check("1.5", middle_square)

# %% [markdown] tags=["hint"]
# The square is as wide as the frame is high, and that height is 1 unit. Between which two values of `right` does it lie?

# %% [markdown] tags=["hint"]
# A tensor of `N` times True or False can be used as an index: `tokens[:, inside]` keeps the tokens where it is True, in their order.

# %% [markdown]
# ## 6 · The failure on purpose: a model that learns by heart
#
# To see what positions do, and nothing else, we take the simplest model there is. It learns one video by heart: for every position the patch that was there. Asked for a position, it
# gives the patch of the nearest position that it knows. It has no other idea of the world. What it *thinks* a position is, is all that matters.

# %% tags=["slide-code"]
def recall(known, at, asked):
    """Patches for the positions `asked` (M, k), out of the `known` ones (1, N, p) that were learned at `at` (N, k)."""
    nearest = torch.cdist(asked, at).argmin(dim=1)                                      # (M,)
    return known[:, nearest]                                                            # (1, M, p)


PIXELS = (1, 4, 4)                                                                      # so that one sees well: patches of pixels
film_tokens = patchify(torch.from_numpy(film).permute(3, 0, 1, 2)[None].float(), PIXELS)  # (1, N, p)
learned, wanted = Grid(33, 16, 24), Grid(17, 16, 16)


def measured(grid):
    """Seconds and units, for patches that are one frame of pixels long."""
    return positions(grid, fps=8 * 4, patch=PIXELS)

# %% [markdown]
# It learns our film: wide, four seconds, 33 × 16 × 24 patches. Then we ask for a *square* of *two seconds*. What it should say is beyond doubt, for it has learned every pixel of it: the first
# two seconds, in the middle.
#
# **Predict before you run.** Three models, which count, share and measure. One of them is right. What do the other two show? (Think of what happens at the end of each line.)

# %% tags=["slide"]
answers, errors = [Video(clip)], {}
for where in (count, share, measured):
    tokens = recall(film_tokens, where(learned), where(wanted))
    frames = unpatchify(tokens, wanted, PIXELS)[0].permute(1, 2, 3, 0).byte().numpy()   # (T, H, W, 3)
    answers.append(Video(frames))
    errors[where.__name__] = float(abs(frames.astype(float) - clip).mean())
titles = ["what it should be", "positions counted", "positions as shares", "positions measured"]
gallery(answers, titles, alt="Nine frames of a square clip of two seconds, recalled by a model that learned a wide one of four", width=620)

# %% tags=["nbval-check-output"]
print("measured: wrong by", errors["measured"])
assert errors["count"] > 1.5 * errors["share"] > 15
try:
    torch.nn.Embedding(80, 256)(torch.arange(144))
except IndexError:
    print("a table of 80 counted positions: no row for token 80 of a longer video")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# **Counted** positions shear the picture, like an old television that is badly tuned: the model believes that lines are 24 patches long, so 16 of them do not end a line, and each line begins 8
# patches too early. The tokens of one frame spill into the next. That is the loud failure. (A longer video fails louder still: the row of learned positions simply has no entry for token 80.)
#
# **Shares** fail politely, which is worse. The picture is whole, but the wide frame is squeezed into the square: the ball is an egg. And look at its motion: the *whole* roll of four seconds happens in two. A model that
# places things by shares has to learn anew, for every format, how fast things fall. It would learn a world without a gravity.
#
# **Measured** positions are exact. The same moment and the same place have the same name in every format, so what was learned in one holds in the others.
# </details>
#
# Be careful what this proves. The measured model knew every place it was asked for. Had we asked for the sixth second, it would have repeated its last frame, for positions do not make knowledge. They make
# knowledge *transferable*: from clip to clip, from square to wide, from a zoomed picture to a small one. That is why Sora's report trains on many formats, and so do we. How the three numbers enter the network, by turning
# vectors, so that only *differences* of positions matter, is chapter 4's story (`rotary`, in the same file of the package).
#
# ### And the real model?
#
# It has been trained on all formats with measured positions. We take the wide film's latents, drown them in noise (60 % of it; chapter 3 says exactly how), and let the shipped network guess the clean ones. Then we
# lie to it about where the tokens are: counted as if the film were square, and as shares of a square of two seconds.

# %%
from unittest.mock import patch as swapped

from minisora import flow

latents = sora.encoded(film)                                                            # (1, c, 9, 8, 12)
told = sora.tokenizer.batch(["a red ball rolls to the right in the meadow"])


def counted(grid, *rest):
    """As if every frame were 4 × 4 tokens."""
    return positions(Grid(-(-grid.tokens // 16), 4, 4), *rest)[: grid.tokens]


def shared(grid, *rest):
    """As if every video were a square of two seconds."""
    short = min(grid.h, grid.w)
    return positions(grid, *rest) * torch.tensor((4 / (grid.t - 1), short / grid.h, short / grid.w))


@torch.no_grad()
def mistake(where, seed):
    """Mean squared error of the network's guess of the clean latents."""
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(seed))
    sigma = torch.full((1, latents.shape[2]), 0.6)                                      # (B, t)
    noisy = flow.add_noise(latents, noise, sigma)
    with swapped("minisora.dit.positions", where):
        velocity = sora.dit(noisy, sigma, sora.text(*told), told.mask, told.shot)
    return (flow.clean_from(noisy, velocity, sigma) - latents).square().mean().item()


lies = {"counted": counted, "as shares": shared, "measured": positions}
found = {name: sum(mistake(where, seed) for seed in range(3)) / 3 for name, where in lies.items()}

# %% tags=["slide"]
fig, ax = plt.subplots(figsize=(6.5, 1.9), layout="constrained")
bars = ax.barh(list(found), list(found.values()), color=["#BBBBBB", "#BBBBBB", AXES["N"]], height=0.6)
ax.bar_label(bars, fmt="%.2f", padding=4)
ax.set(xlabel="squared error of the guessed latents (they have variance 1)", xlim=(0, 1.15 * max(found.values())))
ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="The network's error is largest when it is told counted positions, smaller with shares, smallest with measured ones")
assert found["measured"] < found["as shares"] and found["measured"] < found["counted"]

# %% [markdown]
# The network believes what it is told about places: told wrongly, it paints worse, though every latent is the same. Counting ruins it. Shares of a square cost it less, for the film's objects are only stretched and its time only
# quickened, which is roughly a world that could be.
#
# ### Twice as long as anything it saw
#
# The model of one film knew nothing of a sixth second. The shipped network has seen many films, none longer than four seconds, and much of what can be learned of them is *local*: how whoever hops comes down again a moment
# later. With measured positions a moment is the same everywhere. So ask it for eight seconds at once. **Predict:** will it stop, begin again, fall to pieces, or go on?

# %%
eight = sora.generate("a large red ball hops up and down in the snow", seconds=8, seed=1)
show(eight, alt="A clip of eight seconds, made at once: a large red ball hops in the snow")

# %% [markdown]
# One clip proves little. `python benchmarks/lengths.py` asked the oracle (chapter 0) about held-out sentences in six lengths; the drawn truth stands beside it, for a longer clip gives the oracle more to miss, too:

# %% tags=["slide"]
import json

from minisora.sora import shipped_weights

bench = shipped_weights().parent / "bench"
lengths = json.loads((bench / "lengths.json").read_text())["rows"]
fig, ax = plt.subplots(figsize=(6.5, 2.6), layout="constrained")
for line, colour in (("truth", "#BBBBBB"), ("model", AXES["N"])):
    shares = [row[line]["value"] for row in lengths]
    gaps = [[row[line]["value"] - row[line]["low"] for row in lengths], [row[line]["high"] - row[line]["value"] for row in lengths]]
    ax.errorbar([row["seconds"] for row in lengths], shares, gaps, marker="o", capsize=3, color=colour)
    ax.annotate({"truth": "as drawn", "model": "the model"}[line], (8.15, shares[-1]), color=colour, va="center")
ax.axvspan(0, 4, color="#EEEEEE", zorder=0)
ax.text(2, 0.62, "seen in training", ha="center", color="#777777")
ax.set(xlabel="seconds", ylabel="share of claims that are right", xlim=(-0.2, 9.6), ylim=(0.6, 1.02), xticks=range(0, 9, 2))
ax.spines[["top", "right"]].set_visible(False)
seen, longest = (next(row for row in lengths if row["seconds"] == seconds)["model"]["value"] for seconds in (4, 8))
show(fig, alt=f"Claims that are right: {seen:.2f} at four seconds, the longest clips of training, and {longest:.2f} at eight")
assert longest > seen - 0.1
print("sentences of which everything is right:", ", ".join(f"{row['model all']['value']:.2f} at {row['seconds']:g} s" for row in lengths[3:]))

# %% [markdown]
# It goes on. Nobody trained it to. The price is a few claims in a hundred; as a sentence makes a dozen of them, fewer sentences are wholly right. Why those are lost,
# and where it would end, was not measured: `generate` stops at eight seconds, and beyond that videos are made piece by piece (chapter 7).
#
# ### What a square crop teaches
#
# There is an older way to one format: cut the square out of the middle of every video, and train on squares. Then no position needs a measure, and many image models were trained like that. What does a model learn from it?
# Two small models were trained from the start, as long as each other and under the same sentences: one saw wide and tall pictures as they are, the other nothing but the square in the middle of each (`python benchmarks/framing.py`).
# **Predict before you look:** how does what they make differ?

# %% tags=["slide"]
framing = json.loads((bench / "framing.json").read_text())["rows"]
asked = {
    "wide pictures as drawn": ("drawn", "wide"), "their middle squares": ("crops of the drawn", "wide"),
    "… of tall pictures": ("crops of the drawn", "tall"), "who saw it all": ("all of it", "square"),
    "who saw square crops": ("square crops", "square"),
}
cut = {name: framing[row][size]["cut"] for name, (row, size) in asked.items()}
fig, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
paint = [AXES["N"] if row in ("all of it", "square crops") else "#BBBBBB" for row, _ in asked.values()]
bars = ax.barh(list(cut), [share["value"] for share in cut.values()], color=paint, height=0.6)
ax.bar_label(bars, fmt="%.2f", padding=4)
ax.invert_yaxis()
ax.set(xlabel="share of characters that the frame's edge cuts, in the first picture", xlim=(0, 1))
ax.spines[["top", "right"]].set_visible(False)
show(fig, alt="The edge cuts hardly anybody in drawn pictures, many in their middle squares; few of who saw all of it, and many of who saw the squares")
assert cut["who saw square crops"]["low"] > cut["who saw it all"]["high"]

# %%
rows = "The same six sentences. Above: of who saw square crops, many are cut off by the edge. Below: of who saw it all, whole"
show(bench / "framing.png", alt=rows, width=760)

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# The framing. What was shown was characters cut off, while the sentence named them all the same, so that is how this world looks now. The damage is not in the network, nor in the loss: it was done before the first step, by a line of code
# that prepared the data. Sora's report shows the same with two clips side by side (section "Improved framing and composition"), and gives no number. In the toy world it can be counted.
# </details>
#
# ### Exercise 1.6 · Several videos in one row
# *15 minutes · a climb*
#
# Buckets waste something: all videos of a batch must have one format. NaViT (Dehghani and others, 2023, section 2.1), which Sora's report cites, does without: it writes videos of *different* formats one after the
# other into a single row, and forbids tokens to look at other videos' tokens. Do it for a list of rows.
#
# ```
#   rows: (2, p)  (3, p)  (1, p)                     may_look, (1, 6, 6)
#                                                       ■ ■ · · · ·
#   packed, (1, 6, p):                                  ■ ■ · · · ·
#   ┌──┬──┬──┬──┬──┬──┐                                 · · ■ ■ ■ ·
#   │ a│ a│ b│ b│ b│ c│                                 · · ■ ■ ■ ·
#   └──┴──┴──┴──┴──┴──┘                                 · · ■ ■ ■ ·
#                                                       · · · · · ■      ■ True
# ```

# %% tags=["exercise"]
def pack(rows: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows (N₁, p), (N₂, p), … as one row (1, N, p), and who may look at whom: (1, N, N), True within a video."""
    raise NotImplementedError


# %% tags=["solution"]
def pack(rows: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows (N₁, p), (N₂, p), … as one row (1, N, p), and who may look at whom: (1, N, N), True within a video."""
    packed = torch.cat(rows)[None]                                                      # (1, N, p)
    lengths = torch.tensor([len(row) for row in rows])
    video = torch.arange(len(rows)).repeat_interleave(lengths)                          # (N,): 0 0 1 1 1 2
    return packed, (video[:, None] == video[None])[None]                                # (1, N, p), (1, N, N)


# %% tags=["check"]
check("1.6", pack)

# %% [markdown] tags=["hint"]
# The row is a matter of `torch.cat`. For the mask, give each token the number of its video: 0 0 1 1 1 2. Two tokens may look at one another when their numbers are equal.

# %% [markdown] tags=["hint"]
# `torch.arange(3).repeat_interleave(torch.tensor([2, 3, 1]))` is 0 0 1 1 1 2.

# %% [markdown] tags=["hint"]
# A column compared with a row gives a table: `video[:, None] == video[None]` is (N, N), True where the numbers are equal.

# %% [markdown]
# ## 7 · The chapter in one picture

# %% tags=["slide"]
fig, ax = plt.subplots(figsize=(11, 3.3))
ax.axis("off")
ax.set(xlim=(0, 30), ylim=(-2.2, 7), aspect="equal")


def step(x, below, letters, chapter=""):
    """The words below a part of the picture, each axis letter in its colour."""
    ax.text(x, -0.9, below, ha="center", size=10)
    for k, letter in enumerate(letters.split()):
        ax.text(x + 0.8 * (k - (len(letters.split()) - 1) / 2), -1.8, letter, ha="center", color=AXES[letter], weight="bold", size=12)
    ax.text(x, 6.4, chapter, ha="center", size=9, color="#777777")


for a, frame in reversed(list(enumerate(last_frames))):
    ax.imshow(frame, extent=(0.4 + 0.45 * a, 4.4 + 0.45 * a, 0.45 * a, 4 + 0.45 * a), zorder=9 - a)
    shade = x[0, :3, a].permute(1, 2, 0).sub(-2).div(4).clamp(0, 1)                     # three of the channels as a colour
    ax.imshow(shade, extent=(9.4 + 0.45 * a, 12 + 0.45 * a, 0.6 + 0.45 * a, 3.2 + 0.45 * a), zorder=9 - a)
for n in range(20):
    spot = (17.4 + 0.62 * n, 2.4)
    ax.add_patch(plt.Rectangle(spot, 0.5, 1.0, fc=AXES["N"] + "55", ec=AXES["N"]))
    for k, axis in enumerate("thw"):
        ax.add_patch(plt.Rectangle((spot[0], 1.9 - 0.4 * k), 0.5, 0.32, fc=AXES[axis] + "99"))
for start, end, word in ((7.0, 9.0, "compress"), (14.6, 17.0, "cut")):
    ax.annotate("", (end, 2.4), (start, 2.4), arrowprops=dict(arrowstyle="-|>", color="#555555", lw=1.5))
    ax.text((start + end) / 2, 2.8, word, ha="center", size=10, color="#555555")
ax.text(23.6, 4.0, "any number of tokens", ha="center", size=10, color=AXES["N"])
step(3.4, "any length, any shape", "T H W C", "pixels")
step(11.5, "8×8 pixels of 4 frames in one", "t h w c", "latents: chapter 2")
step(23.6, "patches, each with its seconds, up and right", "N D", "tokens: this chapter")
ax.set(xlim=(0, 30), ylim=(-2.2, 7))
way = "frames of any length and shape are compressed to latents, which are cut into a row of tokens"
show(fig, alt=f"From left to right: {way}; under each token three marks, its seconds, up and right")

# %% [markdown]
# - A video is cut into spacetime patches: **split, move, merge**. The cut loses nothing and is undone exactly.
# - **A picture is a video of one frame.** A patch one latent frame long fits both.
# - Length, size and shape only change the **grid**. Tokens grow with seconds and pixels; the work also with the pairs of tokens.
# - Attention sees a bag. **Positions in real units**, seconds and units of the frame, mean the same in every format. Counted ones shear; shares stretch and hurry.
#
# Chapter 2 opens the black box that we used today: how 208,896 numbers of pixels become twenty times fewer, and what is lost on the way.
#
# **To read next.** A. Dosovitskiy and others, *An Image is Worth 16x16 Words* (ICLR 2021), section 3.1: the cut, for pictures. A. Arnab and others, *ViViT* (ICCV 2021), section 3.2: tubelets. M. Dehghani and others, *Patch n' Pack: NaViT* (NeurIPS
# 2023), section 2: any size and shape in one row. T. Brooks, B. Peebles and others, *Video generation models as world simulators* (OpenAI, 2024), section "Turning visual data into patches". Z. Zheng and others, *Open-Sora* (2024), the section on buckets. J. Su and others, *RoFormer* (2021), section 3: positions as
# rotations, for chapter 4. In the package: [minisora/patches.py](../minisora/patches.py), the whole of this chapter in 110 lines.
#
# **Words of this chapter** (all words and letters of the course: the [glossary](../book/glossary.md))
#
# | word | what it means |
# |---|---|
# | latents | a video after compression, `(c, t, h, w)`; chapter 2 makes them |
# | latent frame | one step of the latents in time: the first frame alone, or four frames |
# | patch, spacetime patch | a block of neighbouring latents, here 1×2×2, with all channels |
# | token | a patch as one row of `p = c·pt·ph·pw` numbers; what the transformer reads |
# | grid | how many tokens a video has along time, height and width |
# | pair | two tokens of which one looks at the other; attention costs one product for each |
# | bucket | videos of one format, batched together |
# | position | where a token lies: seconds, up, right |
# | unit | the length of the frame's shorter side |
# | packing | videos of different formats one after the other in one row, with a mask between them |
