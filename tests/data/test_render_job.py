import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from cinescene.cli import main
from cinescene.data import render_job
from cinescene.data.dataset import DatasetConfig, SceneDecoupledDataset
from cinescene.data.layout import DatasetLayout
from cinescene.data.manifest import read_manifest
from cinescene.data.recipe import RenderRecipe, preset
from cinescene.data.render_job import (
    is_rendered,
    panorama_places,
    render_dataset,
    render_scene,
    scene_name,
    set_with_shots,
)
from cinescene.data.verify import verify_scene
from cinescene.data.writer import stored_panoramas
from cinescene.depth_files import read_depth
from cinescene.errors import InputError, MissingDependencyError
from cinescene.scene.view_layout import ViewLayout
from cinescene.sets.renderer import Renderer
from cinescene.sets.stage import free_space

RECIPE = RenderRecipe(width_px=96, height_px=64, frames=5, frame_rate=5.0, clips=2, panorama_width_px=256)


@pytest.fixture(scope="module")
def renderer() -> Iterator[Renderer]:
    try:
        with Renderer(RECIPE.width_px, RECIPE.height_px) as opened:
            yield opened
    except MissingDependencyError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def root(renderer: Renderer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    render_scene(DatasetLayout(folder), 3, RECIPE, renderer)
    return folder


def test_further_panoramas_are_taken_from_free_places_and_read_back(renderer: Renderer, tmp_path: Path) -> None:
    recipe = RenderRecipe(
        width_px=96, height_px=64, frames=2, frame_rate=5.0, clips=1, panorama_width_px=128, panoramas=4
    )
    layout, name = DatasetLayout(tmp_path), scene_name(3)
    render_scene(layout, 3, recipe, renderer)
    assert verify_scene(layout, name) == []
    stored = stored_panoramas(layout, name)
    assert len(stored) == 4
    description, _ = set_with_shots(3, recipe)
    space = free_space(description)
    places = panorama_places(description, space, 3, recipe)
    assert [s.height_m for s in stored] == pytest.approx([float(place[2]) for place in places])
    for place, files in zip(places, stored, strict=True):
        assert space.clearance_m(place[None])[0] >= 0.3
        distance = read_depth(files.distance_file)
        straight_down = float(distance[-1].median())
        assert straight_down == pytest.approx(files.height_m, rel=0.1) or straight_down < files.height_m
    assert is_rendered(layout, 3, recipe)


def test_one_panorama_leaves_recipes_as_they_were() -> None:
    assert "panoramas" not in RECIPE.to_json()
    assert RenderRecipe(panoramas=3).to_json()["panoramas"] == 3
    with pytest.raises(InputError, match="panoramas"):
        RenderRecipe(panoramas=0)


def test_a_rendered_scene_holds_what_a_data_set_promises(root: Path) -> None:
    assert verify_scene(DatasetLayout(root), scene_name(3)) == []
    config = DatasetConfig(
        root=root, frames=5, width_px=96, height_px=64, layout=ViewLayout.ring(4).with_size(48, 48), shuffle_views=False
    )
    data = SceneDecoupledDataset(config)
    assert len(data) == 2
    sample = data[0]
    assert sample.caption
    assert sample.subject_mask is not None
    assert sample.subject_mask.any()
    # All clips share their first camera, which stands where the panorama was taken and looks where its first view does.
    assert float(sample.view_cameras.position[0].norm()) < 1e-6
    torch.testing.assert_close(data[0].without_subject[0], data[1].without_subject[0], atol=0.06, rtol=0)
    facts = json.loads(next((root / "extras").glob("*/*_01_*mm.json")).read_text())["facts"]
    assert facts["subjects"][0]["kind"]


def test_the_same_seed_gives_the_same_bytes(root: Path, renderer: Renderer, tmp_path: Path) -> None:
    render_scene(DatasetLayout(tmp_path), 3, RECIPE, renderer)
    assert read_manifest(DatasetLayout(tmp_path), scene_name(3)) == read_manifest(DatasetLayout(root), scene_name(3))


def test_a_full_disk_leaves_no_scene_and_the_next_try_gives_the_same_bytes(
    root: Path, renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    layout = DatasetLayout(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("cinescene.data.writer.write_mask_strip", full)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            render_scene(layout, 3, RECIPE, renderer)
    assert not is_rendered(layout, 3, RECIPE)
    assert not layout.manifest_file(scene_name(3)).exists()
    assert not [path for path in tmp_path.rglob(".*") if path.is_file()]
    render_scene(layout, 3, RECIPE, renderer)
    assert read_manifest(layout, scene_name(3)) == read_manifest(DatasetLayout(root), scene_name(3))


def test_only_whole_scenes_of_the_same_recipe_count_as_done(root: Path) -> None:
    layout = DatasetLayout(root)
    assert is_rendered(layout, 3, RECIPE)
    assert not is_rendered(layout, 4, RECIPE)
    assert not is_rendered(layout, 3, preset("nano"))
    video = next((root / "video/whuman").glob("*/*.mp4"))
    content = video.read_bytes()
    video.write_bytes(content[:-1])
    assert not is_rendered(layout, 3, RECIPE)
    video.write_bytes(content)
    assert is_rendered(layout, 3, RECIPE)


def test_scenes_from_before_a_seed_meant_something_else_are_made_anew(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render_job, "DRAWS", render_job.DRAWS + 1)
    assert not is_rendered(DatasetLayout(root), 3, RECIPE)


def test_a_folder_holds_one_recipe(tmp_path: Path) -> None:
    render_dataset(tmp_path, range(0), RECIPE, 1)
    with pytest.raises(InputError, match=r"another recipe.*clips"):
        render_dataset(tmp_path, range(1), preset("release"), 1)


@pytest.mark.parametrize(
    "options",
    [
        ["--preset", "huge"],
        ["--size", "10x"],
        ["--size", "31x32"],
        ["--sets", "0"],
        ["--frames", "0"],
        ["--clips", "100"],
    ],
)
def test_impossible_jobs_are_refused_before_they_start(
    tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sets", "render", "-o", str(tmp_path / "data"), *options]) == 2
    assert "expected" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_a_killed_job_goes_on_where_it_was(renderer: Renderer, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cinescene", "sets", "render", "-o", str(tmp_path / "data"), "--sets", "3"]
    command += ["--clips", "1", "--frames", "3", "--size", "64x48", "--panorama-width", "128", "--processes", "1"]
    job = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    layout = DatasetLayout(tmp_path / "data")
    for _ in range(1200):
        if layout.manifest_file(scene_name(0)).exists():
            break
        time.sleep(0.1)
    time.sleep(0.5)
    os.killpg(job.pid, signal.SIGKILL)
    job.wait()
    first = layout.manifest_file(scene_name(0)).stat().st_mtime_ns
    subprocess.run(command, check=True, capture_output=True)
    assert layout.manifest_file(scene_name(0)).stat().st_mtime_ns == first, "what was done is not done again"
    assert [verify_scene(layout, scene_name(seed)) for seed in range(3)] == [[], [], []]
    assert not [path for path in (tmp_path / "data").rglob(".*") if path.is_file()]
