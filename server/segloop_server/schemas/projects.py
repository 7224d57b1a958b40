"""Projects and their classes as JSON."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field

from segloop.settings import PartitionKind, Split
from segloop_server.schemas.common import Color, Name, Payload, Text, Timestamp
from segloop_store.models import LabelClass, Project
from segloop_store.states import Role

MAX_CLASSES = 254

SizePx = Annotated[int, Field(ge=2, le=8192, description="side of a region; about that of a superpixel")]


class NewLabelClass(Payload):
    """A class to be made."""

    name: Name
    color: Color
    description: Text = ""
    example: Text = ""


class LabelClassChange(Payload):
    """A class to be changed, found by `index`, or without one by `name`; a new name is appended."""

    index: Annotated[int, Field(ge=0, lt=MAX_CLASSES)] | None = None
    name: Name | None = None
    color: Color | None = None
    description: Text | None = None
    example: Text | None = None
    merged_into: int | None = Field(
        default=None, description="ignored: so that what was read can be sent back"
    )


class LabelClassOut(BaseModel):
    """A class."""

    index: int
    name: str
    color: str
    description: str
    example: str
    merged_into: int | None

    @classmethod
    def of(cls, label_class: LabelClass) -> Self:
        """From its row."""
        return cls(
            index=label_class.index,
            name=label_class.name,
            color=label_class.color,
            description=label_class.description,
            example=label_class.example,
            merged_into=label_class.merged_into,
        )


class PartitionIn(Payload):
    """How images are cut; without a size each image gets sqrt(W * H / 192)."""

    kind: PartitionKind
    size_px: SizePx | None = None


class PartitionOut(BaseModel):
    """How images are cut."""

    kind: PartitionKind
    size_px: int | None


class NewProject(Payload):
    """A project to be made."""

    name: Name
    label_classes: Annotated[list[NewLabelClass], Field(min_length=1, max_length=MAX_CLASSES)]
    partition: PartitionIn
    guide_markdown: Text = ""
    simulated_annotator: Literal["off", "on"] | None = None


class ProjectChange(Payload):
    """What may change of a project; absent = stays."""

    name: Name | None = None
    guide_markdown: Text | None = None
    label_classes: Annotated[list[LabelClassChange], Field(max_length=MAX_CLASSES)] | None = None
    partition: PartitionIn | None = None
    simulated_annotator: Literal["off", "on"] | None = None
    deleted: Literal[False] | None = Field(default=None, description="false brings a deleted project back")


class ImageCounts(BaseModel):
    """Images that are not hidden, by split."""

    pool: int
    validation: int
    test: int


class ProjectOut(BaseModel):
    """A project, with the caller's role in it."""

    id: uuid.UUID
    name: str
    label_classes: list[LabelClassOut]
    partition: PartitionOut
    guide_markdown: str
    role: Role
    created_at: Timestamp
    deleted_at: Timestamp | None
    active_model_version_id: uuid.UUID | None
    num_images: ImageCounts
    simulated_annotator: Literal["off", "on"] | None

    @classmethod
    def of(
        cls, project: Project, role: Role, classes: Sequence[LabelClass], counts: Mapping[Split, int]
    ) -> Self:
        """From its rows."""
        return cls(
            id=project.id,
            name=project.name,
            label_classes=[LabelClassOut.of(label_class) for label_class in classes],
            partition=PartitionOut(kind=project.partition_kind, size_px=project.partition_size_px),
            guide_markdown=project.guide_markdown,
            role=role,
            created_at=project.created_at,
            deleted_at=project.deleted_at,
            active_model_version_id=project.active_model_version_id,
            num_images=ImageCounts(**{split.value: counts.get(split, 0) for split in Split}),
            simulated_annotator=project.simulated_annotator,
        )
