"""The same run of a chapter leaves the same file: what is chance is taken out."""

import importlib.util
import json
from pathlib import Path

PATH = Path(__file__).parent.parent / "tools" / "notebooks.py"
spec = importlib.util.spec_from_file_location("notebooks_tool", PATH)
tool = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tool)


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
