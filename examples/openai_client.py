"""A shot through the service, with OpenAI's own Python client.

    cinescene serve &
    pip install openai
    python examples/openai_client.py --scene sample:courtyard -o shot.mp4

``--scene`` is sample:NAME, the id of an uploaded scene, or a picture of your own (a panorama, or one photo).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from openai import OpenAI


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8300/v1")
    parser.add_argument("--scene", default="sample:courtyard")
    parser.add_argument("--prompt", default="a woman in a red coat walks to the left")
    parser.add_argument("--camera", default="pan right 30deg")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path, default=Path("shot.mp4"))
    options = parser.parse_args()

    client = OpenAI(base_url=options.url, api_key=os.environ.get("CINESCENE_TOKEN", "unused"))
    fields: dict[str, object] = {"camera": options.camera, "seed": options.seed}
    if Path(options.scene).is_file():
        with Path(options.scene).open("rb") as picture:
            video = client.videos.create(prompt=options.prompt, input_reference=picture, extra_body=fields)
    else:
        video = client.videos.create(prompt=options.prompt, extra_body=fields | {"scene": options.scene})
    video = client.videos.poll(video.id, poll_interval_ms=500)
    if video.status != "completed":
        raise SystemExit(f"{video.id}: {video.status}: {video.error.message if video.error else 'no reason given'}")
    options.out.write_bytes(client.videos.download_content(video.id).read())
    options.out.with_suffix(".png").write_bytes(client.videos.download_content(video.id, variant="thumbnail").read())
    print(options.out)


if __name__ == "__main__":
    main()
