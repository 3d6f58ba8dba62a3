"""`python -m minisora …` is the console script `minisora …`."""

from minisora.cli import script

if __name__ == "__main__":
    script()
