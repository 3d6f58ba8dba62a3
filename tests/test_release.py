"""The tool that puts the shipped weights together: what it makes of a run's logs."""

import release

from minisora.train.common import keep_log


def write(folder, *rows):
    (folder / "csv").mkdir(exist_ok=True)
    (folder / "csv" / "metrics.csv").write_text("\n".join(["loss,psnr,step", *rows]) + "\n")


def test_the_log_of_a_run_that_was_cut_off_twice_is_whole_and_tells_no_step_twice(tmp_path):
    write(tmp_path, "0.9,,19", "0.8,,39", ",20.5,39", "0.7,,59")
    keep_log(tmp_path)
    write(tmp_path, "0.6,,59", "0.5,,79")  # from the checkpoint of step 40
    keep_log(tmp_path)
    write(tmp_path, "0.4,,99")
    rows = release.log_of(tmp_path)
    assert [row["step"] for row in rows] == [19, 39, 39, 59, 79, 99]
    assert [row["loss"] for row in rows if "loss" in row] == [0.9, 0.8, 0.6, 0.5, 0.4] and rows[2]["psnr"] == 20.5


def test_a_first_run_has_no_log_to_keep(tmp_path):
    keep_log(tmp_path)
    assert not list(tmp_path.iterdir())
