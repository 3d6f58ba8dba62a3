"""The doctor: what it prints, and its verdict."""

import pytest

from minisora import doctor, sora


def examine(monkeypatch, folder):
    monkeypatch.setattr(sora, "shipped_weights", lambda: folder)
    lines: list[str] = []
    code = doctor.main(lines.append)
    return code, lines, "\n".join(lines)


def test_a_healthy_machine(monkeypatch, tiny_folder):
    code, lines, page = examine(monkeypatch, tiny_folder)
    assert code == 0 and lines[-1] == "ok"
    for word in ("Python", "torch ", "lightning ", "cores", "bf16", "GFLOP/s", "mp4", "vae.safetensors", "sha256", "M parameters"):
        assert word in page, page


def test_missing_weights(monkeypatch, tmp_path):
    code, lines, page = examine(monkeypatch, tmp_path / "gone")
    assert code == 1 and "to do      the repository's weights are missing" in page and lines[-1] != "ok"


def test_damaged_weights(monkeypatch, tiny_folder, tmp_path):
    for file in tiny_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[: 100 if file.suffix == ".safetensors" else None])
    code, _, page = examine(monkeypatch, tmp_path)
    assert code == 1 and "do not load" in page and "to do" in page


@pytest.mark.parametrize("gone, code", [("lightning", 1), ("ipywidgets", 0)])
def test_missing_packages(monkeypatch, tiny_folder, gone, code):
    found = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: "" if name == gone else found(name))
    got, _, page = examine(monkeypatch, tiny_folder)
    assert got == code and f"missing    {gone}" in page
