//! Whether a function may write its log: its role decides.

use aws_facts::regions;

use super::super::policy::{self, Context, Decision, Principal, Request};
use super::super::state::State;
use super::FunctionVersion;

/// What a function's role allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct LogAccess {
    /// Creating its log group.
    pub(crate) create: bool,
    /// Creating a log stream and writing events to it.
    pub(crate) write: bool,
}

impl LogAccess {
    /// Of a version's role. `now` is in epoch seconds.
    pub(crate) fn of(state: &State, version: &FunctionVersion, now: f64) -> Self {
        let global = state.regions.get(regions::GLOBAL);
        let policies = global
            .and_then(|region| {
                region
                    .iam
                    .policies_of(&version.role_arn, &version.account, now)
            })
            .unwrap_or_default();
        let group =
            aws_facts::arns::log_group(&version.region, &version.account, &version.log_group);
        let allows = |action: &str, resource: &str| {
            let request = Request {
                principal: Principal::Aws {
                    arn: &version.role_arn,
                    account: &version.account,
                },
                action,
                resource,
                context: Context::default(),
            };
            let statements = policies.iter().flat_map(policy::statements);
            policy::decide(statements, &request) == Ok(Decision::Allowed)
        };
        // AWS's own policies name a group with what is in it: `log-group:NAME:*`.
        let within = format!("{group}:log-stream:any");
        Self {
            create: allows("logs:CreateLogGroup", &group) || allows("logs:CreateLogGroup", &within),
            write: allows("logs:CreateLogStream", &within) && allows("logs:PutLogEvents", &within),
        }
    }
}
