//! AWS Secrets Manager: secrets, versions with staging labels, deletion with recovery.
//!
//! Written from the Secrets Manager API reference and user guide ("What's in a Secrets Manager secret?", "Delete a secret").
//! Customer managed KMS keys are refused by name, as are replicas, rotation and secrets of partners.

mod deletion;
mod filters;
mod password;
mod tags;
mod value;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::operation::{Answer, Call, Object, Operation, Refusal};
use super::state::Region;
use super::table::Table;
use super::{identifiers, paging};

use filters::Filter;
pub(super) use tags::tagged;
use version::Version;

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    &[
        Operation::read("DescribeSecret", describe),
        Operation::read("ListSecrets", list).refusing(&["SortBy", "SortOrder"]),
    ],
    value::OPERATIONS,
    password::OPERATIONS,
    deletion::OPERATIONS,
    tags::OPERATIONS,
];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By name.
    secrets: Table<Secret>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Secret {
    arn: String,
    name: String,
    description: Option<String>,
    tags: BTreeMap<String, String>,
    /// Whether its last tag was taken off. Answers then tell an empty list rather than none.
    #[serde(default)]
    untagged: bool,
    created: f64,
    changed: f64,
    /// When it can't be restored any more. Until then it exists and can't be used.
    deletion: Option<f64>,
    /// When deletion was requested.
    deleted: Option<f64>,
    /// By id.
    versions: BTreeMap<String, Version>,
}

/// The suffix of an ARN: a hyphen and six characters, which distinguish a secret from an earlier one with its name.
const SUFFIX: usize = 7;

fn not_found() -> Refusal {
    let message = "Secrets Manager can't find the specified secret.";
    Refusal::new(400, "ResourceNotFoundException", message)
}

/// A secret that is there without a value that is asked for. AWS ends this sentence without a full stop.
fn no_value(of: &str) -> Refusal {
    let message = format!("Secrets Manager can't find the specified secret value for {of}");
    Refusal::new(400, "ResourceNotFoundException", message)
}

/// What a name may have beside letters and digits.
const MARKS: &str = "/_+=.@-!";

/// Refuses a text that can't be a secret's name. AWS does so before it looks for the secret.
fn check_name(name: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_alphanumeric() || MARKS.contains(c);
    if name.chars().all(fits) {
        return Ok(());
    }
    Err(Refusal::new(
        400,
        "ValidationException",
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
    ))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterException", message)
}

fn invalid_request(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidRequestException", message)
}

impl Secret {
    fn new(call: &Call, name: &str) -> Self {
        let suffix = identifiers::secret_suffix();
        Self {
            arn: call.arn("secretsmanager", format_args!("secret:{name}-{suffix}")),
            name: name.into(),
            description: None,
            tags: BTreeMap::new(),
            untagged: false,
            created: call.seconds(),
            changed: call.seconds(),
            deletion: None,
            deleted: None,
            versions: BTreeMap::new(),
        }
    }

    /// Whether it is gone for good.
    fn is_gone(&self, now: f64) -> bool {
        self.deletion.is_some_and(|until| until <= now)
    }

    /// Refuses a secret that is scheduled for deletion.
    fn usable(&self) -> Result<(), Refusal> {
        match self.deletion {
            None => Ok(()),
            Some(_) => Err(invalid_request(
                "You can't perform this operation on the secret because it was marked for deletion.",
            )),
        }
    }

    /// The ARN and the name, the first members of most responses.
    fn named(&self) -> Object {
        Object::from_iter([
            ("ARN".to_owned(), json!(self.arn)),
            ("Name".to_owned(), json!(self.name)),
        ])
    }

    /// The members for DescribeSecret and ListSecrets, whose names for the versions differ.
    fn described(&self, versions: &str) -> Object {
        let labelled = self.versions.iter().filter(|(_, of)| !of.stages.is_empty());
        let stages: Object = labelled
            .map(|(id, version)| (id.clone(), json!(version.stages)))
            .collect();
        let accessed = self.versions.values().filter_map(|of| of.accessed);
        let rest = [
            ("Description", json!(self.description)),
            ("CreatedDate", json!(self.created)),
            ("LastChangedDate", json!(self.changed)),
            (
                "LastAccessedDate",
                json!(accessed.reduce(f64::max).map(midnight)),
            ),
            ("DeletedDate", json!(self.deleted)),
            ("Tags", tags::shown(self)),
            (
                versions,
                if stages.is_empty() {
                    Value::Null
                } else {
                    stages.into()
                },
            ),
        ];
        let mut all = self.named();
        all.extend(rest.map(|(name, value)| (name.to_owned(), value)));
        all.retain(|_, value| !value.is_null());
        all
    }
}

/// The day of a time: Secrets Manager returns only the day of the last read.
fn midnight(seconds: f64) -> f64 {
    seconds - seconds.rem_euclid(86_400.0)
}

impl State {
    /// Another service keeps a secret here. Its ARN.
    pub(super) fn keep(&mut self, call: &Call, name: &str, value: String) -> String {
        let mut secret = Secret::new(call, name);
        let arn = secret.arn.clone();
        let stages = BTreeSet::from([version::CURRENT.to_owned()]);
        version::add(
            &mut secret.versions,
            &identifiers::uuid(),
            version::Content::String(value),
            stages,
            call.seconds(),
        );
        self.secrets.insert(name, secret);
        arn
    }

    /// Another service deletes the secret that it keeps here, for good.
    pub(super) fn forget(&mut self, arn: &str) {
        self.secrets.retain(|_, secret| secret.arn != arn);
    }

    /// The name of the secret in a call: by name, by ARN, or by an ARN without its last seven characters.
    fn name_of(&self, call: &Call) -> Result<String, Refusal> {
        let id = call.text("SecretId");
        let now = call.seconds();
        let there = |secret: &&Secret| !secret.is_gone(now);
        let found = if id.starts_with("arn:") {
            self.secrets.values().filter(there).find(|secret| {
                let (partial, _) = secret.arn.split_at(secret.arn.len() - SUFFIX);
                secret.arn == id || partial == id
            })
        } else {
            check_name(id)?;
            self.secrets.get(id).filter(there)
        };
        found
            .map(|secret| secret.name.clone())
            .ok_or_else(not_found)
    }

    fn find(&self, call: &Call) -> Result<&Secret, Refusal> {
        let name = self.name_of(call)?;
        self.secrets.get(&name).ok_or_else(not_found)
    }

    fn find_mut(&mut self, call: &Call) -> Result<&mut Secret, Refusal> {
        let name = self.name_of(call)?;
        self.secrets.get_mut(&name).ok_or_else(not_found)
    }
}

fn describe(region: &Region, call: &Call) -> Answer {
    Ok(region
        .secretsmanager
        .find(call)?
        .described("VersionIdsToStages"))
}

fn list(region: &Region, call: &Call) -> Answer {
    let with_deleted = call.input.get("IncludePlannedDeletion") == Some(&Value::Bool(true));
    let now = call.seconds();
    let filters = Filter::all(call)?;
    let secrets = region.secretsmanager.secrets.iter();
    let there = secrets
        .filter(|(_, secret)| !secret.is_gone(now) && (with_deleted || secret.deletion.is_none()))
        .filter(|(_, secret)| filters.iter().all(|filter| filter.admits(secret)));
    // They are listed by the time of their creation.
    let mut rows: Vec<_> = there
        .map(|(name, secret)| (format!("{:017.3} {name}", secret.created), secret))
        .collect();
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    let rows = rows
        .iter()
        .map(|(key, secret)| (key.as_str(), secret.described("SecretVersionsToStages")));
    let size = call.input.get("MaxResults").and_then(Value::as_u64);
    let size = size.map_or(100, |size| usize::try_from(size).unwrap_or(usize::MAX));
    let token = call.input.get("NextToken").and_then(Value::as_str);
    let wrong_token = |paging::InvalidToken| {
        Refusal::new(
            400,
            "InvalidNextTokenException",
            "The NextToken value is not valid.",
        )
    };
    let (page, next) = paging::page("ListSecrets", rows, size, token).map_err(wrong_token)?;
    let mut answer = Object::from_iter([("SecretList".to_owned(), json!(page))]);
    answer.extend(next.map(|next| ("NextToken".to_owned(), json!(next))));
    Ok(answer)
}
