//! API Gateway's V2 API: API mappings, which V1 calls base path mappings. Both APIs share one list; only V2 creates those with
//! several levels.
//!
//! Source: API Gateway developer guide, "Use API mappings to connect API stages to a custom domain name for REST APIs"; the words of
//! refusals as cited beside them. V2 lists and changes what V1 made: amplify-education/serverless-domain-manager,
//! `src/aws/api-gateway-v2-wrapper.ts`, finds the ids of both so.

use std::sync::LazyLock;

use aws_facts::limits::apigateway::{
    LONGEST_BASE_PATH, MOST_MULTI_LEVEL_MAPPINGS, MOST_ROWS_PER_PAGE, ROWS_PER_PAGE,
};
use aws_facts::patterns;
use regex::Regex;
use serde_json::json;

use super::apigateway::{
    DomainName, ID, NONE, State, bad_request, conflict, is, no_domain, not_found, text,
};
use super::identifiers;
use super::operation::{Answer, Call, Object, Operation, Refusal};
use super::paging;
use super::state::Region;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::change("CreateApiMapping", create),
    Operation::read("GetApiMapping", get),
    Operation::read("GetApiMappings", list),
    Operation::change("UpdateApiMapping", update),
    Operation::change("DeleteApiMapping", delete),
];

/// Inferred: AWS's words for this are not published.
fn no_mapping() -> Refusal {
    not_found("Invalid API mapping identifier specified")
}

/// The domain name that the call names, if V2 manages it.
///
/// Its words: serverless-domain-manager issues 401 and 381, in answers of AWS.
fn find<'s>(state: &'s State, call: &Call) -> Result<&'s DomainName, Refusal> {
    let domain = state.domain_names.get(call.text("DomainName"));
    let domain = domain.ok_or_else(no_domain)?;
    if !is(&domain.settings, "REGIONAL") {
        return Err(bad_request(
            "Only REGIONAL domain names can be managed through the API Gateway V2 API. For EDGE domain names, please use the API Gateway V1 API. Also note that only REST APIs can be attached to EDGE domain names.",
        ));
    }
    if text(&domain.settings, "securityPolicy") == "TLS_1_0" {
        return Err(bad_request(
            "Only REGIONAL domain names with a security policy of TLS 1.2 can be managed through the API Gateway V2 API. For TLS 1.0 domain names, please use the API Gateway V1 API to upgrade your security policy to TLS 1.2. Currently, only REST APIs can be attached to a domain name with a security policy of TLS 1.0.",
        ));
    }
    Ok(domain)
}

/// The mapping that the call names, and its base path.
fn find_mapping<'s>(
    domain: &'s DomainName,
    call: &Call,
) -> Result<(&'s String, &'s Object), Refusal> {
    let wanted = call.text("ApiMappingId");
    let mut mappings = domain.mappings.iter();
    let found = mappings.find(|(_, mapping)| text(mapping, ID) == wanted);
    found.ok_or_else(no_mapping)
}

/// A mapping as V2 returns it.
fn described(mapping: &Object) -> Object {
    let key = match text(mapping, "basePath") {
        NONE => "",
        key => key,
    };
    Object::from_iter([
        ("ApiId".into(), text(mapping, "restApiId").into()),
        ("ApiMappingId".into(), text(mapping, ID).into()),
        ("ApiMappingKey".into(), key.into()),
        ("Stage".into(), text(mapping, "stage").into()),
    ])
}

/// A key as the base path that is stored.
fn base_path(key: &str) -> Result<&str, Refusal> {
    static KEY: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(patterns::BASE_PATH).expect("it is a pattern"));
    if key.is_empty() {
        return Ok(NONE);
    }
    if !KEY.is_match(key) {
        // aws-cdk issue 8983, in an answer of AWS from before keys had levels.
        return Err(bad_request(
            "An ApiMapping key may contain only letters, numbers and one of $-_.+!*'()/",
        ));
    }
    if key.len() > LONGEST_BASE_PATH {
        // Inferred: the limit is documented, AWS's words are not.
        return Err(bad_request(format!(
            "An ApiMapping key may have at most {LONGEST_BASE_PATH} characters"
        )));
    }
    Ok(key)
}

/// The API and its stage must exist.
fn check_target(state: &State, mapping: &Object, call: &Call) -> Result<(), Refusal> {
    let (api, stage) = (text(mapping, "restApiId"), text(mapping, "stage"));
    if !state.rest_apis.contains(api) {
        // Inferred: as V1 says it of an API that it is asked for.
        let account = &call.account;
        return Err(not_found(format!(
            "Invalid API identifier specified {account}:{api}"
        )));
    }
    if !state.has_stage(api, stage) {
        // aws-cdk issue 8983, in an answer of AWS.
        return Err(bad_request("Invalid stage identifier specified"));
    }
    Ok(())
}

/// The base path must be free, and within the domain name's quota of those with several levels. `taken` are the other mappings.
fn check_path<'m>(
    base: &str,
    taken: impl Iterator<Item = &'m String> + Clone,
) -> Result<(), Refusal> {
    if taken.clone().any(|other| other == base) {
        // aws-cdk issue 22660, in an answer of AWS.
        return Err(conflict(
            "ApiMapping key already exists for this domain name",
        ));
    }
    let with_levels = taken.filter(|other| other.contains('/')).count();
    if base.contains('/') && with_levels >= MOST_MULTI_LEVEL_MAPPINGS {
        // Inferred: the limit is documented, AWS's words are not.
        return Err(bad_request(
            "Maximum number of multi-level API mappings for this domain name has been reached",
        ));
    }
    Ok(())
}

fn put(state: &mut State, call: &Call, mapping: Object) -> Answer {
    let domain = state.domain_names.get_mut(call.text("DomainName"));
    let mappings = &mut domain.ok_or_else(no_domain)?.mappings;
    let answer = described(&mapping);
    mappings.insert(text(&mapping, "basePath").to_owned(), mapping);
    Ok(answer)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let domain = find(state, call)?;
    let base = base_path(call.text("ApiMappingKey"))?;
    let mapping = Object::from_iter([
        ("restApiId".into(), call.text("ApiId").into()),
        ("stage".into(), call.text("Stage").into()),
        ("basePath".into(), base.into()),
        (ID.into(), identifiers::api_gateway_short().into()),
    ]);
    check_target(state, &mapping, call)?;
    check_path(base, domain.mappings.keys())?;
    put(state, call, mapping)
}

fn get(region: &Region, call: &Call) -> Answer {
    let (_, mapping) = find_mapping(find(&region.apigateway, call)?, call)?;
    Ok(described(mapping))
}

fn list(region: &Region, call: &Call) -> Answer {
    let domain = find(&region.apigateway, call)?;
    let size = match call.text("MaxResults") {
        "" => ROWS_PER_PAGE,
        size => match size.parse() {
            Ok(size) if size > 0 => MOST_ROWS_PER_PAGE.min(size),
            _ => return Err(bad_request("Invalid maxResults parameter specified")),
        },
    };
    let token = Some(call.text("NextToken")).filter(|token| !token.is_empty());
    let rows = domain.mappings.iter();
    let rows = rows.map(|(base, mapping)| (base.as_str(), described(mapping)));
    let of = format!("{} {}", call.operation, call.text("DomainName"));
    let (items, next) = paging::page(&of, rows, size, token)
        .map_err(|paging::InvalidToken| bad_request("Invalid nextToken parameter specified"))?;
    let mut answer = Object::from_iter([("Items".to_owned(), json!(items))]);
    answer.extend(next.map(|next| ("NextToken".to_owned(), next.into())));
    Ok(answer)
}

fn update(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let domain = find(state, call)?;
    let (before, mapping) = find_mapping(domain, call)?;
    let (before, mut mapping) = (before.clone(), mapping.clone());
    mapping.insert("restApiId".into(), call.text("ApiId").into());
    if call.input.contains_key("Stage") {
        mapping.insert("stage".into(), call.text("Stage").into());
    }
    if call.input.contains_key("ApiMappingKey") {
        let base = base_path(call.text("ApiMappingKey"))?;
        mapping.insert("basePath".into(), base.into());
    }
    check_target(state, &mapping, call)?;
    let others = domain.mappings.keys().filter(|other| **other != before);
    check_path(text(&mapping, "basePath"), others)?;
    let domain = state.domain_names.get_mut(call.text("DomainName"));
    domain.ok_or_else(no_domain)?.mappings.remove(&before);
    put(state, call, mapping)
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let state = &mut region.apigateway;
    let (base, _) = find_mapping(find(state, call)?, call)?;
    let base = base.clone();
    let domain = state.domain_names.get_mut(call.text("DomainName"));
    domain.ok_or_else(no_domain)?.mappings.remove(&base);
    Ok(Object::new())
}
