"""Takes rendered manifests apart and checks what no schema can know.

manifests.py split RENDERED FOLDER   one file a resource: FOLDER/core/… and FOLDER/<kind>/… for custom ones
manifests.py agree RENDERED          what stands in two places agrees: ports, grace periods, names, restrictions
"""

import sys
import tomllib
from pathlib import Path

import yaml

# Between the end of the drain and the kill.
AIR_SECONDS = 10
CORE_GROUPS = {"v1", "apps/v1", "batch/v1", "autoscaling/v2", "policy/v1", "networking.k8s.io/v1"}


def resources(rendered):
    return [document for document in yaml.safe_load_all(Path(rendered).read_text()) if document]


def split(rendered, folder):
    for resource in resources(rendered):
        kind = resource["kind"].lower()
        place = Path(folder) / ("core" if resource["apiVersion"] in CORE_GROUPS else kind)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{kind}-{resource['metadata']['name']}.yaml").write_text(yaml.safe_dump(resource))


def pod(resource):
    return resource["spec"]["template"]["spec"]


def ports(resource):
    return {port["name"]: port["containerPort"] for port in pod(resource)["containers"][0].get("ports", [])}


def restricted(resource):
    """What the restricted level of pod security asks, and a little more."""
    spec, name = pod(resource), resource["metadata"]["name"]
    security = spec.get("securityContext", {})
    yield security.get("runAsNonRoot") is True, f"{name}: a pod must not run as root"
    yield security.get("seccompProfile") == {"type": "RuntimeDefault"}, f"{name}: no seccomp profile"
    yield spec.get("automountServiceAccountToken") is False, f"{name}: a token of the cluster is mounted"
    for container in spec["containers"]:
        security = container.get("securityContext", {})
        yield security.get("readOnlyRootFilesystem") is True, f"{name}: the file system can be written"
        yield security.get("allowPrivilegeEscalation") is False, f"{name}: privileges can grow"
        yield security.get("capabilities") == {"drop": ["ALL"]}, f"{name}: capabilities are kept"
        yield "memory" in container.get("resources", {}).get("limits", {}), f"{name}: no limit of memory"
        yield "cpu" not in container["resources"]["limits"], f"{name}: a limit of processor time expires locks"
        yield not container["image"].endswith(":latest"), f"{name}: an image without a fixed tag"


def selected(found, name, labels):
    """Every selector must hit the pods it is meant for."""
    template = found["Deployment", name]["spec"]["template"]["metadata"]["labels"]
    return labels.items() <= template.items()


def listening(found, config, name, section):
    deployment = found["Deployment", f"waybill-{name}"]
    open_ports = ports(deployment)
    for key, port in (("listen", "http"), ("ops_listen", "ops")):
        if key in section:
            host, _, number = section[key].rpartition(":")
            yield host == "0.0.0.0", f"{name}.{key} must listen for other pods"
            yield open_ports.get(port) == int(number), f"{name}.{key} and the pod's port {port} differ"
    stops_after = (section.get("lame_duck_ms", 0) + section["drain_timeout_ms"]) / 1000
    grace = pod(deployment)["terminationGracePeriodSeconds"]
    yield grace >= stops_after + AIR_SECONDS, f"{name}: killed after {grace} s, but it may take {stops_after} s to stop"


def scaling(found, config):
    scaled = found["ScaledObject", "waybill-worker"]["spec"]
    yield ("Deployment", scaled["scaleTargetRef"]["name"]) in found, "the worker's scaling has no target"
    broker = config.get("broker", {})
    wanted = {f"{broker.get('prefix', 'waybill')}.work.v1.{shard}" for shard in range(broker.get("shards", 1))}
    watched = {trigger["metadata"]["queueName"] for trigger in scaled["triggers"]}
    yield watched == wanted, f"workers are scaled by {sorted(watched)}, but the queues are {sorted(wanted)}"
    for name in ("waybill-ingest", "waybill-worker"):
        yield "replicas" not in found["Deployment", name]["spec"], f"{name}: replicas are the autoscaler's to decide"


def wiring(found):
    service = found["Service", "waybill-ingest"]["spec"]
    yield selected(found, "waybill-ingest", service["selector"]), "the Service selects no pod"
    service = found["Service", "waybill-console"]["spec"]
    yield selected(found, "waybill-console", service["selector"]), "the console's Service selects no pod"
    for name in ("waybill-ingest", "waybill-worker", "waybill-console"):
        budget = found["PodDisruptionBudget", name]["spec"]["selector"]["matchLabels"]
        yield selected(found, name, budget), f"{name}: the disruption budget selects no pod"
        policy = found["NetworkPolicy", name]["spec"]["podSelector"]["matchLabels"]
        yield selected(found, name, policy), f"{name}: the network policy selects no pod"
        denied = found["NetworkPolicy", "waybill-deny"]["spec"]["podSelector"]["matchLabels"]
        yield selected(found, name, denied), f"{name}: is not denied by default"
    ingest = pod(found["Deployment", "waybill-ingest"])
    variables = {entry["name"] for entry in ingest["containers"][0]["env"]}
    files = {item["key"] for volume in ingest["volumes"] for item in volume.get("secret", {}).get("items", [])}
    known = {name for name in variables | files if "DATABASE" in name}
    yield not known, f"ingest must not know where PostgreSQL is: {known}"


def agree(rendered):
    found = {(resource["kind"], resource["metadata"]["name"]): resource for resource in resources(rendered)}
    (text,) = (r["data"]["waybill.toml"] for (kind, _), r in found.items() if kind == "ConfigMap")
    config = tomllib.loads(text)
    checks = [*wiring(found), *scaling(found, config)]
    for (kind, _), resource in found.items():
        if kind in ("Deployment", "Job"):
            checks += restricted(resource)
    for name in ("ingest", "worker", "console"):
        checks += listening(found, config, name, config[name])
    broken = [sentence for holds, sentence in checks if not holds]
    for sentence in broken:
        print(sentence)
    print(f"{len(checks)} checks, {len(broken)} broken")
    return 1 if broken else 0


def main():
    match sys.argv[1:]:
        case ["split", rendered, folder]:
            split(rendered, folder)
            return 0
        case ["agree", rendered]:
            return agree(rendered)
    print(__doc__)
    return 64


if __name__ == "__main__":
    sys.exit(main())
