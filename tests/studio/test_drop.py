"""Dropped files: taken whole, refused with a reason, and only from the page itself."""

import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from cinescene.errors import InputError
from cinescene.studio.drop import DropZone


class Taken:
    def __init__(self) -> None:
        self.files: list[tuple[str, bytes]] = []

    def __call__(self, name: str, content: bytes) -> None:
        if name == "bad":
            raise InputError("this is no picture")
        if name == "defect":
            raise RuntimeError("secret")
        self.files.append((name, content))


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def zone(taken: Taken) -> Iterator[DropZone]:
    made = DropZone("127.0.0.1", 1000, taken)
    yield made
    made.stop()


def send(url: str, body: bytes | None = None) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_files_arrive_under_their_names(zone: DropZone, taken: Taken) -> None:
    assert send(f"{zone.url}/my%20place%2Fa.jpg", b"picture")[0] == 200
    assert taken.files == [("my place/a.jpg", b"picture")]


def test_the_page_is_there(zone: DropZone) -> None:
    status, page = send(zone.url)
    assert status == 200
    assert "drop a panorama" in page
    assert zone.url in zone.frame_html


def test_what_cannot_be_taken_is_said(zone: DropZone, taken: Taken) -> None:
    assert send(f"{zone.url}/bad", b"x") == (400, "this is no picture")
    assert send(f"{zone.url}/large", bytes(1001))[0] == 413
    status, text = send(f"{zone.url}/defect", b"x")
    assert status == 500
    assert "secret" not in text
    assert taken.files == []


def test_without_the_word_nothing_is_served(zone: DropZone, taken: Taken) -> None:
    root = zone.url.rsplit("/", 1)[0]
    for path in ("", "/", "/wrong", "/wrong/file.jpg", "/../etc/passwd"):
        assert send(root + path)[0] == 404
        assert send(root + path, b"x")[0] == 404
    assert taken.files == []
