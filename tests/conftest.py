"""What tests share. Nothing of minisora is imported up here: shapes are checked in what is imported after pytest's options are read."""

import json
import os

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.update(HF_HUB_OFFLINE="1", HF_DATASETS_OFFLINE="1", HF_HUB_DISABLE_TELEMETRY="1", TQDM_DISABLE="1")

import numpy as np
import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """The order of sums, and so the last bits, must not hang on the number of cores."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seeded():
    """Each test starts from the same random state, whichever ran before."""
    import torch

    torch.manual_seed(0)
    np.random.seed(0)


@pytest.fixture(scope="session")
def clip() -> np.ndarray:
    """A red square that slides over a blue ground: (9, 32, 48, 3) uint8."""
    frames = np.full((9, 32, 48, 3), (60, 90, 200), np.uint8)
    for index, frame in enumerate(frames):
        frame[8:24, 2 + 3 * index : 18 + 3 * index] = (220, 40, 40)
    return frames


def make_tiny():
    """A whole MiniSora with random weights, quick to make and to run, whose output is not constant."""
    import torch

    from minisora.dit import PRESETS, DiT
    from minisora.sora import MiniSora
    from minisora.text import TextConfig, TextEncoder, Tokenizer
    from minisora.vae import SIZES, VideoVAE

    torch.manual_seed(0)
    vae = VideoVAE(SIZES["tiny"])
    config = PRESETS["tiny"]
    dit = DiT(type(config)(**{**vars(config), "channels": vae.config.channels}))
    for layer in (dit.modulate, dit.finish, dit.out):  # born at zero, where nothing in the request could be seen
        torch.nn.init.normal_(layer.weight, std=0.05)
    tokenizer = Tokenizer.of_words(["a red ball hops over a blue box in the snow, and rolls left"])
    text = TextEncoder(TextConfig.named("tiny", len(tokenizer)))
    return MiniSora(vae, dit, text, tokenizer).eval()


@pytest.fixture(scope="session")
def tiny():
    return make_tiny()


@pytest.fixture(scope="session")
def tiny_folder(tiny, tmp_path_factory):
    """A folder of tiny's weights. Tests that damage it copy it first."""
    folder = tmp_path_factory.mktemp("weights")
    tiny.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def shipped():
    """The repository's own weights."""
    from minisora.sora import MiniSora, shipped_weights

    config = shipped_weights() / "config.json"
    if not config.exists() or "dit" not in json.loads(config.read_text()):
        pytest.skip("the repository's weights are not there")
    return MiniSora.from_pretrained()


def pytest_terminal_summary(terminalreporter):
    """A table of seconds per notebook, where notebooks were run."""
    seconds: dict[str, float] = {}
    for report in (report for some in terminalreporter.stats.values() for report in some if hasattr(report, "duration")):
        name = report.nodeid.split("::")[0]
        if name.endswith(".ipynb"):
            seconds[name] = seconds.get(name, 0) + report.duration
    if seconds:
        terminalreporter.section("seconds a notebook")
        for name, spent in [*sorted(seconds.items()), ("all", sum(seconds.values()))]:
            terminalreporter.write_line(f"{spent:7.1f}  {name}")
