"""Model versions: list, look at, download, roll back and forward."""

import uuid

from fastapi import APIRouter, Request, Response

from segloop_server.blob_responses import blob_response
from segloop_server.dependencies import CallerDep, ContextDep, require_role
from segloop_server.paging import DEFAULT_LIMIT, Cursor, Limit, decode_cursor, encode_cursor
from segloop_server.round_access import require_model_version
from segloop_server.schemas.common import Page
from segloop_server.schemas.jobs import JobOut
from segloop_server.schemas.model_versions import Activated, ModelVersionDetail, ModelVersionOut
from segloop_store.ranking import rank_by
from segloop_store.repositories import model_lists, models, queries
from segloop_store.states import Role

router = APIRouter(tags=["models"])


@router.get("/projects/{project_id}/model_versions")
def list_model_versions(
    project_id: uuid.UUID,
    context: ContextDep,
    caller: CallerDep,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[ModelVersionOut]:
    """A project's model versions, newest first."""
    key = decode_cursor(cursor, int)
    with context.database.reading() as session:
        require_role(session, caller, project_id)
        views = model_lists.list_views(
            session, project_id, before_number=int(key[0]) if key else None, limit=limit + 1
        )
    items = [ModelVersionOut.of(view) for view in views[:limit]]
    return Page(items=items, next_cursor=encode_cursor(items[-1].number) if len(views) > limit else None)


@router.get("/model_versions/{model_version_id}")
def get_model_version(
    model_version_id: uuid.UUID, context: ContextDep, caller: CallerDep
) -> ModelVersionDetail:
    """One model version with its loss curve and settings."""
    with context.database.reading() as session:
        require_model_version(session, caller, model_version_id)
        return ModelVersionDetail.of(model_lists.view(session, model_version_id))


@router.get(
    "/model_versions/{model_version_id}/weights",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "a safetensors file"}},
)
def get_weights(
    model_version_id: uuid.UUID, request: Request, context: ContextDep, caller: CallerDep
) -> Response:
    """The weights as a safetensors file."""
    with context.database.reading() as session:
        version = require_model_version(session, caller, model_version_id)
    return blob_response(
        request,
        context.blobs,
        version.weights_key,
        media_type="application/octet-stream",
        etag=f"weights-{version.id}",
        download_as=f"model-{version.number}.safetensors",
    )


@router.post("/model_versions/{model_version_id}/activate", status_code=202)
def activate_model_version(model_version_id: uuid.UUID, context: ContextDep, caller: CallerDep) -> Activated:
    """Make the project use this version, back or forward, and rank what waits and nobody holds by it.

    Regions of images whose scores were cleaned up keep their order, behind the others, until `job` has scored
    them again and ranked once more.
    """
    with context.database.reading() as session:
        version = require_model_version(session, caller, model_version_id, Role.OWNER)
        waiting = queries.open_unleased(session, version.project_id)
        kept = models.predictions_of(session, model_version_id) if waiting else {}
    ranked = rank_by(waiting, kept, context.blobs)
    job = None
    with context.database.transaction() as session:
        require_model_version(session, caller, model_version_id, Role.OWNER)
        models.activate(session, model_version_id, user_id=caller.user_id)
        queries.rank_again(session, ranked.rankings)
        if ranked.unscored_image_ids:
            job = model_lists.ask_for_ranking(
                session, project_id=version.project_id, model_version_id=model_version_id
            )
    with context.database.reading() as session:
        item = ModelVersionOut.of(model_lists.view(session, model_version_id))
    return Activated(
        **item.model_dump(),
        num_ranked_again=len(ranked.rankings),
        job=None if job is None else JobOut.of(job),
    )
