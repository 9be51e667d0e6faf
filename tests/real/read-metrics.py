"""Reads metrics with python3-prometheus-client, and prints them as JSON."""
import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = text_string_to_metric_families(open(sys.argv[1], encoding="utf-8").read())
print(json.dumps({
    family.name: {
        "type": family.type,
        "samples": [{"labels": sample.labels, "value": sample.value} for sample in family.samples],
    }
    for family in families
}))
