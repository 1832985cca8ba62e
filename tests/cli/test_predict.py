import numpy as np
import pytest

from physml.runs.load import load
from physml.runs.predict import predict


def test_predictions_by_the_command_line(command, toy_run, toy_file, tmp_path):
    done = command("predict", f"run={toy_run}", f"input={toy_file}", "output=out.npz", "batch_size=7")
    assert done.code == 0, done.err
    assert done.out.splitlines() == ["prediction      float32     [80, 2]", "written to out.npz"]
    with np.load(tmp_path / "out.npz") as archive:
        np.testing.assert_allclose(
            archive["prediction"], predict(load(toy_run), toy_file)["prediction"], rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"run": "nowhere"}, "nowhere: no such run directory or checkpoint"),
        ({"input": "nowhere.npz"}, "nowhere.npz: no such file: expected an .npz archive with an array 'x'"),
        ({"output": "old.npz"}, "old.npz: is there already: choose another output"),
        ({"output": "none/out.npz"}, "none/out.npz: its folder none does not exist"),
        ({"output": "out.h5"}, "out.h5: the ending '.h5' tells no file of arrays: expected .npz"),
        ({"output": ""}, "output=… is missing: expected run=… input=… output=… [batch_size=…]"),
        ({"batch_size": "0"}, "batch_size=0: expected a positive whole number"),
        ({"inptu": "a"}, "'inptu=a': unknown (did you mean 'input'?)"),
    ],
)
def test_mistakes(command, toy_run, toy_file, tmp_path, changes, line):
    (tmp_path / "old.npz").write_bytes(b"old")
    words = {"run": toy_run, "input": toy_file, "output": "out.npz"} | changes
    done = command("predict", *(f"{key}={value}" for key, value in words.items()))
    assert done.code == 2
    assert done.complaint.startswith(line)
    assert [path.name for path in tmp_path.iterdir()] == ["old.npz"]
    assert (tmp_path / "old.npz").read_bytes() == b"old"
