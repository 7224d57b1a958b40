"""Job features: while there is no model, which regions cover what the pool looks like."""

import json

from segloop.errors import EmptyPoolError
from segloop.settings import RoundSettings, Split
from segloop_store import blob_keys
from segloop_store.repositories import queries, work
from segloop_store.states import JobKind
from segloop_worker.child_spec import ChildSpec
from segloop_worker.job_run import JobRun, Save
from segloop_worker.project_images import is_askable, write_known_images
from segloop_worker.sources import read_images
from segloop_worker.torch_child import run_spec, settings_here
from segloop_worker.work_folder import open_folder


def features(run: JobRun) -> Save:
    """Plan the cold start; the plan goes to the job that asks it."""
    folder = open_folder(run)
    with run.database.reading() as session:
        round_ = work.round_by_id(session, run.round_id)
        num_classes = work.num_classes(session, run.project_id)
        asked = queries.asked_regions(session, run.project_id)
        num_images = write_known_images(
            session, folder, run.project_id, splits=[Split.POOL], is_wanted=is_askable, asked=asked
        )
    if num_images == 0:
        raise EmptyPoolError("no image of the pool could be prepared: there is nothing to ask about")
    settings = settings_here(RoundSettings.from_mapping(round_.settings), run)
    result = run_spec(
        run,
        folder,
        ChildSpec(
            kind=JobKind.FEATURES,
            settings=settings.to_mapping(),
            num_classes=num_classes,
            round_number=round_.number,
            budget_regions=round_.budget_regions,
            budget_pixels=round_.budget_pixels,
        ),
    )
    images = read_images(folder)
    plan = [[images[image].image_id, region, purpose] for image, region, purpose in result["plan"]]
    key = blob_keys.job_checkpoint(run.id, "plan.json")
    run.check()
    run.blobs.put(key, json.dumps(plan).encode(), overwrite=True)
    return lambda _: {"plan_key": key, "num_planned": len(plan)}
