"""A shot from end to end with tiny random weights: what it is made of, that it repeats, and what it refuses."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image

import cinescene.pipeline
from cinescene.cameras import Cameras, CameraTrack
from cinescene.cli import main
from cinescene.errors import CineSceneError, InputError
from cinescene.model import memory
from cinescene.model.checkpoints import ModelParts
from cinescene.model.levers import Levers
from cinescene.model.transformer import CineSceneTransformer
from cinescene.pipeline import CineScenePipeline, GeneratedShot
from cinescene.sampling import Guidance
from cinescene.scene.relief import ReliefConfig, ReliefNet
from cinescene.scene.samples import sample_path
from cinescene.scene.scene import Scene
from cinescene.scene.view_layout import ViewLayout
from cinescene.shot_plan import ShotPlan
from cinescene.shot_settings import ShotSettings
from cinescene.video import read_video
from tests.model.conftest import as_users_run  # noqa: F401 - a fixture
from tests.tiny_models import tiny_parts, write_panorama, write_tiny_model


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Encodings are cached per user; tests leave that place alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> ModelParts:
    return tiny_parts(tmp_path_factory.mktemp("wan"))


def place(path: Path, seed: int = 0) -> Scene:
    """A panorama of which four views are shown to the model."""
    return Scene.open(write_panorama(path, seed), layout=ViewLayout.ring(4))


@pytest.fixture(scope="module")
def panorama(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return place(tmp_path_factory.mktemp("place") / "place.png")


@pytest.fixture(scope="module")
def pipeline(parts: ModelParts) -> CineScenePipeline:
    return CineScenePipeline(parts)


@pytest.fixture(scope="module")
def usual(pipeline: CineScenePipeline, panorama: Scene) -> GeneratedShot:
    return shoot(pipeline, panorama)


def shoot(pipeline: CineScenePipeline, scene: object, **changed: object) -> GeneratedShot:
    asked = {"scene": scene, "prompt": "a woman walks", "camera": "pan right 30deg", "seed": 1}
    return pipeline(**(asked | changed))  # type: ignore[arg-type]


def test_a_shot_has_what_was_asked_for(pipeline: CineScenePipeline, panorama: Scene) -> None:
    stages: list[str] = []
    shot = shoot(pipeline, panorama, on_progress=lambda stage, done, total: stages.append(stage))
    assert shot.video.frames.shape == (5, 3, 32, 64)
    assert shot.video.frame_rate == 8.0
    assert list(dict.fromkeys(stages)) == ["text", "scene", "previz", "sampling", "decoding"]
    assert len(shot.track) == 5
    assert shot.previz is not None
    assert shot.previz.frames.shape == shot.video.frames.shape
    assert shot.manifest["request"]["prompt"] == "a woman walks"
    assert shot.manifest["resolved"]["previz"] == "standin"
    assert set(shot.manifest["timings_s"]) == {"text", "scene", "previz", "sampling", "decoding"}
    assert json.loads(json.dumps(shot.manifest))
    assert any("not trained" in note for note in shot.notes)


def test_an_enlarged_shot_is_the_same_shot_with_the_previzs_detail(
    pipeline: CineScenePipeline, panorama: Scene, usual: GeneratedShot
) -> None:
    stages: list[str] = []
    settings = ShotSettings(detail=100.0, enlarge=3)
    shot = shoot(pipeline, panorama, settings=settings, on_progress=lambda stage, done, total: stages.append(stage))
    assert shot.video.frames.shape == (5, 3, 96, 192)
    assert shot.track.cameras().size_px == (192, 96)
    assert torch.allclose(shot.track.cameras().field_of_view_rad, usual.track.cameras().field_of_view_rad)
    assert shot.previz is not None
    assert shot.previz.frames.shape == shot.video.frames.shape
    assert "detail" in stages
    assert shot.manifest["hashes"]["latents"] == usual.manifest["hashes"]["latents"]


def test_what_enlarges_a_shot(pipeline: CineScenePipeline, panorama: Scene) -> None:
    defaults = dataclasses.replace(pipeline.parts.defaults, detail=0.1, enlarge=2)
    assert ShotSettings().enlargement(defaults, has_detail=True) == 2
    assert ShotSettings(width_px=64, height_px=32).enlargement(defaults, has_detail=True) == 1
    assert ShotSettings().enlargement(defaults, has_detail=False) == 1
    for settings, message in (
        (ShotSettings(enlarge=2), "takes its detail from the previz"),
        (ShotSettings(enlarge=2, detail=0.1, previz="none"), "takes its detail from the previz"),
        (ShotSettings(enlarge=0, detail=0.1), "expected 1 to 16, got 0"),
    ):
        with pytest.raises(InputError, match=message):
            shoot(pipeline, panorama, settings=settings)


def test_the_same_seed_gives_the_same_bytes(pipeline: CineScenePipeline, panorama: Scene, usual: GeneratedShot) -> None:
    second, other = (shoot(pipeline, panorama, seed=seed) for seed in (1, 2))
    assert torch.equal(usual.video.frames, second.video.frames)
    assert usual.manifest["hashes"] == second.manifest["hashes"]
    assert not torch.equal(usual.video.frames, other.video.frames)


def test_a_reloaded_model_gives_the_same_bytes(
    pipeline: CineScenePipeline, panorama: Scene, usual: GeneratedShot, tmp_path: Path
) -> None:
    pipeline.save_pretrained(tmp_path / "model")
    reloaded = CineScenePipeline.from_pretrained(tmp_path / "model")
    assert reloaded.parts.defaults == pipeline.parts.defaults
    again = shoot(reloaded, panorama)
    assert torch.equal(again.video.frames, usual.video.frames)
    assert again.manifest["hashes"] == usual.manifest["hashes"]


def test_a_scene_is_encoded_once_for_all_its_shots(
    parts: ModelParts, panorama: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    encode = cinescene.pipeline.encode_views

    def counted(*arguments: object, **options: object) -> object:
        calls.append(1)
        return encode(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(cinescene.pipeline, "encode_views", counted)
    pipeline = CineScenePipeline(parts)
    shoot(pipeline, panorama)
    shoot(pipeline, panorama, prompt="a dog", camera="tilt up 10deg", seed=5)
    assert len(calls) == 1
    shoot(pipeline, place(tmp_path / "other.png", seed=1))
    assert len(calls) == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"prompt": "a dog in the street"},
        {"camera": "pan left 30deg"},
        {"guidance": 4.0},
        {"guidance": Guidance(text=2.0, scene=3.0)},
        {"steps": 3},
        {"settings": ShotSettings(previz="none")},
        {"settings": ShotSettings(negative_prompt="blurry")},
    ],
    ids=str,
)
def test_every_input_matters(
    pipeline: CineScenePipeline, panorama: Scene, usual: GeneratedShot, changed: dict[str, object]
) -> None:
    assert not torch.equal(shoot(pipeline, panorama, **changed).video.frames, usual.video.frames)


def test_the_place_matters(parts: ModelParts, usual: GeneratedShot, tmp_path: Path) -> None:
    shot = shoot(CineScenePipeline(parts), place(tmp_path / "another.png", seed=2))
    assert not torch.equal(shot.video.frames, usual.video.frames)


def test_a_hidden_place_does_not_matter(parts: ModelParts, panorama: Scene, tmp_path: Path) -> None:
    hidden, pipeline = ShotSettings(hide_scene=True), CineScenePipeline(parts)
    shot = shoot(pipeline, panorama, settings=hidden)
    other = shoot(pipeline, place(tmp_path / "another.png", seed=2), settings=hidden)
    assert torch.equal(shot.video.frames, other.video.frames)
    assert shot.previz is None
    assert not torch.equal(shoot(pipeline, panorama, settings=hidden, prompt="a dog").video.frames, shot.video.frames)
    assert not torch.equal(shoot(pipeline, panorama).video.frames, shot.video.frames)


def test_paths_of_all_kinds_are_taken(pipeline: CineScenePipeline, panorama: Scene, tmp_path: Path) -> None:
    matrix = torch.eye(4, dtype=torch.float64).repeat(7, 1, 1)
    cameras = Cameras.from_focal_px(matrix, 40.0, 640, 320)
    shot = shoot(pipeline, panorama, camera=cameras)
    assert len(shot.track) == 5
    assert "the camera path has 7 frames; the first 5 are used" in shot.notes
    assert shot.track.cameras().size_px == (64, 32)
    torch.testing.assert_close(shot.track.cameras().field_of_view_rad[0, 0], cameras.field_of_view_rad[0, 0])
    track = CameraTrack(world_from_camera=matrix[:5])
    assert len(shoot(pipeline, panorama, camera=track).track) == 5
    timed = shoot(pipeline, panorama, camera="pan right 10deg over 0.7s")
    assert len(timed.track) == 9
    assert any("the moves take" in note for note in timed.notes)
    longer = shoot(pipeline, panorama, settings=ShotSettings(frames=9, width_px=32, height_px=48, frame_rate=12.0))
    assert longer.video.frames.shape == (9, 3, 48, 32)
    assert longer.video.frame_rate == 12.0


def test_photos_without_poses_are_shot_on_too(parts: ModelParts, tmp_path: Path) -> None:
    for index in range(3):
        Image.new("RGB", (80, 60), (80 * index, 120, 200)).save(tmp_path / f"{index}.png")
    image_only = dataclasses.replace(parts.transformer.config, scene_tokens="image", camera="extrinsics")
    without = dataclasses.replace(parts, transformer=CineSceneTransformer.from_seed(image_only, 0), vggt=None)
    shot = shoot(CineScenePipeline(without), tmp_path)
    assert shot.previz is None
    assert shot.manifest["resolved"]["previz"] == "none"


def test_photos_from_one_spot_are_shot_on_as_their_panorama(parts: ModelParts, tmp_path: Path) -> None:
    settings = ShotSettings(frames=5, width_px=64, height_px=48)
    with_relief = dataclasses.replace(parts, relief=ReliefNet(ReliefConfig()))
    photos = sample_path("sample:street/photos")

    def plan(scene: object, model: ModelParts, **changed: object) -> ShotPlan:
        changes = dataclasses.replace(settings, **changed)
        return ShotPlan.made(model, Levers(), scene, "a ball rolls", "pan right 20deg", 0, changes)

    shot = plan(photos, with_relief)
    assert (shot.previz, shot.scene.kind) == ("relief", "panorama")
    assert shot.scene.panorama is not None
    assert shot.scene.panorama.known is not None
    assert shot.source.content_hash == Scene.open(photos).content_hash
    assert plan(photos, parts).scene.panorama is None
    assert plan(photos, with_relief, previz="vggt").scene.panorama is None
    alone = plan(photos / "01.jpg", with_relief)
    assert alone.previz == "vggt"
    assert "nothing that the start view shows" in alone.scene.notes[-1]
    with pytest.raises(InputError, match="sharing a third"):
        plan(photos / "01.jpg", with_relief, previz="relief")


def test_what_cannot_be_made_is_refused_before_anything_is_computed(
    pipeline: CineScenePipeline, panorama: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cinescene.pipeline, "encode_views", None)
    for changed, message in (
        ({"prompt": "  "}, "prompt: expected a few words"),
        ({"seed": -1}, "seed: expected a whole number"),
        ({"steps": 0}, "steps: expected 1 to 1000"),
        ({"guidance": -2.0}, "guidance text: expected a number from 0"),
        ({"scene": "nowhere.jpg"}, "no such file"),
        ({"camera": "wobble 3deg"}, "wobble"),
        ({"settings": ShotSettings(width_px=70, height_px=30)}, "got 70×30; nearest: 64×32"),
        ({"settings": ShotSettings(frames=8)}, "got 8; nearest: 5 or 9"),
        ({"settings": ShotSettings(start_view=99)}, "start view: expected 0 to 3"),
        ({"prompt": "dog " * 600}, "at most 512 tokens"),
    ):
        with pytest.raises(CineSceneError, match=message):
            shoot(pipeline, changed.pop("scene", panorama), **changed)


def test_a_shot_that_does_not_fit_is_refused_with_numbers(
    pipeline: CineScenePipeline, panorama: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda device: 1000**2)
    with pytest.raises(InputError, match=r"this shot needs about [\d.]+ GB more .* 0\.0 GB are free on cpu; try fewer"):
        shoot(pipeline, panorama, settings=ShotSettings(frames=401))


def test_a_model_without_vggt_says_what_it_needs(parts: ModelParts, panorama: Scene) -> None:
    without = CineScenePipeline(dataclasses.replace(parts, vggt=None))
    with pytest.raises(InputError, match="looks at a place through VGGT, and none was given"):
        shoot(without, panorama)
    with pytest.raises(InputError, match="previz vggt: needs a VGGT checkpoint"):
        shoot(without, panorama, settings=ShotSettings(previz="vggt"))


def test_saving_writes_video_manifest_poster_and_previz(
    pipeline: CineScenePipeline, panorama: Scene, tmp_path: Path
) -> None:
    shot = shoot(pipeline, panorama)
    written = shot.save(tmp_path / "take.mp4", with_previz=True)
    assert [path.name for path in written] == ["take.mp4", "take.json", "take.png", "take-preview.mp4"]
    assert read_video(written[0]).frames.shape == shot.video.frames.shape
    assert Image.open(written[2]).size == (64, 32)
    assert json.loads(written[1].read_text())["request"]["scene"] is None


def run(*arguments: object) -> int:
    return main(["generate", *map(str, arguments)])


def test_the_command_makes_a_shot_and_makes_it_again(
    panorama: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_tiny_model(tmp_path / "model", tmp_path / "wan")
    place = write_panorama(tmp_path / "place.png")
    asked = ("--model", model, "--scene", place, "--prompt", "a dog walks", "--camera", "pan right 30deg")
    assert run(*asked, "--seed", 3, "-o", tmp_path / "a.mp4", "--preview", "--device", "cpu") == 0
    assert capsys.readouterr().out.split() == [str(tmp_path / n) for n in ("a.mp4", "a.json", "a.png", "a-preview.mp4")]
    assert run("--from-manifest", tmp_path / "a.json", "-o", tmp_path / "b.mp4") == 0
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    capsys.readouterr()
    write_panorama(place, seed=9)
    assert run("--from-manifest", tmp_path / "a.json", "-o", tmp_path / "c.mp4") == 2
    assert "no longer those that the manifest's shot was made from" in capsys.readouterr().err
    assert run("-o", tmp_path / "d.mp4") == 2
    assert "expected --scene, --prompt and --camera" in capsys.readouterr().err
    assert run(*asked, "-o", tmp_path / "d.avi") == 2
    assert run("--from-manifest", model / "model_index.json", "-o", tmp_path / "e.mp4") == 2
    assert "this is another JSON file" in capsys.readouterr().err
    assert not list(tmp_path.glob("[c-e].*"))


def test_models_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    for words in ("nano", "wan2.1-1.3b", "Apache-2.0", "hf download Wan-AI/Wan2.1-T2V-1.3B-Diffusers"):
        assert words in listed


@pytest.mark.parametrize(
    "levers",
    [
        Levers(slicing=True, attention="explicit"),
        Levers(tiling=True),
        Levers(precision="bf16", autoencoder_precision="bf16"),
        Levers(fp8=True),
    ],
    ids=["slicing, explicit", "tiling", "bf16", "fp8"],
)
def test_levers_give_nearly_the_same_pictures(
    levers: Levers, panorama: Scene, usual: GeneratedShot, tmp_path: Path
) -> None:
    own = tiny_parts(tmp_path / "wan")
    own.transformer.to(levers.dtype)
    frames = shoot(CineScenePipeline(own, levers=levers), panorama).video.as_float()
    assert (frames - usual.video.as_float()).abs().mean() < 0.03


@pytest.mark.usefixtures("as_users_run")
def test_levers_that_cannot_be_pulled_are_named() -> None:
    for wrong, message in (
        ({"offload": "model"}, "needs a GPU"),
        ({"precision": "int3"}, "expected one of fp32, bf16, fp16"),
        ({"device": "toaster"}, "expected a name such as cpu or cuda"),
    ):
        with pytest.raises(InputError, match=message):
            Levers(**wrong)  # type: ignore[arg-type]
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="has none; use cpu"):
            Levers(device="cuda")
