"""Jobs, scenes and paths in SQLite: what was accepted is there after any kind of end, once.

Every change is one transaction of a write-ahead log, so that a process can be killed at any moment. A job is queued,
in progress under a worker's lease, completed or failed. A lease that is not renewed ends, and the job is queued again,
a few times at most; only the worker that holds the lease can finish it.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Status = Literal["queued", "in_progress", "completed", "failed"]
Shelf = Literal["scenes", "paths"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, status TEXT NOT NULL, request TEXT NOT NULL,
    progress INTEGER NOT NULL DEFAULT 0, stage TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL,
    completed_at REAL, expires_at REAL, code TEXT, message TEXT, remixed_from TEXT,
    worker TEXT, lease_until REAL, attempts INTEGER NOT NULL DEFAULT 0, cancelled INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, number);
CREATE UNIQUE INDEX IF NOT EXISTS jobs_by_number ON jobs (number);
CREATE TABLE IF NOT EXISTS scenes (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, created_at REAL NOT NULL, facts TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS paths (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, created_at REAL NOT NULL, facts TEXT NOT NULL
);
"""
BUSY_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Job:
    """A job as it stands. Times are seconds since 1970; ``progress`` goes from 0 to 100."""

    id: str
    number: int
    status: Status
    request: dict[str, Any]
    progress: int
    stage: str
    created_at: float
    completed_at: float | None
    expires_at: float | None
    code: str | None
    message: str | None
    remixed_from: str | None
    attempts: int
    cancelled: bool


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A scene or path that was uploaded."""

    id: str
    created_at: float
    facts: dict[str, Any]


class QueueFullError(Exception):
    """There are as many unfinished jobs as there may be."""


def new_id(kind: str) -> str:
    """An unguessable name that is safe as a file's."""
    return f"{kind}_{secrets.token_hex(12)}"


class Store:
    """The database of a service. Objects of several processes may use one file; threads share an object."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self._local = threading.local()
        with self._change() as database:
            database.executescript(_SCHEMA)

    # ---- jobs -------------------------------------------------------------------------------------------------------

    def add(self, request: dict[str, Any], most_queued: int, remixed_from: str | None = None) -> Job:
        """Queues a job; raises `QueueFullError`."""
        job_id = new_id("video")
        with self._change() as database:
            (waiting,) = database.execute(
                "SELECT COUNT(*) FROM jobs WHERE status IN ('queued', 'in_progress')"
            ).fetchone()
            if waiting >= most_queued:
                raise QueueFullError
            database.execute(
                "INSERT INTO jobs (id, number, status, request, created_at, remixed_from) "
                "VALUES (?, (SELECT COALESCE(MAX(number), 0) + 1 FROM jobs), 'queued', ?, ?, ?)",
                (job_id, json.dumps(request), time.time(), remixed_from),
            )
        job = self.job(job_id)
        assert job is not None
        return job

    def job(self, job_id: str) -> Job | None:
        row = self._database().execute("SELECT * FROM jobs WHERE id = ?", (job_id,)).fetchone()
        return None if row is None else _job(row)

    def jobs(self, limit: int, after: str | None = None, newest_first: bool = True) -> list[Job]:
        """Up to so many jobs, those that follow the job ``after`` in the order of their creation."""
        order, sign = ("DESC", "<") if newest_first else ("ASC", ">")
        where, values = "", []
        if after is not None:
            where, values = f"WHERE number {sign} (SELECT number FROM jobs WHERE id = ?)", [after]
        query = f"SELECT * FROM jobs {where} ORDER BY number {order} LIMIT ?"
        return [_job(row) for row in self._database().execute(query, (*values, limit))]

    def delete(self, job_id: str) -> bool:
        """Forgets a job. One in progress is told to stop and loses its lease."""
        with self._change() as database:
            return database.execute("DELETE FROM jobs WHERE id = ?", (job_id,)).rowcount > 0

    def cancel(self, job_id: str) -> Job | None:
        """A queued job fails at once; one in progress as soon as its worker notices; others stay as they are."""
        with self._change() as database:
            database.execute(
                "UPDATE jobs SET status = 'failed', code = 'cancelled', message = 'cancelled before it began', "
                "completed_at = ? WHERE id = ? AND status = 'queued'",
                (time.time(), job_id),
            )
            database.execute("UPDATE jobs SET cancelled = 1 WHERE id = ? AND status = 'in_progress'", (job_id,))
        return self.job(job_id)

    def claim(self, worker: str, lease_s: float, attempts: int) -> Job | None:
        """The oldest job that waits, or whose worker died; None if there is none."""
        now = time.time()
        with self._change() as database:
            database.execute(
                "UPDATE jobs SET status = 'failed', code = 'worker_died', completed_at = ?, "
                "message = 'the process that made this shot ended ' || attempts || ' times' "
                "WHERE status = 'in_progress' AND lease_until < ? AND attempts >= ?",
                (now, now, attempts),
            )
            row = database.execute(
                "SELECT id FROM jobs WHERE status = 'queued' OR (status = 'in_progress' AND lease_until < ?) "
                "ORDER BY number LIMIT 1",
                (now,),
            ).fetchone()
            if row is None:
                return None
            database.execute(
                "UPDATE jobs SET status = 'in_progress', worker = ?, lease_until = ?, attempts = attempts + 1, "
                "progress = 0, stage = '' WHERE id = ?",
                (worker, now + lease_s, row["id"]),
            )
        return self.job(row["id"])

    def renew(self, job_id: str, worker: str, lease_s: float) -> bool:
        """Keeps a lease; False where it is lost, or the job is cancelled or gone: the worker is to stop."""
        with self._change() as database:
            held = database.execute(
                "UPDATE jobs SET lease_until = ? WHERE id = ? AND worker = ? AND status = 'in_progress' "
                "AND cancelled = 0",
                (time.time() + lease_s, job_id, worker),
            )
            return held.rowcount > 0

    def report(self, job_id: str, worker: str, stage: str, progress: int) -> None:
        with self._change() as database:
            database.execute(
                "UPDATE jobs SET stage = ?, progress = MAX(progress, ?) WHERE id = ? AND worker = ? "
                "AND status = 'in_progress'",
                (stage, progress, job_id, worker),
            )

    def complete(self, job_id: str, worker: str, keep_s: float) -> bool:
        """False where the worker no longer holds the job: its result does not count."""
        now = time.time()
        with self._change() as database:
            done = database.execute(
                "UPDATE jobs SET status = 'completed', progress = 100, stage = '', completed_at = ?, expires_at = ? "
                "WHERE id = ? AND worker = ? AND status = 'in_progress'",
                (now, now + keep_s, job_id, worker),
            )
            return done.rowcount > 0

    def fail(self, job_id: str, worker: str, code: str, message: str) -> None:
        with self._change() as database:
            database.execute(
                "UPDATE jobs SET status = 'failed', code = ?, message = ?, completed_at = ? "
                "WHERE id = ? AND worker = ? AND status = 'in_progress'",
                (code, message, time.time(), job_id, worker),
            )

    def expired(self) -> list[str]:
        """Completed jobs whose results are to be deleted."""
        rows = self._database().execute(
            "SELECT id FROM jobs WHERE status = 'completed' AND expires_at < ?", (time.time(),)
        )
        return [row["id"] for row in rows]

    def counts(self) -> dict[str, int]:
        """Jobs by status."""
        rows = self._database().execute("SELECT status, COUNT(*) AS count FROM jobs GROUP BY status")
        return {row["status"]: row["count"] for row in rows}

    # ---- scenes and paths -------------------------------------------------------------------------------------------

    def keep(self, shelf: Shelf, kept_id: str, facts: dict[str, Any]) -> Kept:
        with self._change() as database:
            database.execute(
                f"INSERT INTO {shelf} (id, number, created_at, facts) "
                f"VALUES (?, (SELECT COALESCE(MAX(number), 0) + 1 FROM {shelf}), ?, ?)",
                (kept_id, time.time(), json.dumps(facts)),
            )
        kept = self.kept(shelf, kept_id)
        assert kept is not None
        return kept

    def kept(self, shelf: Shelf, kept_id: str) -> Kept | None:
        row = self._database().execute(f"SELECT * FROM {shelf} WHERE id = ?", (kept_id,)).fetchone()
        return None if row is None else _kept(row)

    def all_kept(self, shelf: Shelf) -> list[Kept]:
        return [_kept(row) for row in self._database().execute(f"SELECT * FROM {shelf} ORDER BY number")]

    def kept_count(self, shelf: Shelf) -> int:
        (count,) = self._database().execute(f"SELECT COUNT(*) FROM {shelf}").fetchone()
        return int(count)

    def drop(self, shelf: Shelf, kept_id: str) -> bool:
        with self._change() as database:
            return database.execute(f"DELETE FROM {shelf} WHERE id = ?", (kept_id,)).rowcount > 0

    # ---- the database -----------------------------------------------------------------------------------------------

    def _database(self) -> sqlite3.Connection:
        """This thread's connection."""
        database: sqlite3.Connection | None = getattr(self._local, "database", None)
        if database is None:
            database = sqlite3.connect(self.file, timeout=BUSY_S, isolation_level=None)
            database.row_factory = sqlite3.Row
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            self._local.database = database
        return database

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        database = self._database()
        database.execute("BEGIN IMMEDIATE")
        try:
            yield database
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
        if database.in_transaction:
            database.execute("COMMIT")


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    for name in ("worker", "lease_until"):
        del values[name]
    return Job(**values | {"request": json.loads(values["request"]), "cancelled": bool(values["cancelled"])})


def _kept(row: sqlite3.Row) -> Kept:
    return Kept(id=row["id"], created_at=row["created_at"], facts=json.loads(row["facts"]))
