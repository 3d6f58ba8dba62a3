"""Names shapes: a small network that looks at one blob at a time. Built in chapter 8.

It sees the blob's outline, what covers it and its face, never its colour or the place, and says which kind it is, that it is
no clean shape at all, how large the body is inside its box, and how far it is turned.
"""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minisora.world.scene import KINDS

from .colours import Blob, somebody_else

SIDE = 16  # pixels of the picture that the eye looks at
MARGIN = 1.3  # of it, over the blob's box
MESS = len(KINDS)  # the answer "no clean shape"


class Eye(nn.Module):
    """Pictures (N, 3, 16, 16) → kind logits (N, 9), log of half-height over picture side (N,), sine and cosine of the angle (N, 2).

    Kind and size come from the outline alone (what is seen of the body, what covers it); the angle from the face too.
    """

    def __init__(self, width: int = 16):
        super().__init__()
        sizes = [2, width, 2 * width, 4 * width]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in zip(sizes[:-1], sizes[1:], strict=True))
        self.body, self.head = nn.Linear(sizes[-1] * 16, 64), nn.Linear(64, len(KINDS) + 2)
        self.face, self.turn = nn.Linear(2 * SIDE * SIDE, 96), nn.Linear(96, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        face = torch.stack([x[:, 0], x[:, 2] - x[:, 2].mean((1, 2), keepdim=True)], 1)
        turn = self.turn(F.relu(self.face(face.flatten(1))))
        x = x[:, :2]
        for index, conv in enumerate(self.convs):
            x = F.relu(conv(x))
            x = F.max_pool2d(x, 2) if index < 2 else x  # (N, ·, 4, 4) at the end
        out = self.head(F.relu(self.body(x.flatten(1))))  # (N, 10)
        return out[:, : MESS + 1], out[:, MESS + 1], F.normalize(turn, dim=-1)


def picture(frame_hsv: np.ndarray, labels: np.ndarray, blob: Blob) -> tuple[np.ndarray, float]:
    """What the eye sees of a blob: (3, 16, 16) float32 — own outline, whatever may cover it, brightness — and its side in units.

    `frame_hsv` (H, W, 3) and `labels` (H, W) are the blob's frame. Pixels outside the frame count as covering.
    """
    H, W = labels.shape
    unit = min(H, W)
    side = max(MARGIN * blob.size * unit, 8.0)
    strength = frame_hsv[..., 1] * frame_hsv[..., 2]
    own = np.zeros((H, W), np.float32)
    row, column = blob.corner
    own[row : row + blob.mask.shape[0], column : column + blob.mask.shape[1]] = blob.mask
    level = float(np.median(strength[own > 0]))
    other = somebody_else(labels, frame_hsv, int(blob.colour)).astype(np.float32)
    near = cv2.dilate(own, np.ones((3, 3), np.uint8)) * (1 - other)
    soft = np.maximum(own * 0.7, np.clip(strength / max(level, 0.05), 0, 1)) * near
    stack = np.stack([soft, other, frame_hsv[..., 2]], -1)
    centre = ((blob.left + blob.right) / 2 * unit + W / 2 - 0.5, H / 2 - (blob.bottom + blob.top) / 2 * unit - 0.5)
    zoom = side / (2 * SIDE)
    matrix = np.array([[zoom, 0, centre[0] - zoom * (SIDE - 0.5)], [0, zoom, centre[1] - zoom * (SIDE - 0.5)]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    out = cv2.warpAffine(stack, matrix, (2 * SIDE, 2 * SIDE), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 1, 0))
    out = cv2.resize(out, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(out.transpose(2, 0, 1)), side / unit


@torch.inference_mode()
def look(eye: Eye, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures (N, 3, 16, 16) → log-probabilities of the kinds and of a mess (N, 9), log-sizes (N,), angles in radians (N,)."""
    if not len(pictures):
        return np.zeros((0, MESS + 1)), np.zeros(0), np.zeros(0)
    kind, size, turn = eye(torch.from_numpy(pictures))
    return kind.log_softmax(-1).numpy(), size.numpy(), torch.atan2(turn[:, 0], turn[:, 1]).numpy()
