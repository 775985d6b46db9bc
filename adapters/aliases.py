"""Which versions a registry's aliases point to: asked often, so that nothing is asked but that."""

from adapters.registry import answering, find_version
from core.records import Version

Aliases = dict[str, int]


def aliases_of(models: tuple[str, ...]) -> dict[str, Aliases]:
    """Each model's aliases and the version that each points to; none for a model that was never registered.

    Raises:
        RegistryUnavailable: It does not answer.
    """
    with answering() as client:
        return {model: _aliases(client, model) for model in models}


def find_alias(model: str, alias: str) -> Version | None:
    """The version that an alias points to now, if any."""
    number = aliases_of((model,))[model].get(alias)
    return None if number is None else find_version(model, number)


def _aliases(client: object, model: str) -> Aliases:
    found = client.search_registered_models(filter_string=f"name='{model}'")  # type: ignore[attr-defined]
    return {str(alias): int(number) for each in found for alias, number in each.aliases.items()}
