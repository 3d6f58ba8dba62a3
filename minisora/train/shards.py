"""Shards of clips for the denoiser's training: drawn from seeds or from a data set's scenes, labelled, captioned, coded."""

import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch

from minisora.precision import native_bf16
from minisora.train.clips import Bucket
from minisora.world.scene import FPS, Scene

ENCODED = 16, 128  # clips coded at once, on a CPU and on a GPU
STYLES = {"short": 2, "detailed": 2, "paraphrase": 3, "odd": 1}  # captions of each clip


@dataclass
class Captions(Sequence):
    """The captions of many clips, [[style, [[text, shot], ...]], ...] each: kept as JSON and read when they are asked for."""

    lines: list[str]

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, clip: int) -> list[list]:
        return json.loads(self.lines[clip])


def captions_of(scene: Scene, seed: int) -> list[list]:
    """Captions of all styles: [style, [[text, shot], ...]] each."""
    from minisora.world.caption import caption

    told = []
    for style, count in STYLES.items():
        for number in range(count):
            told.append([style, [list(part) for part in parts_of(caption(scene, style, seed * 16 + number))]])
    return told


def parts_of(caption) -> list[tuple[str, int]]:
    """A caption as pieces of text, each with the number of its shot (0: the whole video)."""
    return [(text, shot) for shot, text in caption.parts]


@dataclass(frozen=True)
class Drawn:
    """Scenes that are drawn from seeds: `first` plus each of `span`. Of clips longer than 2 seconds every third has a cut."""

    split: str
    first: int
    span: range

    def scenes(self, bucket: Bucket) -> Iterator[tuple[Scene, int]]:
        from minisora.world.sample import sample_scene

        for seed in (self.first + index for index in self.span):
            shots = 2 if bucket.frames > 17 and seed % 3 == 0 else 1
            aspect = bucket.width / bucket.height
            yield sample_scene(seed, seconds=(bucket.frames - 1) / FPS, aspect=aspect, split=self.split, shots=shots), seed


@dataclass(frozen=True)
class Given:
    """Scenes that a data set holds, as JSON."""

    scripts: tuple[str, ...]

    def scenes(self, bucket: Bucket) -> Iterator[tuple[Scene, int]]:
        return ((Scene.from_json(script), zlib.crc32(script.encode())) for script in self.scripts)


Job = tuple[Path, Bucket, Drawn | Given]


@lru_cache(maxsize=1)
def autoencoder(folder: str):
    """The autoencoder in a folder of weights, once a process."""
    from minisora.train.vae import load_vae

    return load_vae(Path(folder))


def alone() -> None:
    """One thread for each worker: there are as many workers as cores."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@torch.inference_mode()
def encode(vae, frames: np.ndarray) -> np.ndarray:
    """Latents (n, c, t, h, w) float16 of frames (n, T, H, W, 3) uint8, made where the autoencoder is."""
    from minisora.train.data import to_video

    parts, device = [], vae.latent_mean.device
    gpu = device.type == "cuda"
    with torch.autocast(device.type, torch.bfloat16, enabled=gpu or native_bf16()):
        for some in torch.from_numpy(frames).split(ENCODED[gpu]):
            parts.append(vae.encode(to_video(some.to(device))).half().cpu().numpy())
    return np.concatenate(parts)


def drawn(job: Job) -> dict[str, np.ndarray]:
    """What a shard holds, with frames (n, T, H, W, 3) uint8 where its latents will be."""
    from minisora.train.labels import frame_shots, token_labels
    from minisora.world.render import render

    _, bucket, source = job
    sides = bucket.frames, bucket.height, bucket.width
    made = list(source.scenes(bucket))
    t = 1 + (bucket.frames - 1) // 4
    return {
        "frames": np.stack([render(scene, height=bucket.height, width=bucket.width) for scene, _ in made]),
        "labels": np.stack([token_labels(scene, *sides) for scene, _ in made]),
        "shots": np.stack([frame_shots(scene, t) for scene, _ in made]).astype(np.uint8),
        "captions": np.frombuffer("\n".join(json.dumps(captions_of(scene, seed)) for scene, seed in made).encode(), np.uint8),
    }


def write_shard(path: Path, arrays: dict[str, np.ndarray]) -> None:
    part = path.with_name(f".{path.name}.part")
    with open(part, "wb") as file:
        np.savez(file, **arrays)
    os.replace(part, path)


def read_shard(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as shard:
        return {key: shard[key] for key in shard.files}


def make_shard(job: Job, vae: str) -> int:
    """Draws, labels, captions and codes one shard and writes it; returns the number of clips."""
    made = drawn(job)
    latents = encode(autoencoder(vae), made.pop("frames"))
    write_shard(job[0], {"latents": latents, **made})
    return len(latents)


def draw_shard(job: Job) -> int:
    """Draws, labels and captions one shard and writes it, its frames compressed; returns the number of clips."""
    made = drawn(job)
    frames = made.pop("frames")
    packed = np.frombuffer(zlib.compress(frames.tobytes(), 1), np.uint8)
    write_shard(job[0], {"packed": packed, "shape": np.array(frames.shape), **made})
    return len(frames)


def code_shard(path: Path, folder: Path, vae) -> int:
    """Codes a shard of `draw_shard` into `folder`, unless it is there; returns the number of clips."""
    made = read_shard(path)
    packed, shape = made.pop("packed"), made.pop("shape")
    if not (folder / path.name).exists():
        frames = np.frombuffer(bytearray(zlib.decompress(packed.tobytes())), np.uint8).reshape(shape)
        write_shard(folder / path.name, {"latents": encode(vae, frames), **made})
    return int(shape[0])
