"""A stub whose answer stands between markers, as nbgrader and Otter want it: they cut out what is between, and give that to students."""

import ast
import textwrap

from chapters import Exercise

Where = dict[str, ast.FunctionDef]


def marked(exercise: Exercise, begin: str, end: str) -> str:
    """The solution under the stub's own heads and docstrings; what a student must write stands between `begin` and `end`."""
    stub, solution = exercise.stub.text, exercise.solution.text
    asked = [name for name, node in _functions(stub).items() if isinstance(node.body[-1], ast.Raise)]
    answered = _functions(solution)
    if not asked or any(name not in answered for name in asked):
        return f"{begin}\n{solution.strip()}\n{end}"  # a value is asked, not a function
    lines, extras = stub.splitlines(), _extras(stub, solution)
    for name in reversed(asked):
        node = _functions(stub)[name]
        last, indent = node.body[-1], " " * node.body[-1].col_offset
        body = [begin, *(extras if name == asked[0] else []), *_body(answered[name], solution), end]
        lines[last.lineno - 1 : last.end_lineno] = textwrap.indent("\n".join(body), indent).splitlines()
    text = "\n".join(lines)
    ast.parse(text)
    return text


def _functions(text: str) -> Where:
    """Functions and methods by name ("f", "Class.f")."""
    found: Where = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}": part for part in node.body if isinstance(part, ast.FunctionDef)}
    return found


def _body(node: ast.FunctionDef, text: str) -> list[str]:
    """The lines of a function below its head and docstring, comments among them."""
    has_words = isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
    first = node.body[1] if has_words and len(node.body) > 1 else node.body[0]
    above = node.body[0].end_lineno if first is not node.body[0] else _head_end(node, text)
    return textwrap.dedent("\n".join(text.splitlines()[above : node.end_lineno])).strip("\n").splitlines()


def _head_end(node: ast.FunctionDef, text: str) -> int:
    """The line (counted from 1) on which a function's head ends: the one before its first statement and the comments above that."""
    lines, line = text.splitlines(), node.body[0].lineno - 1
    while lines[line - 1].strip().startswith("#") or not lines[line - 1].strip():
        line -= 1
    return line


def _extras(stub: str, solution: str) -> list[str]:
    """What the solution has besides the functions and classes of the stub: imports, helpers, constants."""
    known = {getattr(node, "name", ast.dump(node)) for node in ast.parse(stub).body}
    lines, extras = solution.splitlines(), []
    for node in ast.parse(solution).body:
        if getattr(node, "name", ast.dump(node)) not in known:
            first = min([node.lineno, *(above.lineno for above in getattr(node, "decorator_list", []))])
            extras += lines[first - 1 : node.end_lineno]
    return extras
