import pytest

from adapters.specs import model_names, read_spec
from core.errors import SpecError

TRIPS = "name: trips\ndata: {source: trips.csv}\ntarget: {column: late}\n"


@pytest.fixture
def models(store):
    folder = store.parents[1] / "models"
    folder.mkdir()
    (folder / "trips.yaml").write_text(TRIPS)
    return folder


def test_spec_is_read_by_the_models_name(models):
    assert read_spec("trips").target.column == "late"


def test_override_is_applied(models):
    assert read_spec("trips", ["search.trials=3"]).search.trials == 3


def test_names_are_sorted(models):
    (models / "a.yaml").write_text("")
    assert model_names() == ["a", "trips"]


def test_unknown_model_is_told_with_the_nearest_name(models):
    with pytest.raises(SpecError, match="did you mean `trips`"):
        read_spec("tripps")


def test_unknown_model_is_told_with_all_when_none_is_near(models):
    with pytest.raises(SpecError, match="known models: trips"):
        read_spec("houses")


def test_unknown_model_is_told_when_there_is_no_folder(store):
    with pytest.raises(SpecError, match="known models: none"):
        read_spec("trips")


@pytest.mark.parametrize("model", ["../models/trips", "trips.yaml", "/etc/passwd", "", "TRIPS"])
def test_name_of_a_model_chooses_no_path(models, model):
    with pytest.raises(SpecError, match="there is no model"):
        read_spec(model)


def test_name_in_the_file_must_be_the_files(models):
    (models / "other.yaml").write_text(TRIPS)
    with pytest.raises(SpecError, match=r"(?s)other\.yaml: `name`.*'trips'.*name: other"):
        read_spec("other")


def test_file_that_is_no_text_is_told(models):
    (models / "trips.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(SpecError, match="UTF-8"):
        read_spec("trips")
