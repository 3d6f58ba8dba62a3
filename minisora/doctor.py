"""`minisora doctor`: the environment in one page, ok or what to do. Paste it into a bug report."""

import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

PACKAGES = tuple(
    "torch lightning torchvision numpy av pillow tokenizers safetensors huggingface_hub datasets ipywidgets".split()
)
OPTIONAL = ("torchvision", "datasets", "ipywidgets")
INSTALL = "python -m pip install -r requirements.txt"


def main(say: Callable[[str], None] = print) -> int:
    """Prints what was found. 0: all is well; 1: something is to be done, and it says what."""
    todo: list[str] = []
    say(f"minisora {_version('minisora') or 'not installed'} · Python {platform.python_version()} · {platform.platform()}")
    if not (3, 11) <= tuple(map(int, platform.python_version_tuple()[:2])) < (3, 14):
        todo.append("this Python was not tried: take 3.11, 3.12 or 3.13")
    if not _version("minisora"):
        todo.append(f"install the package: {INSTALL}")
    missing = [name for name in PACKAGES if not _version(name)]
    say("packages   " + " · ".join(f"{name} {_version(name)}" for name in PACKAGES if name not in missing))
    if missing:
        say(f"missing    {', '.join(missing)}")
    if set(missing) - set(OPTIONAL):
        todo.append(f"packages are missing: {INSTALL}")
    else:
        _processor(say)
        _video(say, todo)
        _weights(say, todo)
    for line in todo:
        say(f"to do      {line}")
    say("something is to be done" if todo else "ok")
    return 1 if todo else 0


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _processor(say: Callable[[str], None]) -> None:
    import torch

    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none (none is needed)"
    say(f"processor  {_cpu_name()} · {usable} cores, torch uses {torch.get_num_threads()} · GPU: {gpu}")
    fp32, bf16 = (matmul_gflops(dtype) for dtype in (torch.float32, torch.bfloat16))
    verdict = "training in bf16 pays" if bf16 > 1.2 * fp32 else "bf16 is no faster here: train with --precision 32-true"
    say(f"matmul     fp32 {fp32:.0f} GFLOP/s · bf16 {bf16:.0f} GFLOP/s · {verdict}")
    compiler = next((found for name in (os.environ.get("CXX"), "g++", "clang++", "cl") if name and (found := shutil.which(name))), None)
    say(f"compiler   {compiler or 'none: torch.compile is off, everything works without it'}")


def matmul_gflops(dtype, n: int = 1024, seconds: float = 0.4) -> float:
    """The best of repeated n × n matrix products, in 10⁹ operations per second."""
    import torch

    a, b = torch.randn(n, n, dtype=dtype), torch.randn(n, n, dtype=dtype)
    best, end = float("inf"), time.perf_counter() + seconds
    for _ in range(3):
        a @ b
    while time.perf_counter() < end:
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * n**3 / best / 1e9


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _video(say: Callable[[str], None], todo: list[str]) -> None:
    import numpy as np

    from minisora.video import Video

    frames = np.zeros((5, 32, 32, 3), np.uint8)
    frames[:, 8:24, 8:24] = (220, 40, 40)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Video(frames).save(Path(folder) / "square.mp4", scale=4)
            back, size = Video.load(path), path.stat().st_size
        error = abs(back.frames[2, 64, 64].astype(int) - frames[2, 16, 16]).max()
        if len(back) != 5 or error > 12:
            raise RuntimeError(f"{len(back)} of 5 frames came back, colour off by {error}")
        say(f"video      wrote and read an mp4 of {size} bytes")
    except Exception as error:  # whatever it is, the reader has to see it
        say(f"video      fails: {type(error).__name__}: {error}")
        todo.append('PyAV cannot write video: python -m pip install --force-reinstall "av>=17,<19"')


def _weights(say: Callable[[str], None], todo: list[str]) -> None:
    from minisora.sora import MiniSora, shipped_weights

    folder = shipped_weights()
    files = sorted(folder.glob("*.safetensors")) if folder.is_dir() else []
    if not files:
        say(f"weights    none in {folder}")
        todo.append("the repository's weights are missing: git restore data/weights, or train them: minisora train vae, minisora train dit")
        return
    for file in files:
        say(f"weights    {file.name} · {file.stat().st_size / 1e6:.1f} MB · sha256 {hashlib.sha256(file.read_bytes()).hexdigest()[:16]}")
    try:
        start = time.perf_counter()
        sora = MiniSora.from_pretrained()
        size = sum(p.numel() for p in sora.parameters()) / 1e6
        say(f"           load in {time.perf_counter() - start:.1f} s: {size:.1f} M parameters")
    except ValueError as error:
        say(f"           do not load: {error}")
        todo.append("the weights are damaged: git restore data/weights")
