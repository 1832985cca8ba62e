from types import SimpleNamespace

from lightning.pytorch.callbacks import RichProgressBar

from physml.callbacks.progress import ProgressBar


def drawn(monkeypatch, batches, refresh_rate):
    seen = []
    monkeypatch.setattr(
        RichProgressBar, "on_train_batch_end", lambda self, trainer, module, outputs, batch, index: seen.append(index)
    )
    bar = ProgressBar(refresh_rate)
    for index in range(batches):
        bar.on_train_batch_end(SimpleNamespace(is_last_batch=index + 1 == batches), None, None, None, index)
    return seen


def test_the_bar_is_drawn_at_every_nth_batch_and_at_the_last(monkeypatch):
    assert drawn(monkeypatch, 25, refresh_rate=10) == [9, 19, 24]
    assert drawn(monkeypatch, 3, refresh_rate=10) == [2]


def test_the_version_number_is_not_shown(monkeypatch):
    monkeypatch.setattr(RichProgressBar, "get_metrics", lambda *_: {"J": 1.0, "v_num": 0})
    assert ProgressBar().get_metrics(None, None) == {"J": 1.0}
    monkeypatch.setattr(RichProgressBar, "get_metrics", lambda *_: {"J": 1.0})
    assert ProgressBar().get_metrics(None, None) == {"J": 1.0}
