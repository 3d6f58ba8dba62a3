"""minisora: OpenAI's Sora rebuilt from nothing, at a size that a laptop can train and run.

    from minisora import MiniSora

    sora = MiniSora.from_pretrained()
    sora.generate("a red ball hops over a blue box in the snow").save("ball.mp4")

Names are imported when they are first used: `import minisora` loads neither torch nor lightning.
"""

from importlib import import_module

__version__ = "0.1.0"
_HOMES = {"MiniSora": "minisora.sora", "Video": "minisora.video", "UserError": "minisora.errors"}
__all__ = ["MiniSora", "UserError", "Video", "__version__"]


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"minisora has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOMES))
