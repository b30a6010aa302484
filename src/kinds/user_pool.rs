//! Cognito user pool: the directory that issues tokens. Tagged; never replaced.

mod notes;
mod search;

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cognitoidentityprovider::types::{
    AdminCreateUserConfigType, AliasAttributeType, DeletionProtectionType, IssuerType,
    PasswordPolicyType, UserPoolPolicyType, UserPoolTierType, UserPoolType, UsernameAttributeType,
};
use serde::{Deserialize, Serialize};

pub(super) use self::search::likely;
use super::observation::Other;
use super::ownership::Candidate;
use super::{
    Dependent, Desired, Field, Findings, InPicture, Kind, KindInfo, Lane, LiveReference, Look,
    Note, OnChange, Outputs, Resource, Scope, Task, distinct, gone_is_success, marks, tags,
    unmanaged,
};
use crate::aws::{
    Answer, AwsError, Container, LeaveOut, Operation, Reader, Replacing, Service, Writer,
};
use crate::model::{Address, OutputName, Text, Value, endpoints};

/// A user pool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The pool's name.
    pub name: Text,
    /// `LITE`, `ESSENTIALS` or `PLUS`.
    pub tier: String,
    /// Whether AWS refuses to delete it.
    pub deletion_protection: bool,
    /// Whether self-registration is on.
    pub sign_up: bool,
    /// What users sign in with, in the stack file's words; `None` for any.
    pub sign_in: Option<BTreeSet<String>>,
    /// The password policy.
    pub password: Password,
    /// Its tags; of a live pool all of them, marks included.
    pub tags: BTreeMap<String, String>,
    /// The marks of children (see [`marks`]), set by the create call to save a call. Empty on the live side and never compared.
    pub marks: BTreeMap<String, String>,
}

/// The password policy.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Password {
    /// The fewest characters.
    pub min_length: i32,
    /// Whether a lower-case letter is required.
    pub lowercase: bool,
    /// Whether an upper-case letter is required.
    pub uppercase: bool,
    /// Whether a digit is required.
    pub digits: bool,
    /// Whether a symbol is required.
    pub symbols: bool,
    /// Days after which a password set by an administrator stops working.
    pub temporary_days: i32,
}

impl Password {
    // AWS's default policy.
    fn of_aws() -> Self {
        Self {
            min_length: 8,
            lowercase: true,
            uppercase: true,
            digits: true,
            symbols: true,
            temporary_days: 7,
        }
    }
}

/// UpdateUserPool resets what is not sent, tags and deletion protection included (Amazon Cognito API reference,
/// "UpdateUserPool").
const UPDATE: Replacing = Replacing {
    update: "UpdateUserPool",
    describe: "DescribeUserPool",
    member: "UserPool",
    settled: &[
        // The request sets these itself.
        "AdminCreateUserConfig.AllowAdminCreateUserOnly",
        "DeletionProtection",
        "Name",
        "Policies.PasswordPolicy.MinimumLength",
        "Policies.PasswordPolicy.RequireLowercase",
        "Policies.PasswordPolicy.RequireNumbers",
        "Policies.PasswordPolicy.RequireSymbols",
        "Policies.PasswordPolicy.RequireUppercase",
        "Policies.PasswordPolicy.TemporaryPasswordValidityDays",
        "UserPoolTier",
        // See NO_SECOND_NUMBER_OF_DAYS.
        "AdminCreateUserConfig.UnusedAccountValidityDays",
        // Nothing changes these, or other operations do.
        "AliasAttributes",
        "Arn",
        "CreationDate",
        "CustomDomain",
        "Domain",
        "EmailConfigurationFailure",
        "EstimatedNumberOfUsers",
        "Id",
        "LastModifiedDate",
        "SchemaAttributes",
        "SmsConfigurationFailure",
        "Status",
        "UsernameAttributes",
        "UsernameConfiguration",
    ],
    matched: &[],
};

/// The word for consent to the loss of a pool's users.
const USERS: &str = "users";
/// The word for consent to the loss of clients that gatestack did not create.
pub(super) const OTHER_CLIENTS: &str = "other_clients";
/// The word for consent to the loss of resource servers that gatestack did not create.
pub(super) const OTHER_RESOURCE_SERVERS: &str = "other_resource_servers";
/// The word for consent to the loss of groups.
const GROUPS: &str = "groups";
/// The word for consent to the loss of identity providers.
const IDENTITY_PROVIDERS: &str = "identity_providers";
/// The word by which it is agreed to that authorizers of other APIs refuse every token.
pub(super) const OTHER_AUTHORIZERS: &str = "other_authorizers";
/// Everything that is deleted with a pool and is not the stack's.
pub const DEPENDENTS: &[&str] = &[
    USERS,
    GROUPS,
    IDENTITY_PROVIDERS,
    OTHER_AUTHORIZERS,
    OTHER_CLIENTS,
    OTHER_RESOURCE_SERVERS,
];

/// TemporaryPasswordValidityDays replaced it, and AWS refuses both together.
const NO_SECOND_NUMBER_OF_DAYS: LeaveOut = LeaveOut {
    within: "/AdminCreateUserConfig",
    member: "UnusedAccountValidityDays",
};

/// A user pool.
#[derive(Debug)]
pub struct UserPool;

/// The parts of its update, in the order of their calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// Everything that AWS replaces as a whole, the tags too.
    Settings,
    /// The tags alone.
    Tags,
}

impl Kind for UserPool {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::UserPool),
        marked_on: Some("rest_api"),
        loss: Some(
            "every user, app client, client secret and scope in it: partners can't get tokens any more, and a new pool \
             gives all of them new credentials",
        ),
        doubles: true,
        in_picture: InPicture::UserPool,
        dependents: DEPENDENTS,
        when_different: "tokens are issued by other rules",
        ..KindInfo::new(
            "user_pool",
            "user pool",
            "An Amazon Cognito user pool: the directory that issues tokens. Never replaced. AWS's rules: Amazon Cognito \
             API reference, \"CreateUserPool\" and \"UpdateUserPool\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::new(
            "name",
            "The pool's name, 1 to 128 characters.",
            |pool: &Props, book| pool.name.value(book),
        )
        .by(Part::Settings),
        Field::new(
            "tier",
            "The feature tier, which decides what AWS charges for each user: `LITE`, `ESSENTIALS` or `PLUS`.",
            |pool: &Props, _| pool.tier.as_str().into(),
        )
        .by(Part::Settings),
        Field::new(
            "deletion_protection",
            "Whether AWS refuses to delete the pool until the protection is lifted.",
            |pool: &Props, _| pool.deletion_protection.into(),
        )
        .by(Part::Settings),
        Field::new(
            "sign_up",
            "Whether people may register themselves through any app client of the pool.",
            |pool: &Props, _| pool.sign_up.into(),
        )
        .by(Part::Settings),
        Field::new(
            "sign_in",
            "What users sign in with: `email`, `phone` or both instead of a user name; `username`, alone or with \
             `email`, `phone` and `preferred_username` as aliases.",
            |pool: &Props, _| pool.sign_in.as_ref().map(Value::set).into(),
        )
        .when_wanted()
        .on_change(OnChange::Refuse(
            "AWS decides this when a pool is made: write the line as the pool has it, or remove it. For another way to \
             sign in, make a second pool with a stack file of its own (another `[stack] name`, pool name and domain), \
             move clients and users there, and remove this one afterwards",
        )),
        Field::new(
            "password.min_length",
            "The fewest characters of a password, 6 to 99.",
            |pool: &Props, _| pool.password.min_length.into(),
        )
        .by(Part::Settings),
        Field::new(
            "password.lowercase",
            "Whether a password needs a lower-case letter.",
            |pool: &Props, _| pool.password.lowercase.into(),
        )
        .by(Part::Settings),
        Field::new(
            "password.uppercase",
            "Whether a password needs an upper-case letter.",
            |pool: &Props, _| pool.password.uppercase.into(),
        )
        .by(Part::Settings),
        Field::new(
            "password.digits",
            "Whether a password needs a digit.",
            |pool: &Props, _| pool.password.digits.into(),
        )
        .by(Part::Settings),
        Field::new(
            "password.symbols",
            "Whether a password needs a symbol.",
            |pool: &Props, _| pool.password.symbols.into(),
        )
        .by(Part::Settings),
        Field::new(
            "password.temporary_days",
            "Days after which a password set by an administrator stops working, 1 to 365.",
            |pool: &Props, _| pool.password.temporary_days.into(),
        )
        .by(Part::Settings),
        Field::new(
            "tags",
            "Tags. Others on the pool are left alone.",
            |pool: &Props, _| tags::value(&pool.tags),
        )
        .by(Part::Tags)
        .wanted_keys(),
    ];

    fn follows(want: &Props, _address: &Address, desired: &Desired) -> bool {
        let children = desired.resources.iter();
        let marks = children.filter_map(|(child, wanted)| marks::of(child, &wanted.resource));
        want.marks == marks.collect()
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let mut findings = search::search(reader, scope).await?;
        for found in &mut findings.owned {
            if says_sign_in(scope, &found.address) {
                found.unmanaged.retain(|words| words != unmanaged::SIGN_IN);
            }
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let mut pool_tags = want.tags.clone();
        pool_tags.extend(want.marks.clone());
        let request = writer
            .cognito()
            .create_user_pool()
            .pool_name(task.text(&want.name))
            .policies(policies(&want.password))
            .deletion_protection(protection(want.deletion_protection))
            .user_pool_tier(UserPoolTierType::from(want.tier.as_str()))
            .admin_create_user_config(registration(want.sign_up))
            .set_username_attributes(username_attributes(want))
            .set_alias_attributes(alias_attributes(want))
            .set_user_pool_tags(tags::sent(&pool_tags));
        let answer = writer
            .call(
                Operation::of(Service::Cognito, "CreateUserPool"),
                request
                    .customize()
                    .interceptor(NO_SECOND_NUMBER_OF_DAYS)
                    .send(),
            )
            .await?;
        let pool = answer
            .user_pool
            .unwrap_or_else(|| UserPoolType::builder().build());
        let outputs = outputs(&pool);
        writer.learn_pool(pool);
        Ok(outputs)
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let (id, want) = (live.output(OutputName::Id), task.want);
        match distinct(changed).first() {
            Some(Part::Settings) => {}
            Some(Part::Tags) => {
                writer.tag_pool(id, want.tags.clone()).await?;
                return Ok(Outputs::new());
            }
            None => return Ok(Outputs::new()),
        }
        let answer = Answer::default();
        let describe = writer.cognito().describe_user_pool().user_pool_id(id);
        writer
            .call(
                Operation::cognito(UPDATE.describe, id),
                describe.customize().interceptor(answer.clone()).send(),
            )
            .await?;
        let carried = UPDATE.carry_over(&answer);
        let request = writer
            .cognito()
            .update_user_pool()
            .user_pool_id(id)
            .pool_name(task.text(&want.name))
            .policies(policies(&want.password))
            .deletion_protection(protection(want.deletion_protection))
            .user_pool_tier(UserPoolTierType::from(want.tier.as_str()))
            .admin_create_user_config(registration(want.sign_up))
            .set_user_pool_tags(tags::sent(&want.tags));
        writer
            .call(
                Operation::cognito(UPDATE.update, id),
                request
                    .customize()
                    .interceptor(carried)
                    .interceptor(NO_SECOND_NUMBER_OF_DAYS)
                    .send(),
            )
            .await?;
        Ok(Outputs::new())
    }

    async fn delete(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
        let id = live.output(OutputName::Id);
        // The domain of the pool in use has its own step; a duplicate's is deleted here, since AWS deletes no pool with a domain.
        if live.address.duplicate_of().is_some() {
            delete_domains(writer, live).await?;
        }
        let container = Container::UserPool(id.to_owned());
        writer.nothing_came_in(container, "DeleteUserPool").await?;
        let request = writer.cognito().delete_user_pool().user_pool_id(id);
        gone_is_success(
            writer
                .call(Operation::cognito("DeleteUserPool", id), request.send())
                .await,
        )
    }

    fn unprotected(live: &Props) -> Option<Props> {
        live.deletion_protection.then(|| Props {
            deletion_protection: false,
            ..live.clone()
        })
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        notes::notes(look)
    }
}

/// The users of a pool, which are deleted with it. AWS estimates their number.
fn users_of(pool: &Address, estimated: i32) -> Option<Dependent> {
    let count = usize::try_from(estimated).unwrap_or_default();
    let plural = if count == 1 { "" } else { "s" };
    (count > 0).then(|| Dependent {
        address: pool.others(USERS),
        with: pool.clone(),
        of_field: None,
        kind: "user".to_owned(),
        count,
        ids: BTreeSet::new(),
        members: String::new(),
        what: format!(
            "about {count} user{plural}, with passwords and attributes: they can't sign in any more"
        ),
    })
}

/// What else is deleted with a pool.
pub(super) async fn other_parts_of(
    reader: &Reader,
    pool: &Address,
    id: &str,
) -> Result<impl Iterator<Item = Dependent>, AwsError> {
    let (groups, providers) = tokio::try_join!(reader.groups(id), reader.identity_providers(id))?;
    let groups: Vec<Other> = groups.iter().map(Other::from).collect();
    let providers: Vec<Other> = providers.iter().map(Other::from).collect();
    let groups = Dependent::of(
        pool,
        GROUPS,
        ("group", "group of users"),
        &groups,
        "tokens no longer name it",
    );
    let providers = Dependent::of(
        pool,
        IDENTITY_PROVIDERS,
        ("identity_provider", "identity provider"),
        &providers,
        "its users can't sign in any more",
    );
    Ok(groups.into_iter().chain(providers))
}

/// Deletes the domains in the pool's marks. One that gatestack did not create stays, and so does the pool.
async fn delete_domains(writer: &Writer, live: &LiveReference<'_, Props>) -> Result<(), AwsError> {
    let id = live.output(OutputName::Id);
    let marked = marks::read(&live.props.tags);
    let request = writer.cognito().describe_user_pool().user_pool_id(id);
    let operation = Operation::cognito("DescribeUserPool", id);
    let pool = match writer.call(operation, request.send()).await {
        Ok(answer) => answer.user_pool,
        Err(error) if error.is_not_found() => None,
        Err(error) => return Err(error),
    };
    let domains = pool
        .into_iter()
        .flat_map(|pool| [pool.domain, pool.custom_domain]);
    let ours = |domain: &String| marked.values().any(|marked| marked == domain);
    for domain in domains.flatten().filter(ours) {
        let request = writer
            .cognito()
            .delete_user_pool_domain()
            .user_pool_id(id)
            .domain(domain);
        let operation = Operation::cognito("DeleteUserPoolDomain", id);
        writer.call(operation, request.send()).await?;
    }
    Ok(())
}

fn policies(password: &Password) -> UserPoolPolicyType {
    let password = PasswordPolicyType::builder()
        .minimum_length(password.min_length)
        .require_lowercase(password.lowercase)
        .require_uppercase(password.uppercase)
        .require_numbers(password.digits)
        .require_symbols(password.symbols)
        .temporary_password_validity_days(password.temporary_days)
        .build();
    UserPoolPolicyType::builder()
        .password_policy(password)
        .build()
}

fn protection(on: bool) -> DeletionProtectionType {
    if on {
        DeletionProtectionType::Active
    } else {
        DeletionProtectionType::Inactive
    }
}

/// Whether the file sets what the users of the pool at this address sign in with.
fn says_sign_in(scope: &Scope<'_>, address: &Address) -> bool {
    let wanted = scope.desired.resources.get(address);
    wanted.is_some_and(|wanted| match &wanted.resource {
        Resource::UserPool(pool) => pool.sign_in.is_some(),
        _ => false,
    })
}

/// Without it, AWS allows self-registration.
fn registration(open: bool) -> AdminCreateUserConfigType {
    AdminCreateUserConfigType::builder()
        .allow_admin_create_user_only(!open)
        .build()
}

const USERNAME: &str = "username";

/// The attributes with which users sign in, by the stack file's words. AWS allows the first two instead of a user name or beside
/// it, the last only beside it.
const ATTRIBUTES: [(&str, &str); 3] = [
    ("email", "email"),
    ("phone", "phone_number"),
    ("preferred_username", "preferred_username"),
];

fn attributes(want: &Props, beside_a_username: bool) -> Vec<&'static str> {
    let names = want.sign_in.iter().flatten();
    if want.sign_in.is_none() || names.clone().any(|name| name == USERNAME) != beside_a_username {
        return Vec::new();
    }
    ATTRIBUTES
        .iter()
        .filter(|(word, _)| names.clone().any(|name| name == word))
        .map(|(_, attribute)| *attribute)
        .collect()
}

fn username_attributes(want: &Props) -> Option<Vec<UsernameAttributeType>> {
    let names = attributes(want, false);
    (!names.is_empty()).then(|| names.into_iter().map(UsernameAttributeType::from).collect())
}

fn alias_attributes(want: &Props) -> Option<Vec<AliasAttributeType>> {
    let names = attributes(want, true);
    (!names.is_empty()).then(|| names.into_iter().map(AliasAttributeType::from).collect())
}

/// What the users of a live pool sign in with. Unknown values keep AWS's name.
fn sign_in(pool: &UserPoolType) -> BTreeSet<String> {
    let instead = pool.username_attributes.iter().flatten();
    let instead: Vec<&str> = instead.map(UsernameAttributeType::as_str).collect();
    let beside = pool.alias_attributes.iter().flatten();
    let username = instead.is_empty().then_some(USERNAME);
    let attributes = instead
        .into_iter()
        .chain(beside.map(AliasAttributeType::as_str));
    let word = |attribute: &str| {
        let known = ATTRIBUTES.iter().find(|(_, known)| *known == attribute);
        known.map_or(attribute, |(word, _)| *word).to_owned()
    };
    attributes
        .map(word)
        .chain(username.map(str::to_owned))
        .collect()
}

fn candidate(pool: &UserPoolType) -> Candidate<Props> {
    let name = pool.name.clone().unwrap_or_default();
    let tags = tags::live(pool.user_pool_tags.as_ref());
    let policy = pool
        .policies
        .as_ref()
        .and_then(|policies| policies.password_policy.as_ref());
    Candidate {
        props: Props {
            name: name.as_str().into(),
            tier: pool
                .user_pool_tier
                .as_ref()
                .unwrap_or(&UserPoolTierType::Essentials)
                .as_str()
                .to_owned(),
            deletion_protection: pool.deletion_protection == Some(DeletionProtectionType::Active),
            sign_up: !pool
                .admin_create_user_config
                .as_ref()
                .is_some_and(|config| config.allow_admin_create_user_only),
            sign_in: Some(sign_in(pool)),
            password: policy.map_or_else(Password::of_aws, |policy| Password {
                min_length: policy.minimum_length.unwrap_or(8),
                lowercase: policy.require_lowercase,
                uppercase: policy.require_uppercase,
                digits: policy.require_numbers,
                symbols: policy.require_symbols,
                temporary_days: policy.temporary_password_validity_days,
            }),
            tags: tags.clone(),
            marks: BTreeMap::new(),
        },
        name,
        tags,
        outputs: outputs(pool),
        unmanaged: unmanaged::of_pool(pool),
    }
}

/// The issuer of its tokens.
pub(super) fn issuer(pool: &UserPoolType) -> String {
    let issuer = pool.issuer_configuration.as_ref();
    let updated = issuer.is_some_and(|issuer| issuer.r#type == Some(IssuerType::Updated));
    endpoints::issuer(pool.id.as_deref().unwrap_or_default(), updated)
}

fn outputs(pool: &UserPoolType) -> Outputs {
    let id = pool.id.clone().unwrap_or_default();
    Outputs::from([
        (OutputName::Issuer, issuer(pool)),
        (OutputName::Id, id),
        (OutputName::Arn, pool.arn.clone().unwrap_or_default()),
    ])
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_update_forgets_nothing_that_aws_describes() {
        super::UPDATE.assert_covers_model(&["PoolName", "UserPoolId"]);
    }
}
