//! What an editor can check beyond keys and types: patterns of names, URLs and ids, and keys that exclude each other.
//!
//! The rules are those of `check`; here is where they apply. A text with `${…}` is not checked.

use std::sync::LazyLock;

use aws_facts::patterns;
use serde_json::{Value, json};

use super::super::check::METHODS;
use super::super::check::names::{
    API_GATEWAY, API_KEY, APP_CLIENT, HEADER, IDENTIFIER, KEY, LOAD_BALANCER, NameRule,
    RESOURCE_SERVER, SCOPE, SCOPE_DESCRIPTION, STAGE, STAGE_VARIABLE, STAGE_VARIABLE_VALUE,
    TAG_KEY, TAG_VALUE, USER_POOL,
};
use super::super::scopes::OPEN_ID;
use crate::model::SecretSource;

/// Which part of a property a pattern is for.
#[derive(Clone, Copy, Debug)]
enum Part {
    Text,
    /// Each element of its list.
    Elements,
    /// The keys of its table.
    Keys,
    /// The texts of its table.
    Values,
}

use Part::{Elements, Keys, Text, Values};

/// Names: the definition (an empty one is the file), its property, which part, and the rule.
const NAMES: &[(&str, &str, Part, &NameRule)] = &[
    ("", "resource_servers", Keys, &KEY),
    ("", "app_clients", Keys, &KEY),
    ("", "plans", Keys, &KEY),
    ("", "api_keys", Keys, &KEY),
    ("", "partners", Keys, &KEY),
    ("StackTable", "name", Text, &KEY),
    ("StackTable", "tags", Keys, &TAG_KEY),
    ("StackTable", "tags", Values, &TAG_VALUE),
    ("UserPool", "name", Text, &USER_POOL),
    ("UserPool", "existing", Text, &USER_POOL),
    ("ResourceServer", "identifier", Text, &IDENTIFIER),
    ("ResourceServer", "name", Text, &RESOURCE_SERVER),
    ("ResourceServer", "scopes", Keys, &SCOPE),
    ("ResourceServer", "scopes", Values, &SCOPE_DESCRIPTION),
    ("AppClient", "name", Text, &APP_CLIENT),
    ("Partner", "name", Text, &APP_CLIENT),
    ("Api", "name", Text, &API_GATEWAY),
    ("Api", "stage", Text, &STAGE),
    ("Api", "stage_variables", Keys, &STAGE_VARIABLE),
    ("Api", "stage_variables", Values, &STAGE_VARIABLE_VALUE),
    ("CorsSettings", "headers", Elements, &HEADER),
    ("CorsSettings", "expose_headers", Elements, &HEADER),
    ("Authorizer", "name", Text, &API_GATEWAY),
    ("Authorizer", "header", Text, &HEADER),
    ("LoadBalancer", "name", Text, &LOAD_BALANCER),
    ("FindSubnets", "tags", Keys, &TAG_KEY),
    ("FindSubnets", "tags", Values, &TAG_VALUE),
    ("Plan", "name", Text, &API_GATEWAY),
    ("ApiKey", "name", Text, &API_KEY),
];

/// A host name with a dot in it, in lower case; a domain of an API may begin with a wildcard.
const HOST: &str = r"^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$";
const ZONE: &str =
    r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+\.?|Z[A-Z0-9]{1,31})$";
const CERTIFICATE: &str = r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/\S+$";
const NORTH_VIRGINIA: &str = r"^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/\S+$";
const INSTANCE: &str = r"^i-([0-9a-f]{8}|[0-9a-f]{17})$";

/// Other texts, in the same way.
const TEXTS: &[(&str, &str, Part, &str)] = &[
    ("StackTable", "region", Text, patterns::REGION),
    ("StackTable", "account", Text, patterns::ACCOUNT),
    ("Api", "binary", Elements, patterns::MEDIA_RANGE),
    (
        "UserPool",
        "domain",
        Text,
        r"^(?!.*(aws|amazon|cognito))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
    ),
    ("OwnDomain", "name", Text, HOST),
    ("OwnDomain", "certificate", Text, NORTH_VIRGINIA),
    ("OwnDomain", "zone", Text, ZONE),
    (
        "AppClient",
        "callback_urls",
        Elements,
        r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s#]*$",
    ),
    (
        "AppClient",
        "logout_urls",
        Elements,
        r"^[A-Za-z][A-Za-z0-9+.-]*:[^\s#]*$",
    ),
    (
        "AccessLogSettings",
        "group",
        Text,
        r"^(arn:aws[a-z-]*:logs:[a-z0-9-]+:[0-9]{12}:log-group:[A-Za-z0-9_./#-]{1,512}|(?!aws/|arn:)[A-Za-z0-9_./-]{1,256})$",
    ),
    (
        "AccessLogSettings",
        "format",
        Text,
        r"\$context\.(requestId|extendedRequestId)",
    ),
    (
        "Route",
        "http",
        Text,
        r"^[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9.-]+|\{[^/]*\})(:[0-9]+)?([/?]\S*)?$",
    ),
    ("ApiDomain", "name", Text, HOST),
    ("ApiDomain", "certificate", Text, CERTIFICATE),
    ("ApiDomain", "ownership_certificate", Text, CERTIFICATE),
    ("ApiDomain", "zone", Text, ZONE),
    ("ApiDomain", "base_paths", Elements, patterns::BASE_PATH),
    ("MutualTls", "truststore", Text, patterns::S3_OBJECT),
    (
        "LoadBalancer",
        "existing",
        Text,
        r"^(arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/net/[A-Za-z0-9-]+/[0-9a-f]+|[A-Za-z0-9-]{1,32})$",
    ),
    ("LoadBalancer", "listeners", Keys, r"^[1-9][0-9]{0,4}$"),
    (
        "FindSubnets",
        "vpc",
        Text,
        r"^(default|vpc-([0-9a-f]{8}|[0-9a-f]{17}))$",
    ),
    ("Listener", "certificate", Text, CERTIFICATE),
    ("HealthCheck", "path", Text, r"^/"),
    ("Instances", "type", Text, r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$"),
    (
        "Instances",
        "image",
        Text,
        r"^(ami-([0-9a-f]{8}|[0-9a-f]{17})|ssm:/[A-Za-z0-9_./-]{1,1000})$",
    ),
    ("Instances", "profile", Text, r"^[A-Za-z0-9_+=,.@-]{1,128}$"),
    ("ApiKey", "key", Text, SecretSource::PATTERN),
    ("Partner", "key", Text, SecretSource::PATTERN),
    ("Targets", "ips", Elements, r"^([0-9]{1,3}\.){3}[0-9]{1,3}$"),
    ("Targets", "instance_ids", Elements, INSTANCE),
];

/// The valid names of a property, in words.
#[cfg(test)]
pub(super) fn names_of(definition: &str, property: &str) -> Vec<String> {
    let of_it = NAMES
        .iter()
        .filter(|(of, name, _, _)| (*of, *name) == (definition, property));
    let others = match (definition, property) {
        ("Api", "routes") => Some(format!(
            "names METHOD /path: {}, and a path such as `/claims/{{id}}` or `/{{proxy+}}`; with `openapi`, `*` in both",
            METHODS.join(", ")
        )),
        ("Plan", "routes") => Some("names routes".to_owned()),
        ("LoadBalancer", "listeners") => Some("names ports".to_owned()),
        _ => None,
    };
    of_it
        .map(|(_, _, part, rule)| {
            let words = rule.in_words();
            match part {
                Text => words,
                Elements => format!("each {words}"),
                Keys => format!("names {words}"),
                Values => format!("values {words}"),
            }
        })
        .chain(others)
        .collect()
}

/// The origin of a page.
const ORIGIN: &str = r"[a-z][a-z0-9+.-]*://[A-Za-z0-9.\[\]:-]+";

/// Lists of scopes.
const SCOPES: &[(&str, &str)] = &[
    ("AppClient", "scopes"),
    ("Partner", "scopes"),
    ("Requirements", "scopes"),
];

/// `METHOD /path`, valid in API Gateway's tree of resources.
static ROUTE: LazyLock<String> = LazyLock::new(|| {
    let segment = r"([A-Za-z0-9._-][A-Za-z0-9._:-]*|\{[A-Za-z0-9._-]+\+?\})";
    format!("^({}) /({segment}(/{segment})*)?$", METHODS.join("|"))
});

/// The same with `*`, for the operations of a document.
static PATTERN: LazyLock<String> =
    LazyLock::new(|| format!(r"^(\*|{}) [/*]\S*$", METHODS.join("|")));

/// Adds what an editor can check; for an overlay, without required keys.
pub(super) fn constrain(schema: &mut Value, overlay: bool) {
    for (definition, property, part, rule) in NAMES {
        limit(schema, definition, property, *part, &rule.pattern());
    }
    for (definition, property, part, pattern) in TEXTS {
        limit(schema, definition, property, *part, pattern);
    }
    let scope = format!("^({}|.*/.+)$", OPEN_ID.join("|").replace('.', r"\."));
    for (definition, property) in SCOPES {
        limit(schema, definition, property, Elements, &scope);
    }
    limit(schema, "Api", "routes", Keys, &PATTERN);
    limit(schema, "Plan", "routes", Keys, &ROUTE);
    property_of(schema, "StackTable", "tags")["propertyNames"]["not"] =
        json!({ "pattern": "^([Aa][Ww][Ss]|[Gg][Aa][Tt][Ee][Ss][Tt][Aa][Cc][Kk]):" });
    let origins = &mut schema["$defs"]["Origins"]["anyOf"];
    origins[0]["pattern"] = json!(or_reference(&format!(r"^(\*|{ORIGIN})$")));
    origins[1]["minItems"] = json!(1);
    origins[1]["items"]["pattern"] = json!(or_reference(&format!("^{ORIGIN}$")));
    let subnets = &mut schema["$defs"]["Subnets"]["anyOf"][0];
    subnets["minItems"] = json!(1);
    subnets["items"]["pattern"] = json!(or_reference(r"^subnet-([0-9a-f]{8}|[0-9a-f]{17})$"));
    add(schema, "Targets", json!({ "maxProperties": 1 }));
    add(
        schema,
        "Route",
        json!({ "dependentSchemas": {
            "http": { "properties": { "mock": false, "function": false } },
            "function": { "properties": { "mock": false, "via": false, "send_headers": false } },
            "mock": { "properties": { "http": false, "via": false } },
        }}),
    );
    add(
        schema,
        "LoadBalancer",
        json!({ "dependentSchemas": { "existing": { "maxProperties": 1 } } }),
    );
    add(
        schema,
        "Function",
        json!({ "dependentSchemas": {
            "existing": { "maxProperties": 1 },
            "role": { "properties": { "policy": false } },
        }}),
    );
    add(
        schema,
        "UserPool",
        json!({ "dependentSchemas": { "existing": { "maxProperties": 1 } } }),
    );
    let makers = json!({ "name": false, "key": false, "scopes": false, "auth_flows": false, "tokens": false, "enabled": false });
    add(
        schema,
        "Partner",
        json!({ "dependentSchemas": { "of": { "properties": makers } } }),
    );
    add(
        schema,
        "ResourceServer",
        json!({
            "if": when("existing", json!({ "const": true })),
            "then": { "properties": { "name": false, "scopes": false } },
        }),
    );
    let owners = json!({ "certificate": false, "ownership_certificate": false, "tls": false, "mutual_tls": false, "zone": false });
    add(
        schema,
        "ApiDomain",
        json!({
            "if": when("existing", json!({ "const": true })),
            "then": { "properties": owners },
        }),
    );
    add(
        schema,
        "Requirements",
        json!({
            "if": when("token", json!({ "const": "id" })),
            "then": { "properties": { "scopes": { "maxItems": 0 } } },
        }),
    );
    add(
        schema,
        "AppClient",
        json!({
            "if": when("flows", json!({ "contains": { "const": "client_credentials" } })),
            "then": { "properties": {
                "flows": { "maxItems": 1 },
                "secret": { "not": { "const": false } },
            }},
        }),
    );
    for client in ["AppClient", "Partner"] {
        property_of(schema, client, "auth_flows")["minItems"] = json!(1);
    }
    if !overlay {
        whole(schema);
    }
}

/// Requirements of a whole file.
fn whole(schema: &mut Value) {
    // What a pattern over a document's operations leaves out, another one or the document says.
    add(
        schema,
        "Api",
        json!({
            "if": { "not": { "required": ["openapi"] } },
            "then": { "properties": { "routes": {
                "minProperties": 1,
                "propertyNames": { "pattern": *ROUTE },
                "additionalProperties": {
                    "oneOf": [{ "required": ["http"] }, { "required": ["function"] }, { "required": ["mock"] }],
                },
            } } },
        }),
    );
    add(schema, "Targets", json!({ "minProperties": 1 }));
    property_of(schema, "LoadBalancer", "listeners")["minProperties"] = json!(1);
    add(
        schema,
        "LoadBalancer",
        json!({ "anyOf": [
            { "required": ["existing"] },
            { "required": ["subnets", "listeners", "targets"] },
        ]}),
    );
    add(
        schema,
        "UserPool",
        json!({ "anyOf": [
            { "required": ["existing"] },
            { "required": ["name"] },
        ]}),
    );
    add(
        schema,
        "ApiDomain",
        json!({ "anyOf": [
            { "required": ["certificate"] },
            { "required": ["existing"] },
        ]}),
    );
}

/// A table that has a key with such a value. The key is not named as required: an overlay's schema requires nothing.
fn when(key: &str, value: Value) -> Value {
    json!({ "properties": { key: value }, "not": { "properties": { key: false } } })
}

/// A text with a variable or a reference can only be checked by its value.
fn or_reference(pattern: &str) -> String {
    format!(r"{pattern}|\$\{{")
}

fn limit(schema: &mut Value, definition: &str, property: &str, part: Part, pattern: &str) {
    let node = property_of(schema, definition, property);
    match part {
        Text => node["pattern"] = json!(or_reference(pattern)),
        Elements => node["items"]["pattern"] = json!(or_reference(pattern)),
        Values => node["additionalProperties"]["pattern"] = json!(or_reference(pattern)),
        Keys => node["propertyNames"] = json!({ "pattern": pattern }),
    }
}

/// A property of a definition; an empty definition is the file.
fn property_of<'s>(schema: &'s mut Value, definition: &str, property: &str) -> &'s mut Value {
    let table = match definition {
        "" => schema,
        definition => &mut schema["$defs"][definition],
    };
    let found = table["properties"].get_mut(property);
    found.unwrap_or_else(|| panic!("the stack file has no `{property}` in `{definition}`"))
}

/// Adds constraints to a definition.
fn add(schema: &mut Value, definition: &str, constraints: Value) {
    let target = schema["$defs"][definition].as_object_mut();
    let target = target.unwrap_or_else(|| panic!("the stack file has no `{definition}`"));
    if let Value::Object(constraints) = constraints {
        target.extend(constraints);
    }
}
