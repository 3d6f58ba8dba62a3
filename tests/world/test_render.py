"""The renderer draws what the motion says, where it says, in colours that can be told apart from the place."""

import cv2
import numpy as np
import pytest

from minisora.world.canvas import chance
from minisora.world.looks import STYLES, grain
from minisora.world.motion import states
from minisora.world.render import render, shot_of, visible_fraction
from minisora.world.scene import (
    COLOURS,
    KINDS,
    LOOKS,
    PLACES,
    SIZES,
    Actor,
    Camera,
    Character,
    Cookie,
    Event,
    Identity,
    Scene,
    Shot,
)
from minisora.world.shapes import SHAPES
from minisora.world.sprites import paint_character


def one(kind="ball", colour="red", size="medium", x=0.0, events=(), look="flat", place="snow", identity=Identity(), aspect=1.0, **shot):
    actor = Actor(0, x, shot.pop("y", 0.0), shot.pop("depth", "middle"), tuple(events))
    return Scene((Character(kind, colour, size, identity),), (Shot(place, 2.0, (actor,), **shot),), look, aspect)


def saturation(frame):
    frame = frame.astype(float)
    top = frame.max(-1)
    return np.where(top > 0, (top - frame.min(-1)) / np.maximum(top, 1), 0)  # (H, W)


def silhouette(frame):
    """Bright colour, with the eyes and the mouth inside it filled in. (H, W) bool"""
    bright = (saturation(frame) > 0.45) & (frame.max(-1) > 64)
    right, left = np.maximum.accumulate(bright, 1), np.maximum.accumulate(bright[:, ::-1], 1)[:, ::-1]
    return right & left


def coarse(scene, side=8, time=0.0):
    """The mean colour of each of side × side fields of one frame."""
    frame = render(scene, times=[time])[0].astype(float)
    return cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)  # (side, side, 3)


def middle(mask):
    rows, columns = np.nonzero(mask)
    return columns.mean() + 0.5, rows.mean() + 0.5


@pytest.mark.parametrize(
    ("x", "event"),
    [(-0.3, Event("slide", 0, 2, "right")), (-0.2, Event("float", 0, 2)), (0.0, Event("circle", 0, 2, "left"))],
)
def test_a_disc_is_where_its_state_says_to_a_fraction_of_a_pixel(x, event):
    scene = one(x=x, events=[event])
    times = np.arange(17) / 8
    now = states(scene, scene.shots[0], times)
    errors = []
    for t, frame in enumerate(render(scene, 64, 64)):
        column, row = middle(silhouette(frame))
        errors.append((column - (32 + 64 * now.x[0, t]), row - (64 - 64 * (now.y[0, t] + 0.24))))
    assert np.abs(np.mean(errors, 0)).max() < 0.1
    assert np.abs(errors).max() < 0.3  # a mask of whole pixels is itself uncertain by this much


def test_subpixel_motion_shows():
    """Moving by a tenth of a pixel moves the bright mass by a tenth of a pixel."""

    def mass(x):
        weight = saturation(render(one(x=x, place="moon", y=0.2), 64, 64, times=[0.0])[0])
        weight = np.clip(weight - 0.45, 0, 1)
        return (weight.sum(0) * np.arange(64)).sum() / weight.sum()

    steps = np.diff([mass(k / 640) for k in range(6)])
    np.testing.assert_allclose(steps, 0.1, atol=0.05)


@pytest.mark.parametrize("kind", [k for k in KINDS])
def test_outlines_are_mirror_symmetric_and_fill_their_square(kind):
    side = np.linspace(-1.3, 1.3, 200)
    x, y = np.meshgrid(side, side)
    inside = SHAPES[kind](x, y) < 0
    np.testing.assert_array_equal(inside, inside[:, ::-1])
    rows, columns = np.nonzero(inside)
    for extent in (side[rows].max(), -side[rows].min()):
        assert 0.85 < extent < 1.1
    assert 0.70 < side[columns].max() < 1.15
    assert 1.7 < inside.mean() * 2.6**2 < 3.6


@pytest.mark.parametrize("kind", [k for k in KINDS])
def test_signed_distances_have_slope_one_near_the_edge(kind):
    side = np.linspace(-1.2, 1.2, 481)
    x, y = np.meshgrid(side, side)
    distance = SHAPES[kind](x, y)
    slope = np.hypot(*np.gradient(distance, side[1] - side[0]))
    near = np.abs(distance) < 0.05
    assert 0.9 < np.median(slope[near]) < 1.05
    assert np.percentile(slope[near], 99) < 1.5


def test_kinds_can_be_told_apart_at_their_smallest():
    masks = {}
    for kind in KINDS:
        frame = render(one(kind, size="small"), 64, 64, times=[0.0])[0]
        masks[kind] = (saturation(frame) > 0.45) & (frame.max(-1) > 64)
    for a in KINDS:
        for b in KINDS[KINDS.index(a) + 1 :]:
            union = (masks[a] | masks[b]).sum()
            assert (masks[a] ^ masks[b]).sum() > 0.12 * union, (a, b)


@pytest.mark.parametrize("look", LOOKS)
def test_sizes(look):
    for size, radius in SIZES.items():
        rows, columns = np.nonzero(silhouette(render(one(size=size, look=look, place="moon"), 128, 128, times=[0.0])[0]))
        for extent in (np.ptp(rows), np.ptp(columns)):
            assert abs(extent + 1 - 2 * radius * 128) < 5.5


@pytest.mark.parametrize(("height", "width", "aspect"), [(32, 32, 1), (64, 112, 16 / 9), (112, 64, 9 / 16), (128, 128, 1), (256, 256, 1)])
def test_every_size_shows_the_same_place(height, width, aspect):
    frame = render(one(aspect=aspect, x=0.1), height, width, times=[0.0])[0]
    assert frame.shape == (height, width, 3)
    unit = min(height, width)
    column, row = middle(silhouette(frame))
    assert abs(column - (width / 2 + 0.1 * unit)) < 0.01 * unit
    assert abs(row - (height - (0.24 + 0.15) * unit)) < 0.015 * unit


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("place", PLACES)
def test_places_are_pale_and_characters_bright(place, look):
    background = np.concatenate([render(Scene((), (Shot(place, 0.0, (), layout=n),), look), times=[0.0])[0] for n in range(3)])
    pale = saturation(background)[background.max(-1) >= 64]
    assert np.percentile(pale, 99.9) <= 0.39 and pale.max() < 0.45
    for colour in COLOURS:
        colour_of, clear = paint_character(Character("ball", colour, "large"), STYLES[look], 13.0)
        tones = colour_of[clear[..., 0] < 0.01]
        body = saturation(tones[None])[0]
        lit = body[(tones.max(-1) > 70) & (body > 0.1)]  # neither eyes nor lines
        assert np.percentile(lit, 10) >= 0.5 and np.median(lit) >= 0.58


def test_places_and_looks_differ_at_a_glance():
    """Coarse pictures of one place are nearer to one another than to any other place's, and looks differ in each place."""
    for look in LOOKS:
        views = {(place, n): coarse(Scene((), (Shot(place, 0.0, (), layout=n),), look)) for place in PLACES for n in (1, 2, 3)}
        for (place, n), view in views.items():
            others = {key: np.abs(view - other).mean() for key, other in views.items() if key != (place, n)}
            assert min(others, key=others.get)[0] == place, (look, place)
    for place in PLACES:
        flat, ink, crayon = (render(Scene((), (Shot(place, 0.0, ()),), look), times=[0.0])[0].astype(float) for look in LOOKS)
        for a, b in ((flat, ink), (flat, crayon), (ink, crayon)):
            assert np.abs(a - b).mean() > 5


def test_layout_changes_where_things_stand():
    a, b = (render(Scene((), (Shot("meadow", 0.0, (), layout=n),)), times=[0.0]).astype(int) for n in (1, 2))
    assert np.abs(a - b).mean() > 2


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("move", ["pan left", "zoom in", "follow"])
def test_camera_motion_can_be_seen_in_the_ground(place, move):
    camera = Camera(move, 0.0, 0 if move == "follow" else -1)
    walker = [Event("slide", 0, 2, "right")] if move == "follow" else []
    video = render(one(events=walker, place=place, camera=camera, x=-0.3), times=[0.0, 1.0]).astype(float)
    ground = video[:, 54:]  # under everybody's feet
    assert np.abs(ground[1] - ground[0]).mean() > 2


def test_the_ground_moves_with_the_camera():
    """A pan of 0.25 units / s moves the ground by 16 pixels a second, the other way."""
    before, after = render(Scene((), (Shot("meadow", 2.0, (), Camera("pan right", 0.25), layout=5),)), times=[0.5, 1.0])
    shifts = {k: np.abs(before[50:, k:].astype(float) - after[50:, : 64 - k]).mean() for k in range(1, 16)}
    assert min(shifts, key=shifts.get) == 8


def test_who_is_in_front_covers():
    cast = (Character("box", "red", "large"), Character("ball", "blue", "medium"))
    for front, seen in ((0, (200, 60)), (1, (60, 200))):
        depths = ("front", "back") if front == 0 else ("back", "front")
        scene = Scene(cast, (Shot("snow", 0.0, tuple(Actor(n, 0.0, depth=d) for n, d in enumerate(depths))),))
        red, _, blue = render(scene, times=[0.0])[0][44, 32].astype(int)
        assert (red > blue) == (seen[0] > seen[1])
        free = visible_fraction(scene)[0]
        assert free.shape == (2, 1)
        assert free[front, 0] > 0.97
        assert free[1 - front, 0] < 0.85


def test_visible_fraction_outside_the_frame():
    free = visible_fraction(one(x=0.5))[0]
    np.testing.assert_allclose(free, 0.5, atol=0.04)
    np.testing.assert_allclose(visible_fraction(one(x=2.0))[0], 0)
    np.testing.assert_allclose(visible_fraction(one("star", x=0.1, events=[Event("spin", 0, 2, "left")]))[0], 1, atol=0.03)


def test_bites_stay():
    scene = one("drop", x=-0.3, events=[Event("eat", 0, 2, "right")], cookie=Cookie(0.15), place="moon")
    video = render(scene)
    alone = render(Scene((), (Shot("moon", 2.0, ()),)))

    def crumbs(t):  # brown pixels in the right half of the cookie's box, where nobody stands
        changed = np.abs(video[t].astype(int) - alone[t]).sum(-1) > 60
        return changed[32:52, 42:50].sum()

    left = render(one("drop", x=-0.3, cookie=Cookie(0.15), place="moon"))
    whole, end = left[0][34:50, 33:50].astype(int), video[-1][34:50, 33:50].astype(int)
    assert np.abs(whole - end).sum(-1).mean() > 20  # a bite is gone
    assert crumbs(0) == crumbs(16) > 50  # the far side is whole


def test_a_frame_depends_on_its_time_alone():
    scene = one("star", events=[Event("spin", 0, 2, "left")], camera=Camera("zoom in", 1.4), look="crayon")
    video = render(scene)
    np.testing.assert_array_equal(render(scene), video)
    np.testing.assert_array_equal(render(scene, times=[0.5, 1.75]), video[[4, 14]])
    np.testing.assert_array_equal(render(scene, fps=16)[::2], video)


def test_cuts():
    first, second = one("ball", "red", place="moon").shots[0], one("ball", "red", place="snow", x=0.2).shots[0]
    scene = Scene((Character("ball", "red", "medium"),), (first, second))
    video = render(scene)
    assert len(video) == 33
    number, clock = shot_of(scene, np.arange(33) / 8)
    assert number.tolist() == [0] * 17 + [1] * 16  # 1 + 4k frames, then 4k
    assert clock[16] == pytest.approx(2.0) and clock[17] == pytest.approx(0.125)
    assert np.abs(np.diff(video.astype(float), axis=0)).mean((1, 2, 3)).argmax() == 16
    np.testing.assert_array_equal(video[:17], render(Scene(scene.cast, (first,))))


def test_changing_colour_ends_in_the_other_colour():
    scene = one(events=[Event("change colour", 0, 2, colour="blue")])
    video = render(scene)
    red, _, blue = video[:, 46, 32].astype(int).T
    assert red[0] > 2 * blue[0] and blue[-1] > 2 * red[-1]


def test_grain_is_fixed_to_the_screen():
    wide = grain(64, 112, STYLES["crayon"].grain)
    np.testing.assert_array_equal(wide[:32, :32], grain(32, 32, STYLES["crayon"].grain))
    assert 0.02 < wide.std() < 0.08


def test_chance_is_uniform_and_repeats():
    values = chance(3, np.arange(-2000, 2000), 7)
    assert 0.48 < values.mean() < 0.52 and values.min() >= 0 and values.max() < 1
    np.testing.assert_array_equal(values[5:9], chance(3, np.arange(-1995, -1991), 7))
    assert abs(np.corrcoef(values, chance(4, np.arange(-2000, 2000), 7))[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 60}, "height=60: minisora renders sides of 32 to 256 pixels in steps of 8. Try height=64."),
        ({"width": 512}, "Try width=256"),
        ({"height": 64, "width": 112}, "Try height=64, width=64"),
    ],
)
def test_errors_say_what_to_type(change, message):
    with pytest.raises(ValueError, match=message):
        render(one(), **change)


def test_unknown_places_and_looks_are_named():
    with pytest.raises(ValueError, match="place 'mars': minisora draws meadow, snow"):
        render(one(place="mars"))
    with pytest.raises(ValueError, match="look 'oil': minisora draws flat, ink, crayon"):
        render(one(look="oil"))
