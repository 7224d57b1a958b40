"""The child process of `segloop_store.decoding`: `python -m segloop_store.decoding_child <memory bytes>`.

Reads one JSON request a line, answers one JSON line, ends with its input. It limits itself before it reads
the first request.
"""

import io
import json
import math
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from PIL import Image

from segloop.errors import ImageError
from segloop.images import DecodedImage, decode_image

_GRACE_SECONDS = 5
_PNG_BIT_DEPTH_AT = 24
_PNG_8_BIT_RGB = bytes((8, 2))
"""Bit depth and colour type in the header."""
_TOO_MUCH_MEMORY = "decoding needs more memory than this server allows"
_PNG_LEVEL = 3
"""Of zlib: half the time of the default level for 2 % more bytes on CamVid frames (2026-11)."""


def main() -> None:
    """Serve requests until the input ends."""
    answers = _private_output()
    _limit(int(sys.argv[1]))
    answers.write(b"ready\n")
    for line in sys.stdin.buffer:
        request = json.loads(line)
        # the parent kills a child that hangs; should the parent die meanwhile, the alarm does
        signal.alarm(math.ceil(request["seconds"]) + _GRACE_SECONDS)
        try:
            answer = _answer(request)
        except MemoryError:
            answer = {"error": _TOO_MUCH_MEMORY}
        signal.alarm(0)
        answers.write(json.dumps(answer).encode() + b"\n")


def _private_output() -> io.FileIO:
    """The real stdout, unbuffered; whatever a C library prints goes nowhere."""
    answers = io.FileIO(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return answers


def _limit(memory_bytes: int) -> None:
    limits = {resource.RLIMIT_AS: memory_bytes, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: memory_bytes}
    for kind, value in limits.items():
        _, ceiling = resource.getrlimit(kind)
        allowed = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        with suppress(ValueError, OSError):  # macOS knows RLIMIT_AS but may refuse it
            resource.setrlimit(kind, (allowed, allowed))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    data = Path(request["path"]).read_bytes()
    try:
        image = decode_image(data, max_pixels=request["max_pixels"])
    except ImageError as error:
        return {"error": _TOO_MUCH_MEMORY if isinstance(error.__cause__, MemoryError) else str(error)}
    is_upright_rgb = _is_upright_rgb(data, image)
    if not is_upright_rgb:
        pixels = Image.fromarray(image.pixels)
        pixels.save(request["pixels_path"], "PNG", compress_level=_PNG_LEVEL)
    return {
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "notes": list(image.notes),
        "is_upright_rgb": is_upright_rgb,
    }


def _is_upright_rgb(data: bytes, image: DecodedImage) -> bool:
    """Whether any decoder makes the same upright 8-bit RGB of the file's own bytes."""
    if image.notes:
        return False
    if image.format == "PNG":
        return data[_PNG_BIT_DEPTH_AT : _PNG_BIT_DEPTH_AT + 2] == _PNG_8_BIT_RGB
    if image.format == "JPEG":
        with Image.open(io.BytesIO(data)) as opened:
            return opened.mode == "RGB"
    return False


if __name__ == "__main__":
    main()
