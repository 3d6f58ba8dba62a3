"""Which processors multiply in bf16."""

import pytest

from minisora.precision import native_bf16


@pytest.mark.parametrize(
    ("vendor", "flags", "pays"),
    [
        ("AuthenticAMD", "fpu avx512_bf16", True),
        ("GenuineIntel", "fpu avx512_bf16 amx_bf16 amx_tile", True),
        ("GenuineIntel", "fpu avx512_bf16", False),
        ("AuthenticAMD", "fpu avx2", False),
    ],
)
def test_bf16_is_for_processors_that_gain_by_it(tmp_path, vendor, flags, pays):
    file = tmp_path / "cpuinfo"
    one = f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\n"
    file.write_text(f"{one}\n{one}")
    assert native_bf16(file) is pays


def test_a_processor_that_says_nothing_of_itself_gets_single_precision(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nBogoMIPS\t: 50\n")
    assert native_bf16(file) is False
