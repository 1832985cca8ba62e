import os

import pytest
import torch

os.environ.setdefault("TRITON_DEFAULT_FP_FUSION", "1")  # Triton 3.9 warns where it is not said


@pytest.fixture(scope="session")
def kernel_device():
    """Where Triton's kernels run: a GPU, or a CPU with TRITON_INTERPRET=1 (slow, and triton must be installed)."""
    pytest.importorskip("triton")
    if torch.cuda.is_available():
        return "cuda"
    if os.environ.get("TRITON_INTERPRET") == "1":
        return "cpu"
    pytest.skip("Triton's kernels want a GPU, or TRITON_INTERPRET=1")
