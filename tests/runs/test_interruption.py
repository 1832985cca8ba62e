import torch

from physml.runs.interruption import _unlike


def test_nan_is_like_nan_and_unlike_a_number():
    nan = torch.tensor([torch.nan, 1.0])
    assert list(_unlike(nan, nan.clone(), "x")) == []
    assert list(_unlike(nan, torch.tensor([0.0, 1.0]), "x")) == ["x: tensors differ"]
    assert list(_unlike(torch.ones(2), torch.ones(2).double(), "x")) == ["x: tensors differ"]


def test_places_of_differences_but_for_paths_and_times():
    one = {"a": [1, {"b": 2.0}], "dirpath": "/one", "seconds": 1.0}
    other = {"a": [1, {"b": 2.5}], "dirpath": "/other", "seconds": 2.0, "c": None}
    assert list(_unlike(one, other, "x")) == ["x/a/1/b: 2.0 and 2.5"]
    assert list(_unlike([1], [1, 2], "x")) == ["x: [1] and [1, 2]"]
