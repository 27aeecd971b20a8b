"""The table of points at which Bankmesh enforces or shows each key of the standard.

A path has `[]` for every position in a list. The text is the named point where the key is enforced or shown; a text
that starts with `!` gives the reason why it is not. `{check}` is the check that the key compiles to. A key that holds
more keys has one entry for all of them.
"""

from __future__ import annotations

_PEOPLE = "!kept in the contract for people; not shown anywhere yet"
_TABLE = "!every port is one Delta table, named by the platform"
_SERVER = "!the location of ports is configured once for the platform, not by a contract"
SCHEDULE = "operations: schedule of the code location"
_READING = "reading: a contract with another value is refused"
_SHOW = "cli: mesh show"
_ENDING = "client: warning to readers of a deprecated major; dagster: asset description"
_LIFE = "reading: each stage must be allowed after the one before; cli: mesh show"
_PROVEN = "lineage: declassification proven by check {rule}"
_ALERTS = "alerts: route to the owner, by the routing file"
_SCHEMA = "gate: check schema"
_CHECK = "gate: check {check}"
_EACH_BUILD = "!the gate runs at every build, not by a schedule of its own"

ACCESS = "access: decision on each read through Bankmesh"
NO_ACCESS = "!the role has no access: read, so it gets nothing"
NO_PURPOSES = "!the contract allows no purposes (custom property purposes), so the role gets nothing"

PROSE = "!a rule of type text is prose; write it as a metric, as sql or as an expectation"
NOTHING = "!false or empty, so it promises nothing"
OWN = "!a custom property of your own, which Bankmesh does not read"
UNKNOWN = "!Bankmesh does not know this key"

POINTS: dict[str, str] = {
    # identity
    "apiVersion": _READING,
    "kind": _READING,
    "id": "dagster: asset key",
    "domain": "dagster: asset key",
    "name": "dagster: asset key",
    "dataProduct": "dagster: asset key",
    "version": "ports: contract version in every commit",
    "status": "products: built or not; client: read or refused; dagster: asset tags",
    "tenant": _PEOPLE,
    "tags": "dagster: asset tags",
    "contractCreatedTs": _PEOPLE,
    "authoritativeDefinitions": _PEOPLE,
    "description": _PEOPLE,
    "description.purpose": "dagster: asset description",
    "description.usage": _SHOW,
    "description.limitations": _SHOW,
    "servers": _SERVER,
    "price": _PEOPLE,
    # the table
    "schema[]": _PEOPLE,
    "schema[].name": _READING,
    "schema[].physicalName": _TABLE,
    "schema[].physicalType": _TABLE,
    "schema[].logicalType": _READING,
    "schema[].description": _SHOW,
    "schema[].dataGranularityDescription": _SHOW,
    # the columns
    "schema[].properties[]": _PEOPLE,
    "schema[].properties[].name": _SCHEMA,
    "schema[].properties[].logicalType": _SCHEMA,
    "schema[].properties[].physicalType": _SCHEMA,
    "schema[].properties[].physicalName": "!a column is stored under its own name",
    "schema[].properties[].description": "dagster: column description",
    "schema[].properties[].classification": "gate: values above internal are kept out of check metadata",
    "schema[].properties[].tags": "dagster: column tags",
    "schema[].properties[].examples": "reading: each example is a value of the column's type",
    "schema[].properties[].required": _CHECK,
    "schema[].properties[].unique": _CHECK,
    "schema[].properties[].primaryKey": _CHECK,
    "schema[].properties[].primaryKeyPosition": _CHECK,
    "schema[].properties[].partitioned": "ports: partitions of the Delta table",
    "schema[].properties[].partitionKeyPosition": "!a product is partitioned by one column, so there is no order",
    "schema[].properties[].encryptedName": "!encryption of columns is not compiled",
    "schema[].properties[].criticalDataElement": _PEOPLE,
    "schema[].properties[].transformSourceObjects": "!lineage comes from the transform itself, not from this key",
    "schema[].properties[].transformLogic": "!lineage comes from the transform itself, not from this key",
    "schema[].properties[].transformDescription": _PEOPLE,
    "schema[].properties[].properties": "!objects are refused when the contract is read",
    "schema[].properties[].items": "!items promise only their type and options",
    "schema[].properties[].items.logicalType": _SCHEMA,
    "schema[].properties[].items.physicalType": _SCHEMA,
    # the service
    "team": _PEOPLE,
    "team.name": "dagster: owners",
    "roles[]": _PEOPLE,
    "roles[].role": ACCESS,
    "roles[].description": _SHOW,
    "roles[].access": ACCESS,
    "support[]": _PEOPLE,
    "support[].channel": _ALERTS,
    "support[].tool": "alerts: severities of the channel, if the routing file names none",
    "support[].url": _ALERTS,
    "support[].scope": "alerts: channels for announcements receive none",
    "slaDefaultElement": "!a service level is about the whole product",
    "slaProperties[]": _PEOPLE,
    "slaProperties[].property": "{level}",
    "slaProperties[].value": "{level}",
    "slaProperties[].unit": "{level}",
    "slaProperties[].element": "!a service level is about the whole product",
    "slaProperties[].description": _SHOW,
    "slaProperties[].schedule": SCHEDULE,
    "slaProperties[].scheduler": SCHEDULE,
}

# Keys of `logicalTypeOptions` and the check that each compiles to; the same for a column and for items of an array.
OPTION_CHECKS: dict[str, str] = {
    "minLength": "length",
    "maxLength": "length",
    "pattern": "pattern",
    "minimum": "range",
    "maximum": "range",
    "exclusiveMinimum": "range",
    "exclusiveMaximum": "range",
    "multipleOf": "multiple_of",
    "minItems": "items",
    "maxItems": "items",
    "uniqueItems": "unique_items",
}
OPTION_POINTS: dict[str, str] = {
    "timezone": "!every timestamp is stored in UTC",
    "defaultTimezone": "!every timestamp is stored in UTC",
    "maxProperties": "!objects are refused when the contract is read",
    "minProperties": "!objects are refused when the contract is read",
    "required": "!objects are refused when the contract is read",
}
# What `format` means depends on the type.
FORMAT_POINTS: dict[str, str] = {
    "integer": _SCHEMA,
    "number": _SCHEMA,
    "string": "!formats of text are not checked; write a pattern",
}
FORMAT_OF_TYPED = "!the port stores a typed value, which has no text format"

# Keys that describe a quality rule. All other keys of a rule compile to its check.
QUALITY_POINTS: dict[str, str] = {
    "authoritativeDefinitions": _PEOPLE,
    "businessImpact": _PEOPLE,
    "method": _PEOPLE,
    "tags": _PEOPLE,
    "rule": "!deprecated by the standard; metric names what is measured",
    "schedule": _EACH_BUILD,
    "scheduler": _EACH_BUILD,
}

LEVELS: dict[str, str] = {
    "freshness": "dagster: freshness policy",
    "retention": "ports: log retention and expiry",
    "frequency": SCHEDULE,
}
UNSCHEDULED = "!a frequency without a schedule runs nothing; write schedule and scheduler"
NOT_IN_FORCE = "!no schedule runs it while its status is {status}; that of an active contract does"
OTHER_LEVEL = "!this service level is not measured"

CUSTOM_POINTS: dict[str, str] = {
    "productType": "dagster: asset tags",
    "partitioning": "dagster: partitions",
    "charts": "dagster: charts of each published version",
    "consumers": "dagster: asset description of a deprecated major; cli: mesh show",
    "scheduleTimezone": SCHEDULE,
    "endOfSupport": _ENDING,
    "replacedBy": _ENDING,
    "lifecycle": _LIFE,
    "declassification": _PROVEN,
    "volume": "gate: check volume",
    "profile": "gate: check profile",
    "purposes": ACCESS,
    "derivationGrants": "access: duties of products built on this one, when a code location loads",
    "subject": "access: policies about subjects; pseudonyms",
    "mask": "access: mask where a policy masks the column and names no method",
    "allowNaN": "gate: whether there is a check __finite; ports: no bounds in the files that hide NaN",
}
VOLUME_FREE = "!free, so a version may have any number of rows fewer than the one before"
CUSTOM_WORDS = "!explains a custom property to people"
