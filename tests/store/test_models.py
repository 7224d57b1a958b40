"""Snapshots, model versions and what they left per image."""

import uuid

import pytest
from sqlalchemy.orm import Session

from segloop.settings import Split
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.errors import ConflictError, NotFoundError
from segloop_store.models import ModelVersion, PredictionSet, Project, Round, TrainingSnapshot
from segloop_store.repositories import models, snapshots
from segloop_store.states import RoundState
from tests.support.rows import add_image, add_project, add_round


def _snapshot(session: Session, round_: Round) -> TrainingSnapshot:
    return snapshots.add_snapshot(
        session,
        round_,
        contents_key="rounds/a/snapshot.json",
        num_classes=2,
        num_annotations=3,
        num_truths=1,
        labelled_fraction=0.25,
        settings={"seed": 7},
        seed=7,
        code_version="abc",
    )


def _train(session: Session, project: Project, number: int) -> ModelVersion:
    round_ = add_round(session, project, number, state=RoundState.CLOSED)
    return models.add_model_version(
        session,
        _snapshot(session, round_),
        model_version_id=uuid.uuid4(),
        weights_key="models/a/weights.safetensors",
        image_steps=10,
        compute_seconds=1.5,
        loss_curve=[[1, 2.0]],
    )


def test_round_has_one_snapshot(database: Database) -> None:
    with database.transaction() as session:
        round_ = add_round(session, add_project(session))
        assert snapshots.find_snapshot(session, round_.id) is None
        snapshot = _snapshot(session, round_)
        with pytest.raises(ConflictError, match="already"):
            _snapshot(session, round_)
        assert snapshots.find_snapshot(session, round_.id) is snapshot


def test_new_model_is_numbered_and_becomes_the_rounds_and_the_projects(database: Database) -> None:
    with database.transaction() as session:
        project, other = add_project(session), add_project(session)
        versions = [_train(session, project, number) for number in range(2)]
        first_of_other = _train(session, other, 0)

    with database.reading() as session:
        active = models.find_active(session, project.id)
        round_ = session.get_one(Round, versions[1].round_id)
    assert [version.number for version in [*versions, first_of_other]] == [0, 1, 0]
    assert active is not None
    assert active.id == versions[1].id
    assert (round_.model_version_id, round_.labelled_fraction) == (versions[1].id, 0.25)


def test_saving_a_rounds_model_again_gives_the_one_that_is_there(database: Database) -> None:
    with database.transaction() as session:
        version = _train(session, add_project(session), 0)
        snapshot = snapshots.find_snapshot(session, version.round_id)
        assert snapshot is not None
        again = models.add_model_version(
            session,
            snapshot,
            model_version_id=uuid.uuid4(),
            weights_key="other",
            image_steps=1,
            compute_seconds=1.0,
        )
    assert again.id == version.id


def test_metrics_are_kept_with_the_model_and_its_round(database: Database) -> None:
    with database.transaction() as session:
        version = _train(session, add_project(session), 0)
        models.set_metrics(session, version.id, {"mean_iou": 0.5})

    with database.reading() as session:
        assert models.get_model_version(session, version.id).metrics == {"mean_iou": 0.5}
        assert session.get_one(Round, version.round_id).metrics == {"mean_iou": 0.5}


def test_older_model_can_be_made_active_again(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session)
        first, _ = _train(session, project, 0), _train(session, project, 1)
    with database.transaction() as session:
        models.activate(session, first.id)
        with pytest.raises(NotFoundError):
            models.activate(session, uuid.uuid4())

    with database.reading() as session:
        active = models.find_active(session, project.id)
    assert active is not None
    assert active.id == first.id


def _prediction(version: ModelVersion, image_id: uuid.UUID, name: str) -> PredictionSet:
    return PredictionSet(
        model_version_id=version.id,
        image_id=image_id,
        prediction_key=f"{name}/prediction",
        heat_key=f"{name}/heat",
        max_prob_key=f"{name}/max_prob",
        region_scores_key=None,
    )


def test_scoring_an_image_again_replaces_its_row(database: Database) -> None:
    with database.transaction() as session:
        project = add_project(session)
        version = _train(session, project, 0)
        pool, test, hidden = (
            add_image(session, project),
            add_image(session, project, split=Split.TEST),
            add_image(session, project, hidden_at=now()),
        )
        models.save_predictions(session, [])
        everything = [_prediction(version, image.id, "one") for image in (pool, test, hidden)]
        models.save_predictions(session, everything)
        models.save_predictions(session, [_prediction(version, pool.id, "two")])

    with database.reading() as session:
        found = models.find_prediction(session, version.id, pool.id)
        assert found is not None
        assert found.prediction_key == "two/prediction"
        assert set(models.predictions_of(session, version.id)) == {pool.id, test.id}
        assert set(models.predictions_of(session, version.id, splits=[Split.POOL])) == {pool.id}
        assert models.find_prediction(session, uuid.uuid4(), pool.id) is None
    with database.transaction() as session:
        gone = models.delete_predictions(session, version.id)
        assert {item.image_id for item in gone} == {pool.id, test.id, hidden.id}
    with database.reading() as session:
        assert models.predictions_of(session, version.id) == {}
