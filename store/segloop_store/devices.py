"""Device slots: one torch child a device. A slot is a leased row: a dead worker's device comes free."""

import uuid
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from segloop_store.clock import now
from segloop_store.database import is_sqlite
from segloop_store.models import DeviceSlot


def take_slot(session: Session, name: str, *, job_id: uuid.UUID, owner: str, lease_until: datetime) -> bool:
    """Take the device for a job; False when another run holds it and is alive.

    Args:
        session: an open transaction.
        name: `<host>:<cpu or cuda:n>`; a name seen for the first time gets its row.
        job_id: the job that will run there.
        owner: the run that holds it from now on.
        lease_until: when it comes free unless renewed.
    """
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    session.execute(insert(DeviceSlot).values(name=name).on_conflict_do_nothing())
    taken = session.execute(
        update(DeviceSlot)
        .where(DeviceSlot.name == name, or_(DeviceSlot.owner.is_(None), DeviceSlot.lease_until < now()))
        .values(job_id=job_id, owner=owner, lease_until=lease_until)
        .returning(DeviceSlot.name),
        execution_options={"synchronize_session": False},
    )
    return taken.scalar_one_or_none() is not None


def is_free(session: Session, name: str) -> bool:
    """Whether `take_slot` would get it now."""
    slot = holder(session, name)
    return slot is None or slot.owner is None or (slot.lease_until is not None and slot.lease_until < now())


def renew_slots(session: Session, owner: str, lease_until: datetime) -> None:
    """Keep what `owner` holds until `lease_until`."""
    session.execute(
        update(DeviceSlot).where(DeviceSlot.owner == owner).values(lease_until=lease_until),
        execution_options={"synchronize_session": False},
    )


def release_slots(session: Session, owner: str) -> None:
    """Give back what `owner` holds; nothing happens when it holds nothing."""
    session.execute(
        update(DeviceSlot).where(DeviceSlot.owner == owner).values(job_id=None, owner=None, lease_until=None),
        execution_options={"synchronize_session": False},
    )


def free_expired_slots(session: Session, at: datetime) -> int:
    """Give back every slot whose holder went silent; how many there were."""
    freed = session.execute(
        update(DeviceSlot)
        .where(DeviceSlot.lease_until < at)
        .values(job_id=None, owner=None, lease_until=None)
        .returning(DeviceSlot.name),
        execution_options={"synchronize_session": False},
    )
    return len(freed.all())


def holder(session: Session, name: str) -> DeviceSlot | None:
    """The slot's row, to say who holds it."""
    return session.scalars(select(DeviceSlot).where(DeviceSlot.name == name)).one_or_none()
