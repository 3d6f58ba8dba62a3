"""The widgets and their twins in a real browser, by keyboard: the playground in JupyterLab, the twins in pages without a kernel."""

import io

import numpy as np
import pytest
from PIL import Image

from minisora.video import Video
from minisora.widgets import MaskPainter, NoiseScrubber, Playground

CELLS = """
import time

from minisora import MiniSora, Video
from minisora.widgets import MaskPainter, NoiseScrubber, Playground

sora = MiniSora.from_pretrained({folder!r})
decoded, generate = sora.decoded, sora.generate


def squares(*request):  # quick to write as a video file
    video = decoded(*request)
    return Video(video.frames[:, ::16, ::16].repeat(16, axis=1).repeat(16, axis=2), video.fps, video.alt)


def patient(sentence, *request, progress=None, **options):
    while sentence == "for ever":
        progress(3, 25)
        time.sleep(0.01)
    return generate(sentence, *request, progress=progress, **options)


sora.decoded, sora.generate = squares, patient
Playground(sora, "a red ball hops")
"""
READY = """() => {
    const session = window.jupyterapp?.shell.currentWidget?.sessionContext, kernel = session?.session?.kernel
    return session?.isReady && kernel?.connectionStatus === "connected" && kernel.status === "idle"
}"""  # the page says "idle" before it has a kernel


def clip_of(page, words: str):
    """The player whose words are these, once it is there and has read its file."""
    player = page.locator(f'video[aria-label="{words}"]')
    player.wait_for()
    page.wait_for_function("video => video.readyState >= 2", arg=player.element_handle())
    return player


def type_into(page, field, text: str) -> None:
    field.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def press(page, thing, key: str) -> None:
    thing.focus()
    page.keyboard.press(key)


def test_the_playground_in_jupyterlab(page, lab, tiny_folder):
    page.goto(lab("playground", CELLS.format(folder=str(tiny_folder))))
    page.wait_for_function(READY)
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
    clip_of(page, "A generated clip of 2 seconds: a red ball hops")
    shown = page.locator(".jp-OutputArea-output")
    assert shown.count() == 1, "the widget stands for its twin"
    said, sentence = shown.get_by_role("status"), shown.get_by_label("sentence", exact=True)
    said.filter(has_text="The oracle sees:").wait_for()

    type_into(page, sentence, "for ever")
    page.keyboard.press("Enter")
    shown.get_by_text("3 of 25").wait_for()
    stop = shown.get_by_role("button", name="stop", exact=True)
    press(page, stop, "Enter")
    said.filter(has_text="stopped").wait_for()
    shown.locator("button:disabled", has_text="stop").wait_for()

    type_into(page, sentence, "a blue box in the snow")
    press(page, shown.get_by_role("slider").first, "ArrowLeft")
    size = shown.get_by_label("size", exact=True)
    press(page, size, "ArrowDown")
    assert size.evaluate("list => list.selectedIndex") == 1, "arrows choose from a list"
    press(page, shown.get_by_role("button", name="make the clip", exact=True), "Enter")
    player = clip_of(page, "A generated clip of 1.5 seconds: a blue box in the snow")
    assert player.evaluate("video => video.videoWidth / video.videoHeight") == 1.5
    said.filter(has_text="snow").wait_for()
    assert page.locator(".jp-Cell").count() == 1, "keys meant for the widget stayed there"


def knob(page, name: str):
    return page.locator(f'input[name="{name}"]')


def window(page, place: int, scale: int) -> np.ndarray:
    """What a window of a twin shows, in the picture's own pixels."""
    shot = Image.open(io.BytesIO(page.get_by_role("img").nth(place).screenshot())).convert("RGB")
    return np.asarray(shot)[scale // 2 :: scale, scale // 2 :: scale]


def close(seen: np.ndarray, frame: np.ndarray) -> bool:
    return seen.shape == frame.shape and np.abs(seen.astype(int) - frame).mean() < 4


@pytest.fixture
def two(clip):
    """A clip and its mirror image."""
    return Video(clip, alt="to the right"), Video(clip[:, :, ::-1], alt="to the left")


def test_twins_answer_to_arrow_keys_without_a_kernel(page, two):
    right, left = two
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
    page.set_content(NoiseScrubber([1.0, 0.5, 0.0], [left, left, right], [right, right, left], alt="a square").twin())
    level, frame = knob(page, "noise level"), knob(page, "frame")
    assert close(window(page, 0, 3), left.frames[4]) and close(window(page, 1, 3), right.frames[4])
    level.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert close(window(page, 0, 3), right.frames[8]) and close(window(page, 1, 3), left.frames[8])
    assert page.get_by_role("status").all_inner_texts() == ["0.00", "8"]
    assert frame.get_attribute("aria-valuetext") == "8"
    assert page.get_by_label("a square: what the sampler holds, noise level 0.00, frame 8").count() == 1
    assert not asked


def test_the_twins_of_the_playground_and_the_painter(page, two, tiny):
    right, left = two
    playground = Playground(tiny, "a square", right, judge=lambda sentence, video: f"It goes {video.alt}.", examples=[left])
    painter = MaskPainter(right, known="first", made={"first": left}, alt="a square")
    page.set_content(playground.twin() + painter.twin())
    assert close(window(page, 0, 4), right.frames[4])
    knob(page, "clip").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert close(window(page, 0, 4), left.frames[0]) and page.get_by_text("It goes to the left.").is_visible()
    knob(page, "frame").focus()
    page.keyboard.press("Home")
    assert close(window(page, 1, 3), right.frames[0]) and close(window(page, 2, 3), left.frames[0])
    page.keyboard.press("ArrowRight")
    assert window(page, 1, 3).std() < right.frames[1].std() / 3, "a frame that is not known is pale"
