"""What the files of an unpacked archive are, by their names: images of a split, label maps, the class table.

images/<split>/<filename>      train or pool, val or validation, test; a folder around all of it may be there
labels/<split>/<stem>.png      index PNG of the image of the same path
classes.json
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from segloop.settings import Split
from segloop_worker.errors import JobInputError

SPLIT_FOLDERS = {
    "train": Split.POOL,
    "pool": Split.POOL,
    "val": Split.VALIDATION,
    "validation": Split.VALIDATION,
    "test": Split.TEST,
}
_SYSTEM_NAMES = frozenset({"thumbs.db", "desktop.ini", "__macosx"})
_CLASSES = "classes.json"


@dataclass(frozen=True, slots=True)
class ArchiveImage:
    """One image: its member, its name in the project, its split, and the member of its label map."""

    member: str
    filename: str
    split: Split
    label_member: str | None


@dataclass(slots=True)
class Layout:
    """What is where; `unused` are (member, reason)."""

    images: list[ArchiveImage] = field(default_factory=list)
    classes_member: str | None = None
    unused: list[tuple[str, str]] = field(default_factory=list)


def read_layout(members: Iterable[str], split: Split | None) -> Layout:
    """Find images and label maps by their members' names; a folder's split wins over `split`.

    Args:
        members: the files' names.
        split: of images whose folder says none.

    Raises:
        JobInputError: there is neither a `split` nor a folder that says it.
    """
    names = [name for name in members if not _is_hidden(name)]
    root = _root_of(names)
    if root is not None:
        return _by_folders(names, root)
    if split is None:
        raise JobInputError(
            "the archive has no folder images/train, images/val or images/test: make one, or say the split"
        )
    return Layout(images=[ArchiveImage(name, name, split, None) for name in names])


def _by_folders(names: list[str], root: str) -> Layout:
    layout = Layout()
    label_members: dict[tuple[str, str], str] = {}
    found: list[tuple[str, str, str]] = []
    for name in names:
        parts = PurePosixPath(name.removeprefix(root)).parts
        if name.startswith(root) and parts == (_CLASSES,):
            layout.classes_member = name
        elif name.startswith(root) and len(parts) > 2 and parts[1] in SPLIT_FOLDERS and parts[0] == "images":
            found.append((name, parts[1], "/".join(parts[2:])))
        elif name.startswith(root) and len(parts) > 2 and parts[1] in SPLIT_FOLDERS and parts[0] == "labels":
            label_members[parts[1], str(PurePosixPath(*parts[2:]).with_suffix(""))] = name
        else:
            layout.unused.append((name, "it lies neither in images/<split>/ nor in labels/<split>/"))
    for name, folder, filename in found:
        label = label_members.pop((folder, str(PurePosixPath(filename).with_suffix(""))), None)
        layout.images.append(ArchiveImage(name, filename, SPLIT_FOLDERS[folder], label))
    layout.unused += [(name, "this label map has no image beside it") for name in label_members.values()]
    return layout


def _root_of(names: Iterable[str]) -> str | None:
    """What stands before `images/<split>/`: nothing, or folders around it; None without such a folder."""
    roots = set()
    for name in names:
        parts = PurePosixPath(name).parts
        for place in range(len(parts) - 2):
            if parts[place] == "images" and parts[place + 1] in SPLIT_FOLDERS:
                roots.add("".join(f"{part}/" for part in parts[:place]))
                break
    return min(roots, key=lambda root: (root.count("/"), root)) if roots else None


def _is_hidden(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part.startswith(".") or part.lower() in _SYSTEM_NAMES for part in parts)
