"""A place on the page that files can be dropped on: a small server of its own, shown in a frame.

The page's own server takes uploads through its dialog only. Every address starts with a random word that only the page
knows, so that no other web page can send something here.
"""

from __future__ import annotations

import html
import logging
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

from cinescene.errors import CineSceneError

log = logging.getLogger("cinescene.studio")

_PAGE = """<!doctype html><meta charset="utf-8"><style>
body{margin:0;font:13px sans-serif;color:#555}
#zone{box-sizing:border-box;height:56px;border:2px dashed #aaa;border-radius:6px;display:flex;align-items:center;
justify-content:center;text-align:center;padding:4px}
#zone.over{border-color:#228be6;color:#228be6}
</style><div id="zone">or drop a panorama or photos here</div><script>
const zone = document.getElementById("zone");
const say = text => { zone.textContent = text; };
for (const kind of ["dragenter", "dragover"])
  document.addEventListener(kind, e => { e.preventDefault(); zone.classList.add("over"); });
document.addEventListener("dragleave", () => zone.classList.remove("over"));
document.addEventListener("drop", async e => {
  e.preventDefault(); zone.classList.remove("over");
  for (const file of e.dataTransfer.files) {
    say("uploading " + file.name);
    const answer = await fetch(location.pathname + "/" + encodeURIComponent(file.name), {method: "POST", body: file});
    say(await answer.text());
  }
});
</script>"""


class DropZone:
    """Calls ``take`` with the name and content of every file that is dropped; what it raises is said in the frame."""

    def __init__(self, host: str, most_bytes: int, take: Callable[[str, bytes], None]) -> None:
        self._word = secrets.token_urlsafe(24)
        handler = _handler(f"/{self._word}", most_bytes, take)
        self._server = ThreadingHTTPServer((host, 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://{host}:{self._server.server_address[1]}/{self._word}"
        threading.Thread(target=self._server.serve_forever, name="drop", daemon=True).start()

    @property
    def frame_html(self) -> str:
        return f"<iframe class='drop' src='{html.escape(self.url)}' style='border:0;width:100%;height:60px'></iframe>"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(prefix: str, most_bytes: int, take: Callable[[str, bytes], None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 60

        def do_GET(self) -> None:
            if self.path == prefix:
                self._answer(200, _PAGE, "text/html; charset=utf-8")
            else:
                self._answer(404, "not found")

        def do_POST(self) -> None:
            if not self.path.startswith(f"{prefix}/"):
                self._answer(404, "not found")
                return
            length = self.headers.get("Content-Length", "")
            if not length.isdigit():
                self._answer(411, "the length of the file is not stated")
            elif int(length) > most_bytes:
                self._answer(413, f"too large: at most {most_bytes // 1024**2} MB are taken")
            else:
                self._take(unquote(self.path.removeprefix(f"{prefix}/")), self.rfile.read(int(length)))

        def _take(self, name: str, content: bytes) -> None:
            try:
                take(name, content)
            except (CineSceneError, OSError) as error:
                self._answer(400, " ".join(str(error).split()))
            except Exception:
                log.exception("a dropped file")
                self._answer(500, "a defect of the program; the log says more")
            else:
                self._answer(200, "taken; drop another here")

        def _answer(self, status: int, text: str, kind: str = "text/plain; charset=utf-8") -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *values: object) -> None:
            log.debug(format, *values)

    return Handler
