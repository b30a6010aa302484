//! Custom domain names: the API and stage for a path.
//!
//! Mutual TLS is not implemented: a name that requires client certificates admits all callers, because there is no TLS.

use std::borrow::Cow;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;

use super::super::super::apigateway::{State, text};
use super::exchange::Refused;
use super::{Place, forbidden};

/// What a base path mapping to the whole name has as its base path.
const NONE: &str = "(none)";

/// The target of a request to a custom domain name. `rest` is its path.
pub(super) fn find<'a>(
    state: &'a State,
    name: &str,
    rest: &'a str,
    now: Timestamp,
) -> Result<Place<'a>, Refused> {
    let domain = state
        .domain_names
        .get(name)
        .ok_or_else(|| forbidden(format!("there is no domain name {name}")))?;
    if now.as_millisecond() as f64 / 1000.0 < domain.available {
        return Err(forbidden(format!(
            "the domain name {name} is not available yet"
        )));
    }
    if text(&domain.settings, "routingMode") == "ROUTING_RULE_ONLY" {
        return Err(forbidden(format!(
            "the domain name {name} has routing rules only, and none leads here"
        )));
    }
    let has_levels = domain.mappings.keys().any(|base| base.contains('/'));
    let mapped = domain.mappings.iter().filter_map(|(base, mapping)| {
        let base = if base == NONE { "" } else { base };
        let (stage, path) = match (without(rest, base), text(mapping, "stage")) {
            (Some(behind), "") => {
                let (stage, path) = split_stage(behind);
                (stage, path.into())
            }
            (Some(behind), stage) => (stage, behind.into()),
            // "For a custom domain name configured with single-level mappings, API Gateway would choose API 1, as there is no matching
            // path with `ordersandmore`", else the mapping "that has the longest matching prefix", `orders`: API Gateway
            // developer guide, "Use API mappings to connect API stages to a custom domain name for REST APIs". The path behind
            // it is inferred.
            (None, stage) if has_levels && !stage.is_empty() => {
                let behind = rest.strip_prefix('/')?.strip_prefix(base)?;
                (stage, Cow::from(format!("/{behind}")))
            }
            (None, _) => return None,
        };
        Some((base, mapping, stage, path))
    });
    // The mapping with the longest base path takes the request.
    let longest = mapped.max_by_key(|(base, ..)| base.len());
    let (base, mapping, stage_name, path_in_stage) = longest
        .ok_or_else(|| forbidden(format!("no base path mapping of {name} takes this path")))?;
    if stage_name.is_empty() {
        return Err(forbidden(format!(
            "the base path mapping {} of {name} names no stage, and neither does the path",
            if base.is_empty() { NONE } else { base }
        )));
    }
    Ok(Place {
        api: text(mapping, "restApiId"),
        stage_name,
        path_in_stage,
    })
}

/// What is left of a path behind a base path, beginning with a slash; none when the path is not below it.
fn without<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    let mut left = path;
    for part in base.split('/').filter(|part| !part.is_empty()) {
        let (first, behind) = split_stage(left);
        if percent_decode_str(first).decode_utf8_lossy() != part {
            return None;
        }
        left = behind;
    }
    Some(left)
}

/// The first part of a path, and what is behind it, which begins with a slash.
pub(super) fn split_stage(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.find('/') {
        Some(slash) => path.split_at(slash),
        None => (path, "/"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::super::apigateway::DomainName;
    use super::super::super::super::operation::Object;
    use super::*;

    fn state(mappings: &[(&str, &str, &str)]) -> State {
        let mut domain = DomainName::default();
        for (base, api, stage) in mappings {
            let mut mapping = Object::new();
            mapping.insert("restApiId".into(), json!(api));
            if !stage.is_empty() {
                mapping.insert("stage".into(), json!(stage));
            }
            domain.mappings.insert((*base).into(), mapping);
        }
        let mut state = State::default();
        state.domain_names.insert("api.example.org", domain);
        state
    }

    fn told(state: &State, name: &str, path: &str) -> Result<String, String> {
        let place = find(state, name, path, Timestamp::UNIX_EPOCH).map_err(|refused| {
            assert_eq!(
                (refused.kind, refused.message.as_str()),
                ("ACCESS_DENIED", "Forbidden")
            );
            refused.why
        })?;
        Ok(format!(
            "{}:{}{}",
            place.api, place.stage_name, place.path_in_stage
        ))
    }

    #[test]
    fn the_longest_base_path_wins() {
        let state = state(&[
            (NONE, "root", "live"),
            ("v1", "one", "live"),
            ("v1/new", "new", "live"),
            ("any", "staged", ""),
        ]);
        for (path, wanted) in [
            ("/", "root:live/"),
            ("/pets/1", "root:live/pets/1"),
            ("/v1", "one:live/"),
            ("/v1/", "one:live/"),
            ("/v1/pets", "one:live/pets"),
            ("/v2/pets", "root:live/v2/pets"),
            ("/v1/new/pets", "new:live/pets"),
            ("/v1/newer", "new:live/er"),
            ("/v%31/pets", "one:live/pets"),
            ("/any/beta/pets", "staged:beta/pets"),
        ] {
            assert_eq!(
                told(&state, "api.example.org", path).as_deref(),
                Ok(wanted),
                "{path}"
            );
        }
        let refused = told(&state, "api.example.org", "/any").unwrap_err();
        assert!(
            refused.contains("mapping any of api.example.org names no stage"),
            "{refused}"
        );
    }

    /// Evidence: documented, API Gateway developer guide, "Map API stages to a custom domain name for HTTP APIs", and the page for REST
    /// APIs with the last row and the one without levels.
    #[test]
    fn levels_are_compared_as_text() {
        let mut mappings = vec![
            (NONE, "1", "live"),
            ("orders", "2", "live"),
            ("orders/v1/items", "3", "live"),
            ("orders/v2/items", "4", "live"),
            ("orders/v2/items/categories", "5", "live"),
        ];
        let with_levels = state(&mappings);
        for (path, wanted) in [
            ("/orders", "2:live/"),
            ("/orders/v1/items", "3:live/"),
            ("/orders/v2/items", "4:live/"),
            ("/orders/v1/items/123", "3:live/123"),
            ("/orders/v2/items/categories/5", "5:live/5"),
            ("/customers", "1:live/customers"),
            ("/ordersandmore", "2:live/andmore"),
        ] {
            let told = told(&with_levels, "api.example.org", path);
            assert_eq!(told.as_deref(), Ok(wanted), "{path}");
        }
        mappings.truncate(2);
        let told = told(&state(&mappings), "api.example.org", "/ordersandmore");
        assert_eq!(told.as_deref(), Ok("1:live/ordersandmore"));
    }

    #[test]
    fn what_is_not_mapped_is_refused() {
        let state = state(&[("v1", "one", "live")]);
        let refused = |name: &str, path: &str| told(&state, name, path).unwrap_err();
        assert_eq!(
            refused("b.example.com", "/v1"),
            "there is no domain name b.example.com"
        );
        assert_eq!(
            refused("api.example.org", "/v2"),
            "no base path mapping of api.example.org takes this path"
        );
    }

    #[test]
    fn a_name_that_aws_still_spreads_takes_nothing() {
        let mut state = state(&[(NONE, "root", "live")]);
        state
            .domain_names
            .get_mut("api.example.org")
            .unwrap()
            .available = 5.0;
        let refused = told(&state, "api.example.org", "/").unwrap_err();
        assert_eq!(
            refused,
            "the domain name api.example.org is not available yet"
        );
        let later = Timestamp::from_second(5).unwrap();
        assert!(find(&state, "api.example.org", "/", later).is_ok());
    }
}
