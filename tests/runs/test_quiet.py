import logging
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from lightning.fabric.utilities.warnings import PossibleUserWarning

from physml.runs.quiet import quiet


def test_remarks_are_silenced_and_warnings_stay():
    quiet()
    remark = "The 'train_dataloader' does not have many workers which may be a bottleneck."
    warnings.warn(remark, PossibleUserWarning, stacklevel=1)
    with pytest.raises(UserWarning, match="something else"):
        warnings.warn("something else", UserWarning, stacklevel=1)
    assert not logging.getLogger("lightning.pytorch").isEnabledFor(logging.INFO)
    assert logging.getLogger("lightning.pytorch").isEnabledFor(logging.WARNING)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_log_for_which_there_is_no_room_is_no_news(capsys):
    quiet()
    log = logging.getLogger("of_a_test")
    with suppress(OSError), Path("/dev/full").open("w") as full:
        log.addHandler(logging.StreamHandler(full))
        log.warning("a line")
        log.handlers.clear()
    assert capsys.readouterr().err == ""
