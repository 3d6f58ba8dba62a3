"""The website: the book that is built from `book/` and `notebooks/`, its gallery, scoreboard and failures."""
