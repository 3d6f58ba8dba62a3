# %% [markdown]
# # 00 · Welcome: a sentence becomes a video
#
# You type a sentence. A moment later a small clip plays in which the sentence happens. The networks that do this run on two processor cores of
# an ordinary computer, and nobody else's weights went into them: one GPU trained them in minutes, by commands that your own computer runs in hours.
# In this course you build every part of them yourself: what turns video into numbers, what turns noise into video, what listens to the words.
# OpenAI calls its own machine of this kind Sora. Ours is small enough to be understood to the last number.
#
# This first chapter builds nothing. It shows the finished thing, lets you play with it and break it, introduces the little world that it lives
# in, and hands you the map.
#
# **You will**
#
# - make clips of sentences, and see what a seed decides;
# - find out how far sentences are followed, and how one can measure that;
# - look at what the model gets wrong;
# - learn the few letters in which all chapters write.
#
# Exercises begin where something is built, in chapter 1.
#
# *Three quarters of an hour of reading and playing; about a minute of computing. You need Python and curiosity here, and PyTorch from chapter 1 on.
# Run the cells from top to bottom with Shift + Enter. (Players stay empty until your notebook trusts this file: running the cells does it.)*

# %% [markdown]
# ## 1 · The finished thing first

# %% tags=["slide", "slide-code"]
from minisora import MiniSora
from minisora.show import gallery, grid, show

sora = MiniSora.from_pretrained()
sentence = "a red ball hops over a blue box in the snow"
video = sora.generate(sentence, seed=0)
show(video, alt=f"A generated clip of two seconds: {sentence}")

# %% [markdown]
# Press play. Nobody drew these frames, and no program placed a ball and a box. The clip began as random numbers, and a network moved all of
# them at once, in 25 small steps, towards something that fits the sentence. There is no other step: no library of pictures, no download, no
# second model that tidies up. What came out is a plain array of pixels:

# %% tags=["nbval-check-output"]
print(f"{len(video)} frames of {video.width}x{video.height} pixels, {video.fps:g} of them a second")
print("words that the model does not know:", video.unknown or "none")
assert video.frames.std() > 10, "the clip is blank"
assert abs(video.frames[8].astype(float) - video.frames[0]).mean() > 1, "nothing moves"

# %% [markdown]
# **Predict before you run.** The next cell makes the same sentence three more times; only the random numbers at the start differ (`seed`).
# What will be the same in all three clips, and what will not? Say it aloud, then run.

# %% tags=["slide"]
again = [sora.generate(sentence, seed=seed) for seed in (1, 2, 3)]
gallery(again, ["seed 1", "seed 2", "seed 3"], alt=f"Nine frames, left to right, of a generated clip: {sentence}")

# %% [markdown]
# <details><summary>What to look for</summary>
#
# What the sentence says should hold in each row: a red ball, a blue box, snow, a leap. What it leaves open is for the random numbers to
# decide: how big the two are, from which side the ball comes, where the fir trees stand, whether it is drawn in ink or crayon, even the mood
# in their eyes. A sentence is not a recipe for one video. It picks out a huge set of videos, and a seed picks one of them. That is why the
# thing we train is called a *generative* model: it does not learn "the answer", it learns how answers are distributed.
# </details>
#
# ## 2 · Your own sentence
#
# The model knows one small world, and the words for it:
#
# | | |
# |---|---|
# | who | ball, box, triangle, star, heart, cross, ring, drop; one to four of them |
# | what like | red, orange, yellow, green, cyan, blue, purple, pink; small, medium, large |
# | where | in a meadow, in the snow, on the beach, in the desert, in the forest, in the city, at night, on the moon |
# | does what | stays still, slides, rolls, hops, jumps over, falls and bounces, floats up, spins, grows, shrinks, flies in a circle, hides behind, leaves and comes back, chases, pushes, eats a cookie, turns another colour |
# | who stands where | to the left of, to the right of, above, below, behind, in front of |
# | in which order | first …, then … |
# | drawn how | a cartoon, an ink drawing, a crayon drawing |
# | the camera | stays still, pans left or right, zooms in or out, follows somebody |
#
# Many synonyms work too (a *sphere* is a ball, *crimson* is red). Below is a box to type into; Enter makes the clip, and so does the button,
# with the length, the size and the random numbers (`seed`) that you choose. *Steps* and *guidance* wait for chapters 3 and 5; they are safe to
# play with. It has already made one clip, so that you see where yours will appear, and below it stands what a program that looks only at the
# pixels (the oracle, whom we meet again in a moment) believes to see there. A word that the model does not know is not an error. It is left out,
# and you are told which known words look like it.

# %%
from minisora.widgets import Playground

Playground(sora, "a yellow star first spins, then turns blue on the beach", examples=[video])

# %% [markdown]
# Short of ideas? *a purple drop hides behind a green box and comes back* · *two small pink stars float up at night* · *an ink drawing of a
# large cyan cross pushing an orange ball in the city* · *a green heart eats a cookie, the camera zooms in*.
#
# ## 3 · Nine sentences, nine clips
#
# Each of these asks for something different: kind, colour, place, number, order of events, camera, one thing acting on another. Before you
# run: which one do you expect to go wrong?

# %% tags=["slide"]
SENTENCES = [
    "a green star spins on the beach",
    "a yellow drop falls down and bounces in the desert",
    "an ink drawing of a pink heart floating up in the city",
    "a crayon drawing of a blue ball rolling to the right in the meadow",
    "two red triangles hop up and down at night",
    "a purple box pushes an orange ball to the right on the moon",
    "a cyan cross hides behind a pink box and comes back in the forest",
    "a yellow star first spins, then turns blue in the snow",
    "a small red heart stands still in the desert, the camera pans to the left",
]
nine = [sora.generate(text, seed=0) for text in SENTENCES]
show(grid(nine), width=600, alt="Nine generated clips play at once, three in a row: " + "; ".join(SENTENCES))

# %% [markdown]
# The same nine as strips, to be read like a comic, from left to right:

# %%
gallery(nine, SENTENCES, alt="Nine frames, left to right, of a generated clip")

# %% [markdown]
# Look at each row as a strict teacher would. Is the *kind* right, the colour, the place? Does it do the verb, in the asked direction, in the
# asked order? Is everybody who is there at the start still there at the end, and nobody else? You will find faults. They are all from seed 0,
# the first try; nothing was picked.
#
# One sentence is special. Of all combinations of kind, colour and action, a few were kept out of the training data altogether, to see whether
# the model combines what it knows or only remembers what it saw:

# %% tags=["nbval-check-output"]
from minisora.world.splits import HELD_OUT

print("a yellow drop falls:", "never seen in training" if ("drop", "yellow", "fall") in HELD_OUT else "seen in training")
print("a green star spins:", "never seen in training" if ("star", "green", "spin") in HELD_OUT else "seen in training")

# %% [markdown]
# Opinions aside: a program that sees only the pixels (we call it the oracle) was shown clips from sentences that the model had never
# met, and asked whether what the sentence claims can be seen. The blue dot is the model with its 95 % interval; the grey bar begins at what
# one gets by chance (good clips under the wrong sentences) and ends at what the oracle finds in perfect, drawn videos.

# %% tags=["slide"]
import json

import matplotlib.pyplot as plt

from minisora.sora import shipped_weights

report = json.loads((shipped_weights().parent.parent / "data/bench/core.json").read_text())["dimensions"]
names = [name for name in report if report[name].get("model", {}).get("value") is not None]
fig, ax = plt.subplots(figsize=(7, 0.32 * len(names) + 1))
for row, name in enumerate(names):
    line = {key: report[name][key] for key in ("chance", "truth", "model") if key in report[name]}
    ax.plot([line["chance"]["value"], line["truth"]["value"]], [row, row], color="#dddddd", lw=6, solid_capstyle="round", zorder=1)
    ax.plot([line["model"]["low"], line["model"]["high"]], [row, row], color="#0072B2", lw=2, zorder=2)
    ax.plot(line["model"]["value"], row, "o", color="#0072B2", ms=7, zorder=3)
    ax.text(1.04, row, f"{line['model']['value']:.2f}", va="center", color="#0072B2")
ax.set(yticks=range(len(names)), yticklabels=names, xlim=(0, 1.02))
ax.set_xlabel("share of what the sentences claim that can be seen in the clips")
ax.invert_yaxis()
ax.spines[["top", "right", "left"]].set_visible(False)
ax.tick_params(left=False)
said = ", ".join(f"{name} {report[name]['model']['value']:.2f}" for name in names)
show(fig, alt=f"The model's score in each dimension, as a dot between chance and the rendered truth: {said}")

# %% [markdown]
# ## 4 · The toy world
#
# A course needs a world where one can be *sure*. On real video nobody can say exactly what a caption should have been, how fast the dog ran,
# or whether the cup behind the curtain is still there. So we made a world that is small, cheap to draw, and known exactly, yet rich
# enough that much of what Sora was praised or blamed for can be asked of it: objects that persist while hidden, bites that stay in cookies,
# causes before effects, left and right, first and then.
#
# ### Who lives there

# %% tags=["slide"]
import numpy as np

from minisora.world.render import render
from minisora.world.scene import COLOURS, GRAVITY, KINDS, LOOKS, PLACES, SIZES, Actor, Character, Event, Identity, Scene, Shot

PLAIN = Identity()


def alone(kind, colour, size="large", place="meadow", look="flat", identity=PLAIN):
    """One character that waits."""
    return Scene((Character(kind, colour, size, identity),), (Shot(place, 0.0, (Actor(0, 0.0),)),), look)


cast = np.concatenate([
    np.concatenate([render(alone(kind, colour))[0, 14:62, 8:56] for colour in COLOURS], axis=1) for kind in KINDS
])  # 8 rows of 8 pictures
show(cast, alt=f"Eight rows, one for each kind ({', '.join(KINDS)}), in eight colours ({', '.join(COLOURS)}), all with eyes", width=576)

# %% [markdown]
# Eight kinds, eight colours, three sizes, and eyes. Each one also has an *identity* that no sentence ever mentions: its exact hue, how
# large its eyes are and where they look, stripes or spots. Why bother, if nobody says it? Because a video model must keep it: whoever goes
# behind a box with stripes must come out with stripes. A model that listens only to words would forget them.

# %% tags=["slide"]
selves = [PLAIN, Identity(7, 1.2, 1, "stripes", 0.2), Identity(-7, 0.8, -1, "spots", 0.6)]
pictures = [render(alone("heart", "red", identity=self))[0] for self in selves]
pictures += [render(alone("heart", "red", size=size))[0] for size in SIZES]
titles = ["plain", "striped, looks right", "spotted, looks left", *SIZES]
gallery(pictures, titles, alt="A red heart", width=112)

# %% [markdown]
# ### Where, and drawn how

# %% tags=["slide"]
wheres = [render(alone(kind, colour, "medium", place))[0] for kind, colour, place in zip(KINDS, COLOURS, PLACES, strict=True)]
gallery(wheres, PLACES, alt="A place of the toy world", width=200)
hows = [render(alone("star", "orange", "large", "forest", look))[0] for look in LOOKS]
gallery(hows, LOOKS, alt="The same star in the forest in one of three looks", width=200)

# %% [markdown]
# ### A video is first of all data
#
# Before anything is drawn, a video of this world is a *scene*: who is there, where each one stands, who does what from when to when, and
# how the camera moves. Here is the sentence of the beginning, written by hand, and a part of it as JSON:

# %% tags=["nbval-check-output"]
import json

leap = Event("jump over", start=0.0, end=2.0, direction="right", target=1)
scene = Scene(
    cast=(Character("ball", "red", "medium"), Character("box", "blue", "small")),
    shots=(Shot("snow", 2.0, actors=(Actor(0, x=-0.30, events=(leap,)), Actor(1, x=0.05))),),
)
data = json.loads(scene.to_json())
print("a character:", json.dumps(data["cast"][0]))
print("an actor:", json.dumps(data["shots"][0]["actors"][0]))
assert Scene.from_json(scene.to_json()) == scene  # nothing is lost on the way

# %% tags=["slide"]
from minisora import Video

drawn = Video(render(scene))
show(drawn.strip(9), alt="Nine frames of the drawn scene: a red ball leaps over a blue box in the snow")

# %% [markdown]
# This one *was* drawn by a program. Compare it with the clip at the top, which was not. The whole point of the course is what lies between
# the two: a network saw very many drawn videos with their sentences, never the program and never the data, and learned to go from words to
# pixels.
#
# ### One scene, many sentences
#
# Since the scene is known, sentences about it can be written that are true by construction, in several styles. OpenAI trained a model to
# write detailed captions for its videos, because captions from the internet say too little. Ours come from the scene itself.
# Each caption also remembers what it *claims*, so that the oracle later asks for that and for nothing else.

# %% tags=["nbval-check-output", "slide-code"]
from textwrap import fill

from minisora.world.caption import STYLES, caption
from minisora.world.sample import sample_scene

story = sample_scene(23, split="heldout", characters=2)
for style in STYLES:
    told = caption(story, style)
    print(fill(f"{style}: {told.text}", 100))
    print(f"    claims {', '.join(sorted({claim.dimension for claim in told.claims}))}")

# %%
show(Video(render(story)).strip(9), alt="Nine frames of the drawn scene that the four captions tell of")

# %% [markdown]
# The last style is written oddly on purpose, slips of the pen included. People type like that.
#
# ### The same scene at any size
#
# Lengths in a scene are not pixels: the shorter side of the frame is 1. So a scene can be filmed in any format, and the model is trained on
# square, wide and tall clips alike.

# %% tags=["slide", "slide-code"]
from dataclasses import replace

sizes = [(64, 64), (64, 96), (96, 64), (128, 128)]  # height, width
films = [render(replace(story, aspect=w / h), h, w)[8] for h, w in sizes]
gallery(films, [f"{w} wide, {h} high" for h, w in sizes], alt="The same moment of the same scene")

# %% [markdown]
# ### Known exactly
#
# Where everybody is at any time follows from formulas, not from a simulation that stores steps. Here a green box hops to the right. Above, the
# frames; below, its position, and its upward speed.
#
# **Predict before you run.** What does the curve of the upward *speed* look like while the box is in the air: a straight line, a parabola, or
# a sine?

# %% tags=["slide"]
import matplotlib.pyplot as plt

from minisora.world.motion import states

hop = Event("hop", 0.0, 2.0, direction="right", speed=0.25)
hopper = Scene((Character("box", "green", "medium"),), (Shot("meadow", 2.0, (Actor(0, -0.25, events=(hop,)),)),))
seconds = np.linspace(0, 2, 401)
known = states(hopper, hopper.shots[0], seconds)

fig, (top, middle, low) = plt.subplots(3, 1, figsize=(9, 5.6), height_ratios=(1, 1.3, 1.2), layout="constrained")
top.imshow(np.asarray(Video(render(hopper)).strip(9, gap=0)), extent=(-0.125, 2.125, 0, 0.25), aspect="equal", interpolation="nearest")
top.set(xlim=(-0.125, 2.125))
top.axis("off")
middle.plot(seconds, known.x[0], color="#0072B2")
middle.plot(seconds, known.y[0], color="#009E73")
middle.text(2.03, known.x[0, -1], "x, to the right", color="#0072B2", va="center")
middle.text(2.03, known.y[0, -1], "y, upwards", color="#009E73", va="center")
low.plot(seconds, known.vy[0], color="#009E73")
low.text(2.03, 0, "upward speed", color="#009E73", va="center")
low.axhline(0, color="#cccccc", lw=0.8, zorder=0)
for ax, unit in ((middle, "units"), (low, "units a second")):
    ax.set(xlim=(-0.125, 2.125), ylabel=unit)
    ax.spines[["top", "right"]].set_visible(False)
low.set_xlabel("seconds")
show(fig, alt="A green box hops twice to the right. In the air x grows, y makes two equal arches, the upward speed falls in straight lines")

# %% tags=["nbval-check-output"]
flying = (known.y[0] - known.y[0, 0] > 0.03) & (seconds > 0.05)
slope = np.gradient(known.vy[0], seconds)[flying]
print(f"in the air the upward speed falls by {-np.median(slope):.2f} units a second, every second; gravity is {GRAVITY:.2f}")

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# Straight lines: gravity takes the same amount of speed away in every second, here as on Earth. The soft waves between the leaps are the body,
# which ducks before it jumps and gives a little when it lands. Remember this picture: when we ask later whether the *model* knows physics, we measure these slopes in its clips.
# </details>
#
# ## 5 · What Sora is, and what we rebuild
#
# In February 2024 OpenAI showed clips of up to a minute, made from sentences, and called the system Sora. With them came a report without
# code, weights or numbers of layers: [*Video generation models as world simulators*](https://openai.com/index/video-generation-models-as-world-simulators/)
# (15 February 2024). It tells the parts and the ideas, and says itself that model and implementation details are not included. In every
# chapter a box like this one keeps three things apart: what the report says, what we do, and what nobody outside OpenAI knows.
#
# | | Sora's report says | we do | nobody outside knows |
# |---|---|---|---|
# | **compression** | a network compresses videos in time and in space; another maps back to pixels | 4 times in time, 8 times in each direction of space; trained by us | the factors, the design, its size |
# | **patches** | the compressed video is cut into spacetime patches, which play the part of tokens; an image is a video of one frame | the same; patches of 1×2×2 | the size of the patches |
# | **the generator** | a diffusion transformer: from noisy patches and the text, it is trained to predict the clean ones | a diffusion transformer trained with rectified flow; chapter 3 shows how its forms translate into one another | layers, width, objective in detail, sampler |
# | **any format** | trained on videos in their own duration, size and aspect ratio; better framing than with square crops | square, wide and tall clips and still pictures, in one training | the mix |
# | **language** | a captioner writes detailed captions; a language model expands short prompts | captions from the scene itself, in several styles; no expansion | the captioner's data, the text encoder |
# | **other ways in** | animates images, extends videos to both sides, edits, connects two videos | all by one mechanism: a noise level for each frame, which is 0 where the frame is known (chapters 6 and 7) | how it was done |
# | **scale** | quality grows with training compute | two trainings, two cores against a GPU, side by side in the [model card](../data/weights/README.md) | data, compute, parameters |
#
# The report is frank about failures: glass that does not shatter as it should, food that is eaten without a bite mark, things that appear
# from nowhere in long clips. OpenAI's announcement adds that left and right get mixed up, and that events told in order are hard.
# There is no glass in the toy world, but the rest can be asked there, and answered with a number.

# %% [markdown]
# ## 6 · The map
#
# This is the way from the sentence to the video. Every letter on it is the size of an axis of some array, and has the same meaning, and the
# same colour, in all figures, all formulas and all code of the course:
#
# | letter | axis | in the clip above |
# |---|---|---|
# | `T H W C` | frames, rows, columns and channels of the video | 17 × 64 × 64 × 3 |
# | `t h w c` | the same after compression | 5 × 8 × 8 × 32 |
# | `N` | tokens: spacetime patches | 80 |
# | `D` | numbers in each token inside the network | |
# | `L` | words of the sentence | 11 |
# | `sigma` | noise level: 1 is pure noise, 0 is clean | from 1 down to 0 in 25 steps |

# %%
from matplotlib.patches import FancyBboxPatch, Rectangle

from minisora.show import AXES


def pile(ax, x, y, n, high, wide, colour, name, step=0.13):
    """n sheets behind one another: an array with its axes in their colours."""
    for k in reversed(range(n)):
        ax.add_patch(Rectangle((x + k * step, y + k * step), wide, high, fc="white" if k else colour + "22", ec=colour, lw=1.2))
    axes(ax, x + (wide + (n - 1) * step) / 2, y - 0.42, name)


def axes(ax, x, y, name):
    """A name such as "t h w c", each letter in its axis's colour."""
    letters = name.split()
    for k, letter in enumerate(letters):
        ax.text(x + 0.4 * (k - (len(letters) - 1) / 2), y, letter, color=AXES[letter], ha="center", va="center", weight="bold", size=12)


def box(ax, x, y, wide, high, name, chapter):
    """A part of the model, with the chapter that builds it."""
    ax.add_patch(FancyBboxPatch((x, y), wide, high, boxstyle="round,pad=0.08", fc="#F4F1EA", ec="#555555", lw=1.2))
    ax.text(x + wide / 2, y + high / 2 + 0.14, name, ha="center", va="center", size=11)
    ax.text(x + wide / 2, y + 0.05, chapter, ha="center", va="bottom", size=8.5, color="#777777")


def arrow(ax, start, end, bend=0.0):
    style = {"arrowstyle": "-|>", "color": "#555555", "lw": 1.3, "connectionstyle": f"arc3,rad={bend}"}
    ax.annotate("", end, start, arrowprops=style)


# %% tags=["slide"]
fig, ax = plt.subplots(figsize=(11.5, 5))
ax.set(xlim=(-0.1, 15.9), ylim=(-1.1, 5.9), aspect="equal")
ax.axis("off")

ax.text(0.1, 5.55, f"“{sentence}”", size=12, style="italic", va="center")
arrow(ax, (1.5, 5.25), (1.5, 4.5))
box(ax, 0.2, 3.3, 2.6, 1.0, "text encoder", "chapter 5")
arrow(ax, (2.95, 3.8), (3.65, 3.8))
for k in range(11):
    ax.add_patch(Rectangle((3.8 + 0.27 * k, 3.4), 0.2, 0.8, fc=AXES["L"] + "33", ec=AXES["L"], lw=1))
axes(ax, 5.25, 4.6, "L D")
arrow(ax, (5.6, 3.25), (6.8, 2.2), bend=0.15)

pile(ax, 0.4, 0.4, 5, 1.3, 1.3, AXES["t"], "t h w c")
ax.text(1.3, 2.5, "noise", ha="center", size=10, color="#555555")
ax.text(0.3, -0.75, "frames that are known enter without noise: chapters 6 and 7", size=8.5, color="#777777", va="center")
arrow(ax, (2.4, 1.2), (3.1, 1.2))
for k in range(20):
    ax.add_patch(Rectangle((3.25 + 0.42 * (k % 5), 0.55 + 0.34 * (k // 5)), 0.34, 0.26, fc=AXES["N"] + "33", ec=AXES["N"], lw=1))
axes(ax, 4.25, -0.02, "N D")
ax.text(4.25, 2.1, "patches, chapter 1", ha="center", size=8.5, color="#777777")
arrow(ax, (5.5, 1.2), (6.2, 1.2))

box(ax, 6.4, 0.5, 3.2, 1.4, "diffusion transformer", "chapters 3 and 4")
arrow(ax, (9.4, 2.1), (7.6, 2.1), bend=0.8)
ax.text(8.5, 3.2, "25 steps, sigma from 1 to 0", ha="center", size=9, color=AXES["sigma"])
arrow(ax, (9.8, 1.2), (10.5, 1.2))
pile(ax, 10.6, 0.4, 5, 1.3, 1.3, AXES["t"], "t h w c")
arrow(ax, (12.5, 1.2), (13.0, 1.2))
box(ax, 13.2, 0.7, 2.4, 1.0, "video decoder", "chapter 2")
arrow(ax, (14.4, 1.85), (14.4, 2.35))
pile(ax, 13.2, 3.0, 4, 2.0, 2.0, AXES["T"], "T H W C")
ax.imshow(video.frames[8], extent=(13.2, 15.2, 3.0, 5.0), zorder=3)
ax.set(xlim=(-0.1, 15.9), ylim=(-1.1, 5.9))
path = "sentence, text encoder, L by D states; noise t h w c, N patches; both into the diffusion transformer, 25 steps; decoder; video"
show(fig, alt=f"The map, from left to right: {path}")

# %% [markdown]
# And here is the middle of the map at work. The sampler can be watched: after some of its 25 steps we decode what it holds (upper strip), and
# what the network at that moment *believes* the clean clip to be (lower strip). Both show the middle of the clip.
#
# **Predict before you run.** Which comes first in the lower strip: the place, the colours, or the eyes?

# %% tags=["slide"]
held, believed, levels = [], [], []
for step in sora.sample_steps(sentence, frames=17, height=64, width=64, seed=0):
    if step.index in (1, 2, 4, 7, 11, 16, 21, 25):
        held.append(sora.decoded(step.x, 64, 64).frames[8])
        believed.append(sora.decoded(step.clean, 64, 64).frames[8])
        levels.append(step.sigma)

titles = ["what the sampler holds", "what the network believes"]
strips = [Video(np.stack(frames)).strip(8) for frames in (held, believed)]
gallery(strips, titles, alt="One frame after steps 1, 2, 4, 7, 11, 16, 21 and 25: noise turns into a red ball and a blue box in the snow")
assert levels == sorted(levels, reverse=True) and levels[-1] < 1e-6  # the noise level only falls, and ends at nothing
assert (held[-1] == video.frames[8]).mean() > 0.99  # these are the steps of the clip at the top

# %% [markdown]
# <details><summary>Your prediction</summary>
#
# Large things first: the place and its light are there when almost everything is still noise, then where the characters are and in which
# colours, last the outlines and the eyes. The noise hides fine things longest, so the network can only decide about them late. Chapter 3 makes
# a law of this.
# </details>
#
# The chapters follow the map, from the pixels to the words and beyond:
#
# | chapter | you build | you will see |
# |---|---|---|
# | 00 welcome | nothing: you are here | a clip from your own sentence |
# | [01 spacetime patches](01-spacetime-patches.ipynb) | any video, of any length and shape, as a row of tokens | what a minute costs against four seconds |
# | [02 video autoencoder](02-video-autoencoder.ipynb) | the compression, and the way back to pixels | a blur that becomes a film within ninety seconds |
# | [03 flow matching](03-flow-matching.ipynb) | from noise to a sample, and a network that learns the way | arrows that carry noise to where the data are |
# | [04 diffusion transformer](04-diffusion-transformer.ipynb) | the network that cleans all frames at once | noise turning into a moving character |
# | [05 text conditioning](05-text-conditioning.ipynb) | words that the network listens to | left and right swapped by one word |
# | [06 image animation](06-image-animation.ipynb) | a picture comes alive | your own drawing, moving |
# | [07 video extension](07-video-extension.ipynb) | what came before, what comes next, and loops | three beginnings to one ending |
#
# ## 7 · A failure on purpose
#
# Now something that this model cannot do. **Predict before you run:** a sentence from outside its world. What will it make of it?

# %% tags=["nbval-check-output"]
outside = "a giraffe plays the violin in Paris"
lost = sora.generate(outside, seed=0)
for word, nearest in lost.unknown:
    print(f"{word}: unknown; nearest: {', '.join(nearest) or 'nothing'}")

# %% tags=["slide"]
show(lost.strip(9), alt=f"Nine frames, left to right, of what the model made of: {outside}")

# %% [markdown]
# It makes a video without hesitation; just not of a giraffe. All that it heard was *a … the … in …*, so it drew a sample of what videos
# of its world usually look like. This is worth a minute's thought, because a large model does the same, only less visibly. A generative model
# has no way of saying "I don't know". Asked for what lies outside its training data, it answers with what lies inside. Ours tells
# you at least which words it never met, since its vocabulary is finite and written down.
#
# A second failure is harder to notice. Every word of the next sentence is known, and the grammar is fine. But in all of the toy world nobody
# ever eats anything but a cookie.

# %% tags=["nbval-check-output"]
impossible = "a red ball eats a blue box"
eaten = sora.generate(impossible, seed=0)
print("unknown words:", [word for word, _ in eaten.unknown] or "none")

# %%
show(eaten.strip(9), alt=f"Nine frames, left to right, of what the model made of: {impossible}")

# %% [markdown]
# Is the box eaten? Does a cookie appear that nobody asked for? Does the ball do something else to the box, such as pushing it? Try other seeds.
# Known words in a combination that was merely *rare* or left out (the falling yellow drop) and words in a combination that has no meaning in
# the world are different tests, and a good benchmark keeps them apart.
#
# ## 8 · What next
#
# Three things to try before you go on, each a minute or two:
#
# 1. **Count.** Ask for one, two, three and four red balls in the meadow. From how many on does the model miscount?
# 2. **Left and right.** Ask for *a red ball to the left of a blue box*, then swap the two colours and keep the seed. What changes, what stays?
# 3. **Steps.** `sora.generate(sentence, steps=2)`, then 5, 10, 25. What is lost with few steps, and in which order? And with `guidance=1`,
#    which makes the model listen less to the sentence?
#
# The same from a terminal: `minisora generate "a red ball hops over a blue box in the snow" --out ball.mp4`.
#
# Chapter 1 takes the first arrow of the map: how a video of any length, width and height becomes a row of tokens that a transformer can
# read. Where the parts live in the package is told in [CONTRIBUTING.md](../CONTRIBUTING.md), and the model as a whole, in fewer than 300
# lines, is [minisora/sora.py](../minisora/sora.py). Open it once now. By the end of the course no line in it will be strange.
#
# **To read next.** T. Brooks, B. Peebles and others, *Video generation models as world simulators* (OpenAI, 2024), all of it, it is short: the report
# this course follows. W. Peebles and S. Xie, *Scalable Diffusion Models with Transformers* (ICCV 2023), section 3: the network in the middle of the map.
# X. Liu, C. Gong and Q. Liu, *Flow Straight and Fast* (ICLR 2023), section 2: the way from noise to data that we train. J. Betker and others,
# *Improving Image Generation with Better Captions* (OpenAI, 2023), sections 2 and 3: why captions matter so much.
#
# **Words of this chapter**, all in the [glossary](../book/glossary.md)
#
# - *Seed*: the number from which all random numbers of a run follow.
# - *Generative model*: a model that learns how things are distributed, and draws new ones.
# - *Latents*: the small tensor that the autoencoder makes of a video. *Tokens*: its patches, in a row.
# - *Oracle*: the program that looks at pixels alone and says what is to be seen. *Chance*: what it says of right videos under other sentences.
#
# *An independent educational project, not affiliated with OpenAI.*
