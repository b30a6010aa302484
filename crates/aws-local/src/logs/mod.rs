//! Amazon CloudWatch Logs: log groups, how long they keep events, and their tags; log streams with their events, which lie beside the
//! state.
//!
//! Written from its API reference, and from answers of AWS that other projects recorded (LocalStack's validated snapshots of
//! `TestLogsGroups`). KMS keys are refused by name, as are log classes other than the two for ordinary logs.

mod events;
mod pattern;
mod retention;
mod streams;
mod tags;

use aws_facts::arns;
use aws_facts::limits::cloudwatchlogs::GROUPS_PER_PAGE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::members::{nothing, object, optional};
use super::operation::{Answer, Call, Object, Operation, Refusal};
use super::paging;
use super::state::Region;
use super::table::Table;
use super::tags::Tags;

pub(super) use tags::tagged;

/// The operations the local service has.
pub(super) const OPERATIONS: &[&[Operation]] = &[
    &[
        Operation::change("CreateLogGroup", create)
            .refusing(&["kmsKeyId", "deletionProtectionEnabled"]),
        Operation::change("DeleteLogGroup", delete),
        Operation::read("DescribeLogGroups", describe).refusing(&[
            "accountIdentifiers",
            "includeLinkedAccounts",
            "logGroupIdentifiers",
        ]),
    ],
    retention::OPERATIONS,
    streams::OPERATIONS,
    events::OPERATIONS,
    tags::OPERATIONS,
];

/// What a Region holds of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// By name.
    groups: Table<Group>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Group {
    /// `STANDARD` or `INFREQUENT_ACCESS`.
    class: String,
    /// In epoch seconds.
    created: f64,
    /// None: events never expire.
    retention_days: Option<u64>,
    tags: Tags,
}

impl State {
    /// Whether there is a group with this name.
    pub fn has_group(&self, name: &str) -> bool {
        self.groups.contains(name)
    }

    /// Creates the group with this name, as a service does that writes events. `now` is in epoch seconds.
    pub fn create_group(&mut self, name: &str, now: f64) {
        if !self.has_group(name) {
            let group = Group {
                class: STANDARD.into(),
                created: now,
                ..Group::default()
            };
            self.groups.insert(name, group);
        }
    }
}

/// The class of a group that says none.
const STANDARD: &str = "STANDARD";

/// A class that is only known by name: what Lambda delivers to other services.
const DELIVERY: &str = "DELIVERY";

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterException", message)
}

fn no_group() -> Refusal {
    let message = "The specified log group does not exist.";
    Refusal::new(400, "ResourceNotFoundException", message)
}

/// The group that a call names.
fn named<'r>(region: &'r mut Region, call: &Call) -> Result<&'r mut Group, Refusal> {
    let name = call.text("logGroupName");
    region.logs.groups.get_mut(name).ok_or_else(no_group)
}

fn create(region: &mut Region, call: &Call) -> Answer {
    let name = call.text("logGroupName");
    if name.to_ascii_lowercase().starts_with("aws/") {
        return Err(invalid(
            "Log groups starting with AWS/ are reserved for AWS.",
        ));
    }
    let class = optional(&call.input, "logGroupClass").unwrap_or(STANDARD);
    if class == DELIVERY {
        return Err(Refusal::not_implemented(format_args!(
            "logGroupClass {DELIVERY} of logs:CreateLogGroup"
        )));
    }
    if region.logs.groups.contains(name) {
        return Err(Refusal::new(
            400,
            "ResourceAlreadyExistsException",
            "The specified log group already exists",
        ));
    }
    let group = Group {
        class: class.into(),
        created: call.seconds(),
        retention_days: None,
        tags: tags::with_sent(call, Tags::new())?,
    };
    // What a state that was deleted by hand left behind is of another group.
    let removed = call.beside.remove_streams(&call.region, name, None);
    removed.map_err(streams::broken)?;
    region.logs.groups.insert(name, group);
    nothing()
}

fn delete(region: &mut Region, call: &Call) -> Answer {
    let name = call.text("logGroupName");
    if !region.logs.groups.remove(name) {
        return Err(no_group());
    }
    let removed = call.beside.remove_streams(&call.region, name, None);
    removed.map_err(streams::broken)?;
    nothing()
}

/// A group in lists. One that was found by a part of its name has fewer members.
fn shown(call: &Call, name: &str, group: &Group, by_pattern: bool) -> Object {
    let arn = arns::log_group(&call.region, &call.account, name);
    let all = [
        ("logGroupName", json!(name)),
        ("creationTime", json!((group.created * 1000.0) as i64)),
        ("metricFilterCount", json!(0)),
        ("arn", json!(format!("{arn}:*"))),
        ("logGroupClass", json!(group.class)),
        ("logGroupArn", json!(arn)),
    ];
    let mut shown = Object::from_iter(all.map(|(name, value)| (name.to_owned(), value)));
    if !by_pattern {
        let more = [
            ("retentionInDays", json!(group.retention_days)),
            ("storedBytes", json!(0)),
            ("deletionProtectionEnabled", json!(false)),
        ];
        shown.extend(more.map(|(name, value)| (name.to_owned(), value)));
        shown.retain(|_, value| !value.is_null());
    }
    shown
}

fn describe(region: &Region, call: &Call) -> Answer {
    let prefix = optional(&call.input, "logGroupNamePrefix");
    let pattern = optional(&call.input, "logGroupNamePattern");
    if prefix.is_some() && pattern.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let class = optional(&call.input, "logGroupClass");
    let groups = region.logs.groups.iter();
    let rows = groups
        .filter(|(name, group)| {
            prefix.is_none_or(|prefix| name.starts_with(prefix))
                && pattern.is_none_or(|pattern| name.contains(pattern))
                && class.is_none_or(|class| group.class == class)
        })
        .map(|(name, group)| (name, shown(call, name, group, pattern.is_some())));
    let size = call.input.get("limit").and_then(Value::as_u64);
    let size = size.map_or(GROUPS_PER_PAGE, |size| {
        usize::try_from(size).unwrap_or(usize::MAX)
    });
    let token = optional(&call.input, "nextToken");
    let (page, next) = paging::page("DescribeLogGroups", rows, size, token)
        .map_err(|paging::InvalidToken| invalid("The specified nextToken is invalid."))?;
    let mut answer = object("logGroups", json!(page));
    answer.extend(next.map(|next| ("nextToken".to_owned(), json!(next))));
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State as Account;
    use jiff::Timestamp;

    fn call(input: Value) -> Call {
        let Value::Object(input) = input else {
            panic!("inputs are objects");
        };
        Call {
            operation: "",
            input,
            now: Timestamp::UNIX_EPOCH,
            account: "123456789012".into(),
            session: None,
            region: "eu-west-1".into(),
            request_id: String::new(),
            pace: crate::Pace::Immediate,
            id: None,
            everywhere: Account::default(),
            beside: crate::beside::Beside::default(),
        }
    }

    #[test]
    fn events_are_kept_for_the_days_that_aws_knows() {
        let mut region = Region::default();
        create(&mut region, &call(json!({"logGroupName": "/a/b"}))).unwrap();
        let keep = |region: &mut Region, days: u64| {
            let input = json!({"logGroupName": "/a/b", "retentionInDays": days});
            retention::put(region, &call(input))
        };
        keep(&mut region, 30).unwrap();
        let refusal = keep(&mut region, 31).unwrap_err();
        assert_eq!(refusal.code, "InvalidParameterException");
        assert!(
            refusal.message.contains("enum value set: [1, 3, 5,"),
            "{refusal:?}"
        );
        let listed = describe(&region, &call(json!({"logGroupNamePrefix": "/a"}))).unwrap();
        assert_eq!(listed["logGroups"][0]["retentionInDays"], 30);
    }

    #[test]
    fn a_name_is_one_groups_and_some_are_of_aws() {
        let mut region = Region::default();
        let mut make = |name: &str| create(&mut region, &call(json!({"logGroupName": name}))).err();
        assert_eq!(make("/aws/apigateway/hello"), None);
        let again = make("/aws/apigateway/hello").unwrap();
        assert_eq!(again.code, "ResourceAlreadyExistsException");
        let reserved = make("aws/spans").unwrap();
        assert_eq!(reserved.code, "InvalidParameterException");
    }
}
