"""Whether bf16 pays on this processor."""

from functools import cache
from pathlib import Path

import torch

CPUINFO = Path("/proc/cpuinfo")


@cache
def native_bf16(cpuinfo: Path = CPUINFO) -> bool:
    """Whether this processor multiplies matrices faster in bf16 than in single precision.

    So it is with AMX, and with the AVX-512 BF16 instructions of AMD's processors (about four times as fast). Intel's have these
    instructions too, at half the speed of single precision: without AMX (many virtual machines hide it) bf16 loses. Read off the
    processor's name and flags and not timed, so that the same seed gives the same bytes each time; False where neither can be read.
    `minisora doctor` measures both.
    """
    if not cpuinfo.exists():
        return bool(getattr(torch.cpu, "_is_amx_tile_supported", bool)())
    fields = dict(line.split(":", 1) for line in cpuinfo.read_text().split("\n\n")[0].splitlines() if ":" in line)
    fields = {name.strip(): value.split() for name, value in fields.items()}
    flags, vendor = fields.get("flags", []), fields.get("vendor_id", [])
    return "amx_bf16" in flags or ("avx512_bf16" in flags and "AuthenticAMD" in vendor)
