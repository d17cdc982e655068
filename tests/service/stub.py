"""A maker of known duration that does what the prompt says: fail, crash, or be slow."""

import os
import time
from pathlib import Path
from typing import Any

from cinescene.errors import InputError
from cinescene.service.making import MANIFEST, THUMBNAIL, VIDEO, Maker, Report
from cinescene.service.settings import ServiceSettings

MAKER = "tests.service.stub:stub_maker"


def stub_maker(settings: ServiceSettings, device: str) -> Maker:
    def make(request: dict[str, Any], folder: Path, report: Report) -> None:
        prompt = request["prompt"]
        if "invalid" in prompt:
            raise InputError("prompt: the stub does not like it")
        if "crash" in prompt:
            os._exit(9)
        if "bug" in prompt:
            raise ZeroDivisionError("secret detail")
        steps = 40 if "slow" in prompt else 2
        for step in range(steps):
            time.sleep(0.05 if "slow" in prompt else 0.005)
            report("sampling", step + 1, steps)
        (folder / VIDEO).write_bytes(b"\0\0\0\x18ftypmp42" + prompt.encode())
        (folder / THUMBNAIL).write_bytes(b"\x89PNG\r\n\x1a\n")
        (folder / MANIFEST).write_text("{}")

    return make
