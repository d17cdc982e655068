"""Numbers for Prometheus, counted anew from the store at each look."""

from __future__ import annotations

from cinescene.service.store import Store
from cinescene.service.supervisor import Supervisor


def metrics_text(store: Store, supervisor: Supervisor) -> str:
    """Source of the format: Prometheus' text-based exposition format, version 0.0.4."""
    counts = dict.fromkeys(("queued", "in_progress", "completed", "failed"), 0) | store.counts()
    lines = ["# HELP cinescene_jobs Shots by status.", "# TYPE cinescene_jobs gauge"]
    lines += [f'cinescene_jobs{{status="{status}"}} {count}' for status, count in sorted(counts.items())]
    lines += [
        "# HELP cinescene_workers Worker processes that are alive.",
        "# TYPE cinescene_workers gauge",
        f"cinescene_workers {supervisor.alive()}",
        "# HELP cinescene_worker_restarts_total Worker processes that were started again.",
        "# TYPE cinescene_worker_restarts_total counter",
        f"cinescene_worker_restarts_total {supervisor.restarts}",
    ]
    return "\n".join(lines) + "\n"
