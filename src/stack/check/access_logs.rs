//! `[api.access_logs]`: the log group, its retention, and the format.

use std::sync::LazyLock;

use aws_facts::limits::apigateway::LARGEST_LOG_FORMAT;
use aws_facts::limits::cloudwatchlogs::RETENTION_DAYS;
use regex::Regex;

use super::names::LOG_GROUP;
use super::{Judge, references};
use crate::model::HumanDuration;
use crate::stack::diagnostic::Code;
use crate::stack::file::{AccessLogSettings, AccessLogs};
use crate::stack::interpolate::Piece;
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

const DAY: u64 = 86_400;

pub(super) fn check(judge: &mut Judge<'_>) {
    let Some(api) = &judge.file.api else { return };
    let AccessLogs::On(logs) = &api.access_logs else {
        return;
    };
    let path = KeyPath::from(["api", "access_logs"]);
    if let Some(name) = &logs.group {
        group(judge, &path, name, logs);
    }
    if let Some(retention) = logs.retention {
        days(judge, &path.join("retention"), retention);
    }
    if let Some(written) = &logs.format {
        format(judge, &path.join("format"), written);
    }
}

/// The name of the stack's group, or the ARN of an existing one.
fn group(judge: &mut Judge<'_>, table: &KeyPath, group: &Template, logs: &AccessLogSettings) {
    let path = table.join("group");
    let sample = judge.sample(group);
    if sample.starts_with("arn:") {
        existing(judge, &path, &sample);
        if logs.retention.is_some() {
            judge.error(
                Code::NoEffect,
                &table.join("retention"),
                "the log group is not the stack's, which the ARN says, so the stack does not set how long it keeps lines",
                "leave `retention` out, or name a log group for the stack to make",
            );
        }
        return;
    }
    // A group is found by its name, before the rest of the stack exists.
    let waits = group.pieces().into_iter().find_map(|piece| match piece {
        Piece::Reference(reference) => references::target(judge, &reference),
        Piece::Literal(_) => None,
    });
    if let Some(waits) = waits {
        let message = format!("the log group's name depends on `{waits}`, which is made later");
        let help = "use `${stack.name}`, `${stack.region}`, `${account.id}` or `${api.stage}`";
        judge.error(Code::MisplacedReference, &path, message, help);
        return;
    }
    if sample.to_ascii_lowercase().starts_with("aws/") {
        let message = "names of log groups that begin with `aws/` are AWS's own";
        judge.error(
            Code::BadName,
            &path,
            message,
            "begin it with `/aws/` or another word",
        );
        return;
    }
    judge.named_by(&path, group, &LOG_GROUP);
}

fn existing(judge: &mut Judge<'_>, path: &KeyPath, group: &str) {
    static GROUP: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"^arn:aws[a-z-]*:logs:([a-z0-9-]+):[0-9]{12}:log-group:[A-Za-z0-9_./#-]{1,512}$",
        )
        .expect("the pattern is constant")
    });
    let region = judge.region();
    match GROUP.captures(group).map(|found| found[1].to_owned()) {
        Some(found) if found == region || !judge.usable(["stack", "region"]) => {}
        Some(found) => {
            let message = format!("the log group is in {found}, and the API in {region}");
            let help = format!("name a log group in {region}");
            judge.error(Code::BadArn, path, message, help);
        }
        None => {
            let help = match group.strip_suffix(":*") {
                Some(_) => "remove `:*` from the end".to_owned(),
                None => {
                    format!("it looks like `arn:aws:logs:{region}:${{account.id}}:log-group:NAME`")
                }
            };
            let message = format!("`{group}` is not the ARN of a log group");
            judge.error(Code::BadArn, path, message, help);
        }
    }
}

pub(super) fn days(judge: &mut Judge<'_>, path: &KeyPath, retention: HumanDuration) {
    let known = RETENTION_DAYS.map(|days| HumanDuration::from_secs(u64::from(days) * DAY));
    if known.contains(&retention) {
        return;
    }
    let longer = known.iter().find(|known| **known > retention);
    let nearest = longer
        .or(known.last())
        .map_or_else(String::new, ToString::to_string);
    let all: Vec<String> = known.iter().map(ToString::to_string).collect();
    judge.error(
        Code::OutOfRange,
        path,
        format!("CloudWatch keeps no log for {retention}"),
        format!("write \"{nearest}\", or another of {}", all.join(", ")),
    );
}

fn format(judge: &mut Judge<'_>, path: &KeyPath, format: &Template) {
    let format = format.as_written();
    if !format.contains("$context.requestId") && !format.contains("$context.extendedRequestId") {
        let message = "API Gateway refuses an access log without the request's id";
        let help = "put `$context.requestId` into the format";
        judge.error(Code::BadName, path, message, help);
    }
    if format.trim_end_matches('\n').contains('\n') {
        let message = "an access log's format is one line";
        judge.error(Code::BadName, path, message, "remove the line breaks");
    }
    if format.len() > LARGEST_LOG_FORMAT {
        let message = format!("the format has {} bytes", format.len());
        let help = format!("API Gateway allows {LARGEST_LOG_FORMAT}");
        judge.error(Code::BadName, path, message, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{codes, edited};

    fn logs(settings: &str) -> Vec<Code> {
        let line = format!("access_logs = {settings}\n[api.routes]");
        codes(&edited("[api.routes]", &line))
    }

    #[test]
    fn a_stack_makes_a_log_group_of_a_name_that_is_known() {
        for good in [
            "true",
            "false",
            "{}",
            "{ group = \"/hello/${stack.name}/${api.stage}\" }",
            "{ group = \"arn-of-mine\", retention = \"90d\" }",
        ] {
            assert_eq!(logs(good), [], "{good}");
        }
        for (bad, code) in [
            ("{ group = \"calls of hello\" }", Code::BadName),
            ("{ group = \"a#b\" }", Code::BadName),
            ("{ group = \"\" }", Code::BadName),
            ("{ group = \"aws/hello\" }", Code::BadName),
            ("{ group = \"/hello/${api.id}\" }", Code::MisplacedReference),
        ] {
            assert_eq!(logs(bad), [code], "{bad}");
        }
    }

    #[test]
    fn an_existing_log_group_is_of_the_region_and_somebody_elses() {
        let group = |group: &str, more: &str| logs(&format!("{{ group = \"{group}\"{more} }}"));
        let good = "arn:aws:logs:eu-central-1:${account.id}:log-group:api/hello";
        assert_eq!(group(good, ""), []);
        assert_eq!(
            group("arn:aws:logs:us-east-1:123456789012:log-group:api", ""),
            [Code::BadArn]
        );
        assert_eq!(group(&format!("{good}:*"), ""), [Code::BadArn]);
        assert_eq!(group(good, ", retention = \"30d\""), [Code::NoEffect]);
    }

    #[test]
    fn lines_are_kept_for_days_that_cloudwatch_knows() {
        for good in ["1d", "30d", "24h", "3653d"] {
            assert_eq!(logs(&format!("{{ retention = \"{good}\" }}")), [], "{good}");
        }
        for bad in ["0d", "2d", "31d", "25h", "3654d"] {
            assert_eq!(
                logs(&format!("{{ retention = \"{bad}\" }}")),
                [Code::OutOfRange],
                "{bad}"
            );
        }
    }

    #[test]
    fn the_page_lists_the_days() {
        let page = include_str!("../../../docs/stack-file.md");
        let (first, last) = (RETENTION_DAYS[..21].iter(), RETENTION_DAYS[21]);
        let first: Vec<String> = first.map(ToString::to_string).collect();
        assert!(page.contains(&format!("{} or {last}.", first.join(", "))));
    }

    #[test]
    fn a_line_names_its_request() {
        let line = |line: &str| logs(&format!("{{ format = \"{line}\" }}"));
        assert_eq!(line("$context.requestId $context.status"), []);
        assert_eq!(line("$context.status"), [Code::BadName]);
        assert_eq!(line("$context.requestId\\nx"), [Code::BadName]);
    }
}
