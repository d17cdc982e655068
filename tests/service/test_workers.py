"""Whole services in processes of their own: the public client, and what is left after a kill."""

import random
import time

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")

import httpx

from tests.service.conftest import SHOT, Served, picture


def ended(url: str, video_id: str, within_s: float = 60) -> dict:
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        video = httpx.get(f"{url}/v1/videos/{video_id}", timeout=10).json()
        if video["status"] in ("completed", "failed"):
            return video
        time.sleep(0.05)
    raise AssertionError(f"{video_id} did not end: {video}")


def test_the_public_client_works_unchanged(served: Served) -> None:
    openai = pytest.importorskip("openai")
    client = openai.OpenAI(base_url=f"{served.url}/v1", api_key="unused", max_retries=0)
    place = {"scene": "sample:courtyard", "camera": "pan right 30deg", "seed": 7}
    video = client.videos.create_and_poll(prompt="a dog runs", seconds="4", extra_body=place, poll_interval_ms=50)
    assert (video.status, video.progress, video.seconds) == ("completed", 100, "4")
    assert client.videos.download_content(video.id).read().endswith(b"a dog runs")
    assert client.videos.download_content(video.id, variant="thumbnail").read().startswith(b"\x89PNG")
    remixed = client.videos.remix(video.id, prompt="a cat runs")
    assert remixed.remixed_from_video_id == video.id
    own = client.videos.create(prompt="a bird", input_reference=("p.jpg", picture(), "image/jpeg"))
    assert [v.id for v in client.videos.list(limit=2)] == [own.id, remixed.id, video.id]
    assert client.videos.delete(own.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(own.id)
    with pytest.raises(openai.BadRequestError, match="samples"):
        client.videos.create(prompt="a dog", extra_body={"scene": "sample:nowhere"})


def test_a_worker_that_dies_is_started_again_and_its_job_ends_with_a_reason(served: Served) -> None:
    crash, fine = (
        httpx.post(f"{served.url}/v1/videos", json=SHOT | {"prompt": words}).json()["id"]
        for words in ("crash", "a dog")
    )
    assert ended(served.url, crash)["error"]["code"] == "worker_died"
    assert ended(served.url, fine)["status"] == "completed"


def test_jobs_in_progress_are_cancelled_and_deleted(served: Served) -> None:
    slow = httpx.post(f"{served.url}/v1/videos", json=SHOT | {"prompt": "slow"}).json()["id"]
    while httpx.get(f"{served.url}/v1/videos/{slow}").json()["status"] == "queued":
        time.sleep(0.02)
    httpx.post(f"{served.url}/v1/videos/{slow}/cancel")
    assert ended(served.url, slow)["error"]["code"] == "cancelled"


def test_every_accepted_job_ends_once_though_the_service_is_killed(settings) -> None:
    service, chance, accepted = Served(settings), random.Random(1), []
    for _ in range(4):
        service.start()
        for number in range(6):
            try:
                answer = httpx.post(f"{service.url}/v1/videos", json=SHOT | {"prompt": f"dog {number}"}, timeout=5)
                accepted.append(answer.json()["id"])
            except httpx.HTTPError:
                pass
        time.sleep(chance.random() * 0.4)
        service.kill()
    service.start()
    try:
        assert len(accepted) == 24
        assert all(ended(service.url, video)["status"] == "completed" for video in accepted)
        listed = httpx.get(f"{service.url}/v1/videos?limit=100").json()["data"]
        assert sorted(video["id"] for video in listed) == sorted(accepted)
        results = {path.name for path in (settings.folder / "results").iterdir() if not path.name.startswith(".")}
        assert results == set(accepted)
    finally:
        service.stop()
