"""Which events somebody is told of, as `deployments/alerts.yaml` says."""

import yaml

from adapters.settings import PROJECT

ROUTES = PROJECT / "deployments" / "alerts.yaml"


def listened_events() -> tuple[str, ...]:
    """Names of the events that a route waits for; none where there is no such file."""
    if not ROUTES.exists():
        return ()
    routes = yaml.safe_load(ROUTES.read_text(encoding="utf-8")) or []
    return tuple(sorted({name for route in routes for name in route["expect"]}))
