//! The propagation of changes to Route 53's name servers.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::identifiers;
use super::super::operation::{Answer, Call, Operation, Refusal};
use super::super::state::Region;
use super::{State, id, object};

pub(super) const OPERATIONS: &[Operation] = &[Operation::read("GetChange", get)];

/// How long a change takes to all name servers: "generally within 60 seconds", says the API reference of ChangeResourceRecordSets.
const TAKES: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Change {
    submitted: f64,
    in_sync: f64,
    comment: Option<String>,
}

fn info(id: &str, change: &Change, status: &str) -> Value {
    let mut info = json!({
        "Id": format!("/change/{id}"),
        "Status": status,
        "SubmittedAt": change.submitted,
    });
    if let Some(comment) = &change.comment {
        info["Comment"] = comment.as_str().into();
    }
    info
}

/// Starts a change, and returns its `ChangeInfo`.
pub(super) fn begin(state: &mut State, call: &Call, comment: Option<&str>) -> Value {
    let id = format!("C{}", identifiers::route_53());
    let change = Change {
        submitted: call.seconds(),
        in_sync: call.done_at(TAKES),
        comment: comment.map(str::to_owned),
    };
    let answer = info(&id, &change, "PENDING");
    state.changes.insert(id, change);
    answer
}

fn get(region: &Region, call: &Call) -> Answer {
    let id = id(call, "Id");
    let change = region.route53.changes.get(id).ok_or_else(|| {
        let message = format!("Could not find resource with ID: {id}");
        Refusal::new(404, "NoSuchChange", message)
    })?;
    let status = if call.seconds() < change.in_sync {
        "PENDING"
    } else {
        "INSYNC"
    };
    Ok(object(json!({"ChangeInfo": info(id, change, status)})))
}
