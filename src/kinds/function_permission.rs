//! What lets the API invoke a function: statements of the function's resource policy, or of its alias's, one for each method and
//! stage.
//!
//! A statement is the stack's if its id begins as gatestack's do and its source is the stack's API, or, at a function of the stack, an API
//! that is gone. All others are left alone: another stack's API may invoke the function, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_facts::arns::{self, Arn};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::function::names;
use super::uses::Leaving;
use super::{
    Desired, EXISTING_FUNCTION_MARK, Field, Findings, Found, InPicture, Kind, KindInfo, Lane,
    LiveReference, OnChange, Outputs, Replace, Resource, Scope, Task, api_marks, distinct,
    function_alias, gone_is_success, literal, rest_api, stage,
};
use crate::aws::{AwsError, Operation, Reader, Statement, Writer};
use crate::model::{Address, OutputName, Place, Text, Value, digest};

/// What lets the API invoke a function.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The ARN of the function, or of its alias.
    pub function: Text,
    /// The API's id.
    pub api: Text,
    /// The stages.
    pub stages: BTreeSet<String>,
    /// The methods, as [`pattern`] writes them.
    pub methods: BTreeSet<String>,
    /// The API whose tag alone shows that the function may have such statements: it is not the stack's, and its statements go
    /// before the API does.
    #[serde(default)]
    pub marked_on: Option<Text>,
}

/// What lets the API invoke a function.
#[derive(Debug)]
pub struct FunctionPermission;

/// The part of an update.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// Statements are added, then others removed.
    Statements,
}

/// The beginning of the ids of gatestack's statements.
const SID: &str = "gatestack-";

/// Whether a statement is one of gatestack's, by its id. It may be another stack's.
fn is_ours(id: &str) -> bool {
    id.starts_with(SID)
}

/// The ids of the statements of a policy that are not the stack's.
pub(super) fn others<'p>(
    leaving: &Leaving<'_>,
    function: &str,
    policy: &'p [Statement],
) -> Vec<&'p str> {
    let own = leaving.observation.live.values();
    let own = own.filter_map(|live| match &live.resource {
        Resource::FunctionPermission(props) if literal(&props.function) == function => {
            Some(literal(&props.api))
        }
        _ => None,
    });
    let own: BTreeSet<String> = own.collect();
    let is_own = |statement: &&Statement| {
        let source = statement.source.as_deref().and_then(Source::parse);
        is_ours(&statement.sid) && source.is_some_and(|source| own.contains(&source.api))
    };
    let others = policy.iter().filter(|statement| !is_own(statement));
    others.map(|statement| &*statement.sid).collect()
}

/// The principal of API Gateway.
const API_GATEWAY: &str = "apigateway.amazonaws.com";

/// The methods of a route, as the ARN of a source has them: `GET/claims/*`.
pub fn pattern(verb: &str, path: &str) -> String {
    let verb = if verb == "ANY" { "*" } else { verb };
    let segments = path.split('/').map(|segment| match segment.contains('{') {
        true => "*",
        false => segment,
    });
    format!("{verb}{}", segments.collect::<Vec<_>>().join("/"))
}

/// The bytes of a statement in a policy, for a function, an API's id and a method on a stage.
pub fn size(function: &str, region: &str, account: &str, stage: &str, method: &str) -> usize {
    let source = source(region, account, "a1b2c3d4e5", stage, method);
    // As Lambda writes it: LocalStack's recording of TestLambdaPermissions.
    let statement = format!(
        r#"{{"Sid":"{SID}{}","Effect":"Allow","Principal":{{"Service":"{API_GATEWAY}"}},"Action":"lambda:InvokeFunction","Resource":"{function}","Condition":{{"ArnLike":{{"AWS:SourceArn":"{source}"}}}}}},"#,
        "0".repeat(DIGITS)
    );
    statement.len()
}

/// Digits of the digest in an id.
const DIGITS: usize = 16;

fn source(region: &str, account: &str, api: &str, stage: &str, method: &str) -> String {
    arns::arn(
        "execute-api",
        region,
        account,
        format_args!("{api}/{stage}/{method}"),
    )
}

fn sid(source: &str) -> String {
    format!("{SID}{}", &digest(source.as_bytes())[..DIGITS])
}

impl Kind for FunctionPermission {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        // Two changes of one policy at the same time may fail: Terraform lambda/permission.go takes a lock for each function.
        lane: Some(Lane::FunctionPolicies),
        phase: 4,
        goes_with: Some("function"),
        // Calls are answered by the replaced function until the redeployment.
        replace: Replace::CreateFirst,
        serves_callers: true,
        in_picture: InPicture::WithUser,
        when_different: "calls of the route fail with 500, since API Gateway may not invoke the function",
        ..KindInfo::new(
            "function_permission",
            "permission",
            "What lets the API invoke a function: statements of its resource policy. Statements that gatestack did not write are \
             left alone. See the Lambda developer guide, \"Working with resource-based IAM policies in Lambda\".",
        )
    };

    const FIELDS: &'static [Field<Props, Part>] = &[
        Field::new(
            "function",
            "The function that it may invoke, or its alias.",
            |p: &Props, book| p.function.value(book),
        )
        .on_change(OnChange::Replace("a statement stays with its function"))
        .refers_to("function"),
        Field::place("marked_on", "rest_api", |p: &Props, book| {
            p.marked_on.as_ref().map(|api| api.value(book)).into()
        }),
        Field::new("api", "The API that may invoke it.", |p: &Props, book| {
            p.api.value(book)
        })
        // It orders no deletes: the function is deleted after the API, whose routes call it.
        .on_change(OnChange::Replace("a statement names its API")),
        Field::new("stages", "The stages of the API.", |p: &Props, _| {
            Value::set(&p.stages)
        })
        .by(Part::Statements),
        Field::new(
            "methods",
            "The methods of the API, with `*` for any.",
            |p: &Props, _| Value::set(&p.methods),
        )
        .by(Part::Statements),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let (policies, routes, apis) = tokio::try_join!(
            Box::pin(policies(reader, scope)),
            Box::pin(routes(reader, scope)),
            Box::pin(reader.rest_apis())
        )?;
        let apis: BTreeSet<&str> = apis.iter().filter_map(|api| api.id.as_deref()).collect();
        let mut findings = Findings::default();
        let mut taken = BTreeSet::new();
        for (arn, policy) in policies {
            let sources = policy.iter().filter(|it| is_ours(&it.sid));
            let sources = sources.filter(|statement| statement.for_api_gateway);
            let sources = sources.filter_map(|it| Source::parse(it.source.as_deref()?));
            // An API that can't be seen from here may be there.
            let context = &scope.desired.context;
            let is_gone = |source: &Source| {
                let is_here = source.region == context.region && source.account == *context.account;
                is_here && !apis.contains(&*source.api)
            };
            let is_own = scope.address_of(OutputName::Arn, &arn).is_some();
            let api = rest_api::api(scope);
            let sources =
                sources.filter(|source| api == Some(&*source.api) || is_own && is_gone(source));
            let found = found(scope, &arn, &routes, &taken, sources);
            taken.extend(found.iter().map(|found| found.address.clone()));
            findings.owned.extend(found);
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let function = task.text(&task.want.function);
        for source in sources(writer, task.want, &task.text(&task.want.api), &function) {
            add(writer, &function, &source).await?;
        }
        Ok(Outputs::new())
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Part],
    ) -> Result<Outputs, AwsError> {
        let function = literal(&live.props.function);
        let api = task.text(&task.want.api);
        let want = sources(writer, task.want, &api, &function);
        let held = sources(writer, live.props, &literal(&live.props.api), &function);
        for Part::Statements in distinct(changed) {
            for source in want.difference(&held) {
                add(writer, &function, source).await?;
            }
            for source in held.difference(&want) {
                remove(writer, &function, source).await?;
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let function = literal(&live.props.function);
        for source in sources(writer, live.props, &literal(&live.props.api), &function) {
            remove(writer, &function, &source).await?;
        }
        Ok(())
    }

    /// A stage that was renamed in the file stays until consent names it, and serves its calls as before.
    fn hold_on(want: &mut Props, live: &Props, kept: &[&Outputs]) {
        let api = literal(&live.api);
        let is_kept = |stage: &&String| {
            let id = stage::id(&api, stage);
            let mut kept = kept.iter();
            kept.any(|outputs| outputs.get(&OutputName::Id) == Some(&id))
        };
        let stages = live.stages.iter();
        want.stages.extend(stages.filter(is_kept).cloned());
    }
}

/// A statement's source: an API, its stage, and methods.
struct Source {
    region: String,
    account: String,
    api: String,
    stage: String,
    method: String,
}

impl Source {
    fn parse(source: &str) -> Option<Self> {
        let arn = Arn::parse(source).filter(|arn| arn.service == "execute-api")?;
        let (api, rest) = arn.resource.split_once('/')?;
        let (stage, method) = rest.split_once('/')?;
        Some(Self {
            region: arn.region.to_owned(),
            account: arn.account.to_owned(),
            api: api.to_owned(),
            stage: stage.to_owned(),
            method: method.to_owned(),
        })
    }
}

fn wanted(desired: &Desired) -> impl Iterator<Item = (&Address, &Props)> {
    let resources = desired.resources.iter();
    resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::FunctionPermission(props) => Some((address, props)),
        _ => None,
    })
}

/// The policies that may have statements of the stack, by the ARNs of their functions and aliases: the stack's own, those that the
/// file uses, and those that marks on the API name.
///
/// # Errors
/// A read failed.
pub(super) async fn policies(
    reader: &Reader,
    scope: &Scope<'_>,
) -> Result<BTreeMap<String, Arc<Vec<Statement>>>, AwsError> {
    let of_functions = async {
        let marked = api_marks::named(reader, scope, EXISTING_FUNCTION_MARK);
        let (names, marked) = tokio::try_join!(names::read(reader, scope), marked)?;
        let context = &scope.desired.context;
        let own = names.iter().map(|name| super::function::arn(context, name));
        let used =
            wanted(scope.desired).filter_map(|(_, props)| props.function.resolve(scope.book));
        read(reader, own.chain(used).chain(marked)).await
    };
    let of_aliases = async {
        let aliases = function_alias::aliases(reader, scope).await?;
        let ours = aliases.iter().flat_map(function_alias::Aliases::ours);
        read(reader, ours.map(|alias| alias.arn.clone())).await
    };
    let (mut all, more) = tokio::try_join!(Box::pin(of_functions), Box::pin(of_aliases))?;
    all.extend(more);
    Ok(all)
}

/// The policies of these.
async fn read(
    reader: &Reader,
    arns: impl Iterator<Item = String>,
) -> Result<BTreeMap<String, Arc<Vec<Statement>>>, AwsError> {
    let arns: BTreeSet<String> = arns.collect();
    let policies = arns.iter().map(|arn| reader.function_policy(arn));
    let policies = try_join_all(policies).await?;
    Ok(arns.into_iter().zip(policies).collect())
}

/// The names of the API's routes by their patterns.
async fn routes(reader: &Reader, scope: &Scope<'_>) -> Result<BTreeMap<String, String>, AwsError> {
    let Some(api) = rest_api::api(scope) else {
        return Ok(BTreeMap::new());
    };
    let resources = reader.resources(api).await?;
    let methods = resources.iter().flat_map(|resource| {
        let path = resource.path.as_deref().unwrap_or_default();
        let verbs = resource.resource_methods.iter().flatten();
        verbs.map(move |(verb, _)| (pattern(verb, path), format!("{verb} {path}")))
    });
    Ok(methods.collect())
}

/// The stack's permissions on one function or alias.
fn found(
    scope: &Scope<'_>,
    function: &str,
    routes: &BTreeMap<String, String>,
    taken: &BTreeSet<Address>,
    sources: impl Iterator<Item = Source>,
) -> Vec<Found<Props>> {
    let own = scope.address_of(OutputName::Arn, function);
    let api = rest_api::api(scope);
    let at = own.cloned().unwrap_or_else(|| {
        let name = super::function::name_of(function).unwrap_or_default();
        Place::Function(name.to_owned()).address()
    });
    let mut all: BTreeMap<Address, Props> = BTreeMap::new();
    for source in sources {
        let place = place(scope, function, &at, routes, &source);
        let place = place.filter(|place| api == Some(&*source.api) && !taken.contains(place));
        let place =
            place.unwrap_or_else(|| at.beside("permission").beside(&sid_part(function, &source)));
        let props = all.entry(place).or_insert_with(|| Props {
            function: Text::literal(function),
            api: Text::literal(&*source.api),
            stages: BTreeSet::new(),
            methods: BTreeSet::new(),
            marked_on: own.is_none().then(|| Text::literal(&*source.api)),
        });
        props.stages.insert(source.stage);
        props.methods.insert(source.method);
    }
    let found = all.into_iter();
    found
        .map(|(address, props)| Found::new(address, props, Outputs::new()))
        .collect()
}

/// What tells one statement of a function from the others, for an address.
fn sid_part(function: &str, source: &Source) -> String {
    let text = format!(
        "{function} {}/{}/{}",
        source.api, source.stage, source.method
    );
    digest(text.as_bytes())[..8].to_owned()
}

/// Whether a policy lets a stage of an API invoke this function or alias for a method, such as `GET /claims/{id}`.
pub(super) fn lets_in(
    policy: &[Statement],
    function: &str,
    region: &str,
    api: &str,
    stage: &str,
    method: &str,
) -> bool {
    let (verb, path) = method.split_once(' ').unwrap_or((method, ""));
    let account = Arn::parse(function).map_or("", |arn| arn.account);
    let caller = source(region, account, api, stage, &pattern(verb, path));
    let sources = policy.iter().filter(|statement| statement.for_api_gateway);
    let mut sources = sources.filter_map(|statement| statement.source.as_deref());
    sources.any(|source| is_like(&caller, source))
}

/// Whether a text is one that a pattern stands for, whose `*` is anything. A `*` of the text itself is nothing but that.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return text == pattern;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    let mut ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    ends.any(|at| is_like(&text[at..], rest))
}

/// Where a statement is: at the wanted permission that has its method, or at the route that it was made for. Where that is of another
/// function now, it is what that one replaces.
fn place(
    scope: &Scope<'_>,
    function: &str,
    at: &Address,
    routes: &BTreeMap<String, String>,
    source: &Source,
) -> Option<Address> {
    let is_here = |props: &Props| props.function.resolve(scope.book).as_deref() == Some(function);
    let mut all = wanted(scope.desired);
    let has_it = all.find(|(_, props)| is_here(props) && props.methods.contains(&source.method));
    if let Some((address, _)) = has_it {
        return Some(address.clone());
    }
    let find = |address: Address| {
        let mut all = wanted(scope.desired);
        match all.find(|(wanted, _)| **wanted == address) {
            Some((_, props)) if !is_here(props) => Some(address.replaced(at.as_str())),
            Some(_) => Some(address),
            None => None,
        }
    };
    // One that has statements for several methods had this one, too.
    if let Some(Place::Function(key) | Place::FunctionAlias(key)) = at.place()
        && let Some(shared) = find(Place::FunctionPermission(key).address())
    {
        return Some(shared);
    }
    let address = Place::RoutePermission(routes.get(&source.method)?.clone()).address();
    find(address.clone()).or(Some(address))
}

/// The sources of all statements.
fn sources(writer: &Writer, props: &Props, api: &str, function: &str) -> BTreeSet<String> {
    let account = Arn::parse(function).map_or("", |arn| arn.account);
    let region = writer.region();
    let pairs = props.stages.iter().flat_map(|stage| {
        let methods = props.methods.iter();
        methods.map(move |method| source(region, account, api, stage, method))
    });
    pairs.collect()
}

async fn add(writer: &Writer, function: &str, source: &str) -> Result<(), AwsError> {
    let send = async || {
        let request = writer
            .lambda()
            .add_permission()
            .function_name(function)
            .statement_id(sid(source))
            .action("lambda:InvokeFunction")
            .principal(API_GATEWAY)
            .source_arn(source);
        writer
            .call(Operation::lambda("AddPermission"), request.send())
            .await
    };
    match send().await {
        // An earlier run died after it had added this one, or something else changed it: it is written again.
        Err(error) if error.is("ResourceConflictException") => {
            remove(writer, function, source).await?;
            send().await?;
        }
        answer => drop(answer?),
    }
    Ok(())
}

async fn remove(writer: &Writer, function: &str, source: &str) -> Result<(), AwsError> {
    let request = writer
        .lambda()
        .remove_permission()
        .function_name(function)
        .statement_id(sid(source));
    gone_is_success(
        writer
            .call(Operation::lambda("RemovePermission"), request.send())
            .await,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_a_star_for_what_a_caller_chooses() {
        assert_eq!(pattern("GET", "/claims/{id}"), "GET/claims/*");
        assert_eq!(pattern("ANY", "/{proxy+}"), "*/*");
        assert_eq!(pattern("POST", "/"), "POST/");
    }

    #[test]
    fn a_statement_lets_in_the_methods_that_its_pattern_stands_for() {
        let function = "arn:aws:lambda:eu-central-1:123456789012:function:hello";
        let lets_in = |held: &str, method: &str| {
            let policy = [Statement {
                sid: "one".into(),
                for_api_gateway: true,
                source: Some(format!(
                    "arn:aws:execute-api:eu-central-1:123456789012:abc/{held}"
                )),
            }];
            lets_in(&policy, function, "eu-central-1", "abc", "prod", method)
        };
        for held in ["prod/GET/claims/*", "prod/*/claims/*", "prod/*", "*"] {
            assert!(lets_in(held, "GET /claims/{id}"), "{held}");
        }
        for held in [
            "prod/GET/claims",
            "v2/*",
            "prod/POST/claims/*",
            "prod/GET/claims/1",
        ] {
            assert!(!lets_in(held, "GET /claims/{id}"), "{held}");
        }
        assert!(lets_in("prod/*/*", "ANY /{proxy+}"));
        assert!(!lets_in("prod/GET/*", "ANY /{proxy+}"));
    }

    #[test]
    fn a_source_is_read_as_it_is_written() {
        let written = source("eu-central-1", "123456789012", "abc", "prod", "GET/a/*");
        let read = Source::parse(&written).unwrap();
        assert_eq!(
            (read.api.as_str(), read.stage.as_str(), read.method.as_str()),
            ("abc", "prod", "GET/a/*")
        );
        assert!(Source::parse("arn:aws:s3:::bucket").is_none());
    }
}
