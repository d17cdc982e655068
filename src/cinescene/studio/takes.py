"""`Takes`: shots that are waited for, made one after the other beside the page, and kept in a folder."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cinescene.cameras import CameraTrack
from cinescene.cameras.formats import write_track
from cinescene.errors import CineSceneError
from cinescene.shot_settings import ShotSettings
from cinescene.stages import share_done

if TYPE_CHECKING:
    from cinescene.pipeline import CineScenePipeline

State = Literal["waiting", "making", "done", "failed", "cancelled"]

log = logging.getLogger("cinescene.studio")


class _Cancelled(BaseException):
    """Raised from the pipeline's progress; no error of the work."""


@dataclass(eq=False)
class Take:
    """A shot that was asked for, and what has become of it."""

    number: int
    scene: str
    prompt: str
    track: CameraTrack
    seed: int
    settings: ShotSettings
    state: State = "waiting"
    stage: str = ""
    share: float = 0.0
    began_s: float | None = None
    seconds: float | None = None
    error: str = ""
    video: Path | None = None
    cancel: threading.Event = field(default_factory=threading.Event)

    @property
    def left_s(self) -> float | None:
        """Estimated seconds until it is done, while it is made."""
        if self.state != "making" or self.began_s is None or self.share < 0.05:
            return None
        spent = time.monotonic() - self.began_s
        return spent * (1 - self.share) / self.share


class Takes:
    """A queue and the thread that works it off. ``changed`` is called from that thread and from callers' alike.

    The pipeline is made by ``load`` when it is first needed. A take that fails says why and harms no other.
    """

    def __init__(
        self, folder: Path, load: Callable[[], CineScenePipeline], changed: Callable[[Take], None] = lambda take: None
    ) -> None:
        self.folder, self._load, self._tell = folder, load, changed
        self.takes: list[Take] = []
        self._wake = threading.Condition()
        self._pipeline: CineScenePipeline | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="takes", daemon=True)
        self._thread.start()

    def ask(self, scene: str, prompt: str, track: CameraTrack, seed: int, settings: ShotSettings) -> Take:
        """Puts a take at the end of the queue."""
        with self._wake:
            number = 1 + max((take.number for take in self.takes), default=self._last_kept())
            take = Take(number=number, scene=scene, prompt=prompt, track=track, seed=seed, settings=settings)
            self.takes.append(take)
            self._wake.notify()
        self._changed(take)
        return take

    def cancel(self, take: Take) -> None:
        """Takes it out of the queue, or stops its making at the next step."""
        take.cancel.set()
        with self._wake:
            if take.state == "waiting":
                take.state = "cancelled"
        self._changed(take)

    def _changed(self, take: Take) -> None:
        """Tells of a change; what goes wrong in telling harms no take."""
        try:
            self._tell(take)
        except Exception:
            log.exception("take %d: its change could not be shown", take.number)

    def stop(self) -> None:
        """Ends the thread; what is being made is cancelled."""
        with self._wake:
            self._stopped = True
            for take in self.takes:
                take.cancel.set()
            self._wake.notify()
        self._thread.join(timeout=30)

    def _last_kept(self) -> int:
        numbers = [name.stem.removeprefix("take") for name in self.folder.glob("take[0-9]*.mp4")]
        return max((int(number) for number in numbers if number.isdigit()), default=0)

    def _next(self) -> Take | None:
        with self._wake:
            while not self._stopped:
                waiting = [take for take in self.takes if take.state == "waiting"]
                if waiting:
                    waiting[0].state, waiting[0].began_s = "making", time.monotonic()
                    return waiting[0]
                self._wake.wait()
        return None

    def _work(self) -> None:
        while (take := self._next()) is not None:
            self._changed(take)
            try:
                take.video = self._made(take)
                take.state, take.share = "done", 1.0
            except _Cancelled:
                take.state = "cancelled"
            except CineSceneError as error:
                take.state, take.error = "failed", " ".join(str(error).split())
            except OSError as error:
                take.state, take.error = "failed", f"it could not be written: {error.strerror or error}"
            except Exception as error:
                log.exception("take %d", take.number)
                take.state, take.error = (
                    "failed",
                    f"a defect of the program ({type(error).__name__}); the log says more",
                )
            take.seconds = time.monotonic() - (take.began_s or time.monotonic())
            self._changed(take)

    def _made(self, take: Take) -> Path:
        def report(stage: str, done: int, total: int) -> None:
            if take.cancel.is_set():
                raise _Cancelled
            take.stage, take.share = stage, share_done(stage, done, total)
            self._changed(take)

        if self._pipeline is None:
            take.stage = "loading the model"
            self._changed(take)
            self._pipeline = self._load()
        shot = self._pipeline(
            scene=take.scene,
            prompt=take.prompt,
            camera=take.track,
            seed=take.seed,
            settings=take.settings,
            on_progress=report,
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        video = self.folder / f"take{take.number:03d}.mp4"
        write_track(camera_file(video), take.track, format="cinescene-track")
        shot.save(video)
        return video


def camera_file(video: Path) -> Path:
    """The camera of a take, beside its video."""
    return video.with_name(f"{video.stem}-camera.json")
