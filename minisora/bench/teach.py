"""Teaches the oracle on the toy world: `python -m minisora.bench.teach`. Seeded; some 20 minutes on two cores. Built in chapter 8."""

import argparse
import pickle
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tqdm import tqdm

from .eye import MESS, SIDE
from .lessons import backdrop_lesson, eye_lesson, verb_lesson
from .parse import WEIGHTS, Oracle

MESSY = 0.25  # share of the pictures that are spoiled until they are no clean shape


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m minisora.bench.teach", description="Teach the oracle on rendered scenes.")
    parser.add_argument("--scenes", type=int, default=5000, help="scenes for each part (default 5000)")
    parser.add_argument("--steps", type=int, default=2000, help="training steps of each part (default 2000)")
    parser.add_argument("--cache", metavar="FOLDER", help="keep the scenes here for another time")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=("eye", "backdrop", "reader"), help="teach this part alone, keep the others")
    args = parser.parse_args(argv)
    torch.manual_seed(0)
    oracle = Oracle.new()
    if args.only:
        oracle.load(parts=tuple({"eye", "backdrop", "reader"} - {args.only}))
    with ProcessPoolExecutor(args.workers, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        if args.only in (None, "eye"):
            teach_eye(oracle.eye, sum(_lessons(pool, eye_lesson, range(args.scenes), args.cache, "eye"), []), args.steps)
        if args.only in (None, "backdrop"):
            teach_backdrop(oracle.backdrop, _lessons(pool, backdrop_lesson, range(args.scenes // 2), args.cache, "backdrop"), args.steps)
        if args.only in (None, "reader"):
            lessons = _lessons(pool, partial(verb_lesson, eye=oracle.eye), range(args.scenes), args.cache, "reader")
            teach_reader(oracle.reader, [found for found in lessons if found is not None], args.steps)
    oracle.save()
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size / 1e3:.0f} kB")
    return 0


def _lessons(pool, lesson, seeds, cache: str | None, name: str) -> list:
    """What `lesson` makes of every seed, or what an earlier run made."""
    file = Path(cache) / f"{name}-{len(seeds)}.pickle" if cache else None
    if file and file.exists():
        return pickle.loads(file.read_bytes())
    found = list(tqdm(pool.map(lesson, seeds, chunksize=16), total=len(seeds), desc=f"scenes for the {name}", disable=None))
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(found))
    return found


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
    rows = lessons
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


if __name__ == "__main__":
    raise SystemExit(main())
