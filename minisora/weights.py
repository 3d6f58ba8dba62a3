"""Weights on disk: a folder with config.json and safetensors files of at most 16 MB each, as Hugging Face's tools expect them.

A folder holds parts by name ("vae", "dit", "text"); each can be written alone, as its training ends. config.json has one entry a part.
Matrices are stored in half precision and loaded in single; vectors (biases, gains, latent statistics) are stored as they are.
"""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from minisora.errors import UserError, one_line

CONFIG = "config.json"
LARGEST = "16MB"  # of a file
HALF_ENDS = 60_000.0  # half precision ends at 65,504


def save_part(folder: str | os.PathLike, name: str, module: nn.Module, config: dict) -> None:
    """Write `module` as the part `name` of the folder (made when missing), and `config`, what it takes to build it again."""
    from huggingface_hub import save_torch_state_dict

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state = {key: _stored(value) for key, value in module.state_dict().items()}
    with tempfile.TemporaryDirectory(dir=folder, prefix=f".{name}-") as fresh:
        save_torch_state_dict(state, fresh, filename_pattern=f"{name}{{suffix}}.safetensors", max_shard_size=LARGEST)
        for stale in part_files(folder, name):
            stale.unlink()
        for file in sorted(Path(fresh).iterdir()):
            os.replace(file, folder / file.name)
    parts = read_config(folder) if (folder / CONFIG).exists() else {}
    _write_json(folder / CONFIG, {**parts, name: config})


def load_part(folder: str | os.PathLike, name: str, make: Callable[[dict], nn.Module]) -> nn.Module:
    """`make(config)` with the weights of the part `name`, in single precision, in evaluation mode.

    Raises UserError when something is missing, cut off or of another shape.
    """
    folder = Path(folder)
    parts = read_config(folder)
    if name not in parts:
        raise UserError(f"{folder / CONFIG}: there is no {name!r}, only {', '.join(parts) or 'nothing'}. Train it: minisora train {name}")
    try:
        module = make({key: tuple(value) if isinstance(value, list) else value for key, value in parts[name].items()})  # JSON has no tuples
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UserError(f"{folder / CONFIG}: no {name!r} can be built from its entry ({one_line(error)}). Get the folder again.") from error
    state = _read_state(folder, name)
    here = module.state_dict()
    for key in [*here, *state]:
        _check(folder, name, key, here, state)
    module.load_state_dict({key: value.to(here[key].dtype) for key, value in state.items()})
    return module.eval()


def part_files(folder: str | os.PathLike, name: str) -> list[Path]:
    """The files of a part: one safetensors file, or several and their index."""
    return sorted(file for pattern in (f"{name}.safetensors*", f"{name}-*-of-*.safetensors") for file in Path(folder).glob(pattern))


def read_config(folder: Path) -> dict:
    """config.json of a folder of weights. Raises UserError when there is none, or it is no JSON."""
    path = folder / CONFIG
    if not folder.is_dir():
        raise UserError(f"{folder}: there is no such folder of weights. Give a folder with {CONFIG}, or nothing for the repository's own.")
    if not path.exists():
        raise UserError(f"{folder}: there are no weights here, {CONFIG} is missing. Give another folder, or train: minisora train vae")
    try:
        parts = json.loads(path.read_text())
    except (ValueError, OSError) as error:
        raise UserError(f"{path}: not readable as JSON ({one_line(error)}). Get the folder again.") from error
    if not isinstance(parts, dict):
        raise UserError(f"{path}: a JSON object is expected, with one entry a part. Get the folder again.")
    return parts


def _read_state(folder: Path, name: str) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    index = folder / f"{name}.safetensors.index.json"
    try:
        files = sorted(set(json.loads(index.read_text())["weight_map"].values())) if index.exists() else [f"{name}.safetensors"]
    except (ValueError, KeyError, AttributeError) as error:
        raise UserError(f"{index}: not readable ({one_line(error)}). Get the file again.") from error
    state: dict[str, Tensor] = {}
    for file in files:
        path = folder / Path(file).name
        if not path.exists():
            raise UserError(f"{path}: this weights file is missing. Get it again (in the repository: git restore {path.parent}).")
        try:
            state.update(load_file(path))
        except (SafetensorError, OSError, ValueError) as error:
            again = f"Get it again (in the repository: git restore {path.parent})."
            raise UserError(f"{path}: cut off or damaged ({one_line(error, 80)}). {again}") from error
    return state


def _check(folder: Path, name: str, key: str, here: dict[str, Tensor], state: dict[str, Tensor]) -> None:
    told = f"{folder}: the weights of {name!r} are not those of the network in {CONFIG}"
    again = "Take both from the same place."
    if key not in state:
        raise UserError(f"{told}: {key} is missing. {again}")
    if key not in here:
        raise UserError(f"{told}: {key} is too many. {again}")
    if state[key].shape != here[key].shape:
        raise UserError(f"{told}: {key} has shape {tuple(state[key].shape)} and not {tuple(here[key].shape)}. {again}")


def _stored(value: Tensor) -> Tensor:
    value = value.detach().cpu().contiguous()
    if value.dtype == torch.float32 and value.ndim >= 2 and value.abs().max() < HALF_ENDS:
        return value.half()
    return value


def _write_json(path: Path, value: dict) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n")
    os.replace(part, path)
