"""Numbers for Prometheus. One registry an app, so that several apps can live in one process."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest


class Metrics:
    """What `/metrics` prints."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.request_seconds = Histogram(
            "segloop_request_seconds",
            "time to answer a request",
            ["method", "route", "status"],
            registry=self.registry,
            buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60),
        )
        self.uploads = Counter(
            "segloop_uploaded_images", "images by what became of them", ["result"], registry=self.registry
        )
        self.jobs = Gauge("segloop_jobs", "jobs by kind and state", ["kind", "state"], registry=self.registry)
        self.workers = Gauge(
            "segloop_workers", "workers seen lately, by queue", ["queue"], registry=self.registry
        )

    def text(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self.registry)
