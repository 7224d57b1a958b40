"""Images a second over HTTP: 100 JPEGs of CamVid's size, against decoding the same bytes in a loop.

./run bench upload [--num 100]
"""

import argparse
import hashlib
import time

from bench._report import publish
from segloop.images import decode_image, encode_jpeg
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop_client.waiting import wait_for_jobs
from tests.support.served import served


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num", type=int, default=100)
    num = parser.parse_args().num
    files = [
        (f"{index:04d}.jpg", encode_jpeg(render_scene(1, index, height=360, width=480)[0], quality=92))
        for index in range(num)
    ]
    start = time.perf_counter()
    for _, data in files:
        hashlib.sha256(data).hexdigest()
        decode_image(data)
    bare_seconds = time.perf_counter() - start
    classes = [{"name": name, "color": color} for name, color in SCENE_CLASSES]
    with served() as (_, client):
        project = client.create_project("upload", classes, {"kind": "grid"})
        start = time.perf_counter()
        for first in range(0, num, 25):
            answer = client.upload_images(project["id"], files[first : first + 25], "pool")
            assert len(answer["created"]) == len(files[first : first + 25]), answer["rejected"]
        upload_seconds = time.perf_counter() - start
        start = time.perf_counter()
        client.upload_images(project["id"], files, "pool")
        repeat_seconds = time.perf_counter() - start
        wait_for_jobs(client, project["id"])
        ingest_seconds = time.perf_counter() - start - repeat_seconds
    row = {
        "images": num,
        "upload images/s": num / upload_seconds,
        "same again images/s": num / repeat_seconds,
        "bare decode images/s": num / bare_seconds,
        "upload / bare": upload_seconds / bare_seconds,
        "ingest after upload s": ingest_seconds,
    }
    publish("upload", [row], image_size="480 x 360 JPEG q92")


if __name__ == "__main__":
    main()
