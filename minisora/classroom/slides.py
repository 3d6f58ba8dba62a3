"""Decks as pages for a browser: reveal.js, from the copy that the package sphinx-revealjs carries, so that nothing is fetched in class."""

import html
import importlib.util
import os
import re
import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from minisora.classroom.deck import Slide, deck, path_of
from minisora.errors import UserError

CHAPTERS = range(8)
WIDE = 100  # letters in a line of code
REVEAL = ("dist/reset.css", "dist/reveal.css", "dist/reveal.js", "plugin/notes", "LICENSE")
STYLE = """\
:root { --r-background-color: #fff; --ink: #23303f; --soft: #5b6b7d; --blue: #0072B2; }
html, body { background: #fff; }
.reveal { font: 26px/1.45 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink); }
.reveal .slides section { box-sizing: border-box; width: 1280px; height: 720px; padding: 36px 56px 30px; text-align: left; }
.reveal h1 { font-size: 60px; line-height: 1.15; margin: 130px 0 32px; }
.reveal h2 { font-size: 34px; line-height: 1.2; margin: 0 0 18px; color: var(--blue); font-weight: 650; }
.reveal .title p { font-size: 30px; color: var(--soft); max-width: 1050px; }
.reveal strong, .reveal b { font-weight: 650; } .reveal em { font-style: italic; }
.reveal .slide-number { left: 16px; right: auto; bottom: 10px; background: none; color: var(--soft); }
.reveal .question p { font-size: 38px; line-height: 1.4; margin: 70px 40px; border-left: 8px solid #E69F00; padding-left: 32px; }
.reveal .room { height: 570px; overflow: hidden; display: flex; align-items: center; justify-content: center; }
.reveal .text .room, .reveal .table .room, .reveal .code .room { justify-content: flex-start; align-items: flex-start; }
.reveal .fit { flex: none; transform-origin: center; }
.reveal .text .fit, .reveal .table .fit { width: 1160px; } .reveal .code .fit { transform-origin: top left; }
.reveal .figure .fit { max-width: 1168px; }
.reveal .figure .fit img, .reveal .figure .fit video { max-width: 1160px; margin: 0; vertical-align: middle; }
.reveal figure { margin: 4px; } .reveal figcaption { font-size: 17px; color: var(--soft); }
.reveal li { margin: 0 0 14px; } .reveal ul, .reveal ol { margin: 0; padding-left: 1.3em; }
.reveal table { border-collapse: collapse; font-size: .81em; line-height: 1.35; } .reveal thead th { color: var(--soft); text-align: left; }
.reveal td, .reveal th { padding: 9px 14px; border-bottom: 1px solid #d8dee6; vertical-align: top; text-align: left; }
.reveal pre { margin: 0; width: max-content; min-width: 100%; overflow: visible; }
.reveal pre { box-shadow: none; font: 20px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
.reveal .code pre { line-height: 1.3; }
.reveal .highlight { padding: 14px 18px; border-radius: 8px; background: #f4f6f8; }
.reveal code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .92em; }
.reveal a { color: inherit; text-decoration: underline; } .reveal .slide-number a { text-decoration: none; }
"""
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<link rel="stylesheet" href="reveal/reset.css"><link rel="stylesheet" href="reveal/reveal.css"><link rel="stylesheet" href="slides.css">
<style>{pygments}</style>
</head>
<body>
<div class="reveal"><div class="slides">
{slides}
</div></div>
<script src="reveal/reveal.js"></script><script src="reveal/notes/notes.js"></script>
<script>
// What is larger than its room is made smaller, small pictures a little larger; text is set in smaller letters.
function fit(section) {{
  for (const one of section.querySelectorAll(".fit")) {{
    const room = one.parentElement, kind = section.classList;
    if (kind.contains("text") || kind.contains("table")) {{
      for (let size = 100; size > 40 && one.scrollHeight > room.clientHeight; size -= 3) one.style.fontSize = `${{size}}%`;
      continue;
    }}
    one.style.transform = "";
    const scale = Math.min(kind.contains("code") ? 1.25 : 1.5, room.clientWidth / one.scrollWidth, room.clientHeight / one.scrollHeight);
    one.style.transform = `scale(${{scale}})`;
  }}
}}
Reveal.on("ready", (event) => fit(event.currentSlide));
Reveal.on("slidechanged", (event) => fit(event.currentSlide));
Reveal.initialize({{
  width: 1280, height: 720, margin: 0, center: false, hash: true, transition: "none", slideNumber: "c/t", plugins: [RevealNotes],
}});
</script>
</body>
</html>
"""
INDEX = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>minisora: slides</title>
<style>
body {{ font: 20px/1.6 system-ui, sans-serif; max-width: 40em; margin: 3em auto; padding: 0 1em; color: #23303f }}
a {{ color: #0072B2 }}
</style>
</head>
<body><main><h1>minisora: slides</h1>
<p>Arrow keys turn the slides; Esc shows all of them, F fills the screen, S opens the speaker's notes.</p>
<ul>
{rows}
</ul></main></body>
</html>
"""


def written(chapter: int, folder: Path) -> tuple[Path, int]:
    """Writes a chapter's deck, and what it needs, into a folder; its path and its number of slides. Raises UserError without reveal.js."""
    slides = deck(chapter)
    folder.mkdir(parents=True, exist_ok=True)
    reveal(folder / "reveal")
    target = folder / path_of(chapter).with_suffix(".html").name
    put(folder / "slides.css", STYLE)
    put(target, page(slides))
    rows = [f'<li><a href="{path.name}">{title_of(path)}</a></li>' for path in sorted(folder.glob("[0-9][0-9]-*.html"))]
    put(folder / "index.html", INDEX.format(rows="\n".join(rows)))
    return target, len(slides)


def page(slides: list[Slide]) -> str:
    """The deck as one page; pictures and clips are in it."""
    from pygments.formatters import HtmlFormatter

    style = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    return PAGE.format(title=html.escape(slides[0].title), slides="\n".join(map(section, slides)), pygments=style)


def section(slide: Slide) -> str:
    """One slide as HTML."""
    notes = f'<aside class="notes">{markdown(slide.notes)}</aside>' if slide.notes else ""
    if slide.kind == "title":
        return f'<section class="title"><h1>{html.escape(slide.title)}</h1>{markdown(slide.body)}{notes}</section>'
    if slide.kind == "question":
        asked = re.sub(r"^\*\*Predict(?: before you run)?[.:]?\*\*[.:]?\s*", "", slide.body)
        body = markdown(asked[0].upper() + asked[1:])
        return f'<section class="question"><h2>{slide.title}</h2>{body}{notes}</section>'
    body = {"figure": lambda: slide.body, "code": lambda: code(slide.body)}.get(slide.kind, lambda: markdown(slide.body))()
    room = f'<div class="room"><div class="fit">{body}</div></div>'
    return f'<section class="{slide.kind}"><h2>{markdown(slide.title, True)}</h2>{room}{notes}</section>'


def markdown(text: str, inline: bool = False) -> str:
    """Markdown as HTML; what little TeX there is becomes italics."""
    from markdown_it import MarkdownIt

    text = re.sub(r"\$([^$\\]+)\$", r"*\1*", text)
    text = re.sub(r"\]\((?!https?:)[^)]*\)", "]()", text)  # links to files of the repository lead nowhere from here
    made = MarkdownIt("commonmark").enable("table")
    page = made.renderInline(text) if inline else made.render(text)
    return re.sub(r'<a href="">(.*?)</a>', r"\1", page, flags=re.DOTALL)


def code(text: str) -> str:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(re.sub(r"\n{3,}", "\n\n", "\n".join(map(narrow, text.splitlines()))), PythonLexer(), HtmlFormatter())


def narrow(line: str) -> str:
    """A line for a slide: its shape moves nearer to it, and above it where both are too long to be read from the last row."""
    line = re.sub(r" {3,}#", "  #", line)
    said, mark, remark = line.partition("  # ")
    if not mark or not said.strip() or len(line) <= WIDE:
        return line
    return f"{said[: len(said) - len(said.lstrip())]}# {remark}\n{said}"


def reveal(folder: Path) -> None:
    """Copies reveal.js there, once. Raises UserError where it is not installed."""
    if (folder / "reveal.js").exists():
        return
    found = importlib.util.find_spec("sphinx_revealjs")
    if found is None:
        raise UserError("slides: reveal.js is missing; sphinx-revealjs brings it. Type: python -m pip install -r requirements.txt")
    source = Path(found.submodule_search_locations[0]) / "_static" / "revealjs"
    for name in REVEAL:
        path, target = source / name, folder / Path(name).name
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
        else:
            shutil.copy(path, target)


def put(path: Path, text: str) -> None:
    """Whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def title_of(path: Path) -> str:
    return re.search(r"<title>(.*?)</title>", path.read_text(encoding="utf-8"))[1]


def serve(folder: Path, port: int) -> None:
    """Serves a folder to this machine until Ctrl-C. Raises UserError where the port is taken."""
    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(folder)))
    except OSError as error:
        raise UserError(f"--serve {port}: that port cannot be had ({error.strerror}). Try --serve {port + 1}.") from None
    print(f"http://127.0.0.1:{server.server_port}/  (Ctrl-C stops it)")
    with server:
        server.serve_forever()
