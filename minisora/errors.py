"""What goes wrong because of what was asked, not because of a fault in the program."""


class UserError(ValueError):
    """One line: what was given, what is possible, what to type next. The command line prints it and exits with 2."""


def one_line(error: BaseException | str, limit: int = 200) -> str:
    """Another library's message without line breaks, cut to `limit` characters, for use inside a UserError."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"
