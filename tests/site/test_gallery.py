"""The gallery: its list, what was made of it, and that the same commands make the same again."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from minisora.bench.measure import hashes
from minisora.cli import main
from minisora.site import gallery as made
from minisora.site.gallery_prompts import MEDIA, ROOT, Entry, entries, given_clip
from minisora.site.gallery_verdicts import in_words, sees, verdicts
from minisora.sora import MiniSora, shipped_weights
from minisora.video import Video
from minisora.world.caption import Claim
from minisora.world.scene import ACTIONS, CAMERAS, COLOURS, KINDS, LOOKS, PLACES, RELATIONS, SIZES
from minisora.world.words import CAMERA_PHRASES, COLOUR_WORDS, KIND_WORDS, LOOK_PHRASES, PLACE_PHRASES, SIZE_WORDS, plural, words_of

LISTED, BEYOND = entries()
RECORD = made.recorded(ROOT)
GROUPS = (
    "single character", "several characters", "actions", "camera", "order", "occlusion", "animated image", "extension", "loop",
    "connection", "edit", "wide and tall", "several shots",
)  # fmt: skip
LARGEST = 4_000_000  # bytes of all media
NEAR, FAR = 2.0, 40.0  # levels of 255 between two makings: on the same kind of processor, and where one has bf16 and the other not

recorded = pytest.mark.skipif(RECORD is None, reason="data/gallery/gallery.json is missing. Make it: minisora gallery")


def all_claims(entry: Entry) -> list[Claim]:
    return [claim for shot in (entry.shots or [None]) for claim in entry.claims(shot)]


# The list -----------------------------------------------------------------------------------------------------------------


def test_there_are_48_in_13_groups():
    assert len(LISTED) == 48 and [one.number for one in LISTED] == list(range(48))
    assert tuple(dict.fromkeys(one.group for one in LISTED)) == GROUPS


@pytest.mark.parametrize(
    ("dimension", "values"),
    [
        ("kind", KINDS), ("colour", COLOURS), ("size", SIZES), ("place", PLACES), ("look", LOOKS), ("motion", ACTIONS),
        ("camera", CAMERAS), ("relation", set(RELATIONS) - {"above"}), ("count", ("1", "2", "3")),  # "below" asks the same as "above"
    ],
)  # fmt: skip
def test_the_worlds_vocabulary_is_covered(dimension, values):
    claims = [claim for one in LISTED for claim in all_claims(one)]
    assert {claim.value for claim in claims if claim.dimension == dimension} >= set(values)


@pytest.mark.parametrize("entry", LISTED, ids=lambda one: f"{one.number:02d}")
def test_a_sentence_says_what_is_claimed(entry):
    """Nothing is judged that was not asked for."""
    text = " ".join([entry.prompt, *(shot["prompt"] for shot in entry.shots)]).lower()
    nouns = {kind: [form for word in words for form in (word, plural(word))] for kind, words in KIND_WORDS.items()}
    phrases = {"colour": COLOUR_WORDS, "size": SIZE_WORDS, "place": PLACE_PHRASES, "look": LOOK_PHRASES, "kind": nouns}
    for claim in all_claims(entry):
        if claim.dimension in phrases:
            assert any(re.search(rf"\b{word}\b", text) for word in phrases[claim.dimension][claim.value]), claim
        if claim.dimension == "camera":
            assert any(phrase.split("{t}")[0].strip() in text for phrase in CAMERA_PHRASES[claim.value]), claim
        if claim.detail in ("left", "right", *COLOURS):
            assert claim.detail in words_of(text)
        if claim.dimension == "relation":
            assert claim.value in text


@pytest.mark.parametrize("number", [one.number for one in LISTED if one.mode in ("animate", "extend", "fill") and one.given])
def test_the_true_clip_would_get_everything(number):
    entry = LISTED[number]
    truth, (first, end) = given_clip(entry.given[0]), entry.told["frames"]
    found = verdicts(entry, truth, [truth[first:end]])
    assert found and [one.about for one in found if not one.seen] == []


def test_an_edit_is_asked_for_its_change_and_for_everybodys_way():
    entry, truth = LISTED[41], given_clip(15)  # a green cross, which should become a blue one
    found = {one.about: one.seen for one in verdicts(entry, truth, [truth])}
    assert not found["somebody is blue"] and found["place: in the snow"] and not found["everybody keeps to the way of the given clip"]
    blue = truth[..., [0, 2, 1]]
    found = {one.about: one.seen for one in verdicts(entry, blue, [truth])}
    assert found["somebody is blue"] and found["everybody keeps to the way of the given clip"]


def test_a_loop_that_jumps_does_not_close():
    entry, truth = LISTED[35], given_clip(7)
    closing = {one.dimension: one.seen for one in verdicts(entry, np.concatenate([truth, truth[::-1][1:9]]), [truth])}
    assert not closing["loop"]  # it ends where it should not
    there = np.concatenate([truth, truth[::-1][1:]])
    assert {one.dimension: one.seen for one in verdicts(entry, there, [truth])}["loop"]


def test_who_appears_on_the_way_is_seen():
    entry, (a, b) = LISTED[38], (given_clip(clip)[:9] for clip in (11, 12))
    told = "nobody else appears on the way"
    quiet = np.concatenate([a, a[-4:][::-1], b[:4][::-1], b])
    strange = np.concatenate([a, given_clip(7)[:8], b])
    ways = [{one.about: one.seen for one in verdicts(entry, clip, [a, b])}[told] for clip in (quiet, strange)]
    assert ways == [True, False]


def test_given_clips_are_taken_in_order():
    given = [clip for one in LISTED for clip in one.given]
    assert given == [*range(16), 0]


def test_claims_in_words():
    names = {0: "the red ball", 1: "the blue box"}
    assert in_words(Claim("motion", "hide", (0,), (1,), "back"), names) == "the red ball: hides behind the blue box and comes back"
    assert in_words(Claim("motion", "push", (0,), (1,), "left"), names) == "the red ball: pushes the blue box to the left"
    assert in_words(Claim("order", "hop>change colour", (0,)), names) == "the red ball: first hops, then changes colour"
    assert in_words(Claim("camera", "follow", other=(1,)), names) == "camera: follows the blue box"


# What was made of it --------------------------------------------------------------------------------------------------------


def test_there_is_a_record():
    assert RECORD is not None and len(RECORD["entries"]) == len(LISTED) + len(BEYOND), "Make all of it: minisora gallery"


@recorded
def test_it_was_made_with_these_weights():
    assert RECORD["weights"] == hashes(shipped_weights()), "gallery.json is of other weights. Make it anew: minisora gallery"


@recorded
def test_it_was_made_from_this_list():
    assert [one["commands"] for one in RECORD["entries"]] == [made._asked(one)["commands"] for one in [*LISTED, *BEYOND]]
    assert all(f"--seed {number} " in one["commands"][-1] for number, one in enumerate(RECORD["entries"]))


@recorded
@pytest.mark.parametrize("one", RECORD["entries"] if RECORD else [], ids=lambda one: f"{one['number']:02d}")
def test_every_clip_plays(one):
    video = Video.load(ROOT / one["file"])
    scale = video.width // one["width"]
    assert (len(video), video.height, video.width, video.fps) == (one["frames"], scale * one["height"], scale * one["width"], 8)
    assert video.frames.std() > 5 and Video.load(ROOT / one["poster"]).frames.shape[1:3] == (one["height"], one["width"])
    assert all((ROOT / name).exists() for name in (*one["inputs"], *([one["strip"]] if "strip" in one else [])))
    assert one["verdicts"] or one["number"] >= 48


@recorded
def test_media_are_small_and_none_is_left_over():
    named = {name for one in RECORD["entries"] for name in (one["file"], one["poster"], one.get("strip"), *one["inputs"])}
    there = [path for path in (ROOT / MEDIA).iterdir() if path.is_file()]
    assert {f"{MEDIA}/{path.name}" for path in there} == named - {None}
    assert sum(path.stat().st_size for path in there) < LARGEST


@recorded
@pytest.mark.parametrize("number", [3, 30, 46])
def test_the_verdict_is_what_the_oracle_says_of_the_file(number):
    entry, one = LISTED[number], RECORD["entries"][number]
    frames = made.clip(ROOT / one["file"])
    found = verdicts(entry, frames, [made.clip(ROOT / name) for name in one["inputs"]])
    assert [vars(verdict) for verdict in found] == one["verdicts"] and sees(frames) == one["sees"]


@recorded
def test_the_command_on_the_page_makes_the_clip_again(shipped, tmp_path, monkeypatch, capsys):
    entry, one = LISTED[0], RECORD["entries"][0]
    if RECORD["weights"] != hashes(shipped_weights()):
        pytest.skip("the clips are of other weights, as another test says")
    (tmp_path / MEDIA).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    for words in entry.commands():
        assert main(words) == 0
    again, before = made.clip(tmp_path / one["file"]), made.clip(ROOT / one["file"])
    apart = np.abs(again.astype(float) - before).mean()
    assert apart <= (NEAR if shipped.precision()._enabled == RECORD["bf16"] else FAR)


# The command ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tiny, monkeypatch):
    """A gallery of a few clips, made by a model with random weights."""
    few = [LISTED[number] for number in (0, 26, 37, 46)]
    told = [replace(one, told={**one.told, "options": [*one.told.get("options", []), "--steps", "2"]}) for one in few]
    numbered = [replace(one, number=number) for number, one in enumerate([*told, BEYOND[0], BEYOND[-1]])]
    monkeypatch.setattr(made, "entries", lambda: (numbered[: len(few)], numbered[len(few) :]))
    monkeypatch.setattr(MiniSora, "from_pretrained", lambda source=None, **hub: tiny)
    return numbered


def test_all_is_made_recorded_and_shown(small, tmp_path, capsys):
    assert made.main(["--out", str(tmp_path)]) == 0
    record = made.recorded(tmp_path)
    assert [one["mode"] for one in record["entries"]] == [one.mode for one in small] and record["weights"] == hashes(shipped_weights())
    assert {path.name for path in tmp_path.iterdir()} == {"book", "data"}  # nothing is left of the work
    page = (tmp_path / "book/gallery.md").read_text()
    asked = [verdict for one in record["entries"][:4] for verdict in one["verdicts"]]
    assert f"**{sum(one['seen'] for one in asked)} of {len(asked)} claims are seen**" in page
    player = '<video controls muted loop playsinline preload="metadata" poster="media/gallery/0'
    assert page.count(player) == page.count('aria-label="Generated clip') == 4
    assert page.count("✓") + page.count("✗") == page.count("seen:</b>") == len(asked)
    assert "giraffe" in dict(record["entries"][4]["unknown"]) and len(record["entries"][-1]["tones"]) == 8
    assert made.outdated(tmp_path) == []
    first = (tmp_path / record["entries"][0]["file"]).read_bytes()

    assert made.main(["--out", str(tmp_path), "--only", "single character"]) == 0
    assert made.recorded(tmp_path)["entries"] == record["entries"] and (tmp_path / record["entries"][0]["file"]).read_bytes() == first

    record["weights"]["vae.safetensors"] = "of another day"
    (tmp_path / made.RECORD).write_text(json.dumps(record))
    assert made.main(["--out", str(tmp_path), "--check"]) == 1
    assert "made with other weights" in capsys.readouterr().out
    assert main(["gallery", "--out", str(tmp_path), "--only", "single character"]) == 2
    assert "minisora gallery" in capsys.readouterr().err


def test_wrong_requests_are_told_in_a_line(tmp_path, capsys):
    wrong = (["--only", "dragons"], "--only 'single character'"), (["--out", str(tmp_path / "gone")], "Make it"), (["now"], "--help")
    for words, told in wrong:
        assert main(["gallery", *words]) == 2
        assert told in capsys.readouterr().err
    assert main(["gallery", "--out", str(tmp_path), "--check"]) == 1 and "is missing" in capsys.readouterr().out
