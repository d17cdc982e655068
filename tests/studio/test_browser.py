"""The studio in a real browser: a place is opened, the camera set, scrubbed, a take made and played."""

import base64
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("viser", reason="the studio's package is not installed")
playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from cinescene.errors import InputError
from cinescene.presets import NANO_FOLDER
from cinescene.scene.samples import sample_path
from cinescene.studio.server import Studio, check_port

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SOFTWARE_GL = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WAIT_MS = 180_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    running = Studio(folder=tmp_path, host="127.0.0.1", port=free_port(), model="nano", nano=NANO_FOLDER)
    yield running
    running.stop()


@pytest.fixture
def page(studio: Studio) -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium (on Debian: apt install chromium)")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(SOFTWARE_GL))
        opened = browser.new_page(viewport={"width": 1280, "height": 800})
        opened.goto(studio.url)
        yield opened
        browser.close()


def press(page: Any, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).first.click(timeout=WAIT_MS)


def until(page: Any, true: Callable[[], bool]) -> None:
    for _ in range(WAIT_MS // 100):
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError("waited in vain")


def tab(page: Any, name: str) -> None:
    page.get_by_role("tab", name=name).click(timeout=WAIT_MS)


def test_a_shot_from_the_place_to_the_take(studio: Studio, page: Any) -> None:
    press(page, "Open")
    page.get_by_text("is on the stage").wait_for(timeout=WAIT_MS)
    tab(page, "Camera")
    press(page, "The whole path")
    until(page, lambda: len(studio.page.desk) == 7)
    press(page, "From this view")
    until(page, lambda: len(studio.page.desk) == 8)
    press(page, "Undo")
    until(page, lambda: len(studio.page.desk) == 7)
    before = studio.page.picture.image.copy()
    studio.page.playhead.value = studio.page.playhead.max
    studio.page.show_frame()
    until(page, lambda: not np.array_equal(studio.page.picture.image, before))
    tab(page, "Shot")
    press(page, "Generate")
    page.reload()
    video = page.locator("video.take")
    tab(page, "Shot")
    video.wait_for(timeout=WAIT_MS)
    played = (
        "() => { const v = document.querySelector('video.take'); return v.videoWidth == 640 && v.currentTime > 0.2 }"
    )
    page.wait_for_function(played, timeout=WAIT_MS)
    (take,) = studio.takes.takes
    assert take.state == "done"
    assert take.video is not None
    assert take.video.with_suffix(".json").is_file()


def test_errors_are_said_on_the_page(studio: Studio, page: Any) -> None:
    tab(page, "Shot")
    press(page, "Generate")
    page.get_by_text("open a place first").wait_for(timeout=WAIT_MS)
    tab(page, "Place")
    (place,) = [box for box in page.locator("input").all() if box.input_value() == "sample:courtyard"]
    place.fill("/no/such/panorama.jpg")
    until(page, lambda: studio.page.scene_panel.source.value == "/no/such/panorama.jpg")
    press(page, "Open")
    page.get_by_text("panorama.jpg: ").wait_for(timeout=WAIT_MS)
    assert studio.page.stage is None


def test_uploads(studio: Studio, page: Any, tmp_path: Path) -> None:
    panorama = sample_path("sample:courtyard")
    wrong = tmp_path / "film.png"
    wrong.write_bytes(b"this is no picture")
    chooser = page.locator("input[type=file]").first
    chooser.wait_for(state="attached", timeout=WAIT_MS)
    chooser.set_input_files(str(wrong))
    page.get_by_text("Not done:").wait_for(timeout=WAIT_MS)
    chooser.set_input_files(str(panorama))
    page.get_by_text("is on the stage").wait_for(timeout=WAIT_MS)
    assert not list((studio.page.folder / "uploads" / "photos").glob("*"))


def test_a_panorama_is_dropped_on_the_page(studio: Studio, page: Any) -> None:
    frame = page.frame_locator("iframe.drop")
    frame.locator("#zone").wait_for(timeout=WAIT_MS)
    data = base64.b64encode(sample_path("sample:courtyard").read_bytes()).decode()
    drop = """(zone, data) => {
        const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], "place.jpg", {type: "image/jpeg"}));
        zone.dispatchEvent(new DragEvent("drop", {dataTransfer: transfer, bubbles: true, cancelable: true}));
    }"""
    frame.locator("#zone").evaluate(drop, data)
    page.get_by_text("is on the stage").wait_for(timeout=WAIT_MS)
    frame.get_by_text("taken").wait_for(timeout=WAIT_MS)


def test_a_port_that_is_taken_is_said(studio: Studio) -> None:
    port = int(studio.url.rsplit(":", 1)[1])
    with pytest.raises(InputError, match="another studio may be running"):
        check_port("127.0.0.1", port)
