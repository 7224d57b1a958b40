"""Claims and answers over a database, as an annotator's requests make them."""

import hashlib
import uuid
from collections.abc import Callable

from segloop.label_maps import encode_index_png
from segloop.settings import AnnotationKind
from segloop_store.clock import now
from segloop_store.database import Database
from segloop_store.models import Annotation, Assignment, RegionQuery
from segloop_store.repositories import annotations, assignments
from segloop_store.repositories.annotations import Answer
from segloop_store.states import AssignmentState
from tests.support.seeding import (
    Seeded,
    answer_map,
)

LEASE_SECONDS = 600.0


def claim(database: Database, seeded: Seeded, user_id: uuid.UUID) -> Assignment | None:
    with database.transaction() as session:
        return assignments.claim_next(
            session,
            project_id=seeded.project_id,
            user_id=user_id,
            lease_seconds=LEASE_SECONDS,
            at=now(),
        )


def claimed(database: Database, seeded: Seeded, user_id: uuid.UUID) -> Assignment:
    found = claim(database, seeded, user_id)
    assert found is not None
    return found


def query_of(database: Database, assignment: Assignment) -> RegionQuery:
    with database.reading() as session:
        return assignments.get_query(session, assignment.region_query_id)


def answer(database: Database, seeded: Seeded, assignment: Assignment) -> None:
    assert try_answer(database, seeded, assignment) is not None


def try_answer(database: Database, seeded: Seeded, assignment: Assignment) -> Annotation | None:
    label_map = answer_map(seeded, query_of(database, assignment))
    with database.transaction() as session:
        result = annotations.submit(
            session,
            assignment.id,
            Answer(
                label_map_png=encode_index_png(label_map),
                label_map_sha256=hashlib.sha256(label_map.tobytes()).hexdigest(),
                num_void_px=0,
                kind=AnnotationKind.EXACT,
                annotation_seconds=1.0,
                num_clicks=1,
            ),
            at=now(),
        )
    return result.annotation


def state_of(database: Database, assignment: Assignment) -> AssignmentState:
    with database.reading() as session:
        found = session.get(Assignment, assignment.id)
        assert found is not None
        return found.state


def claim_until_empty(database: Database, seeded: Seeded) -> Callable[[int], list[uuid.UUID]]:
    def work(number: int) -> list[uuid.UUID]:
        taken = []
        while (found := claim(database, seeded, seeded.user_ids[number])) is not None:
            taken.append(found.region_query_id)
        return taken

    return work
