//! Which addresses there can be: what stands at each is of one kind. A tag can hold any text, so what AWS tells of a thing's
//! address is believed only where a file, or what gatestack derives from one, can bring it about.

use super::{Address, is_unseen};

/// The addresses of each kind: `*` is an entry's name, `#` a number.
const PLACES: &[(&str, &[&str])] = &[
    ("user_pool", &["user_pool"]),
    (
        "user_pool_domain",
        &["user_pool/domain", "user_pool/own_domain"],
    ),
    (
        "resource_server",
        // The second while one identifier takes the place of another.
        &["resource_servers.*", "resource_servers.*/old"],
    ),
    ("app_client", &["app_clients.*", "partners.*/client"]),
    (
        "security_group",
        &[
            "load_balancer/security_group",
            "load_balancer.targets.instances/security_group",
        ],
    ),
    ("load_balancer", &["load_balancer"]),
    ("target_group", &["load_balancer.listeners.#/target_group"]),
    ("listener", &["load_balancer.listeners.#"]),
    ("instance", &["load_balancer.targets.instances/#"]),
    ("vpc_link", &["api/vpc_link"]),
    ("rest_api", &["api"]),
    ("authorizer", &["api/authorizer"]),
    ("route", &["api.routes.*"]),
    ("gateway_response", &["api/default_4xx", "api/default_5xx"]),
    ("deployment", &["api/deployment"]),
    ("stage", &["api/stage"]),
    ("api_domain", &["api.domain"]),
    (
        "base_path_mapping",
        &["api.domain/mapping", "api.domain.base_paths.*"],
    ),
    (
        "dns_record",
        &["api.domain/record", "user_pool/own_domain/record"],
    ),
    ("usage_plan", &["plans.*"]),
    ("api_key", &["api_keys.*", "partners.*/key"]),
    (
        "plan_membership",
        &["api_keys.*/membership", "partners.*/membership"],
    ),
];

impl Address {
    /// Whether a file can want something of this kind here.
    pub fn is_place_of(&self, kind: &str) -> bool {
        let mut places = PLACES.iter().filter(|(of, _)| *of == kind);
        places.any(|(_, shapes)| shapes.iter().any(|shape| self.has_shape(shape)))
    }

    fn has_shape(&self, shape: &str) -> bool {
        let (own, wanted) = (steps(self.as_str()), steps(shape));
        own.len() == wanted.len()
            && own
                .iter()
                .zip(wanted)
                .all(|(own, wanted)| fits(own, wanted))
    }
}

fn fits(own: &str, wanted: &str) -> bool {
    let (Some(between), Some(name)) = (own.get(..1), own.get(1..)) else {
        return own == wanted;
    };
    match wanted.strip_prefix(between) {
        Some("*") => is_name(name),
        Some("#") => is_number(name),
        _ => own == wanted,
    }
}

/// An address in pieces, each further one with the dot or slash before it.
fn steps(text: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut begin) = (false, false, 0);
    let mut steps = Vec::new();
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '.' | '/' if !quoted => {
                steps.push(&text[begin..at]);
                begin = at;
            }
            _ => {}
        }
    }
    steps.push(&text[begin..]);
    steps
}

fn is_name(text: &str) -> bool {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let inner = text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) => !inner.is_empty() && !inner.contains(is_unseen),
        None => !text.is_empty() && text.chars().all(bare),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_place_of_the_kinds_that_stand_there() {
        for (address, kind, fits) in [
            ("api", "rest_api", true),
            ("api2", "rest_api", false),
            ("api", "user_pool", false),
            ("api.routes.\"GET /a.b/{id}\"", "route", true),
            ("partners.acme/key", "api_key", true),
            ("partners.acme", "api_key", false),
            ("partners.\"a b\"/key", "api_key", true),
            ("partners.a b/key", "api_key", false),
            ("api_keys.acme", "api_key", true),
            ("plans.", "usage_plan", false),
            ("load_balancer.targets.instances/9", "instance", true),
            ("load_balancer.targets.instances/09", "instance", false),
            ("load_balancer/instances/9", "instance", false),
            (
                "load_balancer.listeners.80/target_group",
                "target_group",
                true,
            ),
            (
                "load_balancer.listeners.http/target_group",
                "target_group",
                false,
            ),
            ("", "rest_api", false),
        ] {
            assert_eq!(
                Address::new(address).is_place_of(kind),
                fits,
                "{address} {kind}"
            );
        }
    }
}
