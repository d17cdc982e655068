"""The OpenAPI document and what the service does agree; no request of a documented shape makes it fail."""

from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the service's packages are not installed")
schemathesis = pytest.importorskip("schemathesis")

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from cinescene.service.app import create_app
from cinescene.service.settings import Limits, ServiceSettings
from tests.service.stub import MAKER


def test_no_request_of_a_documented_shape_breaks_the_service(tmp_path: Path) -> None:
    limits = Limits(requests_per_minute=10**6, queued=10**5, scenes=10**4, paths=10**4)
    app = create_app(ServiceSettings(folder=tmp_path, limits=limits, maker=MAKER), workers=False)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    tried = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path.endswith("/events"):
            continue

        @hypothesis_settings(
            max_examples=15,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        @given(case=operation.as_strategy())
        def answers(case) -> None:
            response = case.call()
            assert response.status_code < 500, f"{case.method} {case.path}: {response.text}"

        answers()
        tried += 1
    assert tried >= 15
