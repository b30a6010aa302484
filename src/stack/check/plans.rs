//! `[plans]`, and their keys.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use aws_facts::limits::apigateway::MOST_METHOD_THROTTLES;
use aws_facts::limits::tags::{LONGEST_TAG_VALUE, MOST_TAGS};
use regex::Regex;

use super::names::{API_GATEWAY, API_KEY};
use super::stack_table::OWN_TAGS;
use super::{Judge, entries};
use crate::kinds::tags;
use crate::model::{SecretSource, bare_or_quoted};
use crate::stack::diagnostic::Code;
use crate::stack::file::{Plan, Quota, Requires};
use crate::stack::given_keys;
use crate::stack::methods::methods;
use crate::stack::spans::KeyPath;

pub(super) fn check(judge: &mut Judge<'_>) {
    for (path, _, plan) in entries("plans", &judge.file.plans) {
        judge.display_name(&path, plan.name.as_ref(), &API_GATEWAY);
        if let Some(description) = &plan.description {
            judge.description(&path, description);
        }
        if let Some(quota) = &plan.quota {
            offset(judge, &path.join("quota"), quota);
        }
        routes(judge, &path.join("routes"), plan);
        guests(judge, &path);
    }
    for (path, name, key) in entries("api_keys", &judge.file.api_keys) {
        judge.display_name(&path, key.name.as_ref(), &API_KEY);
        if let Some(description) = &key.description {
            judge.description(&path, description);
        }
        if judge.lacks(path.join("plan")) {
            let message = format!("the API key `{name}` is on no plan, so it gives no access");
            judge.warning(Code::NoEffect, &path, message, "add `plan = \"…\"`");
        }
    }
    members(judge);
    values(judge);
}

/// The sources of given key values: AWS allows each value once in an account and Region.
fn values(judge: &mut Judge<'_>) {
    let mut known: BTreeMap<&str, KeyPath> = BTreeMap::new();
    for (path, source) in given_keys::written(judge.file) {
        if SecretSource::parse(source).is_none() {
            not_a_source(judge, &path, source);
            continue;
        }
        let tag = tags::escape(source);
        if tag.len() > LONGEST_TAG_VALUE {
            let message = format!(
                "`{path}` is too long: a tag of the key keeps it, and AWS takes {LONGEST_TAG_VALUE} characters"
            );
            judge.error(
                Code::OutOfRange,
                &path,
                message,
                "give the secret a shorter name",
            );
        }
        match known.get(source) {
            Some(first) => {
                let message = format!(
                    "`{path}` and `{first}` give one value, and AWS allows each value once in an account and Region"
                );
                judge.error(
                    Code::Duplicate,
                    &path,
                    message,
                    "give each key a value of its own",
                );
            }
            None => drop(known.insert(source, path)),
        }
    }
}

/// Each partner of another stack takes a tag of the plan that its key is put on.
fn guests(judge: &mut Judge<'_>, path: &KeyPath) {
    let plan = path.keys().last().map(String::as_str);
    let partners = judge.file.partners.values();
    let guests = partners.filter(|partner| partner.of.is_some());
    let guests = guests
        .filter(|partner| Some(partner.plan.as_str()) == plan)
        .count();
    let tags = judge.names(["stack", "tags"]).len();
    if guests > 0 && tags + OWN_TAGS + guests > MOST_TAGS && tags + OWN_TAGS <= MOST_TAGS {
        let message = format!(
            "the plan would carry {} tags: {tags} of `stack.tags`, {OWN_TAGS} of gatestack's, and one for each of its {guests} partners \
             of other stacks; AWS allows {MOST_TAGS}",
            tags + OWN_TAGS + guests
        );
        let help = "use fewer tags, or a second plan for some of these partners";
        judge.error(Code::TooMany, path, message, help);
    }
}

/// A text that is no source. It may be the value itself, so it is not repeated.
fn not_a_source(judge: &mut Judge<'_>, path: &KeyPath, text: &str) {
    static ENVIRONMENT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\$\{env\.(\w+)\}$").expect("the pattern is constant"));
    let kind = text
        .split_once(':')
        .filter(|(kind, _)| SecretSource::KINDS.contains(kind));
    let message = match kind {
        Some((kind, "")) => format!("`{path}` is not a source: `{kind}:` needs a name"),
        Some((kind, _)) => {
            format!("`{path}` is not a source: no name behind `{kind}:` is written like that")
        }
        None => format!(
            "`{path}` must say where the value is, not the value: the file is read by more people and programs than the key is for, \
             and stays in every copy of the repository"
        ),
    };
    let written = judge.source.slice(&judge.spans.value_of(path));
    let variable = ENVIRONMENT.captures(written.trim_matches(['"', '\'']));
    let help = match &variable {
        Some(variable) => format!("write `env:{}`", &variable[1]),
        None => given_keys::help(),
    };
    judge.error(Code::WrongValue, path, message, help);
}

/// Refuses a day that the quota's period does not have.
fn offset(judge: &mut Judge<'_>, path: &KeyPath, quota: &Quota) {
    let (period, last) = (quota.per.word(), quota.per.last_offset());
    if quota.offset <= last || !judge.usable(path.join("per")) {
        return;
    }
    let (message, help) = match last {
        0 => (
            "`offset` can't be set for a day".to_owned(),
            "remove it: a day begins at 00:00 UTC".to_owned(),
        ),
        last => (
            format!("a {period} does not begin on the day {}", quota.offset),
            format!("the first day of a {period} is 0, and AWS takes none after {last}"),
        ),
    };
    judge.error(Code::OutOfRange, &path.join("offset"), message, help);
}

/// The throttles of single routes.
fn routes(judge: &mut Judge<'_>, table: &KeyPath, plan: &Plan) {
    let routes = KeyPath::from(["api", "routes"]);
    for name in judge.names(table) {
        let at = table.join(&name);
        if judge.has(routes.join(&name)) {
            uncounted(judge, &at, &name);
        } else if judge.usable(&routes) {
            let known = judge.spans.names(&routes);
            let path = |route: &str| route.split_once(' ').map(|(_, path)| path.to_owned());
            let same_path = judge
                .spans
                .names(&routes)
                .find(|route| path(route).is_some() && path(route) == path(&name));
            let help = match same_path {
                Some(route) => format!("did you mean `{route}`?"),
                None => {
                    let otherwise = "write the name of a route in `[api.routes]`";
                    judge.did_you_mean(&name, known, otherwise)
                }
            };
            let message = format!("the API has no route `{name}`");
            judge.key_error(Code::BadPlan, &at, message, help);
        }
    }
    let Some(api) = &judge.file.api else { return };
    let count: usize = plan
        .routes
        .keys()
        .map(|name| methods(api, name).len())
        .sum();
    if count > MOST_METHOD_THROTTLES && judge.intact(&routes) {
        let message = format!(
            "{count} throttles of methods; a plan has {MOST_METHOD_THROTTLES} for a stage unless AWS raised your quota"
        );
        let help =
            "raise the quota in Service Quotas, or limit several routes with the plan's `throttle`";
        judge.warning(Code::TooMany, table, message, help);
    }
}

/// Warns where no call counts: API Gateway applies a plan to methods that need a key.
fn uncounted(judge: &mut Judge<'_>, at: &KeyPath, name: &str) {
    let Some(api) = &judge.file.api else { return };
    let Some(route) = api.routes.get(name) else {
        return;
    };
    let needs_key = matches!(route.requires(api), Requires::These(these) if these.api_key);
    let told = [
        KeyPath::from(["api", "requires"]),
        KeyPath::from(["api", "routes", name, "requires"]),
    ];
    if needs_key || !told.iter().all(|path| judge.intact(path)) {
        return;
    }
    let message = format!("`{name}` needs no API key, so no plan limits it");
    let help = "add `api_key = true` to what it requires, or limit all callers with the route's own `throttle`";
    judge.warning(Code::NoEffect, at, message, help);
}

fn members(judge: &mut Judge<'_>) {
    let file = judge.file;
    let partners = file
        .partners
        .iter()
        .map(|(name, partner)| ("partners", name, &partner.plan));
    let keys = file
        .api_keys
        .iter()
        .filter_map(|(name, key)| Some(("api_keys", name, key.plan.as_ref()?)));
    let members: Vec<_> = partners.chain(keys).collect();
    let plans = KeyPath::from(["plans"]);
    let mut on_no_stage = None;
    for (table, name, plan) in &members {
        let path = KeyPath::from([*table, name, "plan"]);
        if !judge.usable(&path) {
            continue;
        }
        if judge.spans.has(&plans.join(plan.as_str())) {
            on_no_stage.get_or_insert((path, *plan));
            continue;
        }
        if !judge.usable(&plans) {
            continue;
        }
        let help = judge.did_you_mean(
            plan,
            judge.spans.names(&plans),
            format!("add `[plans.{}]`", bare_or_quoted(plan)),
        );
        judge.error(
            Code::BadPlan,
            &path,
            format!("the file has no plan `{plan}`"),
            help,
        );
    }
    if let Some((path, plan)) = on_no_stage.filter(|_| judge.lacks(["api"])) {
        let message = format!("the plan `{plan}` has no stage: the file has no `[api]`");
        judge.error(
            Code::BadPlan,
            &path,
            message,
            "add `[api]` with a `stage`; every plan is on it",
        );
    }
    // A partner or key with an unusable or misspelled plan may be on any.
    let told = ["partners", "api_keys"].into_iter().all(|table| {
        let names = judge.names([table]);
        let plan = |name: &String| judge.usable([table, name, "plan"]);
        judge.usable([table]) && names.iter().all(plan)
    });
    if !told
        || !members
            .iter()
            .all(|(_, _, plan)| judge.has(plans.join(plan.as_str())))
    {
        return;
    }
    let used: BTreeSet<&str> = members.iter().map(|(_, _, plan)| plan.as_str()).collect();
    for name in judge.names(&plans) {
        let path = plans.join(&name);
        if !used.contains(name.as_str()) {
            let message = format!("the plan `{name}` has no keys");
            judge.warning(
                Code::NoEffect,
                &path,
                message,
                format!("put a partner or an API key on it: `plan = \"{name}\"`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_TAGS, OWN_TAGS};
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{codes, edited, read};

    const BARE: &str = "[stack]\nname = \"a\"\nregion = \"eu-central-1\"\n";

    #[test]
    fn a_member_is_on_a_plan_of_the_file() {
        assert_eq!(
            codes(&edited("plan   = \"standard\"", "plan = \"standrad\"")),
            [Code::BadPlan]
        );
        assert_eq!(
            codes(&edited("", "[api_keys.a]\nplan = \"gold\"")),
            [Code::BadPlan]
        );
        assert_eq!(codes(&edited("", "[api_keys.a]\nplan = \"standard\"")), []);
    }

    #[test]
    fn a_plan_needs_a_stage() {
        let text =
            format!("{BARE}[plans.a]\n[partners.x]\nplan = \"a\"\n[partners.y]\nplan = \"a\"");
        assert_eq!(codes(&text), [Code::BadPlan]);
    }

    #[test]
    fn what_nobody_uses_is_worth_a_word() {
        assert_eq!(codes(&edited("", "[plans.gold]")), [Code::NoEffect]);
        assert_eq!(codes(&edited("", "[api_keys.a]")), [Code::NoEffect]);
    }

    #[test]
    fn a_key_says_where_its_value_is() {
        let keys = |lines: &str| codes(&edited("", &format!("[api_keys]\n{lines}")));
        let key = |source: &str| {
            keys(&format!(
                "a = {{ plan = \"standard\", key = \"{source}\" }}"
            ))
        };
        for good in [
            "env:A_1",
            "ssm:/a/b",
            "secretsmanager:a/b",
            "secretsmanager:a#b",
        ] {
            assert_eq!(key(good), [], "{good}");
        }
        for bad in [
            "0123456789abcdefghij0123456789",
            "file:key.txt",
            "env:",
            "ssm:a b",
            "",
        ] {
            assert_eq!(key(bad), [Code::WrongValue], "{bad}");
        }
        assert_eq!(
            key(&format!("ssm:/{}", "a".repeat(252))),
            [Code::OutOfRange]
        );
        assert_eq!(key(&format!("ssm:/{}", "a".repeat(251))), []);
        let two = |second: &str| {
            keys(&format!(
                "a = {{ plan = \"standard\", key = \"env:A\" }}\nb = {{ plan = \"standard\", key = \"{second}\" }}"
            ))
        };
        assert_eq!(two("env:A"), [Code::Duplicate]);
        assert_eq!(two("env:B"), []);
    }

    #[test]
    fn a_plan_has_fifty_tags_for_partners_of_other_stacks() {
        let guests = |count: usize| {
            let guests = (0..count).map(|number| {
                format!("[partners.guest{number}]\nof = \"claims\"\nplan = \"standard\"\n")
            });
            let text = edited("", &guests.collect::<String>());
            let mut codes = codes(&text);
            codes.dedup();
            codes
        };
        // The file has a pool of its own, which is told of each guest.
        let most = MOST_TAGS - OWN_TAGS - 1;
        assert!(!guests(most).contains(&Code::TooMany));
        assert!(guests(MOST_TAGS).contains(&Code::TooMany));
    }

    #[test]
    fn a_source_with_a_mistake_is_not_taken_for_a_value() {
        let told = |source: &str| {
            let text = edited(
                "",
                &format!("[api_keys]\na = {{ plan = \"standard\", key = \"{source}\" }}"),
            );
            read(&text).unwrap_err().list()[0].message.clone()
        };
        assert_eq!(
            told("ssm:"),
            "`api_keys.a.key` is not a source: `ssm:` needs a name"
        );
        assert_eq!(
            told("env:A B"),
            "`api_keys.a.key` is not a source: no name behind `env:` is written like that"
        );
        assert!(told("other:A").contains("must say where the value is"));
    }

    #[test]
    fn a_plan_limits_routes_of_the_file() {
        let with = |routes: &str| edited("", &format!("[plans.standard.routes]\n{routes}"));
        let told = |routes: &str| {
            let text = with(routes);
            let diagnostics = match read(&text) {
                Ok(checked) => checked.warnings,
                Err(diagnostics) => diagnostics,
            };
            let one = diagnostics.list().first().cloned();
            one.map(|one| format!("{}: {}", one.message, one.help.unwrap_or_default()))
        };
        let limit = "{ rate = 1, burst = 2 }";
        assert_eq!(told(&format!("\"GET /hello\" = {limit}")), None);
        assert_eq!(
            told(&format!("\"GET /helo\" = {limit}")).as_deref(),
            Some("the API has no route `GET /helo`: did you mean `GET /hello`?")
        );
        let any = with(&format!("\"GET /c\" = {limit}"));
        let any = any.replace(
            "[api.routes]\n",
            "[api.routes]\n\"GET /d\" = { mock = 200 }\n\"ANY /c\" = { mock = 200 }\n",
        );
        let refused = read(&any).unwrap_err();
        assert_eq!(
            refused.list()[0].help.as_deref(),
            Some("did you mean `ANY /c`?")
        );
        assert_eq!(
            codes(&with("\"GET /hello\" = { rate = -1, burst = 2 }")),
            [Code::OutOfRange]
        );
        let open = with(&format!("\"GET /hello\" = {limit}")).replace(", api_key = true", "");
        assert_eq!(codes(&open), [Code::NoEffect]);
        let mut lines = String::new();
        let mut routes = String::new();
        for number in 0..3 {
            lines += &format!("\"ANY /{number}\" = {limit}\n");
            routes += &format!("\"ANY /{number}\" = {{ mock = 200 }}\n");
        }
        let many = with(&lines).replace("[api.routes]\n", &format!("[api.routes]\n{routes}"));
        assert_eq!(codes(&many), [Code::TooMany]);
    }

    #[test]
    fn limits_are_in_range() {
        for (bad, code) in [
            ("throttle = { rate = -1, burst = 1 }", Code::OutOfRange),
            ("throttle = { rate = 1, burst = -1 }", Code::OutOfRange),
            ("throttle = { rate = inf, burst = 1 }", Code::OutOfRange),
            ("quota = { requests = 0, per = \"day\" }", Code::OutOfRange),
            (
                "quota = { requests = 5_000_000_000, per = \"day\" }",
                Code::OutOfRange,
            ),
            ("quota = { requests = 1, per = \"year\" }", Code::WrongValue),
            (
                "quota = { requests = 1, per = \"day\", offset = 1 }",
                Code::OutOfRange,
            ),
            (
                "quota = { requests = 1, per = \"week\", offset = 7 }",
                Code::OutOfRange,
            ),
            (
                "quota = { requests = 1, per = \"month\", offset = 28 }",
                Code::OutOfRange,
            ),
        ] {
            assert_eq!(
                codes(&edited("throttle = { rate = 10, burst = 20 }", bad)),
                [code],
                "{bad}"
            );
        }
        assert_eq!(
            codes(&edited(
                "throttle = { rate = 10, burst = 20 }",
                "throttle = { rate = 0.5, burst = 0 }"
            )),
            []
        );
    }
}
