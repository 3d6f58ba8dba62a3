"""From words to states: a tokenizer of the toy world's words and a small transformer that reads them.

Built in chapter 5. Every word is one token. Words that the tokenizer does not know are left out, and `unknown_words` tells which
they are and which known ones come nearest. Every token carries the number of its shot: 0 is about the whole video.
"""

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from minisora.dit import attention
from minisora.errors import UserError
from minisora.patches import rotate

SPECIAL = ("[PAD]", "[UNK]", "[NULL]")
PAD, UNK, NULL = range(len(SPECIAL))
FILE = "tokenizer.json"
Parts = str | Sequence[tuple[str, int]]  # a text, or pieces of text with the number of their shot


class Tokens(NamedTuple):
    """Texts as numbers, padded to the longest."""

    ids: Int[Tensor, "B L"]
    mask: Bool[Tensor, "B L"]  # True at words
    shot: Int[Tensor, "B L"]

    def to(self, device: torch.device | str) -> "Tokens":
        return Tokens(*(part.to(device) for part in self))


class Tokenizer:
    """Lower-case words and punctuation marks, one token each."""

    def __init__(self, inner):
        self.inner = inner
        self.words = inner.get_vocab()

    @classmethod
    def of_words(cls, words: Iterable[str]) -> "Tokenizer":
        """A tokenizer that knows these words, sorted, so that the same words give the same numbers."""
        from tokenizers import Tokenizer as Inner
        from tokenizers import models, normalizers, pre_tokenizers

        known = sorted({piece for word in words for piece in re.findall(r"\w+|[^\w\s]+", word.lower())} - set(SPECIAL))
        inner = Inner(models.WordLevel({word: index for index, word in enumerate((*SPECIAL, *known))}, unk_token="[UNK]"))
        inner.normalizer = normalizers.Lowercase()
        inner.pre_tokenizer = pre_tokenizers.Whitespace()
        inner.add_special_tokens(list(SPECIAL))
        return cls(inner)

    @classmethod
    def load(cls, folder: str | os.PathLike) -> "Tokenizer":
        """The tokenizer.json of a folder of weights. Raises UserError when it is missing or damaged."""
        from tokenizers import Tokenizer as Inner

        path = Path(folder) / FILE
        if not path.exists():
            raise UserError(f"{path}: the tokenizer is missing. Take the whole folder of weights from one place.")
        try:
            return cls(Inner.from_file(str(path)))
        except Exception as error:  # the library raises Exception itself
            raise UserError(f"{path}: damaged ({str(error)[:80]}). Get the file again.") from error

    def save(self, folder: str | os.PathLike) -> None:
        path = Path(folder) / FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        self.inner.save(str(part))
        os.replace(part, path)

    def __len__(self) -> int:
        return len(self.words)

    def encode(self, text: Parts) -> tuple[list[int], list[int]]:
        """Ids and shot numbers of the known words. A text with none of them is the single token [NULL]: "whatever you like"."""
        pieces = [(text, 0)] if isinstance(text, str) else text
        pairs = [(index, shot) for piece, shot in pieces for index in self.inner.encode(piece).ids if index != UNK]
        return ([index for index, _ in pairs], [shot for _, shot in pairs]) if pairs else ([NULL], [0])

    def batch(self, texts: Sequence[Parts]) -> Tokens:
        """Several texts, padded to the longest: ids, mask and shots, each (B, L)."""
        return pad([self.encode(text) for text in texts])

    def decode(self, ids: Iterable[int]) -> str:
        return " ".join(self.inner.id_to_token(int(index)) for index in ids if int(index) != PAD)

    def unknown_words(self, prompt: Parts, nearest: int = 3) -> list[tuple[str, list[str]]]:
        """The words that are not known, in order, once each, with up to `nearest` known words that look like them."""
        text = prompt if isinstance(prompt, str) else " ".join(piece for piece, _ in prompt)
        strange = dict.fromkeys(word for word in re.findall(r"\w+", text.lower()) if word not in self.words)
        known = [word for word in self.words if word.isalpha()]
        return [(word, difflib.get_close_matches(word, known, n=nearest, cutoff=0.6)) for word in strange]


def pad(rows: Sequence[tuple[Sequence[int], Sequence[int]]], to: int = 1) -> Tokens:
    """Rows of (ids, shots) as tensors (B, L), padded to the longest, and on to a multiple of `to`: fewer lengths, fewer kernels."""
    longest = -(-max(len(ids) for ids, _ in rows) // to) * to
    ids = torch.full((len(rows), longest), PAD)
    shot = torch.zeros(len(rows), longest, dtype=torch.long)
    for row, (index, number) in enumerate(rows):
        ids[row, : len(index)] = torch.as_tensor(index)
        shot[row, : len(number)] = torch.as_tensor(number)
    return Tokens(ids, ids != PAD, shot)


@dataclass(frozen=True)
class TextConfig:
    """Sizes of the text encoder. `words` is the tokenizer's length."""

    words: int
    width: int = 192
    depth: int = 4
    heads: int = 3
    hidden: int = 512  # of SwiGLU

    @classmethod
    def named(cls, name: str, words: int) -> "TextConfig":
        if name not in SIZES:
            raise UserError(f"preset={name}: the text encoder comes as {', '.join(SIZES)}. Try small.")
        return cls(words=words, **SIZES[name])

    def to_dict(self) -> dict:
        return asdict(self)


SIZES = {"tiny": dict(width=64, depth=2, heads=2, hidden=128), "small": {}, "base": dict(width=256, heads=4, hidden=704)}


class Layer(nn.Module):
    """Attention of words to words, then SwiGLU; what each adds is 0 at the start."""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.heads = config.heads
        self.ask = nn.Linear(config.width, 3 * config.width, bias=False)
        self.answer = nn.Linear(config.width, config.width, bias=False)
        self.up = nn.Linear(config.width, 2 * config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, config.width, bias=False)
        self.gain = nn.Parameter(torch.full((config.heads, 1, 1), (config.width // config.heads) ** -0.5))
        for layer in (self.answer, self.down):
            nn.init.zeros_(layer.weight)

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor], bias: Tensor) -> Tensor:
        h = F.rms_norm(x, x.shape[-1:])                                                 # (B, L, D)
        q, k, v = self.ask(h).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # (B, H, L, d)
        q = rotate(F.rms_norm(q, q.shape[-1:]), *turn) * self.gain.to(q.dtype)
        seen = attention(q, rotate(F.rms_norm(k, k.shape[-1:]), *turn), v, bias.to(q.dtype))  # (B, H, L, d)
        x = x + self.answer(seen.transpose(1, 2).flatten(2))
        gate, value = self.up(F.rms_norm(x, x.shape[-1:])).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * value)


class TextEncoder(nn.Module):
    """Token ids to states. A word sees the words about the whole video and those of its own shot."""

    def __init__(self, config: TextConfig):
        super().__init__()
        self.config = config
        self.embed = nn.Embedding(config.words, config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.depth))

    def forward(
        self, ids: Int[Tensor, "B L"], mask: Bool[Tensor, "B L"], shot: Int[Tensor, "B L"] | None = None
    ) -> Float[Tensor, "B L Dt"]:
        """States of the words; those of padding mean nothing. `mask` is True at words. Built in chapter 5."""
        shot = torch.zeros_like(ids) if shot is None else shot
        meant = (shot[:, None] == 0) | (shot[:, None] == shot[:, :, None])              # (B, L, L)
        bias = torch.where(meant & mask[:, None], 0.0, -1e4)[:, None]                   # (B, 1, L, L)
        x = self.embed(ids)                                                             # (B, L, D)
        pairs = x.shape[-1] // self.config.heads // 2
        angle = torch.arange(ids.shape[1], device=ids.device)[:, None] * 64.0 ** -(torch.arange(pairs, device=ids.device) / pairs)
        turn = angle.cos(), angle.sin()                                                 # (L, pairs)
        for layer in self.layers:
            x = layer(x, turn, bias)
        return x
