"""Decks are made of the chapters' own cells, fit their slides, and fetch nothing."""

import re

import pytest
from widgets.conftest import PATIENCE

from minisora.classroom import deck as decks
from minisora.classroom.slides import CHAPTERS, markdown, page, section, written
from minisora.errors import UserError

each = pytest.mark.parametrize("chapter", CHAPTERS)
OVER = """() => {
  const slide = Reveal.getCurrentSlide(), edge = slide.getBoundingClientRect();
  let most = 0;
  for (const one of slide.querySelectorAll("h1, h2, p, li, td, img, video, pre, figcaption")) {
    if (one.closest("aside")) continue;
    const at = one.getBoundingClientRect();
    most = Math.max(most, at.right - edge.right, at.bottom - edge.bottom, edge.left - at.left, edge.top - at.top);
  }
  return most;
}"""


@each
def test_a_deck_has_a_beginning_pictures_and_an_end(chapter):
    made = decks.deck(chapter)
    kinds = [slide.kind for slide in made]
    assert 12 <= len(made) <= 25 and kinds[0] == "title" and kinds.count("figure") >= 7 and "table" in kinds
    assert all(slide.title and slide.body for slide in made)
    answered = [bool(slide.notes) for slide in made if slide.kind == "question"]
    assert len(answered) >= 2 and sum(answered) >= len(answered) / 2, "answers for who speaks"
    if chapter:
        assert made[1].kind == "text" and [slide.title for slide in made[-2:]] == ["Exercises", "To remember"]
        assert len(re.findall(rf"^\| {chapter}\.\d ", made[-2].body, re.MULTILINE)) >= 4


@each
def test_pictures_have_words_and_nothing_is_fetched(chapter):
    text = page(decks.deck(chapter))
    assert text.count("<section") == len(decks.deck(chapter))
    assert not [tag for tag in re.findall(r"<img\b[^>]*>", text) if not re.search(r'alt="[^"]+"', tag)]
    assert not re.search(r'(?:src|href)="(?:https?:)?//', re.sub(r"<a [^>]*>", "", text))


def test_everything_lies_in_the_folder(tmp_path):
    target, count = written(1, tmp_path)
    assert target.name == "01-spacetime-patches.html" and count >= 12
    for name in re.findall(r'(?:src|href)="([^":#]+)"', re.sub(r"<a [^>]*>", "", target.read_text())):
        assert (tmp_path / name).exists(), name
    assert 'href="01-spacetime-patches.html"' in (tmp_path / "index.html").read_text() and (tmp_path / "reveal/LICENSE").exists()


def test_small_things_of_the_text():
    assert decks.sentences("**One two three.** Four five six. Seven.", 4) == "**One two three.**"
    assert decks.headings("## 3 · The cut\n\n### Exercise 1.1 · How many?\n\n### And then") == ["The cut", "And then"]
    assert markdown("a [link](../minisora/vae.py) and $j$", True) == "a link and <em>j</em>"
    assert "Which one?" in section(decks.Slide("Predict before you run", "question", "**Predict before you run:** which one?"))


def test_outside_of_a_clone(tmp_path, monkeypatch):
    monkeypatch.setattr(decks, "NOTEBOOKS", tmp_path)
    with pytest.raises(UserError, match="clone of the repository"):
        decks.deck(1)


@pytest.mark.parametrize("chapter", [1, 4])
def test_nothing_hangs_over_the_edge(chapter, browser, tmp_path):
    target, count = written(chapter, tmp_path)
    with browser.new_page(viewport={"width": 1280, "height": 720}) as opened:
        opened.set_default_timeout(PATIENCE)
        wrong, asked = [], []
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(target.as_uri())
        opened.wait_for_function("Reveal.isReady()")
        assert opened.evaluate("Reveal.getTotalSlides()") == count
        for number in range(count):
            assert opened.evaluate("Reveal.getState().indexh") == number
            assert opened.evaluate(OVER) <= 1, f"slide {number + 1}"
            opened.keyboard.press("ArrowRight")
    assert not wrong and all(url.startswith(("file:", "data:", "blob:")) for url in asked)
