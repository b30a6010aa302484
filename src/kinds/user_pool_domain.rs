//! A pool's domain: a prefix of AWS's domain, or a custom domain.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cognitoidentityprovider::types::{
    CustomDomainConfigType, DomainDescriptionType, DomainStatusType,
};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};

use super::api_marks::unless_denied;
use super::marks::{Bearer, MarkedPool};
use super::ownership::{Candidate, sort_out};
use super::uses::Leaving;
use super::{
    Desired, Field, Findings, InPicture, Kind, KindInfo, Lane, LiveReference, Look, Note, Obstacle,
    OnChange, Outputs, Owner, Resource, Scope, TakenName, Task, app_client::notes::clients,
    distinct, literal, marks, tags,
};
use crate::aws::patience::{
    OWN_DOMAIN_ACTIVE, PREFIX_ACTIVE, USER_POOL_DOMAIN_GONE, USER_POOL_DOMAIN_LEAVING,
};
use crate::aws::{Answer, AwsError, Operation, Reader, Replacing, Writer};
use crate::model::shorten::some_of;
use crate::model::{Address, OutputName, Place, Text, shell_word};

/// A domain of a user pool.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Props {
    /// The pool's id.
    pub user_pool: Text,
    /// The address in its mark on the pool.
    pub mark: String,
    /// The prefix or the whole host name.
    pub domain: Text,
    /// The ARN of the certificate, for a custom domain.
    pub certificate: Option<Text>,
}

/// UpdateUserPoolDomain replaces the certificate; the rest is sent unchanged in case it replaces that too.
const UPDATE: Replacing = Replacing {
    update: "UpdateUserPoolDomain",
    describe: "DescribeUserPoolDomain",
    member: "DomainDescription",
    settled: &[
        "AWSAccountId",
        "CloudFrontDistribution",
        "Domain",
        "S3Bucket",
        "Status",
        "UserPoolId",
        "Version",
    ],
    matched: &[],
};

/// The hosted zone of every CloudFront distribution: Route 53 API reference, AliasTarget.
pub(super) const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// A domain of a user pool.
#[derive(Debug)]
pub struct UserPoolDomain;

/// The parts of its update, in the order of their calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Part {
    /// The mark on the pool.
    Mark,
    /// The certificate of a custom domain.
    Certificate,
}

impl Kind for UserPoolDomain {
    type Props = Props;
    type Part = Part;

    const INFO: KindInfo = KindInfo {
        lane: Some(Lane::UserPool),
        phase: 1,
        in_picture: InPicture::UserPool,
        when_different: "no token is issued there",
        ..KindInfo::new(
            "user_pool_domain",
            "user pool domain",
            "The host name of the user pool's token endpoint and login page: a prefix of AWS's domain, or a domain of \
             one's own with its certificate. AWS's rules: Amazon Cognito developer guide, \"Configuring a user pool \
             domain\".",
        )
    };

    const FIELDS: &'static [Field<Props, Self::Part>] = &[
        Field::place("user_pool", "user_pool", |domain: &Props, book| domain.user_pool.value(book)),
        Field::new("mark", "The pool's tag that says that the domain is the stack's.", |domain: &Props, _| {
            Some(domain.mark.as_str()).filter(|mark| !mark.is_empty()).into()
        })
        .by(Part::Mark),
        Field::new(
            "domain",
            "The prefix, unique in the Region across all accounts, or the whole host name of a domain of one's own.",
            |domain: &Props, book| domain.domain.value(book),
        )
        .on_change(OnChange::Replace("the host name is the domain's identity")),
        Field::new(
            "certificate",
            "The ARN of an ACM certificate in us-east-1, for a domain of one's own.",
            |domain: &Props, book| domain.certificate.as_ref().map(|certificate| certificate.value(book)).into(),
        )
        .by(Part::Certificate),
    ];

    fn follows(want: &Props, address: &Address, _desired: &Desired) -> bool {
        want.mark == address.as_str()
    }

    async fn observe(reader: &Reader, scope: &Scope<'_>) -> Result<Findings<Props>, AwsError> {
        let wanted: Vec<(&Address, &Props)> = wanted(scope).collect();
        let mut findings = match marks::pool(reader, scope, is_place).await? {
            Some(pool) => find(reader, scope, &pool, &wanted).await?,
            None => Findings::default(),
        };
        for (address, props) in wanted {
            let Some(domain) = props.domain.resolve(scope.book) else {
                continue;
            };
            let known = |text: &Text| text.resolve(scope.book).as_ref() == Some(&domain);
            if findings
                .owned
                .iter()
                .any(|found| known(&found.props.domain))
            {
                continue;
            }
            // A domain of the same pool was handled above.
            let ours = scope.id(&Place::UserPool.address());
            let taken = reader.domain(&domain).await?;
            if let Some(pool) = taken
                .and_then(|taken| taken.user_pool_id.clone())
                .filter(|pool| Some(pool.as_str()) != ours)
                // If it is a duplicate pool of the stack, that is reported with the pools, and the domain is free once it is
                // deleted.
                .filter(|pool| scope.duplicate(pool).is_none())
                && !(ours.is_none() && may_be_ours(reader, scope, &pool).await?)
            {
                let stack = stack_of(reader, scope, &pool).await?;
                let owner = match &stack {
                    Some(stack) => format!("the user pool of the stack {stack:?}"),
                    None => "another user pool of this account".to_owned(),
                };
                findings.names_taken.push(TakenName {
                    address: address.clone(),
                    title: Self::INFO.title.to_owned(),
                    name: domain.clone(),
                    stack,
                });
                findings.obstacles.push(Obstacle {
                    address: address.clone(),
                    what: format!("the domain {domain:?} belongs to {owner}: {pool}"),
                    help: "choose another domain, or remove it from that pool first".into(),
                });
            }
        }
        Ok(findings)
    }

    async fn create(writer: &Writer, task: &Task<'_, Props>) -> Result<Outputs, AwsError> {
        let want = task.want;
        let (pool, domain) = (task.text(&want.user_pool), task.text(&want.domain));
        marks::set(writer, Bearer::Pool(&pool), &want.mark, &domain).await?;
        let request = writer
            .cognito()
            .create_user_pool_domain()
            .user_pool_id(&pool)
            .domain(&domain)
            .set_custom_domain_config(own(task));
        let answer = writer
            .call(
                Operation::cognito("CreateUserPoolDomain", &pool),
                request.send(),
            )
            .await?;
        until_active(writer, &domain, want.certificate.is_some()).await?;
        Ok(outputs(
            &domain,
            answer.cloud_front_domain.as_deref(),
            want.certificate.is_some(),
        ))
    }

    async fn update(
        writer: &Writer,
        task: &Task<'_, Props>,
        live: &LiveReference<'_, Props>,
        changed: &[Self::Part],
    ) -> Result<Outputs, AwsError> {
        let want = task.want;
        let (pool, domain) = (task.text(&want.user_pool), live.output(OutputName::Id));
        for part in distinct(changed) {
            match part {
                Part::Mark => {
                    marks::move_to(writer, Bearer::Pool(&pool), &want.mark, domain, is_place)
                        .await?;
                }
                Part::Certificate => {
                    let answer = Answer::default();
                    let describe = writer.cognito().describe_user_pool_domain().domain(domain);
                    writer
                        .call(
                            Operation::cognito(UPDATE.describe, &pool),
                            describe.customize().interceptor(answer.clone()).send(),
                        )
                        .await?;
                    let carried = UPDATE.carry_over(&answer);
                    let request = writer
                        .cognito()
                        .update_user_pool_domain()
                        .user_pool_id(&pool)
                        .domain(domain)
                        .set_custom_domain_config(own(task));
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
        let (pool, domain) = (literal(&live.props.user_pool), literal(&live.props.domain));
        let request = writer
            .cognito()
            .delete_user_pool_domain()
            .user_pool_id(&pool)
            .domain(&domain);
        let answer = writer
            .call(
                Operation::cognito("DeleteUserPoolDomain", &pool),
                request.send(),
            )
            .await;
        match answer {
            Err(error) if !is_gone(&error) => return Err(error),
            _ => wait_until_gone(writer, &pool, &domain).await?,
        }
        marks::clear(writer, Bearer::Pool(&pool), |address, marked| {
            is_place(address) && marked == domain
        })
        .await
    }

    fn notes(look: &Look<'_, Props>) -> Vec<Note> {
        token_url_changes(look).into_iter().collect()
    }
}

/// Whether a pool has the name of the stack's missing one and is not another stack's: adopting the pool includes the domain.
async fn may_be_ours(reader: &Reader, scope: &Scope<'_>, id: &str) -> Result<bool, AwsError> {
    let wanted = scope.desired.resources.get(&Place::UserPool.address());
    let Some(Resource::UserPool(want)) = wanted.map(|wanted| &wanted.resource) else {
        return Ok(false);
    };
    let Some(pool) = reader.pool(id).await? else {
        return Ok(false);
    };
    let tags = tags::live(pool.user_pool_tags.as_ref());
    let others = matches!(scope.desired.context.owner_by_tags(&tags), Owner::Stack(_));
    Ok(!others && pool.name == want.name.resolve(scope.book))
}

/// The stack that a pool is of by its tags, if they can be read.
async fn stack_of(
    reader: &Reader,
    scope: &Scope<'_>,
    id: &str,
) -> Result<Option<String>, AwsError> {
    let pool = unless_denied(reader.pool(id).await)?.flatten();
    Ok(pool.and_then(|pool| {
        let tags = tags::live(pool.user_pool_tags.as_ref());
        match scope.desired.context.owner_by_tags(&tags) {
            Owner::Stack(stack) => Some(stack.to_string()),
            _ => None,
        }
    }))
}

fn wanted<'a>(scope: &'a Scope<'_>) -> impl Iterator<Item = (&'a Address, &'a Props)> {
    let resources = scope.desired.resources.iter();
    resources.filter_map(|(address, wanted)| match &wanted.resource {
        Resource::UserPoolDomain(props) => Some((address, props)),
        _ => None,
    })
}

/// Reads the file's domains, on any pool.
///
/// # Errors
/// A read failed.
pub(super) async fn read(reader: &Reader, scope: &Scope<'_>) -> Result<(), AwsError> {
    let names = wanted(scope).filter_map(|(_, props)| props.domain.resolve(scope.book));
    let names: Vec<String> = names.collect();
    try_join_all(names.iter().map(|name| reader.domain(name))).await?;
    Ok(())
}

async fn find(
    reader: &Reader,
    scope: &Scope<'_>,
    pool: &MarkedPool,
    wanted: &[(&Address, &Props)],
) -> Result<Findings<Props>, AwsError> {
    let mut candidates = Vec::new();
    let mut in_the_way = BTreeMap::new();
    let mut obstacles = Vec::new();
    // A pool has one prefix and one custom domain: an existing one blocks the wanted one.
    for (own, domain) in [(false, &pool.pool.domain), (true, &pool.pool.custom_domain)] {
        let Some(domain) = domain.as_deref().filter(|domain| !domain.is_empty()) else {
            continue;
        };
        let Some(description) = reader.domain(domain).await? else {
            continue;
        };
        let slot = wanted
            .iter()
            .find(|(_, props)| props.certificate.is_some() == own)
            .map(|(address, _)| *address);
        let mark = pool.address_of(scope, domain);
        if let Some(address) = slot {
            in_the_way.insert(address.clone(), domain.to_owned());
        }
        if let Some(address) = mark.filter(|_| description.status == Some(DomainStatusType::Failed))
        {
            obstacles.push(Obstacle {
                address: address.clone(),
                what: format!("AWS failed to set up the domain {domain:?}"),
                help: "delete it in the Cognito console, check its certificate and the DNS record of its parent domain, \
                       then run the same command again"
                    .into(),
            });
        }
        candidates.push(candidate(pool, &description, mark));
    }
    pool.tag(scope, &mut candidates);
    let neighbours = candidates
        .iter()
        .filter(|candidate| {
            candidate.tags.is_empty() && !in_the_way.values().any(|name| *name == candidate.name)
        })
        .count();
    let there: Vec<String> = candidates
        .iter()
        .map(|candidate| candidate.name.clone())
        .collect();
    let sorted = sort_out(scope, &UserPoolDomain::INFO, &in_the_way, candidates);
    obstacles.extend(sorted.obstacles);
    let mut findings = Findings {
        obstacles,
        names_taken: sorted.names_taken,
        neighbours,
        owned: sorted.owned,
        ..Findings::default()
    };
    let there: BTreeSet<&str> = there.iter().map(String::as_str).collect();
    pool.add_lonely(scope, &there, &mut findings, |address, domain| Props {
        user_pool: pool.id.as_str().into(),
        mark: address.to_string(),
        domain: domain.into(),
        certificate: None,
    });
    Ok(findings)
}

/// Obstacles to a pool's deletion: domains that gatestack did not create, since AWS deletes no pool with a domain.
pub(super) async fn others_of(
    reader: &Reader,
    leaving: &Leaving<'_>,
    address: &Address,
    tags: &BTreeMap<String, String>,
    id: &str,
) -> Result<Option<Obstacle>, AwsError> {
    let ours = leaving.ids_of(UserPoolDomain::INFO.name);
    let marked: BTreeSet<String> = marks::read(tags).into_values().collect();
    let pool = reader.pool(id).await?;
    let domains = pool
        .iter()
        .flat_map(|pool| [&pool.domain, &pool.custom_domain]);
    let others: Vec<&str> = domains
        .flatten()
        .map(String::as_str)
        .filter(|domain| !domain.is_empty() && !ours.contains(domain) && !marked.contains(*domain))
        .collect();
    let calls = others.iter().map(|domain| {
        format!(
            "aws cognito-idp delete-user-pool-domain --user-pool-id {} --domain {}",
            shell_word(id),
            shell_word(domain)
        )
    });
    let calls: Vec<String> = calls.collect();
    let plural = if others.len() == 1 { "" } else { "s" };
    Ok((!others.is_empty()).then(|| Obstacle {
        address: address.clone(),
        what: format!(
            "the user pool has {} domain{plural} that gatestack did not make, and AWS deletes no pool that has one: {}",
            others.len(),
            others.join(", ")
        ),
        help: format!("delete those that are no longer used to sign in\n{}", calls.join("\n")),
    }))
}

fn is_place(address: &Address) -> bool {
    address.is_part_of(&Place::UserPool.address())
}

// Cognito's error for deleting a missing domain has the code of a malformed request.
fn is_gone(error: &AwsError) -> bool {
    error.is_not_found()
        || (error.is("InvalidParameterException") && error.message.contains("No such domain"))
}

/// Waits until a new domain answers; before that there is no token.
///
/// # Errors
/// A read failed, AWS could not set it up, or it took too long.
async fn until_active(writer: &Writer, domain: &str, own: bool) -> Result<(), AwsError> {
    let wait = if own {
        OWN_DOMAIN_ACTIVE
    } else {
        PREFIX_ACTIVE
    };
    let what = format!("the domain {domain:?} is not active");
    wait.until(writer, "CreateUserPoolDomain", &what, async || {
        let live = writer.afresh().domain(domain).await?;
        match live.and_then(|live| live.status.clone()) {
            Some(DomainStatusType::Active) => Ok(Some(())),
            Some(DomainStatusType::Failed) => Err(AwsError::gave_up(
                "CreateUserPoolDomain",
                format!("AWS failed to set up the domain {domain:?}"),
            )),
            _ => Ok(None),
        }
    })
    .await
}

// Until it is deleted, the pool can't be deleted and no other domain can replace it.
async fn wait_until_gone(writer: &Writer, pool: &str, domain: &str) -> Result<(), AwsError> {
    let mut waited = Duration::ZERO;
    while let Some(there) = writer.afresh().domain(domain).await? {
        if there.user_pool_id.as_deref().is_some_and(|id| id != pool) {
            return Ok(());
        }
        let works = matches!(
            there.status,
            Some(DomainStatusType::Active | DomainStatusType::Creating)
        );
        if works && waited >= USER_POOL_DOMAIN_LEAVING.within {
            return Err(AwsError::gave_up(
                "DescribeUserPoolDomain",
                format!(
                    "the domain {domain:?} exists again after it was deleted: another run or person created it"
                ),
            ));
        }
        if waited >= USER_POOL_DOMAIN_GONE.within {
            return Err(AwsError::unfinished(
                "DescribeUserPoolDomain",
                format!("AWS has still not released the domain {domain:?}"),
            ));
        }
        writer.pause(USER_POOL_DOMAIN_GONE.every).await;
        waited += USER_POOL_DOMAIN_GONE.every;
    }
    Ok(())
}

fn own(task: &Task<'_, Props>) -> Option<CustomDomainConfigType> {
    task.want.certificate.as_ref().map(|certificate| {
        CustomDomainConfigType::builder()
            .certificate_arn(task.text(certificate))
            .build()
            .expect("the one member that has to be there is set")
    })
}

fn candidate(
    pool: &MarkedPool,
    domain: &DomainDescriptionType,
    mark: Option<&Address>,
) -> Candidate<Props> {
    let name = domain.domain.clone().unwrap_or_default();
    let certificate = domain
        .custom_domain_config
        .as_ref()
        .map(|own| own.certificate_arn.as_str())
        // A prefix has an empty configuration.
        .filter(|certificate| !certificate.is_empty())
        .map(Text::from);
    let branded = domain
        .managed_login_version
        .is_some_and(|version| version > 1);
    Candidate {
        tags: BTreeMap::new(),
        outputs: outputs(
            &name,
            domain.cloud_front_distribution.as_deref(),
            certificate.is_some(),
        ),
        props: Props {
            user_pool: pool.id.as_str().into(),
            mark: mark.map_or_else(String::new, ToString::to_string),
            domain: name.as_str().into(),
            certificate,
        },
        name,
        unmanaged: branded
            .then(|| "managed login".to_owned())
            .into_iter()
            .collect(),
    }
}

// A prefix has a CloudFront distribution too, but no DNS record is needed for it.
fn outputs(domain: &str, distribution: Option<&str>, own: bool) -> Outputs {
    let mut outputs = Outputs::from([(OutputName::Id, domain.to_owned())]);
    if let Some(distribution) = distribution.filter(|_| own) {
        outputs.insert(OutputName::Target, distribution.to_owned());
        outputs.insert(OutputName::TargetZone, CLOUDFRONT_ZONE.to_owned());
    }
    outputs
}

fn token_url_changes(look: &Look<'_, Props>) -> Option<Note> {
    look.change.goes().then_some(())?;
    let before = look.held?.domain.resolve(&look.stack.book)?;
    // Tokens of the other clients come from Cognito's own API, without a domain.
    let users: Vec<&str> = clients(look.stack)
        .filter(|(_, client)| !client.flows.is_empty())
        .map(|(client, _)| client.as_str())
        .collect();
    let whom = match users.is_empty() {
        true => "no client of this stack uses it".to_owned(),
        false => format!("it is used by {}: tell them the new one", some_of(users)),
    };
    look.warning(
        "GS102",
        format!("the token URL at {before} stops answering; {whom}"),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_update_forgets_nothing_that_aws_describes() {
        super::UPDATE.assert_covers_model(&[]);
    }
}
