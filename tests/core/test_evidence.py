import json

import pytest

from core.bill import bill_of
from core.evidence import FORMAT, MANIFEST, changes, manifest_of
from tests.core.test_card import story

FILES = {"card.md": b"a card", "metrics.json": b"{}"}
WHOLE = FILES | {MANIFEST: manifest_of(FILES, {"model": "toy", "version": 3})}
PACKAGES = (("numpy", "2.4.6"), ("Jinja2_ext", "1.0+local"), ("numpy", "2.4.6"))


def test_pack_that_nobody_touched_is_whole():
    assert list(changes(WHOLE)) == []


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (WHOLE | {"card.md": b"another"}, "card.md: it was changed"),
        ({name: WHOLE[name] for name in ("metrics.json", MANIFEST)}, "card.md: it is missing"),
        (WHOLE | {"more.txt": b""}, "more.txt: it was added"),
        (FILES, "manifest.json: manifest.json is missing"),
        (FILES | {MANIFEST: b"{"}, "manifest.json: it cannot be read"),
        (FILES | {MANIFEST: b"[]"}, "manifest.json: it cannot be read"),
        (FILES | {MANIFEST: b'{"files": []}'}, "manifest.json: format is missing"),
        (
            WHOLE | {MANIFEST: WHOLE[MANIFEST].replace(FORMAT.encode(), b"other")},
            "manifest.json: its format is 'other'",
        ),
    ],
)
def test_what_was_changed_is_named(files, told):
    assert [line for line in changes(files) if line.startswith(told)]


def test_manifest_without_a_digest_vouches_for_nothing():
    manifest = json.loads(WHOLE[MANIFEST])
    for entry in manifest["files"]:
        del entry["sha256"]
    assert len(list(changes(WHOLE | {MANIFEST: json.dumps(manifest).encode()}))) == len(FILES)


def test_bill_lists_every_package_once_under_its_address():
    bill = bill_of(story().version, PACKAGES, "2026-04-01T09:00:00+00:00")
    libraries = [each for each in bill["components"] if each["type"] == "library"]
    assert [each["purl"] for each in libraries] == ["pkg:pypi/jinja2-ext@1.0%2Blocal", "pkg:pypi/numpy@2.4.6"]
    assert bill["metadata"]["component"]["hashes"][0]["content"] == "c" * 64
    refs = [each["bom-ref"] for each in bill["components"]]
    assert bill["dependencies"][0]["dependsOn"] == refs


def test_bill_is_the_same_for_the_same_version_and_another_for_another():
    made = [bill_of(story().version, PACKAGES, at)["serialNumber"] for at in ("2026-04-01", "2026-04-01", "2026-04-02")]
    assert made[0] == made[1] != made[2]


def test_bill_keeps_the_schema_of_cyclonedx():
    pytest.importorskip("cyclonedx", reason="cyclonedx-python-lib, which holds the schema, is not installed")
    from importlib.resources import files

    from jsonschema import Draft7Validator
    from referencing import Registry, Resource

    folder = files("cyclonedx") / "schema" / "_res"
    documents = {
        name: json.loads((folder / f"{name}.SNAPSHOT.schema.json").read_text())
        for name in ("bom-1.6", "spdx", "jsf-0.82")
    }
    named = [(schema["$id"], Resource.from_contents(schema)) for schema in documents.values()]
    validator = Draft7Validator(documents["bom-1.6"], registry=Registry().with_resources(named))
    bill = bill_of(story().version, PACKAGES, "2026-04-01T09:00:00+00:00")
    assert [error.message for error in validator.iter_errors(bill)] == []
    assert list(validator.iter_errors(bill | {"components": [{"name": "no type"}]}))
