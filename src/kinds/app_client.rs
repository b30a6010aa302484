//! An app client of a user pool. Its id and secret are a partner's credentials, so it is never replaced.

mod auth_flows;
mod live;
pub(super) mod notes;
mod search;
mod validity;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_apigateway::types::ApiKey;
use aws_sdk_cognitoidentityprovider::types::{
    ExplicitAuthFlowsType, OAuthFlowType, TokenValidityUnitsType,
};
use serde::{Deserialize, Serialize};

pub use self::auth_flows::AUTH_FLOWS;
pub(super) use self::search::read_ahead;
use self::validity::in_largest_unit;
use super::marks::{self, Bearer, CLIENT_TAG, CREATING};
use super::{
    Desired, Field, Findings, InPicture, Kind, KindInfo, Lane, LiveReference, Look, Note, OnChange,
    Outputs, Scope, Task, distinct, gone_is_success, literal, tags,
};
use crate::aws::{Answer, AwsError, Operation, Reader, Replacing, Writer};
use crate::model::{Address, Book, HumanDuration, OutputName, Place, Table, Text, Value};

/// An app client.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The pool's id.
    pub user_pool: Text,
    /// The mark that the client is ours.
    pub mark: Mark,
    /// The id of the stack's API, which has the mark instead of the pool if that is not the stack's.
    pub marked_on: Option<Text>,
    /// The client's name.
    pub name: Text,
    /// `code`, `implicit`, `client_credentials`.
    pub flows: BTreeSet<String>,
    /// Auth flows, by the stack file's words.
    pub auth_flows: BTreeSet<String>,
    /// The scopes it may ask for.
    pub scopes: BTreeSet<Text>,
    /// The callback URLs of the login page.
    pub callback_urls: BTreeSet<Text>,
    /// The sign-out URLs.
    pub logout_urls: BTreeSet<Text>,
    /// Whether it has a secret.
    pub secret: bool,
    /// Validity of access tokens in seconds.
    pub access_token_seconds: i64,
    /// Validity of ID tokens in seconds.
    pub id_token_seconds: i64,
    /// Validity of refresh tokens in seconds.
    pub refresh_token_seconds: i64,
}

/// The mark that a client is ours: clients have no tags.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A tag under this address: of the pool, or of the API ([`Props::marked_on`]).
    OnPool(String),
    /// A tag of each of the partner's API keys with these ids. One is wanted; on AWS, every key of the partner has it.
    OnKeys(BTreeSet<Text>),
}

impl Mark {
    /// No mark: the live side between the creation of a client and of its mark.
    pub(super) fn missing() -> Self {
        Self::OnPool(String::new())
    }

    /// A tag of this key.
    pub fn on_key(key: Text) -> Self {
        Self::OnKeys(BTreeSet::from([key]))
    }

    /// The keys with the tag.
    pub fn keys(&self) -> impl Iterator<Item = &Text> {
        let keys = match self {
            Self::OnPool(_) => None,
            Self::OnKeys(keys) => Some(keys),
        };
        keys.into_iter().flatten()
    }

    fn value(&self, book: &Book) -> Value {
        match self {
            Self::OnPool(mark) if mark.is_empty() => Value::Unset,
            Self::OnPool(mark) => mark.as_str().into(),
            Self::OnKeys(keys) => match Vec::from_iter(keys)[..] {
                [key] => key.value(book),
                _ => texts(keys, book),
            },
        }
    }
}

/// UpdateUserPoolClient resets what is not sent, which would break partners (Amazon Cognito API reference,
/// "UpdateUserPoolClient").
const UPDATE: Replacing = Replacing {
    update: "UpdateUserPoolClient",
    describe: "DescribeUserPoolClient",
    member: "UserPoolClient",
    settled: &[
        // The request sets these itself.
        "AccessTokenValidity",
        "AllowedOAuthFlows",
        "AllowedOAuthFlowsUserPoolClient",
        "AllowedOAuthScopes",
        "CallbackURLs",
        "ClientName",
        "ExplicitAuthFlows",
        "IdTokenValidity",
        "LogoutURLs",
        "RefreshTokenValidity",
        "TokenValidityUnits.AccessToken",
        "TokenValidityUnits.IdToken",
        "TokenValidityUnits.RefreshToken",
        // Nothing changes these, or other operations do.
        "ClientId",
        "ClientSecret",
        "ClientSecretArn",
        "ClientType",
        "CreationDate",
        "LastModifiedDate",
        "UserPoolId",
    ],
    matched: &[],
};

/// The provider that is the pool's own users.
pub(super) const OWN_USERS: &str = "COGNITO";

/// An app client.
#[derive(Debug)]
pub struct AppClient;

/// The parts of its update, in the order of their calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// The mark.
    Mark,
    /// Everything else, which AWS replaces as a whole.
    Settings,
}

impl Kind for AppClient {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::UserPool),
        phase: 1,
        goes_with: Some("user_pool"),
        loss: Some("its id and secret stop working; a new client gets new ones"),
        billable: Some(
            "Cognito charges for the tokens that clients get with `client_credentials`: from $2.25 for 1,000 token \
             requests (list price, November 2026).",
        ),
        in_picture: InPicture::Caller,
        when_different: "it gets no token, or one with other scopes",
        ..KindInfo::new(
            "app_client",
            "app client",
            "An app client of the user pool: the id, and the secret where it has one, with which an application or a \
             partner asks for tokens. Never replaced. AWS's rules: Amazon Cognito API reference, \
             \"CreateUserPoolClient\" and \"UpdateUserPoolClient\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::place("user_pool", "user_pool", |client: &Props, book| client.user_pool.value(book)),
        Field::place("marked_on", "rest_api", |client: &Props, book| {
            client.marked_on.as_ref().map(|api| api.value(book)).into()
        }),
        Field::new(
            "mark",
            "What says that the client is the stack's: a tag of the pool, of the API if the pool is not the stack's, or of the \
             partner's API key with this id. Each \
             further key of the partner carries it too.",
            |client: &Props, book| client.mark.value(book),
        )
        .among()
        .by(Part::Mark)
        .refers_to("api_key"),
        Field::new("name", "The client's name in the console.", |client: &Props, book| {
            client.name.value(book)
        })
        .by(Part::Settings),
        Field::new(
            "flows",
            "The OAuth grants it may use: `code`, `implicit`, or `client_credentials` alone. A partner's \
             has `client_credentials`.",
            |client: &Props, _| Value::set(&client.flows),
        )
        .by(Part::Settings),
        Field::new(
            "auth_flows",
            "How users may sign in through Cognito's own API, such as `user_srp`.",
            |client: &Props, _| Value::set(&client.auth_flows),
        )
        .by(Part::Settings),
        Field::new("scopes", "The scopes it may ask for.", |client: &Props, book| {
            texts(&client.scopes, book)
        })
        .by(Part::Settings)
        .refers_to("resource_server"),
        Field::new(
            "callback_urls",
            "Where the login page may send people back to.",
            |client: &Props, book| texts(&client.callback_urls, book),
        )
        .by(Part::Settings),
        Field::new("logout_urls", "Where people may be sent after signing out.", |client: &Props, book| {
            texts(&client.logout_urls, book)
        })
        .by(Part::Settings),
        Field::new(
            "secret",
            "Whether it has a secret.",
            |client: &Props, _| client.secret.into(),
        )
        .on_change(OnChange::Refuse(
            "AWS decides this when a client is made: put the line back as it was, or add a second client under another \
             name, move its users over and then remove this one",
        )),
        Field::new("tokens.access", "How long access tokens are valid.", |client: &Props, _| {
            seconds(client.access_token_seconds)
        })
        .by(Part::Settings),
        Field::new("tokens.id", "How long ID tokens are valid.", |client: &Props, _| {
            seconds(client.id_token_seconds)
        })
        .by(Part::Settings),
        Field::new("tokens.refresh", "How long refresh tokens are valid.", |client: &Props, _| {
            seconds(client.refresh_token_seconds)
        })
        .by(Part::Settings),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        match &want.mark {
            Mark::OnPool(mark) => {
                let api = Text::output(&Place::Api.address(), OutputName::Id);
                mark == address.as_str() && want.marked_on.as_ref().is_none_or(|on| *on == api)
            }
            mark => *mark == Mark::on_key(Text::output(&address.key(), OutputName::Id)),
        }
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        search::search(reader, scope).await
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let pool = task.text(&want.user_pool);
        match &want.mark {
            Mark::OnPool(mark) => {
                let api = want.marked_on.as_ref().map(|api| task.text(api));
                let bearer = Bearer::of(&pool, api.as_deref());
                marks::set(writer, bearer, mark, CREATING).await?;
            }
            Mark::OnKeys(keys) => {
                for key in keys {
                    announce(writer, &task.text(key)).await?;
                }
            }
        }
        let settings = Settings::of(task);
        let request = writer
            .cognito()
            .create_user_pool_client()
            .user_pool_id(&pool)
            .client_name(settings.name)
            .generate_secret(want.secret)
            .set_allowed_o_auth_flows(settings.flows)
            .allowed_o_auth_flows_user_pool_client(settings.uses_oauth)
            .set_allowed_o_auth_scopes(settings.scopes)
            .set_explicit_auth_flows(settings.auth_flows)
            .set_callback_urls(settings.callback_urls)
            .set_logout_urls(settings.logout_urls)
            .set_supported_identity_providers(people(want).then(|| vec![OWN_USERS.to_owned()]))
            .access_token_validity(settings.access)
            .id_token_validity(settings.id)
            .refresh_token_validity(settings.refresh)
            .token_validity_units(settings.units);
        // The response contains the secret; only the id is kept.
        let answer = writer
            .call(
                Operation::cognito("CreateUserPoolClient", &pool),
                request.send(),
            )
            .await?;
        let id = answer
            .user_pool_client
            .and_then(|client| client.client_id)
            .unwrap_or_default();
        write_mark(writer, task, &pool, &id).await?;
        Ok(Outputs::from([(OutputName::Id, id)]))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let (pool, id) = (task.text(&want.user_pool), live.output(OutputName::Id));
        for part in distinct(changed) {
            match part {
                Part::Mark => {
                    write_mark(writer, task, &pool, id).await?;
                }
                Part::Settings => {
                    let answer = Answer::default();
                    let describe = writer
                        .cognito()
                        .describe_user_pool_client()
                        .user_pool_id(&pool)
                        .client_id(id);
                    writer
                        .call(
                            Operation::cognito(UPDATE.describe, &pool),
                            describe.customize().interceptor(answer.clone()).send(),
                        )
                        .await?;
                    let carried = UPDATE.carry_over(&answer);
                    let settings = Settings::of(task);
                    let no_provider = people(want) && !carried.has("SupportedIdentityProviders");
                    let request = writer
                        .cognito()
                        .update_user_pool_client()
                        .user_pool_id(&pool)
                        .client_id(id)
                        .client_name(settings.name)
                        .set_allowed_o_auth_flows(settings.flows)
                        .allowed_o_auth_flows_user_pool_client(settings.uses_oauth)
                        .set_allowed_o_auth_scopes(settings.scopes)
                        .set_explicit_auth_flows(settings.auth_flows)
                        .set_callback_urls(settings.callback_urls)
                        .set_logout_urls(settings.logout_urls)
                        .set_supported_identity_providers(
                            no_provider.then(|| vec![OWN_USERS.to_owned()]),
                        )
                        .access_token_validity(settings.access)
                        .id_token_validity(settings.id)
                        .refresh_token_validity(settings.refresh)
                        .token_validity_units(settings.units);
                    writer
                        .call(
                            Operation::cognito(UPDATE.update, &pool),
                            request.customize().interceptor(carried).send(),
                        )
                        .await?;
                }
            }
        }
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let (pool, id) = (literal(&live.props.user_pool), live.output(OutputName::Id));
        // Without an id there is only a mark.
        if !id.is_empty() {
            let request = writer
                .cognito()
                .delete_user_pool_client()
                .user_pool_id(&pool)
                .client_id(id);
            gone_is_success(
                writer
                    .call(
                        Operation::cognito("DeleteUserPoolClient", &pool),
                        request.send(),
                    )
                    .await,
            )?;
        }
        match &live.props.mark {
            Mark::OnPool(mark) => {
                let api = live.props.marked_on.as_ref().map(literal);
                let bearer = Bearer::of(&pool, api.as_deref());
                marks::clear(writer, bearer, |address, marked| {
                    is_place(address) && (marked == id || address.as_str() == mark)
                })
                .await
            }
            // It is deleted with its key; on a key that stays, a mark with a missing client counts as none.
            Mark::OnKeys(_) => Ok(()),
        }
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        notes::notes(look)
    }

    fn is_billed(client: &Props) -> bool {
        // AWS charges for client-credentials tokens.
        client.flows.contains("client_credentials")
    }
}

/// Whether a mark at this address is an app client's.
pub(super) fn is_place(address: &Address) -> bool {
    address.is_in(Table::AppClients)
}

// A key created in this run is marked from its create call on. An older one has no mark or a deleted client: a run that died
// before the new one is marked would leave a client without a mark.
async fn announce(writer: &Writer, key: &str) -> Result<(), AwsError> {
    let keys = writer.api_keys().await?;
    let says_otherwise = |live: &ApiKey| {
        let tags = tags::live(live.tags.as_ref());
        live.id.as_deref() == Some(key) && tags.get(CLIENT_TAG).is_none_or(|mark| mark != CREATING)
    };
    if keys.iter().any(says_otherwise) {
        mark_key(writer, key, CREATING).await?;
    }
    Ok(())
}

async fn mark_key(writer: &Writer, key: &str, client: &str) -> Result<(), AwsError> {
    let arn = writer.apigateway_arn(&format!("apikeys/{key}"));
    let mark = BTreeMap::from([(CLIENT_TAG.to_owned(), client.to_owned())]);
    tags::write(writer, &arn, &mark, &BTreeMap::new()).await
}

async fn write_mark(
    writer: &Writer,
    task: &Task<'_, Props>,
    pool: &str,
    id: &str,
) -> Result<(), AwsError> {
    match &task.want.mark {
        Mark::OnPool(mark) => {
            let api = task.want.marked_on.as_ref().map(|api| task.text(api));
            let bearer = Bearer::of(pool, api.as_deref());
            marks::move_to(writer, bearer, mark, id, is_place).await
        }
        Mark::OnKeys(keys) => {
            for key in keys {
                mark_key(writer, &task.text(key), id).await?;
            }
            Ok(())
        }
    }
}

// Whether users sign in through it: only then identity providers matter, and a login page without any admits no users.
fn people(client: &Props) -> bool {
    client.flows.iter().any(|flow| flow != "client_credentials")
}

/// A client's settings for the create and the update call.
struct Settings {
    name: String,
    flows: Option<Vec<OAuthFlowType>>,
    uses_oauth: bool,
    scopes: Option<Vec<String>>,
    auth_flows: Option<Vec<ExplicitAuthFlowsType>>,
    callback_urls: Option<Vec<String>>,
    logout_urls: Option<Vec<String>>,
    access: i32,
    id: i32,
    refresh: i32,
    units: TokenValidityUnitsType,
}

impl Settings {
    fn of(task: &Task<'_, Props>) -> Self {
        let want = task.want;
        // AWS refuses some of these lists if they are empty, and clears each one that is left out.
        let filled = |texts: &BTreeSet<Text>| {
            let texts: Vec<String> = texts.iter().map(|text| task.text(text)).collect();
            (!texts.is_empty()).then_some(texts)
        };
        let (access, access_unit) = in_largest_unit(want.access_token_seconds);
        let (id, id_unit) = in_largest_unit(want.id_token_seconds);
        let (refresh, refresh_unit) = in_largest_unit(want.refresh_token_seconds);
        let flows: Vec<_> = want
            .flows
            .iter()
            .map(|flow| OAuthFlowType::from(flow.as_str()))
            .collect();
        Self {
            name: task.text(&want.name),
            uses_oauth: !flows.is_empty(),
            flows: (!flows.is_empty()).then_some(flows),
            scopes: filled(&want.scopes),
            // Always sent: left out, Cognito turns on others.
            auth_flows: Some(
                want.auth_flows
                    .iter()
                    .map(|flow| ExplicitAuthFlowsType::from(auth_flows::of_aws(flow)))
                    .collect(),
            ),
            callback_urls: filled(&want.callback_urls),
            logout_urls: filled(&want.logout_urls),
            access,
            id,
            refresh,
            units: TokenValidityUnitsType::builder()
                .access_token(access_unit)
                .id_token(id_unit)
                .refresh_token(refresh_unit)
                .build(),
        }
    }
}

fn seconds(seconds: i64) -> Value {
    HumanDuration::from_aws_seconds(seconds).into()
}

fn texts(texts: &BTreeSet<Text>, book: &Book) -> Value {
    Value::set(texts.iter().map(|text| text.value(book)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Client;
    use crate::kinds::Resource;

    #[test]
    fn an_update_forgets_nothing_that_aws_describes() {
        // Left out, the secret stays where it is.
        UPDATE.assert_covers_model(&["PublishSecretsInAWSSecretsManager"]);
    }

    #[test]
    fn a_partners_client_waits_for_the_pool_and_the_key() {
        let (pool, key) = (Address::new("user_pool"), Address::new("partners.acme/key"));
        let client = Props {
            user_pool: Text::output(&pool, OutputName::Id),
            mark: Mark::on_key(Text::output(&key, OutputName::Id)),
            ..live::props("", Mark::missing(), &Client::default())
        };
        let fields = Resource::AppClient(client).fields(&Book::default());
        let awaited: BTreeSet<_> = fields
            .iter()
            .flat_map(|(_, value)| value.awaited())
            .collect();
        assert_eq!(awaited, BTreeSet::from([pool, key]));
    }
}
