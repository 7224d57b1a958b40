"""How well people agree, as JSON, from the pairs of answers to regions that were asked twice."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from segloop.agreement import Counts, agreement_counts, agreement_of, pooled
from segloop.label_maps import decode_index_png
from segloop_server.paging import encode_cursor
from segloop_server.schemas.annotations import (
    AgreementNumbers,
    AgreementOut,
    AnnotatorAgreement,
    AnsweredTwiceOut,
)
from segloop_store.repositories.second_answers import AnsweredTwice, OwnAnswer

Place = tuple[int, str, str]
"""Where a region stands in the list: its agreement in billionths, then the ids of both answers."""


def agreement_json(
    pairs: Sequence[AnsweredTwice],
    *,
    num_classes: int,
    num_waiting: int,
    limit: int,
    after: Place | None = None,
) -> AgreementOut:
    """All numbers, and a page of the regions, those people agree on least first.

    Args:
        pairs: of the whole project or round: the numbers are of all, whatever the page.
        num_classes: the project's.
        num_waiting: regions that wait for a second answer.
        limit: regions on the page.
        after: the place of the last region before it; None = the first page.
    """
    counts = [_counts(pair, num_classes) for pair in pairs]
    rows = [row for row in _regions(pairs, counts) if after is None or _place(row) > after]
    shown = rows[:limit]
    return AgreementOut(
        **_numbers(counts, num_classes).model_dump(),
        num_waiting=num_waiting,
        annotators=_annotators(pairs, counts, num_classes),
        regions=shown,
        next_cursor=encode_cursor(*_place(shown[-1])) if len(rows) > limit else None,
    )


def _place(row: AnsweredTwiceOut) -> Place:
    first, second = row.annotation_ids
    return round(row.pixel_agreement * 10**9), str(first), str(second)


def _counts(pair: AnsweredTwice, num_classes: int) -> Counts:
    first, second = (decode_index_png(answer.label_map_png) for answer in (pair.first, pair.second))
    return agreement_counts(first, second, num_classes=num_classes)


def _numbers(counts: Sequence[Counts], num_classes: int) -> AgreementNumbers:
    found = agreement_of(pooled(counts, num_classes=num_classes))
    return AgreementNumbers(
        num_regions=len(counts),
        num_pixels=found.num_pixels,
        pixel_agreement=found.pixel_agreement,
        kappa=found.kappa,
        iou_per_class=found.iou_per_class,
        void_iou=found.void_iou,
    )


def _annotators(
    pairs: Sequence[AnsweredTwice], counts: Sequence[Counts], num_classes: int
) -> list[AnnotatorAgreement]:
    """Everybody against whoever else answered the same regions: they are the rows of their counts."""
    names: dict[uuid.UUID, str] = {}
    counts_of: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for pair, count in zip(pairs, counts, strict=True):
        for answer, own in ((pair.first, count), (pair.second, count.T)):
            names[answer.user_id] = answer.username
            counts_of[answer.user_id].append(own)
    return [
        AnnotatorAgreement(
            **_numbers(counts_of[user_id], num_classes).model_dump(), user_id=user_id, username=name
        )
        for user_id, name in sorted(names.items(), key=lambda item: item[1])
    ]


def _regions(pairs: Sequence[AnsweredTwice], counts: Sequence[Counts]) -> list[AnsweredTwiceOut]:
    rows = []
    for pair, count in zip(pairs, counts, strict=True):
        found = agreement_of(count)
        answers: tuple[OwnAnswer, OwnAnswer] = (pair.first, pair.second)
        rows.append(
            AnsweredTwiceOut(
                image_id=pair.region.image_id,
                filename=pair.region.filename,
                region_index=pair.region.region_index,
                bbox=pair.region.bbox,
                round=pair.region.round_number,
                annotation_ids=(answers[0].annotation_id, answers[1].annotation_id),
                usernames=(answers[0].username, answers[1].username),
                pixel_agreement=found.pixel_agreement or 0.0,
                kappa=found.kappa,
            )
        )
    return sorted(rows, key=_place)
