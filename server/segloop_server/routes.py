"""Every router of the API, in the order the docs show them."""

from fastapi import APIRouter

from segloop_server.routers import (
    annotations,
    archives,
    assignments,
    auth,
    curve,
    events,
    exports,
    image_files,
    images,
    jobs,
    label_maps,
    members,
    methods,
    model_versions,
    predictions,
    projects,
    queue,
    reviews,
    rounds,
    tokens,
    users,
)

ROUTERS: tuple[APIRouter, ...] = (
    auth.router,
    users.router,
    tokens.router,
    projects.router,
    members.router,
    images.router,
    archives.router,
    image_files.router,
    label_maps.router,
    predictions.router,
    methods.router,
    rounds.router,
    curve.router,
    queue.router,
    assignments.router,
    annotations.router,
    reviews.router,
    model_versions.router,
    exports.router,
    jobs.router,
    events.router,
)
"""Served below /api/v1."""
