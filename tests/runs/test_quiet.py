import logging
import warnings

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
