"""What goes wrong because of what was asked, not because of a fault in the program."""


class UserError(ValueError):
    """One line: what was given, what is possible, what to type next. The command line prints it and exits with 2."""


def one_line(error: BaseException, limit: int = 200) -> str:
    """The first line of another library's message, cut to `limit` characters, for use inside a UserError."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"
