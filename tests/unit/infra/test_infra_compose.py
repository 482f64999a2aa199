"""The containers: valid by the Compose schema, pinned, and of one mind with the rest."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from schemas.topics import TOPICS
from streams.settings import Settings

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ROLES = {"hot", "join", "learn", "drift"}
# What differs between a broker in a container and one on loopback: addresses and folders.
ADDRESSES = {
    "controller.quorum.voters",
    "listeners",
    "advertised.listeners",
    "listener.security.protocol.map",
    "log.dirs",
}


def kafka_settings() -> dict[str, str]:
    environment: dict[str, str] = SERVICES["kafka"]["environment"]
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): value
        for name, value in environment.items()
        if name != "KAFKA_HEAP_OPTS"
    }


def local_settings() -> dict[str, str]:
    text = (ROOT / "infra/kafka/server.properties").read_text()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def images() -> list[str]:
    base = re.findall(r"^FROM (\S+)", (ROOT / "infra/images/Dockerfile").read_text(), re.MULTILINE)
    return base + [service["image"] for service in SERVICES.values()]


def test_the_file_is_valid_by_the_compose_specification() -> None:
    schema = json.loads((Path(__file__).parent / "data" / "compose-spec.json").read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(COMPOSE)] == []


def test_the_schema_would_find_a_mistake() -> None:
    schema = json.loads((Path(__file__).parent / "data" / "compose-spec.json").read_text())
    wrong = {"services": {"kafka": {"imagee": "apache/kafka:4.3.1"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


@pytest.mark.parametrize("image", images())
def test_every_image_is_pinned_to_a_full_version(image: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+[a-z0-9.-]*", image)


def test_the_broker_is_the_version_that_maven_fetches() -> None:
    namespace = {"m": "http://maven.apache.org/POM/4.0.0"}
    pom = ElementTree.parse(ROOT / "infra/kafka/pom.xml")
    version = pom.findtext("m:properties/m:kafka.version", namespaces=namespace)
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version}"


def test_the_broker_has_the_settings_of_the_one_without_docker() -> None:
    theirs, ours = kafka_settings(), local_settings()
    assert set(theirs) == set(ours)
    differing = {name for name in ours if theirs[name] != ours[name]}
    assert differing <= ADDRESSES


def test_topics_are_made_from_the_table_alone_before_any_worker_starts() -> None:
    command = ["fraud", "up", "--topics-only", "--bootstrap", "kafka:9092"]
    assert SERVICES["topics"]["command"] == command
    assert kafka_settings()["auto.create.topics.enable"] == "false"
    # No list of topics beside the table: none of its names appears in the file.
    text = (ROOT / "docker-compose.yml").read_text()
    assert [name for name in TOPICS if name in text] == []
    for role in ROLES | {"publisher"}:
        needed = SERVICES[role]["depends_on"]["topics"]
        assert needed == {"condition": "service_completed_successfully"}


def test_the_broker_takes_the_largest_record_of_the_table() -> None:
    sizes = [int(row.config().get("max.message.bytes", 0)) for row in TOPICS.values()]
    for limit in ("message.max.bytes", "replica.fetch.max.bytes"):
        assert int(kafka_settings()[limit]) > max(sizes)


def test_every_role_has_its_worker_and_every_worker_is_scraped() -> None:
    for role in ROLES:
        assert SERVICES[role]["command"] == ["fraud", "worker", role]
    prometheus = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text())
    [job] = prometheus["scrape_configs"]
    port = SERVICES["hot"]["environment"]["FRAUD_WEB_PORT"]
    found = {one["labels"]["role"]: one["targets"] for one in job["static_configs"]}
    assert found == {role: [f"{role}:{port}"] for role in ROLES}


def test_prometheus_reads_its_rules_and_grafana_shows_the_pipeline_first() -> None:
    prometheus = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text())
    assert "./infra/prometheus:/etc/prometheus:ro" in SERVICES["prometheus"]["volumes"]
    assert prometheus["rule_files"] == ["rules/*.yml"]
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / "infra/grafana/dashboards" / Path(home).name).is_file()


def test_every_worker_is_asked_whether_it_lives() -> None:
    for role in ROLES:
        assert "/live" in SERVICES[role]["healthcheck"]["test"][-1]


def test_ports_are_published_on_loopback_alone() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_folder_that_is_mounted_exists() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    for source in (mount.split(":")[0] for mount in mounts):
        known = source in COMPOSE["volumes"] if source[0] != "." else (ROOT / source).exists()
        assert known, source


def test_the_environment_of_every_service_is_one_of_the_settings() -> None:
    environments = [service.get("environment", {}) for service in SERVICES.values()]
    given = {name for names in environments for name in names if name.startswith("FRAUD_")}
    assert given
    assert given <= {f"FRAUD_{name.upper()}" for name in Settings.model_fields}


def test_every_worker_has_an_instance_id_of_its_own() -> None:
    ids = [SERVICES[role]["environment"]["FRAUD_WORKER_ID"] for role in sorted(ROLES)]
    assert len(set(ids)) == len(ids)


def test_dashboard_and_data_source_are_where_grafana_looks() -> None:
    provisioning = ROOT / "infra/grafana/provisioning"
    source = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())
    provider = yaml.safe_load((provisioning / "dashboards/fraud-streams.yml").read_text())
    dashboards = provider["providers"][0]["options"]["path"]
    assert f"./infra/grafana/dashboards:{dashboards}:ro" in SERVICES["grafana"]["volumes"]
    for used in (ROOT / "infra/grafana/dashboards").glob("*.json"):
        assert f'"uid": "{source["datasources"][0]["uid"]}"' in used.read_text()


def test_the_image_is_built_from_every_package_of_the_distribution() -> None:
    dockerfile = (ROOT / "infra/images/Dockerfile").read_text()
    ignore = (ROOT / "infra/images/Dockerfile.dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (.+) \S+$", dockerfile, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    assert sources >= {"schemas", "models", "streams", "producers", "infra", "pyproject.toml"}
    assert {f"!{source}" for source in sources} <= set(ignore)
