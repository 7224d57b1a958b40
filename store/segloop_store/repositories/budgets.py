"""How much there is to ask about in a project, and how much of it a round may ask."""

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from segloop.settings import Split
from segloop_store.models import Image, Partition

DEFAULT_BUDGET_FRACTION = 0.005
"""Share of the pool's pixels a round asks when nobody names a budget."""

DEFAULT_BUDGET_MIN_REGIONS = 20
"""What a round without a named budget asks at least."""

UNPREPARED_REGIONS = 192
"""Regions of an image before it is partitioned: what `segloop.regions.default_size_px` aims at."""


@dataclass(frozen=True, slots=True)
class PoolSize:
    """How much there is to ask about in a project.

    Attributes:
        num_images: pool images that are not hidden.
        num_pixels: their pixels, void ones too.
        num_prepared: those that have their partition already.
        num_regions: regions of the whole pool; estimated where images are not partitioned yet.
    """

    num_images: int
    num_pixels: int
    num_prepared: int
    num_regions: float


@dataclass(frozen=True, slots=True)
class Budget:
    """What a round may ask, worked out: one of the two numbers is set."""

    regions: int | None
    pixels: int | None
    fraction: float | None


def pool_size(session: Session, project_id: uuid.UUID) -> PoolSize:
    """How many images, pixels and regions a project's pool holds."""
    pixels = Image.width * Image.height
    row = session.execute(
        select(
            func.count(Image.id),
            func.coalesce(func.sum(pixels), 0),
            func.count(Partition.id),
            func.coalesce(func.sum(Partition.num_regions), 0),
            func.coalesce(func.sum(case((Partition.id.is_not(None), pixels), else_=0)), 0),
        )
        .select_from(Image)
        .outerjoin(Partition, Partition.image_id == Image.id)
        .where(*in_pool(project_id))
    ).one()
    num_images, num_pixels, num_prepared, regions, prepared_pixels = (int(value) for value in row)
    if prepared_pixels:
        num_regions = regions * num_pixels / prepared_pixels
    else:
        num_regions = float(num_images * UNPREPARED_REGIONS)
    return PoolSize(num_images, num_pixels, num_prepared, num_regions)


def in_pool(project_id: uuid.UUID) -> tuple[ColumnElement[bool], ...]:
    """Conditions of an image that may be asked about."""
    return (Image.project_id == project_id, Image.split == Split.POOL, Image.hidden_at.is_(None))


def work_out_budget(pool: PoolSize, *, regions: int | None, fraction: float | None) -> Budget:
    """What a round may ask: the given budget, or 0.5 % of the pool's pixels but at least 20 regions."""
    if regions is not None:
        return Budget(regions, None, None)
    if fraction is not None:
        pixels = int(fraction * pool.num_pixels)
        return Budget(None, pixels, fraction) if pixels else Budget(0, None, fraction)
    if pool.num_regions * DEFAULT_BUDGET_FRACTION < DEFAULT_BUDGET_MIN_REGIONS:
        return Budget(DEFAULT_BUDGET_MIN_REGIONS, None, None)
    return Budget(None, int(pool.num_pixels * DEFAULT_BUDGET_FRACTION), DEFAULT_BUDGET_FRACTION)


def regions_in(pixels: int, pool: PoolSize) -> int:
    """About how many regions of the pool so many pixels are."""
    return round(pixels * pool.num_regions / pool.num_pixels) if pool.num_pixels else 0
