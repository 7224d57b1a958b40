"""Latency of the next assignment and of saving an answer at 1,000 images, over HTTP.

./run bench annotating [--images 1000] [--answers 300]
"""

import argparse
import base64
import time

from bench._report import percentile, publish
from segloop.images import encode_jpeg
from segloop.label_maps import decode_index_png, encode_index_png
from segloop.scenes import SCENE_CLASSES, render_scene
from segloop_client.waiting import wait_for_jobs, wait_for_round
from tests.support.served import served


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--answers", type=int, default=300)
    options = parser.parse_args()
    next_ms: list[float] = []
    save_ms: list[float] = []
    health_ms: list[float] = []
    with served() as (_, client):
        classes = [{"name": name, "color": color} for name, color in SCENE_CLASSES]
        project = client.create_project("latency", classes, {"kind": "grid"})
        for first in range(0, options.images, 50):
            files = [
                (f"{index:05d}.jpg", encode_jpeg(render_scene(2, index, height=120, width=160)[0]))
                for index in range(first, min(first + 50, options.images))
            ]
            client.upload_images(project["id"], files, "pool")
        wait_for_jobs(client, project["id"])
        started = client.start_round(project["id"], budget_regions=options.answers + 50)
        wait_for_round(client, started["id"])
        for _ in range(options.answers):
            start = time.perf_counter()
            client.request("GET", "/healthz")
            health_ms.append((time.perf_counter() - start) * 1000)
            start = time.perf_counter()
            assignment = client.next_assignment(project["id"])
            next_ms.append((time.perf_counter() - start) * 1000)
            assert assignment is not None
            mask = decode_index_png(base64.b64decode(assignment["region"]["mask_png"]))
            mask[mask == 255] = 1
            mask[mask == 0] = 255
            png = base64.b64encode(encode_index_png(mask)).decode()
            start = time.perf_counter()
            client.submit(assignment["id"], label_map_png=png, seconds_spent=1.0, num_clicks=1)
            save_ms.append((time.perf_counter() - start) * 1000)
    rows = [
        {"what": what, "p50 ms": percentile(values, 50), "p95 ms": percentile(values, 95)}
        for what, values in (("bare request", health_ms), ("next assignment", next_ms), ("save", save_ms))
    ]
    publish("annotating", rows, images=options.images, answers=options.answers, database="SQLite")


if __name__ == "__main__":
    main()
