"""The hot path's Faust app, for ``faust -A streams.app worker``."""

from streams.roles import worker_app
from streams.settings import settings

app = worker_app("hot", settings()).app
