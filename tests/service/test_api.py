"""Requests and answers: what is accepted, what is refused and how, and that nothing of a client's is opened."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cinescene.service.app import create_app
from cinescene.service.settings import Limits, ServiceSettings
from tests.service.conftest import SHOT, picture


def error_of(answer) -> str:
    return answer.json()["error"]["message"]


def test_a_shot_is_queued_made_and_fetched(client: TestClient, work_all: Callable[[], int]) -> None:
    made = client.post("/v1/videos", json=SHOT | {"seed": 4, "seconds": "2"})
    assert made.status_code == 200
    video = made.json()
    assert (video["status"], video["object"], video["seed"], video["seconds"]) == ("queued", "video", 4, "2")
    assert client.get(f"/v1/videos/{video['id']}/content").status_code == 409
    assert work_all() == 1
    done = client.get(f"/v1/videos/{video['id']}").json()
    assert (done["status"], done["progress"], done["error"]) == ("completed", 100, None)
    assert done["expires_at"] > done["completed_at"]
    content = client.get(f"/v1/videos/{video['id']}/content")
    assert content.headers["content-type"] == "video/mp4"
    assert content.content.endswith(b"a dog")
    assert client.get(f"/v1/videos/{video['id']}/content?variant=thumbnail").headers["content-type"] == "image/png"


def test_events_tell_every_state_until_the_end(client: TestClient, work_all: Callable[[], int]) -> None:
    video = client.post("/v1/videos", json=SHOT).json()
    work_all()
    text = client.get(f"/v1/videos/{video['id']}/events").text
    assert text.startswith("event: completed\ndata: {")
    assert json.loads(text.split("data: ")[1])["id"] == video["id"]


@pytest.mark.parametrize(("words", "code"), [("invalid", "invalid_request"), ("a bug", "internal")])
def test_failures_have_a_reason_and_no_traceback(
    client: TestClient, work_all: Callable[[], int], words: str, code: str
) -> None:
    video = client.post("/v1/videos", json=SHOT | {"prompt": words}).json()
    work_all()
    failed = client.get(f"/v1/videos/{video['id']}").json()
    assert (failed["status"], failed["error"]["code"]) == ("failed", code)
    assert "secret" not in failed["error"]["message"]
    assert "Traceback" not in failed["error"]["message"]


def test_uploaded_places_and_paths_are_used_by_their_ids(
    client: TestClient, settings: ServiceSettings, work_all: Callable[[], int]
) -> None:
    scene = client.post("/v1/scenes", files=[("files", ("../../etc/passwd", picture(64, 32), "image/jpeg"))]).json()
    assert scene["facts"]["kind"] == "panorama"
    assert [file.name for file in (settings.folder / "scenes" / scene["id"]).iterdir()] == ["000.jpg"]
    path = client.post("/v1/paths", json={"moves": "dolly in 1m"}).json()
    video = client.post("/v1/videos", json={"prompt": "a cat", "scene": scene["id"], "camera": path["id"]}).json()
    assert work_all() == 1
    assert client.get(f"/v1/videos/{video['id']}").json()["status"] == "completed"
    assert client.delete(f"/v1/scenes/{scene['id']}").json()["deleted"]
    assert client.get(f"/v1/scenes/{scene['id']}").status_code == 404
    assert not (settings.folder / "scenes" / scene["id"]).exists()
    again = client.post("/v1/videos", json={"prompt": "a cat", "scene": scene["id"]})
    assert again.status_code == 400
    assert "no such scene" in error_of(again)


def test_a_camera_file_is_read_and_kept(client: TestClient) -> None:
    lines = "\n".join(f"{i * 0.1} {i * 0.05} 0 0 0 0 0 1" for i in range(9))
    kept = client.post("/v1/paths/files", files={"file": ("walk.tum", lines.encode(), "text/plain")})
    assert kept.json()["facts"] == {"frames": 9}
    bad = client.post("/v1/paths/files", files={"file": ("walk.tum", b"no numbers here", "text/plain")})
    assert bad.status_code == 400
    assert "service" not in error_of(bad)
    assert client.post("/v1/paths/files", files={"file": ("x.usd", b"PXR-USDC", "text/plain")}).status_code == 400


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"prompt": ""}, 422),
        ({"prompt": "   "}, 422),
        ({"prompt": "x" * 3000}, 400),
        ({"scene": "../../etc/passwd"}, 422),
        ({"scene": "sample:nowhere"}, 400),
        ({"scene": None}, 400),
        ({"camera": "fly to the moon"}, 400),
        ({"camera": "/etc/passwd"}, 400),
        ({"camera": "path_" + "0" * 24}, 400),
        ({"size": "9999x9999"}, 400),
        ({"size": "wide"}, 422),
        ({"frames": 5000}, 400),
        ({"seconds": "999"}, 400),
        ({"seed": -1}, 422),
        ({"seed": "one"}, 422),
        ({"steps": 5000}, 400),
        ({"model": "sora-2"}, 400),
        ({"unknown": 1}, 422),
    ],
)
def test_bad_requests_are_refused_in_words(client: TestClient, change: dict, status: int) -> None:
    answer = client.post("/v1/videos", json=SHOT | change)
    assert answer.status_code == status, answer.text
    assert len(error_of(answer)) > 5
    assert client.get("/v1/videos").json()["data"] == []


def test_unreadable_bodies_are_refused(client: TestClient) -> None:
    json_type, form_type = {"content-type": "application/json"}, {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/v1/videos", content=b"{", headers=json_type).status_code == 400
    assert client.post("/v1/videos", content=b"[1]", headers=json_type).status_code == 400
    assert client.post("/v1/videos", content=b"--x nonsense", headers=form_type).status_code in (400, 422)
    assert client.post("/v1/videos", content=b"x", headers={"content-type": "text/plain"}).status_code == 415


def zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 5_000_000)
    return buffer.getvalue()


def huge_png() -> bytes:
    """A PNG header of 50 000 × 50 000 pixels."""
    import struct
    import zlib

    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", zip_bomb(), huge_png(), picture()[:200], b"\0\0\0\x18ftypmp42 no film"]
)
def test_files_that_are_no_whole_pictures_are_refused(
    client: TestClient, settings: ServiceSettings, data: bytes
) -> None:
    answer = client.post("/v1/scenes", files=[("files", ("a.jpg", data, "image/jpeg"))])
    assert answer.status_code in (400, 422)
    assert str(settings.folder) not in answer.text
    assert client.get("/v1/scenes").json()["data"] == []
    assert not list((settings.folder / "scenes").glob("*")) if (settings.folder / "scenes").exists() else True


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_uploads_never_break_the_service(client: TestClient, data: st.DataObject) -> None:
    whole = bytearray(picture(kind=data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))))
    for _ in range(data.draw(st.integers(0, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    name = data.draw(st.text(min_size=1, max_size=20))
    assert client.post("/v1/scenes", files=[("files", (name, cut, "image/png"))]).status_code < 500


def test_bodies_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    limited = ServiceSettings(folder=tmp_path, limits=Limits(body_bytes=1000))
    with TestClient(create_app(limited, workers=False)) as client:
        big = [("files", ("a.jpg", b"x" * 5000, "image/jpeg"))]
        assert client.post("/v1/scenes", files=big).status_code == 413

        def chunks():
            for _ in range(50):
                yield b"x" * 100

        streamed = client.post("/v1/videos", content=chunks(), headers={"content-type": "application/json"})
        assert streamed.status_code == 413


def test_a_token_is_asked_for(tmp_path: Path) -> None:
    guarded = ServiceSettings(folder=tmp_path, token="a-long-secret")
    with TestClient(create_app(guarded, workers=False)) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/v1/videos").status_code == 401
        assert client.get("/v1/videos", headers={"Authorization": "Bearer wrong-secret"}).status_code == 401
        assert client.get("/v1/videos", headers={"Authorization": "Bearer a-long-secret"}).status_code == 200
        assert client.get("/metrics").status_code == 401


def test_rates_and_queues_are_bounded(tmp_path: Path) -> None:
    limited = ServiceSettings(folder=tmp_path, limits=Limits(queued=2, requests_per_minute=8))
    with TestClient(create_app(limited, workers=False)) as client:
        answers = [client.post("/v1/videos", json=SHOT) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].json()["error"]["code"] == "queue_full"
        many = [client.get("/v1/videos") for _ in range(8)]
        assert many[-1].status_code == 429
        assert int(many[-1].headers["Retry-After"]) >= 1


def test_cancel_delete_and_remix(client: TestClient, work_all: Callable[[], int], settings: ServiceSettings) -> None:
    first, second = (client.post("/v1/videos", json=SHOT).json()["id"] for _ in range(2))
    assert client.post(f"/v1/videos/{first}/cancel").json()["error"]["code"] == "cancelled"
    assert work_all() == 1
    remix = client.post(f"/v1/videos/{second}/remix", json={"prompt": "a robot"}).json()
    assert (remix["remixed_from_video_id"], remix["prompt"], remix["camera"]) == (second, "a robot", SHOT["camera"])
    assert client.delete(f"/v1/videos/{second}").json() == {"id": second, "object": "video.deleted", "deleted": True}
    assert client.get(f"/v1/videos/{second}").status_code == 404
    assert not (settings.folder / "results" / second).exists()
    assert client.delete(f"/v1/videos/{second}").status_code == 404


def test_lists_come_in_pages(client: TestClient) -> None:
    ids = [client.post("/v1/videos", json=SHOT).json()["id"] for _ in range(5)]
    page = client.get("/v1/videos?limit=2").json()
    assert ([v["id"] for v in page["data"]], page["has_more"]) == (ids[:2:-1], True)
    rest = client.get(f"/v1/videos?limit=5&after={page['last_id']}").json()
    assert ([v["id"] for v in rest["data"]], rest["has_more"]) == (ids[2::-1], False)


def test_metrics_and_health(client: TestClient, work_all: Callable[[], int]) -> None:
    client.post("/v1/videos", json=SHOT)
    work_all()
    lines = client.get("/metrics").text.splitlines()
    assert 'cinescene_jobs{status="completed"} 1' in lines
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/v1/models").json()["data"][0]["id"] == "nano"
