//! The Cognito authorizer of a REST API.

pub(super) mod elsewhere;

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::{Authorizer as LiveAuthorizer, AuthorizerType};
use serde::{Deserialize, Serialize};

use super::observation::Other;
use super::patch::{Patches, Write, written};
use super::{
    Dependent, Field, Findings, Found, InPicture, Kind, KindInfo, Lane, LiveReference, OnChange,
    Outputs, Resource, Scope, Task, gone_is_success, literal, rest_api,
};
use crate::aws::{AwsError, Operation, Reader, Writer};
use crate::model::{Address, HumanDuration, OutputName, Place, Text, Value};

/// A Cognito authorizer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The API's id.
    pub api: Text,
    /// The name.
    pub name: Text,
    /// The type; gatestack creates `COGNITO_USER_POOLS`, others may exist.
    pub kind: String,
    /// The ARNs of the pools whose tokens it accepts.
    pub user_pools: BTreeSet<Text>,
    /// The request header that carries the token.
    pub header: String,
    /// How long a result is cached, in seconds.
    pub cache_seconds: i32,
}

/// A Cognito authorizer.
#[derive(Debug)]
pub struct Authorizer;

/// The prefix of a header in an authorizer's identity source.
const HEADER: &str = "method.request.header.";
/// How long API Gateway caches a result by default, in seconds.
const DEFAULT_CACHE: i32 = 300;

impl Kind for Authorizer {
    type Props = Props;
    type Part = Write<Props>;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::RestApi),
        phase: 1,
        goes_with: Some("rest_api"),
        deployed: true,
        admits: true,
        in_picture: InPicture::Api,
        when_different: "tokens are checked by other rules once it is deployed",
        ..KindInfo::new(
            "authorizer",
            "authorizer",
            "The check in front of routes that need a token of the user pool. See the API Gateway developer guide, \
             \"Control access to REST APIs using Amazon Cognito user pools as an authorizer\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::place("api", "rest_api", |p: &Props, book| p.api.value(book)),
        Field::new("name", "The authorizer's name.", |p: &Props, book| {
            p.name.value(book)
        })
        .by(Write(|patches, task, _: &Props| {
            patches.replace("/name", task.text(&task.want.name))
        })),
        Field::new(
            "type",
            "What it checks: always `COGNITO_USER_POOLS`.",
            |p: &Props, _| (&p.kind).into(),
        )
        // terraform-provider-aws recreates an authorizer whose type changes from or to COGNITO_USER_POOLS.
        .on_change(OnChange::Refuse(
            "AWS never changes an authorizer from or to this type: give this one another `[api.authorizer]` `name`, or \
             delete the one that has its name",
        )),
        Field::new(
            "user_pools",
            "The ARNs of the user pools whose tokens it takes.",
            |p: &Props, book| Value::set(p.user_pools.iter().map(|pool| pool.value(book))),
        )
        .by(Write(patch_pools))
        .refers_to("user_pool"),
        Field::new(
            "header",
            "The request header that carries the token.",
            |p: &Props, _| (&p.header).into(),
        )
        .by(Write(|patches, task, _: &Props| {
            patches.replace("/identitySource", format!("{HEADER}{}", task.want.header))
        })),
        Field::new(
            "cache",
            "How long a decision is kept, at most `1h`; `0s` keeps none.",
            |p: &Props, _| HumanDuration::from_aws_seconds(p.cache_seconds.into()).into(),
        )
        .by(Write(|patches, task, _: &Props| {
            patches.replace("/authorizerResultTtlInSeconds", task.want.cache_seconds)
        })),
    ];

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = Findings::default();
        let Some(api) = rest_api::api(scope) else {
            return Ok(findings);
        };
        let address = Place::Authorizer.address();
        let wanted = match scope
            .desired
            .resources
            .get(&address)
            .map(|wanted| &wanted.resource)
        {
            Some(Resource::Authorizer(props)) => Some(props),
            _ => None,
        };
        let wanted_name = wanted.and_then(|props| props.name.resolve(scope.book));
        let wanted_pools = wanted.iter().flat_map(|props| &props.user_pools);
        let wanted_pools: BTreeSet<String> = wanted_pools
            .filter_map(|pool| pool.resolve(scope.book))
            .collect();
        let authorizers = reader.authorizers(api).await?;
        let is_ours = |pool: &str| {
            wanted_pools.contains(pool) || scope.address_of(OutputName::Arn, pool).is_some()
        };
        let main = the_one(&authorizers, wanted_name.as_deref(), is_ours);
        let (ours, others): (Vec<_>, Vec<_>) = authorizers
            .iter()
            .enumerate()
            .partition(|(at, _)| main == Some(*at));
        findings.owned = ours
            .into_iter()
            .map(|(_, live)| found(address.clone(), api, live))
            .collect();
        let others: Vec<Other> = others
            .into_iter()
            .filter_map(|(_, live)| Some(Other::new(live.name.clone()?, live.id.clone()?)))
            .collect();
        findings.neighbours = others.len();
        findings.dependents.extend(Dependent::of(
            &Place::Api.address(),
            rest_api::OTHER_AUTHORIZERS,
            (Self::INFO.name, Self::INFO.title),
            &others,
            "AWS deletes it with the API",
        ));
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let request = writer
            .apigateway()
            .create_authorizer()
            .rest_api_id(task.text(&want.api))
            .name(task.text(&want.name))
            .r#type(AuthorizerType::from(want.kind.as_str()))
            .set_provider_arns(Some(
                want.user_pools.iter().map(|pool| task.text(pool)).collect(),
            ))
            .identity_source(format!("{HEADER}{}", want.header))
            .authorizer_result_ttl_in_seconds(want.cache_seconds);
        let answer = writer
            .call(Operation::apigateway("CreateAuthorizer"), request.send())
            .await?;
        Ok(Outputs::from([(
            OutputName::Id,
            answer.id.unwrap_or_default(),
        )]))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let patches = written(task, live.props, changed);
        let request = writer
            .apigateway()
            .update_authorizer()
            .rest_api_id(task.text(&want.api))
            .authorizer_id(live.output(OutputName::Id))
            .set_patch_operations(patches.operations());
        writer
            .call(Operation::apigateway("UpdateAuthorizer"), request.send())
            .await?;
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let request = writer
            .apigateway()
            .delete_authorizer()
            .rest_api_id(literal(&live.props.api))
            .authorizer_id(live.output(OutputName::Id));
        gone_is_success(
            writer
                .call(Operation::apigateway("DeleteAuthorizer"), request.send())
                .await,
        )
    }
}

fn patch_pools(patches: &mut Patches, task: &Task<'_, Props>, held: &Props) {
    let pools = task.want.user_pools.iter();
    let wanted: BTreeSet<String> = pools.map(|pool| task.text(pool)).collect();
    let held: BTreeSet<String> = held.user_pools.iter().map(literal).collect();
    // API Gateway refuses an authorizer without a pool, so the new ones come first.
    wanted
        .difference(&held)
        .for_each(|pool| patches.add("/providerARNs", pool));
    held.difference(&wanted)
        .for_each(|pool| patches.remove_value("/providerARNs", pool));
}

/// Which authorizer is the file's: the one with its name, or else the only one with no other than the stack's pools, which was
/// then renamed. Other authorizers of the API are not the stack's and are never deleted.
fn the_one(
    authorizers: &[LiveAuthorizer],
    wanted_name: Option<&str>,
    is_our_pool: impl Fn(&str) -> bool,
) -> Option<usize> {
    let named = authorizers
        .iter()
        .position(|live| wanted_name.is_some() && live.name.as_deref() == wanted_name);
    let takes_ours = |live: &LiveAuthorizer| {
        let pools = live.provider_arns();
        live.r#type == Some(AuthorizerType::CognitoUserPools)
            && !pools.is_empty()
            && pools.iter().all(|pool| is_our_pool(pool))
    };
    let mut of_ours = authorizers
        .iter()
        .enumerate()
        .filter(|(_, live)| takes_ours(live));
    named.or_else(|| match (of_ours.next(), of_ours.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    })
}

fn found(address: Address, api: &str, live: &LiveAuthorizer) -> Found<Props> {
    let source = live.identity_source.as_deref().unwrap_or_default();
    let props = Props {
        api: api.into(),
        name: live.name.clone().unwrap_or_default().into(),
        kind: live
            .r#type
            .as_ref()
            .map_or("", AuthorizerType::as_str)
            .to_owned(),
        user_pools: live
            .provider_arns
            .iter()
            .flatten()
            .map(|arn| arn.as_str().into())
            .collect(),
        // A source of another form is not a header and equals none.
        header: source.strip_prefix(HEADER).unwrap_or(source).to_owned(),
        cache_seconds: live
            .authorizer_result_ttl_in_seconds
            .unwrap_or(DEFAULT_CACHE),
    };
    let expression = live
        .identity_validation_expression
        .iter()
        .filter(|expression| !expression.is_empty());
    let outputs = Outputs::from([(OutputName::Id, live.id.clone().unwrap_or_default())]);
    Found {
        unmanaged: expression
            .map(|expression| format!("only tokens that look like {expression}"))
            .collect(),
        ..Found::new(address, props, outputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, r#type: AuthorizerType, pool: &str) -> LiveAuthorizer {
        let authorizer = LiveAuthorizer::builder().name(name).r#type(r#type);
        authorizer.provider_arns(pool).build()
    }

    fn live(name: &str) -> LiveAuthorizer {
        of(name, AuthorizerType::CognitoUserPools, "ours")
    }

    fn chosen(authorizers: &[LiveAuthorizer], wanted: Option<&str>) -> Option<usize> {
        the_one(authorizers, wanted, |pool| pool == "ours")
    }

    #[test]
    fn the_only_authorizer_was_renamed_and_of_several_the_name_decides() {
        assert_eq!(chosen(&[live("old")], Some("new")), Some(0));
        assert_eq!(chosen(&[live("old"), live("new")], Some("new")), Some(1));
        assert_eq!(chosen(&[live("old"), live("other")], Some("new")), None);
        assert_eq!(chosen(&[], None), None);
        let theirs = of("theirs", AuthorizerType::Request, "ours");
        assert_eq!(chosen(&[theirs.clone(), live("old")], Some("new")), Some(1));
        assert_eq!(chosen(&[theirs], None), None);
    }

    #[test]
    fn one_that_takes_tokens_of_a_foreign_pool_is_not_ours() {
        let theirs = of("theirs", AuthorizerType::CognitoUserPools, "foreign");
        assert_eq!(chosen(std::slice::from_ref(&theirs), None), None);
        assert_eq!(chosen(std::slice::from_ref(&theirs), Some("new")), None);
        assert_eq!(chosen(&[theirs.clone(), live("old")], Some("new")), Some(1));
        // In an API of ours the name is enough: ours was changed to another pool.
        assert_eq!(chosen(&[theirs], Some("theirs")), Some(0));
        let no_pool = LiveAuthorizer::builder().name("theirs");
        let no_pool = no_pool.r#type(AuthorizerType::CognitoUserPools).build();
        assert_eq!(chosen(&[no_pool], None), None);
    }

    #[test]
    fn a_source_that_is_no_header_is_shown_whole() {
        let odd = LiveAuthorizer::builder()
            .identity_source("method.request.querystring.token")
            .build();
        assert_eq!(
            found(Address::new("a"), "api1", &odd).props.header,
            "method.request.querystring.token"
        );
    }
}
