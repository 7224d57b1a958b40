"""Every table, in one place: what migrations compare with and what repositories import."""

from segloop_store.tables.base import Base
from segloop_store.tables.data import GroundTruth, Image, LabelClass, Partition, Project
from segloop_store.tables.people import ApiToken, Membership, Session, User
from segloop_store.tables.rounds import (
    Annotation,
    Assignment,
    Draft,
    Export,
    ModelVersion,
    PredictionSet,
    RegionQuery,
    Review,
    Round,
    TrainingSnapshot,
)
from segloop_store.tables.running import DeviceSlot, Event, Job, WorkerHeartbeat

__all__ = [
    "Annotation",
    "ApiToken",
    "Assignment",
    "Base",
    "DeviceSlot",
    "Draft",
    "Event",
    "Export",
    "GroundTruth",
    "Image",
    "Job",
    "LabelClass",
    "Membership",
    "ModelVersion",
    "Partition",
    "PredictionSet",
    "Project",
    "RegionQuery",
    "Review",
    "Round",
    "Session",
    "TrainingSnapshot",
    "User",
    "WorkerHeartbeat",
]
