"""Examples of what goes wrong: those in which it does, in a picture that is small enough."""

import numpy as np
import pytest
from PIL import Image

from minisora.bench.lines import Makers
from minisora.bench.worst import EXAMPLES, LARGEST, Example, examples, pictures, said, save, strip
from minisora.world.caption import Claim
from minisora.world.scene import Actor, Character, Scene, Shot


class Truthful(Makers):
    """A model that makes what it should."""

    def model(self, case):
        return case.truth()


@pytest.fixture(scope="module")
def noisy(tiny):
    return Makers(tiny, steps=1)


def test_examples_show_what_is_wrong(noisy):
    found = examples("core", "kind", 5, 0, noisy)
    assert len(found) == EXAMPLES and all(example.verdict.startswith("Not to be seen: the ") for example in found)
    assert all(example.videos[0].shape[-1] == 3 and len(example.sentences) == 1 for example in found)


def test_where_nothing_is_wrong_there_is_no_example():
    assert examples("core", "place", 3, 0, Truthful()) == []


def test_a_pair_is_shown_whole(noisy):
    (example,) = examples("world", "sides under swap", 10, 0, noisy)
    assert len(example.sentences) == len(example.videos) == 2 and example.sentences[0] != example.sentences[1]
    assert example.verdict == "Not right: sides under swap."


def test_claims_in_words():
    cast = Character("ball", "red", "small"), Character("box", "blue", "large")
    scene = Scene(cast, (Shot("snow", 2.0, (Actor(0, 0.0), Actor(1, 0.3))),))
    assert said(Claim("relation", "left of", (0,), (1,)), scene) == "the red ball: relation left of the blue box"
    assert said(Claim("order", "hop>roll", (0,), detail="left>right"), scene) == "the red ball: order hop, then roll (left, then right)"
    assert said(Claim("place", "snow"), scene) == "place snow"
    twins = Scene((cast[0], cast[0]), scene.shots)
    assert said(Claim("motion", "roll", (0, 1)), twins) == "the red balls: motion roll"


def test_pictures_are_small(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (17, 64, 96, 3), dtype=np.uint8)
    picture = strip("motion", [Example(("a red ball hops " * 20,), (noise,), "Not to be seen.")] * 3)
    save(picture, tmp_path / "worst-motion.png")
    assert [file.name for file in tmp_path.iterdir()] == ["worst-motion.png"]
    assert 10_000 < (tmp_path / "worst-motion.png").stat().st_size <= LARGEST
    assert picture.width < 800 and len(np.unique(np.asarray(Image.open(tmp_path / "worst-motion.png").convert("RGB")))) > 8


def test_a_picture_of_each_of_the_worst(noisy, tmp_path):
    named = [{"suite": "core", "dimension": "kind", "model": 0.0, "truth": 1.0, "kept": 0.0}]
    (one,) = pictures(named, {"core": 3}, 0, noisy, tmp_path)
    assert one["picture"] == "worst-kind.png" and (tmp_path / "worst-kind.png").exists() and len(one["examples"]) == 3
    assert one["alt"].startswith("3 examples of made videos in which kind is wrong")
    (none,) = pictures([{**named[0], "dimension": "place"}], {"core": 2}, 0, Truthful(), tmp_path)
    assert none["picture"] is None and not (tmp_path / "worst-place.png").exists()
