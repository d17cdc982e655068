import shutil
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on a CPU")
def test_compiled_blocks_give_the_same_velocity_and_gradients() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.compiled_blocks"], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    assert "alike" in done.stdout
