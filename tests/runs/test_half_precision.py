import pytest
import torch
from lightning.pytorch import Trainer

from physml.runs.half_precision import tell_slow_half_precision


def told(precision, capabilities, monkeypatch, capsys):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    tell_slow_half_precision(Trainer(accelerator="cpu", precision=precision, logger=False, enable_checkpointing=False))
    return capsys.readouterr().err


@pytest.mark.parametrize("precision", ["bf16-mixed", "bf16-true"])
def test_a_processor_without_half_precision_is_told_of(precision, monkeypatch, capsys):
    line = told(precision, {"avx512_bf16": False, "amx_bf16": False}, monkeypatch, capsys)
    assert line.startswith(f"physml: trainer.precision={precision}: ")
    assert line.endswith(": set trainer.precision=32-true\n")


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16", "bf16"])
def test_nothing_is_said_where_the_processor_has_it(name, monkeypatch, capsys):
    assert told("bf16-mixed", {"architecture": "any", name: True}, monkeypatch, capsys) == ""


def test_nothing_is_said_of_single_precision(monkeypatch, capsys):
    assert told("32-true", {}, monkeypatch, capsys) == ""


def test_nothing_is_said_where_torch_does_not_tell(monkeypatch, capsys):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    tell_slow_half_precision(Trainer(accelerator="cpu", precision="bf16-mixed", logger=False))
    assert capsys.readouterr().err == ""
