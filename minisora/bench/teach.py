"""Teaches the oracle on the toy world, in one command that can be cut off and run again: `python -m minisora.bench.teach`.

Some 15 minutes on one core. What a run has made — the scenes seen so far, the parts that are taught — lies in a folder, where the next
run finds it and goes on; the same weights come out. Built in chapter 8.
"""

import argparse
import hashlib
import os
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm import tqdm

from .eye import MESS, SIDE
from .lessons import backdrop_lesson, eye_lesson, verb_lesson
from .parse import WEIGHTS, Oracle

MESSY = 0.25  # share of the pictures that are spoiled until they are no clean shape
RECIPE = {"eye": (6000, 2500), "backdrop": (3500, 2000), "reader": (6000, 2000)}  # scenes and training steps; the reader needs the eye
CHUNK = 100  # scenes that are written down at a time


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m minisora.bench.teach", description="Teach the oracle on rendered scenes.")
    parser.add_argument("--share", type=float, default=1.0, help="of the recipe's scenes and steps; 0.01 tries it out (default 1)")
    parser.add_argument("--folder", default="runs/oracle", help="keeps what is made, so that a run can go on (default runs/oracle)")
    parser.add_argument("--out", default=str(WEIGHTS), metavar="FILE", help="where the weights go (default: the repository's own)")
    parser.add_argument("--workers", type=int, default=2, help="processes that make scenes (default 2)")
    parser.add_argument("--only", choices=tuple(RECIPE), help="teach this part alone, keep the others of --out")
    args = parser.parse_args(argv)
    if not 0 < args.share <= 1:
        parser.error(f"--share {args.share:g}: above 0 and up to 1. Try --share 0.01.")
    out, folder = Path(args.out), Path(args.folder)
    oracle = Oracle.new()
    if args.only:
        oracle.load(out, tuple(part for part in RECIPE if part != args.only))
    for part in (args.only,) if args.only else RECIPE:
        learn(oracle, part, args.share, folder, args.workers)
    oracle.save(out)
    print(f"{out}: {out.stat().st_size / 1e3:.0f} kB")
    return 0


def learn(oracle: Oracle, part: str, share: float, folder: Path, workers: int) -> None:
    """Teaches one part, or takes it from `folder` when an earlier run did. Seeded, so that it makes no difference."""
    scenes, count = (max(round(number * share), 20) for number in RECIPE[part])
    lesson, teach = TEACHERS[part]
    name = f"{part}-{scenes}-{count}"
    if part == "reader":
        lesson, name = partial(lesson, eye=oracle.eye), f"{name}-{fingerprint(oracle.eye)}"
    done = folder / f"{name}.pt"
    module = getattr(oracle, part)
    if done.exists():
        print(f"{part}: taught before, {done}")
        module.load_state_dict(torch.load(done, weights_only=True))
        return
    found = list(lessons(lesson, scenes, folder / name, workers))
    torch.manual_seed(0)
    module.load_state_dict(getattr(Oracle.new(), part).state_dict())
    teach(module, found, count)
    torch.save(module.state_dict(), done.with_suffix(".partial"))
    os.replace(done.with_suffix(".partial"), done)


def fingerprint(module: nn.Module) -> str:
    """Eight letters that change with the weights."""
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in module.state_dict().values())).hexdigest()[:8]


def lessons(lesson: Callable, count: int, folder: Path, workers: int) -> Iterator:
    """What `lesson` makes of the seeds 0 to count - 1, a chunk at a time; chunks that an earlier run wrote to `folder` are read."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,)) if workers > 1 else nullcontext() as pool:
        for start in tqdm(range(0, count, CHUNK), desc=f"scenes for {folder.name}", unit_scale=CHUNK, disable=None):
            seeds = range(start, min(start + CHUNK, count))
            file = folder / f"{start}-{seeds.stop}.pickle"
            if not file.exists():
                made = list(pool.map(lesson, seeds, chunksize=8) if pool else map(lesson, seeds))
                file.with_suffix(".partial").write_bytes(pickle.dumps(made))
                os.replace(file.with_suffix(".partial"), file)
            yield from pickle.loads(file.read_bytes())


def steps(module, count: int, lr: float, name: str):
    """Yields, `count` times, a function that takes a loss and makes a step; the rate falls to 0 along a cosine."""
    optimiser = torch.optim.AdamW(module.parameters(), lr, weight_decay=0.02)
    module.train()
    for number in range(count):
        for group in optimiser.param_groups:
            group["lr"] = lr * min(1, (number + 1) / 50) * 0.5 * (1 + np.cos(np.pi * number / count))

        def step(loss, note="", number=number):
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimiser.step()
            if number % max(count // 10, 1) == 0:
                print(f"{name} step {number} loss {loss.item():.4f} {note}", flush=True)

        yield step
    module.eval()


def teach_eye(eye, lessons, count: int) -> None:
    rows = [row for scene in lessons for row in scene]
    views, kinds = torch.from_numpy(np.stack([row[0] for row in rows])), torch.tensor([row[1] for row in rows])
    sizes, angles = torch.tensor([row[2] for row in rows]).float(), torch.tensor([row[3] for row in rows]).float()
    held = len(rows) // 20
    print(f"eye: {len(rows)} pictures")
    for step in steps(eye, count, 2e-3, "eye"):
        pick = torch.randint(held, len(rows), (192,))
        x, kind, mess = mess_up(views[pick].float() / 255, kinds[pick])
        logits, size, turn = eye(x)
        wanted = torch.stack([angles[pick].sin(), angles[pick].cos()], 1)
        rest = ((size - sizes[pick]) ** 2 * 4 + (1 - (turn * wanted).sum(1)))[~mess].mean()
        step(F.cross_entropy(logits, kind, label_smoothing=0.02) + rest, f"right {(logits.argmax(1) == kind).float().mean():.3f}")
    with torch.inference_mode():
        logits, size, turn = eye(views[:held].float() / 255)
    off = torch.atan2(turn[:, 0], turn[:, 1]) - angles[:held]
    off = torch.atan2(off.sin(), off.cos()).abs()
    right, wide = (logits.argmax(1) == kinds[:held]).float().mean(), (size - sizes[:held]).abs().mean()
    print(f"eye, held out: kind {right:.4f}, size off {wide:.3f}, angle off {off.median():.3f}")


def mess_up(x: torch.Tensor, kind: torch.Tensor):
    """Turns the first share of pictures (N, 3, 16, 16) into no clean shape: bent, mixed with another kind, blurred, or bitten off."""
    N = int(MESSY * len(x))
    clean, clean_kind, x, own = x[N:], kind[N:], x[:N], kind[:N]
    how, partner = torch.randint(0, 4, (N,)), torch.randperm(N)
    lines = torch.linspace(-1, 1, SIDE)
    grid = torch.stack(torch.meshgrid(lines, lines, indexing="xy"), -1).expand(N, -1, -1, -1)  # (N, 16, 16, 2)
    field = F.interpolate(torch.randn(N, 2, 4, 4), (SIDE, SIDE), mode="bicubic", align_corners=True).permute(0, 2, 3, 1)
    bent = F.grid_sample(x, grid + field * torch.empty(N, 1, 1, 1).uniform_(0.17, 0.4), align_corners=True)
    share = torch.empty(N, 1, 1, 1).uniform_(0.35, 0.65)
    mixed = share * x + (1 - share) * x[partner]
    mixed[:, 0] = torch.where(torch.rand(N, 1, 1) < 0.5, mixed[:, 0], torch.maximum(x[:, 0], x[partner, 0]))
    blurred = F.interpolate(F.adaptive_avg_pool2d(x, 5), (SIDE, SIDE), mode="bilinear")
    side = F.normalize(torch.randn(N, 2), dim=1)
    cut = (grid * side[:, None, None]).sum(-1) > torch.empty(N, 1, 1).uniform_(-0.15, 0.3)  # (N, 16, 16)
    bitten = torch.cat([x[:, :1] * ~cut[:, None], x[:, 1:]], 1)
    mess = (how != 1) | (own != own[partner])
    spoiled = torch.stack([bent, mixed, blurred, bitten])[how, torch.arange(N)]
    kinds = torch.cat([torch.where(mess, MESS, own), clean_kind])
    mess = torch.cat([mess | (how == 1), torch.zeros(len(clean), dtype=torch.bool)])
    return torch.cat([spoiled, clean]), kinds, mess


def teach_backdrop(backdrop, lessons, count: int) -> None:
    small, marks = (torch.from_numpy(np.stack([row[k] for row in lessons])) for k in (0, 1))
    places, looks = (torch.tensor([row[k] for row in lessons]) for k in (2, 3))
    held = len(lessons) // 20
    for step in steps(backdrop, count, 2e-3, "backdrop"):
        pick = torch.randint(held, len(lessons), (256,))
        place, look = backdrop(small[pick] + 0.03 * torch.randn(256, 3, 1, 1), marks[pick] * (1 + 0.1 * torch.randn(256, 1)))
        step(F.cross_entropy(place, places[pick]) + F.cross_entropy(look, looks[pick]))
    with torch.inference_mode():
        place, look = backdrop(small[:held], marks[:held])
    right = [(answer.argmax(1) == truth[:held]).float().mean() for answer, truth in ((place, places), (look, looks))]
    print(f"backdrop, held out: place {right[0]:.4f}, look {right[1]:.4f}")


def teach_reader(reader, lessons, count: int) -> None:
    groups: dict[int, list] = {}
    for lesson in lessons:
        if lesson is None:
            continue
        groups.setdefault(lesson[0].shape[-1], []).append(lesson)
    lengths = sorted(groups)
    share = np.array([len(groups[length]) for length in lengths], float)
    rng = np.random.default_rng(0)
    for step in steps(reader, count, 2e-3, "reader"):
        rows = groups[lengths[rng.choice(len(lengths), p=share / share.sum())]]
        batch = collate([rows[i] for i in rng.integers(0, len(rows), 32)], rng)
        own, pair, present, *wanted = batch
        answers = reader(own, pair, present)
        losses = [F.cross_entropy(answer, want, ignore_index=-1) for answer, want in zip(answers, wanted, strict=True)]
        known = wanted[0] >= 0
        right = [(answer.argmax(1) == want)[known].float().mean().item() for answer, want in zip(answers, wanted, strict=True)]
        step(sum(losses), "right " + " ".join(f"{r:.3f}" for r in right))


def collate(rows, rng):
    """Lessons of one length side by side: own (A, ·, T), pair (A, B, ·, T), present (A, B), action, direction, target (A, T)."""
    most = max(row[1].shape[1] for row in rows)
    T = rows[0][0].shape[-1]
    pairs, present = [], []
    for row in rows:
        A, B = row[1].shape[:2]
        padded = np.zeros((A, most, row[1].shape[2], T), np.float32)
        padded[:, :B] = row[1]
        pairs.append(padded)
        present.append(np.arange(most)[None].repeat(A, 0) < B)
    own = np.concatenate([row[0] for row in rows])
    own = own + rng.normal(0, 0.01, own.shape).astype(np.float32)
    joined = [np.concatenate(part) for part in (pairs, present)]
    wanted = [np.concatenate([row[k] for row in rows]) for k in (2, 3, 4)]
    return [torch.from_numpy(part) for part in (own, *joined, *wanted)]


TEACHERS = {
    "eye": (eye_lesson, teach_eye), "backdrop": (backdrop_lesson, teach_backdrop), "reader": (verb_lesson, teach_reader),
}  # fmt: skip

if __name__ == "__main__":
    raise SystemExit(main())
