"""What must fit together before anything is served: the keys are the log's own, and days are cut alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters import bootstrap
from adapters.postgres.keys.key_file import KeyFile, KeyFileIsAnothers, KeyFileIsUnusable, ensure_key_file
from adapters.postgres.projector.rebuild import Rebuild
from adapters.settings import Settings
from projections.index import READ_MODELS


def settings(folder: Path, **more: object) -> Settings:
    return Settings(data_folder=folder, **more)  # type: ignore[arg-type]  # what the test is about


def test_a_log_takes_no_other_key_file_than_its_own(database: str, tmp_path: Path) -> None:
    own = settings(tmp_path / "own")
    bootstrap.bound(database, own)
    bootstrap.bound(database, own)
    bootstrap.bound(database, settings(tmp_path / "copy", key_file=own.keys))
    other = settings(tmp_path / "other")
    with pytest.raises(KeyFileIsUnusable):
        bootstrap.bound(database, other)
    assert not other.keys.exists()


def test_the_key_file_of_another_log_is_refused(database: str, tmp_path: Path) -> None:
    bootstrap.bound(database, settings(tmp_path / "own"))
    foreign = tmp_path / "foreign.json"
    ensure_key_file(foreign)
    with (
        pytest.raises(KeyFileIsAnothers),
        bootstrap.open_log(database, settings(tmp_path / "own", key_file=foreign)),
    ):
        pass


def test_read_models_of_another_zone_are_not_served(database: str, tmp_path: Path, key_file: KeyFile) -> None:
    with bootstrap.projector(database) as datastore:
        for model in READ_MODELS:
            Rebuild(datastore, model, "UTC", key_file).rebuild()
        bootstrap.require_zone(database, settings(tmp_path))
        with pytest.raises(bootstrap.ReadModelsAreOfAnotherZone, match="Europe/Berlin"):
            bootstrap.require_zone(database, settings(tmp_path, zone="Europe/Berlin"))
        for model in READ_MODELS:
            Rebuild(datastore, model, "Europe/Berlin", key_file).rebuild()
        bootstrap.require_zone(database, settings(tmp_path, zone="Europe/Berlin"))


def test_looking_makes_no_database(tmp_path: Path) -> None:
    made = bootstrap.database(settings(tmp_path / "none"), make=False)
    with pytest.raises(bootstrap.FolderHoldsNoDatabase, match=str(tmp_path / "none")), made:
        pass
    assert not (tmp_path / "none").exists()
