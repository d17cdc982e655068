import pytest

from cinescene.errors import InputError
from cinescene.scene.samples import sample_names
from cinescene.scene.scene import Scene


@pytest.mark.parametrize("name", sample_names())
def test_every_sample_opens_as_a_panorama_and_as_photos(name: str) -> None:
    panorama = Scene.open(f"sample:{name}")
    assert panorama.panorama is not None
    assert panorama.panorama.size_px == (1024, 512)
    photos = Scene.open(f"sample:{name}/photos")
    assert photos.kind == "photos"
    assert len(photos.views) == 8


def test_an_unknown_sample_is_answered_with_those_there_are() -> None:
    assert len(sample_names()) >= 3
    with pytest.raises(InputError, match="sample:courtyard"):
        Scene.open("sample:atlantis")
