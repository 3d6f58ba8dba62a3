"""What the site asks of Sphinx beyond Jupyter Book: formulas as MathML, buttons that open a chapter elsewhere, docstrings as written.

MathML is read by browsers themselves, so that a page with formulas loads nothing for them.
"""

import re
from urllib.parse import quote

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

COLAB = "https://colab.research.google.com/github/{name}/blob/{branch}/{page}.ipynb"
BINDER = "https://mybinder.org/v2/{where}/{branch}?urlpath=lab/tree/{page}.ipynb"
ICONS = "window.FontAwesomeConfig={observeMutations:false}"  # else it rewrites whatever moves, and stops the widgets' players
CODE = re.compile(r"(`[^`]+`)")
SPECIAL = re.compile(r"([*_|\\\\])")


def launchers(page: str, web: str, branch: str) -> dict[str, str]:
    """Where a chapter can be opened: by what the button says, the address. Colab reads from GitHub alone, Binder from anywhere."""
    found, name = {}, re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+)", web)
    if name:
        found["Open in Colab"] = COLAB.format(name=name[1], branch=branch, page=page)
    where = f"gh/{name[1]}" if name else f"git/{quote(web, '')}"
    found["Open in Binder"] = BINDER.format(where=where, branch=branch, page=page)
    return found


def adapt(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None) -> None:
    """A page without the script that would fetch Thebe from another host; below a chapter's title a row of buttons."""
    scripts = [(script, f"{script.filename} {getattr(script, 'attributes', {}).get('body', '')}") for script in context["script_files"]]
    context["script_files"] = [script for script, said in scripts if "thebe" not in said.lower()]
    if not pagename.startswith("notebooks/"):
        return
    options = app.config.html_theme_options
    links = launchers(pagename, options["repository_url"], options["repository_branch"])
    links["Download this notebook"] = f"../_sources/{pagename}.ipynb"
    row = "".join(f'<a href="{link}"{" download" if "_sources" in link else ""}>{said}</a>' for said, link in links.items())
    context["body"] = context["body"].replace("</h1>", f'</h1>\n<nav class="launch" aria-label="This chapter elsewhere">{row}</nav>', 1)


def plain(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """The package's docstrings are plain English with `code`: nothing else in them is markup."""
    text = "\n".join(lines).strip("\n")
    blocks = []
    for block in re.split(r"\n\s*\n", text):
        if any(line.startswith("    ") for line in block.splitlines()):
            blocks.append("::\n\n" + "\n".join(f"    {line}" for line in block.splitlines()))
        else:
            parts = CODE.split(" ".join(line.strip() for line in block.splitlines()))
            blocks.append("".join(f"`{part}`" if index % 2 else SPECIAL.sub(r"\\\1", part) for index, part in enumerate(parts)))
    lines[:] = "\n\n".join(blocks).splitlines() + [""]


def inline(translator, node: nodes.math) -> None:
    translator.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def block(translator, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math" tabindex="0">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict:
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    app.add_js_file(None, body=ICONS, priority=0)
    app.connect("html-page-context", adapt, priority=900)
    app.connect("autodoc-process-docstring", plain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
