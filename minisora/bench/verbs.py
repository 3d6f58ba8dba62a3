"""Reads what everybody does, frame by frame, from their tracks alone. Built in chapter 8.

For every character the reader gets its own path, size, turning and visibility, and the same of everybody else seen from it;
it answers per frame which action this is, in which direction, and whom it concerns.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minisora.world.scene import ACTIONS

DIRECTIONS = ("", "left", "right")
OWN, PAIR = 20, 10  # numbers per frame about a character, and about another one seen from it


class Reader(nn.Module):
    """own (A, OWN, T), pair (A, B, PAIR, T), present (A, B) → actions (A, 17, T), directions (A, 3, T), targets (A, 1 + B, T), logits.

    A characters, each looking at up to B others; target 0 means nobody.
    """

    def __init__(self, width: int = 64):
        super().__init__()
        self.own = nn.Conv1d(OWN, width, 5, padding=2)
        self.pair = nn.Conv1d(PAIR + OWN, width, 5, padding=2)
        self.pair2 = nn.Conv1d(width, width, 5, padding=2)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 5, padding=2 * d, dilation=d) for d in (1, 2, 1, 4))
        self.mix = nn.Conv1d(2 * width, width, 1)
        self.action = nn.Conv1d(width, len(ACTIONS), 1)
        self.direction = nn.Conv1d(width, len(DIRECTIONS), 1)
        self.target = nn.Conv1d(2 * width, 1, 1)
        self.nobody = nn.Conv1d(width, 1, 1)

    def forward(self, own: Tensor, pair: Tensor, present: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        A, B, _, T = pair.shape
        me = F.gelu(self.own(own))  # (A, D, T)
        seen = torch.cat([pair, own[:, None].expand(A, B, OWN, T)], 2).flatten(0, 1)
        seen = self.pair2(F.gelu(self.pair(seen))).unflatten(0, (A, B))  # (A, B, D, T)
        company = seen.masked_fill(~present[:, :, None, None], -1e4).amax(1) if B else torch.full_like(me, -1e4)
        company = torch.where(company > -1e3, company, torch.zeros(()))  # alone
        x = F.gelu(self.mix(torch.cat([me, company], 1)))  # (A, D, T)
        for layer in self.layers:
            x = x + F.gelu(layer(x))
        both = torch.cat([seen, x[:, None].expand(A, B, -1, T)], 2).flatten(0, 1)
        target = self.target(both).reshape(A, B, T).masked_fill(~present[:, :, None], -1e4)
        return self.action(x), self.direction(x), torch.cat([self.nobody(x), target], 1)


@torch.inference_mode()
def read(reader: Reader, own: np.ndarray, pair: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features of one video's A characters → probabilities: actions (A, 17, T), directions (A, 3, T), targets (A, A, T).

    Column 0 of the targets is nobody; the others are in the order of `others`.
    """
    present = torch.ones(pair.shape[:2], dtype=torch.bool)
    answers = reader(torch.from_numpy(own), torch.from_numpy(pair), present)
    return tuple(answer.softmax(1).numpy() for answer in answers)
