"""The oracle agrees with the renderer, and disagrees with what is wrong."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from minisora.bench.lessons import truth
from minisora.bench.oracle import judge
from minisora.bench.parse import parse
from minisora.bench.report import DIMENSIONS
from minisora.bench.suites import core
from minisora.world.caption import caption, claims
from minisora.world.check import TURNED
from minisora.world.render import render
from minisora.world.sample import sample_scene
from minisora.world.scene import CAMERAS, COLOURS, KINDS, LOOKS, PLACES

N = 64


@pytest.fixture(scope="module")
def cases():
    return core(N)


@pytest.fixture(scope="module")
def seen(cases):
    return [parse(case.truth()) for case in cases]


def shares(judged):
    """Dimension → (share right, how many), of lists of (dimension, right)."""
    found: dict[str, list[bool]] = {}
    for dimension, right in judged:
        found.setdefault(dimension, []).append(right)
    return {name: (np.mean(rights), len(rights)) for name, rights in found.items()}


def test_truth_is_right_in_every_dimension(cases, seen):
    found = shares(verdict for case, one in zip(cases, seen, strict=True) for verdict in judge(one, case.claims))
    assert set(found) == set(DIMENSIONS)
    for dimension, (right, n) in found.items():
        assert right >= min(0.98, 1 - 1.5 / n), f"{dimension}: {right:.3f} of {n}"  # one miss is allowed where few are asked


def test_mild_blur_changes_little(cases):
    judged = []
    for case in cases[:24]:
        video = np.stack([cv2.GaussianBlur(frame, (0, 0), 0.5) for frame in case.truth()])
        judged += judge(video, case.claims)
    for dimension, (right, n) in shares(judged).items():
        assert right >= 0.9, f"{dimension}: {right:.3f} of {n}"


def test_other_captions_are_mostly_wrong(cases, seen):
    """Chance: the sentence of another video with as many characters."""
    judged = [judge(seen[k], cases[(k + 3) % N].claims) for k in range(N)]
    assert np.mean([all(right for _, right in verdicts) for verdicts in judged]) == 0
    for dimension, (right, n) in shares(v for verdicts in judged for v in verdicts).items():
        assert right <= 0.72, f"{dimension}: {right:.3f} of {n}"


def wrong(claim):
    """The claim with something else in its place, or None."""
    others = {"kind": KINDS, "place": PLACES, "look": LOOKS, "camera": CAMERAS, "size": ("small", "medium", "large")}
    if claim.dimension in others:
        values = others[claim.dimension]
        return replace(claim, value=values[(values.index(claim.value) + 1) % len(values)])
    if claim.dimension == "count":
        return replace(claim, value=str(int(claim.value) + 1))
    if claim.dimension == "relation":
        return replace(claim, value=TURNED[claim.value])
    if claim.dimension == "order":
        return replace(claim, value=">".join(claim.value.split(">")[::-1]), detail=">".join(claim.detail.split(">")[::-1]))
    if claim.dimension == "motion":
        swapped = {"left": "right", "right": "left"}.get(claim.detail)
        return replace(claim, detail=swapped) if swapped else replace(claim, value="stay" if claim.value != "stay" else "spin", detail="")
    return None


@pytest.mark.parametrize("dimension", [name for name in DIMENSIONS if name != "colour"])
def test_wrong_claims_are_refused(cases, seen, dimension):
    refused = []
    for case, one in zip(cases, seen, strict=True):
        for claim in case.claims:
            if claim.dimension != dimension or dimension == "order" and len(set(claim.value.split(">"))) == 1:
                continue
            told = [c for c in case.claims if c.dimension == "colour"] + [wrong(claim)]
            refused.append(not judge(one, tuple(told))[-1][1])
    assert np.mean(refused) >= 0.97, f"{np.mean(refused):.3f} of {len(refused)}"


def test_wrong_colours_are_refused(cases, seen):
    for case, one in zip(cases[:16], seen, strict=False):
        there = {member.colour for member in case.scene.cast} | {e.colour for a in case.scene.shots[0].actors for e in a.events}
        for claim in case.claims:
            if claim.dimension == "colour":
                other = next(colour for colour in COLOURS if colour not in there)
                assert judge(one, (replace(claim, value=other),)) == [("colour", False)]


def test_a_mirrored_video_swaps_left_and_right(cases):
    """Left and right stay apart from all else: the same pixels, mirrored."""
    sides = []
    for case in cases[:24]:
        video = np.ascontiguousarray(case.truth()[:, :, ::-1])
        told = [c for c in case.claims if c.value in ("left of", "right of") or c.detail in ("left", "right") and c.dimension == "motion"]
        colours = [c for c in case.claims if c.dimension == "colour"]
        sides += [right for _, right in judge(video, tuple(colours + told))[len(colours) :]]
    assert len(sides) > 10 and np.mean(sides) <= 0.05


@pytest.mark.parametrize("style", ["short", "detailed", "paraphrase", "odd"])
def test_every_style_of_caption_says_what_is_seen(style):
    judged = []
    for seed in range(24):
        scene = sample_scene(seed, split="heldout")
        text = caption(scene, style, seed)
        judged += judge(render(scene), tuple(claims(scene, text)))
    assert np.mean([right for _, right in judged]) >= 0.98


def test_a_blob_of_the_right_colour_is_no_clean_shape():
    """What a poor model paints: the right colour and place, a melted outline."""
    passed, kept = [], []
    rng = np.random.default_rng(0)
    for seed in range(24):
        scene = sample_scene(seed, split="heldout", characters=1)
        text = caption(scene, "detailed", seed)
        kind = tuple(c for c in claims(scene, text) if c.dimension in ("colour", "kind"))
        video = render(scene)
        kept.append(dict(judge(video, kind))["kind"])
        melted = np.stack([melt(frame, rng) for frame in video])
        passed.append(dict(judge(melted, kind))["kind"])
    assert np.mean(kept) >= 0.95 and np.mean(passed) <= 0.4, (np.mean(kept), np.mean(passed))


def melt(frame, rng, strength=3.5):
    """Bends a frame (H, W, 3) by smooth random shifts of some pixels."""
    H, W, _ = frame.shape
    field = cv2.resize(rng.standard_normal((9, 9, 2)).astype(np.float32), (W, H), interpolation=cv2.INTER_CUBIC) * strength
    columns, rows = np.meshgrid(np.arange(W, dtype=np.float32), np.arange(H, dtype=np.float32))
    return cv2.remap(frame, columns + field[..., 0], rows + field[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def test_positions_are_finer_than_a_pixel():
    """For measuring physics: where somebody is, to a fraction of a pixel, and the camera's motion taken out."""
    errors = []
    for seed in range(12):
        scene = sample_scene(seed, split="heldout", characters=1)
        real, one = truth(scene), parse(render(scene))
        if len(one.people) == 1:
            person = one.people[0]
            errors.append(np.nanmedian(np.abs(person.x - one.camera.x - real["x"][0] / one.camera.zoom)))
    assert len(errors) >= 10 and np.median(errors) < 0.5 / 64
