"""The same run of a chapter leaves the same file: what is chance is taken out."""

import json

import notebooks as tool


def notebook(root: str, inner: str, version: str, cut: int) -> str:
    """What an execution writes: random names of widgets, versions, streams cut anywhere."""
    text = "one\ntwo\n"
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": root}}
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": [part]} for part in (text[:cut], text[cut:])
    ] + [{"output_type": "display_data", "data": view, "metadata": {}}]  # fmt: skip
    state = {root: {"state": {"children": [f"IPY_MODEL_{inner}"]}}, inner: {"state": {"value": "a"}}}
    cell = {"cell_type": "code", "metadata": {"execution": {"iopub.execute_input": version}}, "outputs": outputs, "source": []}
    kept = {"application/vnd.jupyter.widget-state+json": {"state": state}}
    return json.dumps({"cells": [cell], "metadata": {"language_info": {"version": version}, "widgets": kept}})


def test_two_runs_leave_the_same_file():
    one = tool.normal(notebook("a" * 32, "b" * 32, "3.11.1", 2))
    other = tool.normal(notebook("f" * 32, "0" * 31 + "7", "3.13.0", 5))
    assert one == other
    book = json.loads(one)
    stream, view = book["cells"][0]["outputs"]
    assert "".join(stream["text"]) == "one\ntwo\n"
    root = view["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]
    state = book["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert state[root]["state"]["children"][0].removeprefix("IPY_MODEL_") in state


def test_what_was_printed_still_differs():
    text = notebook("a" * 32, "b" * 32, "3.11.1", 2)
    assert tool.normal(text) != tool.normal(text.replace('"on', '"un'))


def kept(*texts: str, outputs: bool = True) -> dict:
    cells = [
        {"cell_type": "code", "source": [text], "execution_count": n if outputs else None, "outputs": [text] * outputs, "metadata": {}}
        for n, text in enumerate(texts, 1)
    ]
    return {"cells": cells, "metadata": {}}


def test_outputs_are_kept_where_the_code_is_the_same():
    book = kept("a", "c", outputs=False)
    assert tool.keep(book, kept("a", "b", "c")) == 0
    assert [(cell["execution_count"], cell["outputs"]) for cell in book["cells"]] == [(1, ["a"]), (2, ["c"])]
    book = kept("a", "B", "c", outputs=False)
    assert tool.keep(book, kept("a", "b", "c")) == 1 and book["cells"][1]["execution_count"] is None
