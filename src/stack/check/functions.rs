//! `[functions]`: settings that Lambda refuses, and secrets that are written where everyone reads them. What is in their files is
//! checked where these are read.

mod names;

use std::sync::LazyLock;

use aws_facts::limits::lambda::{
    LARGEST_ENVIRONMENT, LONGEST_HANDLER, LONGEST_TIMEOUT_SECONDS, MOST_LAYERS,
    MOST_SECURITY_GROUPS, MOST_SUBNETS, RESERVED_VARIABLES, VARIABLE_NAME,
};
use aws_facts::limits::tags::MOST_TAGS;
use aws_facts::runtimes::{self, RUNTIMES};
use regex::Regex;

use super::access_logs::days;
use super::names::{FUNCTION_ALIAS, KEY};
use super::pool::only;
use super::stack_table::OWN_TAGS;
use super::{Judge, entries};
use crate::code::{self, Variable, looks_secret};
use crate::model::HumanDuration;
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::file::{Function, FunctionNetwork};
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

pub(super) fn check(judge: &mut Judge<'_>) {
    for name in judge.names(["functions"]) {
        let path = KeyPath::from(["functions", &name]);
        if let Some((message, help)) = KEY.refusal(&name) {
            judge.key_error(Code::BadName, &path, message, help);
        }
    }
    for (path, key, function) in entries("functions", &judge.file.functions) {
        if let Some(existing) = &function.existing {
            only(
                judge,
                &path,
                &["existing"],
                "a function that this stack does not manage",
            );
            let pattern = &EXISTING;
            arn(judge, &path.join("existing"), existing, pattern, "function");
            continue;
        }
        if judge.lacks(path.join("source")) && judge.lacks(path.join("existing")) {
            let message = format!("the function `{key}` has no code");
            let help = format!("add `source = \"{key}\"`, the folder with its code");
            judge.error(Code::MissingKey, &path, message, help);
        }
        names::name(judge, &path, key, function);
        runtime(judge, &path, function);
        numbers(judge, &path, function);
        environment(judge, &path, function);
        permissions(judge, &path, function);
        builds(judge, &path, function);
        alias(judge, &path, function);
        let layers = path.join("layers");
        if function.layers.len() > MOST_LAYERS {
            let message = format!("the function has {} layers", function.layers.len());
            let help = format!("Lambda allows {MOST_LAYERS}: put two into one");
            judge.error(Code::TooMany, &layers, message, help);
        }
        for layer in &function.layers {
            arn(judge, &layers, layer, &LAYER, "version of a layer");
        }
        if let Some(vpc) = &function.vpc {
            network(judge, &path.join("vpc"), vpc);
        }
        if let Some(retention) = function.logs.retention {
            days(judge, &path.join("logs").join("retention"), retention);
        }
    }
    names::unique(judge);
}

static EXISTING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^arn:aws[a-z-]*:lambda:([a-z0-9-]+):[0-9]{12}:function:[A-Za-z0-9_-]{1,64}$")
        .expect("the pattern is constant")
});
static LAYER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^arn:aws[a-z-]*:lambda:([a-z0-9-]+):[0-9]{12}:layer:[A-Za-z0-9_-]{1,140}:[0-9]+$")
        .expect("the pattern is constant")
});

/// An ARN of Lambda in the stack's Region.
fn arn(judge: &mut Judge<'_>, path: &KeyPath, text: &Template, pattern: &Regex, what: &str) {
    let sample = judge.sample(text);
    let region = judge.region();
    match pattern.captures(&sample).map(|found| found[1].to_owned()) {
        Some(found) if found == region || !judge.usable(["stack", "region"]) => {}
        Some(found) => {
            let message = format!("the {what} is in {found}, and the stack in {region}");
            judge.error(Code::BadArn, path, message, format!("name one in {region}"));
        }
        None if pattern.is_match(sample.rsplit_once(':').map_or("", |(of, _)| of))
            && what == "function" =>
        {
            let message = format!("`{sample}` is a version or an alias of a function");
            let help = "name the function itself: routes invoke what its owner changed last";
            judge.error(Code::BadArn, path, message, help);
        }
        None => {
            let message = format!("`{sample}` is not the ARN of a {what}");
            let resource = match what {
                "function" => "function:NAME",
                _ => "layer:NAME:VERSION",
            };
            let help =
                format!("it looks like `arn:aws:lambda:{region}:${{account.id}}:{resource}`");
            judge.error(Code::BadArn, path, message, help);
        }
    }
}

fn alias(judge: &mut Judge<'_>, path: &KeyPath, function: &Function) {
    let here = path.join("alias");
    let Some(alias) = &function.alias else {
        return;
    };
    if !alias.is_empty() && alias.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!("`{alias}` is the number of a version, not the name of an alias");
        judge.error(Code::BadName, &here, message, "write `alias = \"live\"`");
        return;
    }
    judge.name(&here, alias, &FUNCTION_ALIAS);
}

fn runtime(judge: &mut Judge<'_>, path: &KeyPath, function: &Function) {
    let here = path.join("runtime");
    let Some(name) = &function.runtime else {
        return;
    };
    let today = jiff::Zoned::now().date().to_string();
    let Some(runtime) = runtimes::runtime(name) else {
        let message = format!("Lambda has no runtime `{name}`");
        let newest = format!(
            "write one such as {}, python3.14 or provided.al2023",
            runtimes::DEFAULT
        );
        let supported = RUNTIMES.iter().filter(|it| !it.is_deprecated(&today));
        let help = judge.did_you_mean(name, supported.map(|it| it.id), newest);
        judge.error(Code::BadFunction, &here, message, help);
        return;
    };
    if runtime.is_deprecated(&today) {
        let newest = runtime.newest().id;
        let message = match runtime.blocks_creates(&today) {
            true => {
                format!(
                    "the runtime {name} is deprecated: Lambda creates no more functions with it"
                )
            }
            false => format!("the runtime {name} is deprecated: no more security updates"),
        };
        judge.warning(
            Code::BadFunction,
            &here,
            message,
            format!("move to {newest}"),
        );
    }
}

fn numbers(judge: &mut Judge<'_>, path: &KeyPath, function: &Function) {
    let longest = u64::try_from(LONGEST_TIMEOUT_SECONDS).unwrap_or_default();
    let (least, most) = (
        HumanDuration::from_secs(1),
        HumanDuration::from_secs(longest),
    );
    judge.duration(&path.join("timeout"), function.timeout, least, most, true);
    if let Some(handler) = &function.handler {
        let here = path.join("handler");
        if handler.is_empty() || handler.len() > LONGEST_HANDLER || handler.contains(' ') {
            let message = format!("`{handler}` is not a handler");
            let help =
                "write the file without its ending, a dot, and the function in it: `index.handler`";
            judge.error(Code::BadFunction, &here, message, help);
        }
    }
}

fn environment(judge: &mut Judge<'_>, path: &KeyPath, function: &Function) {
    static NAME: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(VARIABLE_NAME).expect("the pattern is constant"));
    let table = path.join("environment");
    let mut bytes = 0;
    let mut secrets = 0;
    for (name, value) in &function.environment {
        let here = table.join(name);
        if !NAME.is_match(name) {
            let message = format!("`{name}` is not a name in an environment");
            let help = "write a letter, then letters, digits and `_`, two at least";
            judge.key_error(Code::BadFunction, &here, message, help);
        } else if RESERVED_VARIABLES.contains(&name.as_str()) {
            let message = format!("Lambda sets `{name}` itself");
            judge.key_error(Code::BadFunction, &here, message, "choose another name");
        }
        let text = judge.sample(value);
        bytes += name.len() + text.len();
        match Variable::parse(value.as_written()) {
            Ok(Variable::From(_)) => secrets += 1,
            Ok(Variable::Literal(_)) => secret(judge, &here, name, &text),
            Err(code::CodeFault { what, help, .. }) => {
                let place = judge.spans.value_of(&here);
                let message = format!("`{here}`: {what}");
                let diagnostic = Diagnostic::error(Code::WrongValue, message);
                judge.tell(&here, diagnostic.at(place).help(help));
            }
        }
    }
    if bytes > LARGEST_ENVIRONMENT {
        let message = format!("the environment has {bytes} bytes");
        let help = format!(
            "Lambda allows {LARGEST_ENVIRONMENT}: put what is long into a file of the code"
        );
        judge.error(Code::TooLarge, &table, message, help);
    }
    let tags = judge.names(["stack", "tags"]).len();
    let all = tags + OWN_TAGS + FUNCTION_TAGS + secrets;
    if secrets > 0 && all > MOST_TAGS && tags + OWN_TAGS <= MOST_TAGS {
        let message = format!(
            "the function would carry {all} tags: {tags} of `stack.tags`, {} of gatestack's, and one for each of its {secrets} secrets; \
             AWS allows {MOST_TAGS}",
            OWN_TAGS + FUNCTION_TAGS
        );
        let help = "put several secrets into one: the members of a JSON object in Secrets Manager, which the function reads itself";
        judge.error(Code::TooMany, &table, message, help);
    }
}

/// The tags of a function beside [`OWN_TAGS`]: of its code's sources, of the uploaded code, of its alias, and of what it replaces.
const FUNCTION_TAGS: usize = 4;

/// Refuses a secret in the file: it would be in every copy of the repository, and in plans.
fn secret(judge: &mut Judge<'_>, path: &KeyPath, name: &str, value: &str) {
    let Some(what) = looks_secret(name, value) else {
        return;
    };
    let message = format!("`{path}` looks like {what}, and a stack file is no place for secrets");
    let help = format!(
        "store it in Systems Manager or Secrets Manager, and write where it is: `{name} = \"ssm:/NAME\"` or `\"secretsmanager:NAME\"`"
    );
    let diagnostic = Diagnostic::error(Code::SecretInFile, message)
        .at(judge.spans.value_of(path))
        .help(help);
    judge.tell(path, diagnostic);
}

fn permissions(judge: &mut Judge<'_>, path: &KeyPath, function: &Function) {
    static ROLE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9_+=,.@/-]+$")
            .expect("the pattern is constant")
    });
    let Some(role) = &function.role else { return };
    let here = path.join("role");
    let sample = judge.sample(role);
    if !ROLE.is_match(&sample) {
        let message = format!("`{sample}` is not the ARN of a role");
        let help = "it looks like `arn:aws:iam::${account.id}:role/NAME`";
        judge.error(Code::BadArn, &here, message, help);
    }
    let policy = path.join("policy");
    if judge.has(&policy) {
        let message = "a role that this stack does not manage gets no policy";
        let help = "remove `policy`, or `role`";
        judge.error(Code::NoEffect, &policy, message, help);
    }
}

fn builds(judge: &mut Judge<'_>, path: &KeyPath, function: &Function) {
    let (build, sources) = (path.join("build"), path.join("sources"));
    if function.build.is_some() && function.sources.is_empty() && judge.intact(&sources) {
        let message = "what the build reads is not known, so a change of it would be missed";
        let help = "add `sources`, the files and folders that it reads: `sources = [\"src\"]`";
        judge.error(Code::MissingKey, &build, message, help);
    }
    if !function.sources.is_empty() && judge.lacks(&build) {
        let message =
            "without `build`, the code is what `source` names, so `sources` has no effect";
        judge.error(Code::NoEffect, &sources, message, "remove `sources`");
    }
    let in_s3 = function.source.as_ref();
    if function.build.is_some() && in_s3.is_some_and(|source| source.starts_with("s3://")) {
        let message = "a build makes files, and `source` is in S3";
        let help = "name the folder or the zip file that the build makes as `source`";
        judge.error(Code::NoEffect, &build, message, help);
    }
}

fn network(judge: &mut Judge<'_>, path: &KeyPath, vpc: &FunctionNetwork) {
    let lists = [
        ("subnets", "subnet", &vpc.subnets, MOST_SUBNETS),
        (
            "security_groups",
            "sg",
            &vpc.security_groups,
            MOST_SECURITY_GROUPS,
        ),
    ];
    for (key, prefix, ids, most) in lists {
        let here = path.join(key);
        let pattern = Regex::new(&format!("^{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})$"));
        let pattern = pattern.expect("the pattern is constant");
        if ids.is_empty() && judge.intact(&here) {
            let message = format!("the list of {} is empty", key.replace('_', " "));
            judge.error(Code::BadNetwork, &here, message, "name one at least");
        }
        if ids.len() > most {
            let message = format!("{} {}", ids.len(), key.replace('_', " "));
            judge.error(
                Code::TooMany,
                &here,
                message,
                format!("Lambda allows {most}"),
            );
        }
        for one in ids.iter().filter(|one| !pattern.is_match(one)) {
            let message = format!(
                "`{one}` is not an id of one of the {}",
                key.replace('_', " ")
            );
            let help = format!("ids look like `{prefix}-0123456789abcdef0`");
            judge.element_error(Code::BadNetwork, &here, one, message, help);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{codes, edited, read};

    fn told(settings: &str) -> Vec<Code> {
        let text = format!("[functions.f]\nsource = \"s3://bucket/f.zip\"\n{settings}");
        codes(&edited("", &text))
    }

    #[test]
    fn a_function_has_code() {
        let alone = |text: &str| codes(&edited("", text));
        assert_eq!(alone("[functions.f]"), [Code::MissingKey]);
        assert_eq!(told(""), []);
        let arn = |region: &str| {
            alone(&format!(
                "[functions.f]\nexisting = \"arn:aws:lambda:{region}:123456789012:function:shared\""
            ))
        };
        assert_eq!(arn("eu-central-1"), []);
        assert_eq!(arn("eu-west-1"), [Code::BadArn]);
        let alias = "[functions.f]\nexisting = \"arn:aws:lambda:eu-central-1:123456789012:function:shared:blue\"";
        let found = read(&edited("", alias)).unwrap_err();
        assert!(found.list()[0].message.contains("a version or an alias"));
        assert_eq!(
            alone("[functions.f]\nexisting = \"shared\""),
            [Code::BadArn]
        );
        assert_eq!(
            alone(
                "[functions.f]\nexisting = \"arn:aws:lambda:eu-central-1:123456789012:function:a\"\nmemory = 256"
            ),
            [Code::NoEffect]
        );
    }

    #[test]
    fn settings_are_those_lambda_takes() {
        for (settings, wanted) in [
            ("name = \"a b\"", Code::BadName),
            ("name = \"${api.id}\"", Code::MisplacedReference),
            ("runtime = \"node24\"", Code::BadFunction),
            ("handler = \"\"", Code::BadFunction),
            ("memory = 64", Code::OutOfRange),
            ("timeout = \"16m\"", Code::OutOfRange),
            ("timeout = \"1500ms\"", Code::OutOfRange),
            ("role = \"admin\"", Code::BadArn),
            (
                "build = \"make\"\nsources = [\"Cargo.toml\"]",
                Code::NoEffect,
            ),
            ("sources = [\"src\"]", Code::NoEffect),
            ("layers = [\"tools\"]", Code::BadArn),
            (
                "vpc = { subnets = [], security_groups = [\"sg-01234567\"] }",
                Code::BadNetwork,
            ),
            (
                "vpc = { subnets = [\"a\"], security_groups = [\"sg-01234567\"] }",
                Code::BadNetwork,
            ),
            ("logs = { retention = \"31d\" }", Code::OutOfRange),
            ("environment = { AWS_REGION = \"x\" }", Code::BadFunction),
            ("environment = { \"a-b\" = \"x\" }", Code::BadFunction),
            ("environment = { KEY = \"ssm:\" }", Code::WrongValue),
        ] {
            assert_eq!(told(settings), [wanted], "{settings}");
        }
        for good in [
            "name = \"${stack.name}-f\"",
            "runtime = \"python3.13\"",
            "timeout = \"15m\"",
            "concurrency = 0",
            "environment = { GREETING = \"Hello\", KEY = \"ssm:/a\", URL = \"${api.invoke_url}\" }",
            "role = \"arn:aws:iam::${account.id}:role/a\"",
        ] {
            assert_eq!(told(good), [], "{good}");
        }
    }

    #[test]
    fn each_secret_of_an_environment_takes_a_tag() {
        let secrets = |count: usize| {
            let secrets = (0..count).map(|n| format!("KEY_{n} = \"ssm:/{n}\", "));
            told(&format!(
                "environment = {{ {} }}",
                secrets.collect::<String>()
            ))
        };
        assert_eq!(secrets(44), []);
        assert_eq!(secrets(45), [Code::TooMany]);
    }

    #[test]
    fn a_secret_in_an_environment_is_refused_and_not_shown() {
        let text = "[functions.f]\nsource = \"s3://b/f.zip\"\nenvironment = { DB_PASSWORD = \"hunter2hunter2\" }";
        let found = read(&edited("", text)).unwrap_err();
        let told: Vec<_> = found.list().iter().map(|it| (it.code, it.unseen)).collect();
        assert_eq!(told, [(Code::SecretInFile, true)]);
        assert!(!format!("{:?}", found.list()).contains("hunter2"));
    }

    #[test]
    fn a_runtime_with_updates_is_suggested() {
        let help = |runtime: &str| {
            let text = format!("[functions.f]\nsource = \"s3://b/f.zip\"\nruntime = \"{runtime}\"");
            let found = read(&edited("", &text)).unwrap_err();
            found.list()[0].help.clone().unwrap()
        };
        assert!(help("node24").contains("such as nodejs24.x"));
        assert_eq!(help("nodejs24"), "did you mean `nodejs24.x`?");
        assert_eq!(help("python3.41"), "did you mean `python3.14`?");
    }

    #[test]
    fn a_runtime_that_has_ended_is_a_warning() {
        let text = "[functions.f]\nsource = \"s3://b/f.zip\"\nruntime = \"nodejs16.x\"";
        let read = read(&edited("", text)).unwrap();
        let warnings: Vec<_> = read.warnings.list().iter().map(|it| it.code).collect();
        assert!(warnings.contains(&Code::BadFunction), "{warnings:?}");
    }
}
