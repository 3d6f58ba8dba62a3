"""The commands beside `generate`: what they write, what they say, what they leave behind."""

import pytest

from minisora.cli import main
from minisora.video import Video

PROMPT = "a red ball hops"


@pytest.fixture
def files(clip, tmp_path):
    """A folder with a video, a picture and files that are neither; what a command leaves beside them is what it wrote."""
    folder = tmp_path / "given"
    folder.mkdir()
    Video(clip).save(folder / "clip.gif")
    Video(clip[:1]).save(folder / "still.png")
    (folder / "cut.mp4").write_bytes(Video(clip).to_bytes()[:900])
    (folder / "text.mp4").write_text("no video")
    return folder


@pytest.fixture
def run(files, tiny_folder, tmp_path):
    def command(*words, out="made.gif"):
        named = [str(files / word) if "." in word and (files / word).exists() else word for word in words]
        return main([*named, "--out", str(tmp_path / out), "--weights", str(tiny_folder), "--steps", "2"])

    return command


COMMANDS = {
    "image": (["image", PROMPT], 1), "animate": (["animate", "still.png", PROMPT, "--seconds", "1"], 9),
    "forward": (["extend", "clip.gif", PROMPT, "--seconds", "1"], 17),
    "backward": (["extend", "clip.gif", PROMPT, "--seconds", "0.5", "--direction", "backward"], 13),
    "fill": (["fill", "clip.gif", "--known", "0-4"], 9), "connect": (["connect", "clip.gif", "still.png", PROMPT], 18),
    "loop": (["loop", "clip.gif", "--seconds", "0.5"], 13), "edit": (["edit", "clip.gif", PROMPT, "--strength", "0.5"], 9),
    "storyboard": (["generate", "", "--seconds", "1", "--shot", "a red ball hops", "--shot", "0.5: a blue box"], 9),
}  # fmt: skip


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "storyboard"])
def test_each_command_writes_its_video(run, tmp_path, capsys, command):
    words, frames = COMMANDS[command]
    assert run(*words, "--size", "48x32", "--scale", "2", "--seed", "3") == 0
    said, told = capsys.readouterr()
    assert Video.load(tmp_path / "made.gif").frames.shape == (frames, 64, 96, 3)
    assert f"{frames} frame{'s' * (frames > 1)} of 96x64" in said and "seed 3" in said and told == ""


def test_what_is_known_is_in_the_file(run, files, tmp_path):
    assert run("extend", "clip.gif", PROMPT, "--seconds", "1", "--size", "48x32", out="made.png") == 0
    assert run("loop", "clip.gif", "--size", "48x32") == 0
    made, given = Video.load(tmp_path / "made.gif"), Video.load(files / "clip.gif")
    assert (made.frames[:9] == given.frames).all()


def test_what_was_fitted_and_rounded_is_told(run, capsys):
    assert run("fill", "clip.gif", PROMPT, "--known", "0-3") == 0
    told = capsys.readouterr().err
    assert "clip.gif: 48x32 enlarged to 96x64." in told and "3 more frame(s) are made anew (1-3)" in told and told.count("\n") == 1


def test_a_storyboard(run, tmp_path):
    assert run("generate", "", "--seconds", "2", "--shot", "a red ball hops", "--shot", "0.5: a blue box") == 0
    assert len(Video.load(tmp_path / "made.gif")) == 13  # half of two seconds, and half a second


@pytest.mark.parametrize(
    "words, said",
    [
        (["image", ""], "prompt is empty"), (["animate", "gone.png", PROMPT], "no such file"),
        (["animate", "text.mp4", PROMPT], "neither a video"),
        (["animate", "still.png", PROMPT, "--seconds", "9"], "up to 8 s"), (["animate", "still.png"], "prompt"),
        (["extend", "cut.mp4", PROMPT], "cut.mp4"), (["extend", "still.png", PROMPT], "one frame"),
        (["extend", "clip.gif", PROMPT, "--direction", "up"], "--help"), (["extend", "clip.gif", PROMPT, "--seconds", "99"], "up to 60 s"),
        (["fill", "clip.gif"], "--known"), (["fill", "clip.gif", "--known", "0-9"], "no frame 9"),
        (["fill", "clip.gif", "--known", "a"], "0-4,12-16"),
        (["connect", "clip.gif", PROMPT], "prompt"), (["connect", "clip.gif", "gone.gif", PROMPT], "no such file"),
        (["connect", "clip.gif", "clip.gif", PROMPT, "--seconds", "3.9"], "up to 3 s"), (["loop", "still.png"], "its own loop"),
        (["loop", "clip.gif", "--takes", "0"], "takes=0"),
        (["edit", "clip.gif", PROMPT, "--strength", "1.5"], "strength=1.5"),
        (["edit", "clip.gif", PROMPT, "--strength", "nan"], "strength=nan"),
        (["edit", "clip.gif", PROMPT, "--size", "50x50"], "height=50"), (["loop", "clip.gif", "--scale", "99"], "--scale"),
        (["generate", "", "--shot", ""], "shot 1 is empty"), (["generate", "", "--shot", "9: a ball"], "shot 1 lasts 9 s"),
    ],
)  # fmt: skip
def test_bad_requests_get_one_line_and_leave_nothing(run, tmp_path, capsys, words, said):
    assert run(*words) == 2
    out, told = capsys.readouterr()
    assert out == "" and said in told and told.count("\n") == 1 and told.startswith("minisora: ")
    assert [path.name for path in tmp_path.iterdir()] == ["given"]
