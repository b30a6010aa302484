//! `ImportRestApi` and `PutRestApi`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::super::super::identifiers;
use super::super::super::operation::{Answer, Call, Object, Refusal};
use super::super::super::state::Region;
use super::super::rest_apis;
use super::super::state::{Definition, State, Tags};
use super::super::tags;
use super::document::Document;
use super::findings::Findings;
use super::paths::BasePath;
use super::{models, operations, paths, security, settings};

/// An import under way.
pub(super) struct Import<'i> {
    pub(super) document: &'i Document,
    pub(super) call: &'i Call,
    /// Everything as it is before the import.
    pub(super) state: &'i State,
    /// The API's id.
    pub(super) api: &'i str,
    /// The API as it is before the import; an empty one if it is new.
    pub(super) before: &'i Definition,
    /// Whether everything that is not in the document is deleted.
    pub(super) overwrites: bool,
    /// What the API becomes.
    pub(super) definition: Definition,
    pub(super) findings: Findings,
}

/// A new API of a document.
pub(super) fn import(region: &mut Region, call: &Call) -> Answer {
    let document = Document::read(&body(call), call)?;
    let base = BasePath::requested(call)?;
    let state = &mut region.apigateway;
    let id = identifiers::api_gateway();
    let mut before = rest_apis::empty_definition(identifiers::api_gateway());
    let types = parameter(call, "endpointConfigurationTypes").unwrap_or("EDGE");
    let types: Vec<&str> = types.split(',').map(str::trim).collect();
    for kind in &types {
        rest_apis::check_endpoint_type(kind)?;
    }
    before
        .settings
        .insert("endpointConfiguration".into(), json!({ "types": types }));
    let (definition, warnings) = Import {
        document: &document,
        call,
        state,
        api: &id,
        before: &before,
        overwrites: true,
        definition: before.clone(),
        findings: Findings::default(),
    }
    .run(base)?;
    let answer = rest_apis::add(state, &id, definition, Tags::new(), call)?;
    Ok(with_warnings(answer, &warnings))
}

/// An existing API, merged with a document or overwritten by it.
pub(super) fn put(region: &mut Region, call: &Call) -> Answer {
    // Evidence: recorded, LocalStack `test_import_api_bad_file`: an invalid document is refused before the API is looked up.
    let document = Document::read(&body(call), call)?;
    let base = BasePath::requested(call)?;
    let state = &mut region.apigateway;
    let id = call.text("restApiId");
    let before = state.rest_api(call)?.definition.clone();
    let overwrites = call.text("mode") == "overwrite";
    let definition = match overwrites {
        true => Definition {
            settings: settings::kept(&before),
            ..rest_apis::empty_definition(before.root.clone())
        },
        false => before.clone(),
    };
    let (definition, warnings) = Import {
        document: &document,
        call,
        state,
        api: id,
        before: &before,
        overwrites,
        definition,
        findings: Findings::default(),
    }
    .run(base)?;
    let api = state.rest_api_mut(call)?;
    api.definition = definition;
    let answer = tags::always(rest_apis::describe(id, api), &api.tags);
    Ok(with_warnings(answer, &warnings))
}

impl Import<'_> {
    /// Reads the whole document. What methods refer to is read before them.
    fn run(mut self, base: BasePath) -> Result<(Definition, Vec<String>), Refusal> {
        settings::import(&mut self)?;
        let schemes = security::import(&mut self)?;
        models::import(&mut self)?;
        settings::import_validators(&mut self)?;
        settings::import_gateway_responses(&mut self)?;
        let places = paths::import(&mut self, base)?;
        operations::import(&mut self, &schemes, &places)?;
        let fails_on_warnings = self.call.input.get("failOnWarnings") == Some(&json!(true));
        let warnings = self.findings.outcome(fails_on_warnings)?;
        models::check_size(&self.definition)?;
        Ok((self.definition, warnings))
    }
}

fn body(call: &Call) -> Vec<u8> {
    STANDARD.decode(call.text("body")).unwrap_or_default()
}

/// A parameter of the import, which is a member of the query.
pub(super) fn parameter<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    call.input.get("parameters")?.get(name)?.as_str()
}

/// The answer with the warnings, if there are any.
///
/// Source: recorded, LocalStack `test_import_rest_api_with_base_path_oas30`. The API reference says that they are there only if
/// warnings are refused.
fn with_warnings(mut answer: Object, warnings: &[String]) -> Object {
    if !warnings.is_empty() {
        answer.insert("warnings".into(), json!(warnings));
    }
    answer
}
