//! `[user_pool]` with its domains, and `[resource_servers]`.

use std::collections::BTreeMap;

use aws_facts::limits::cognito::{
    MOST_RESOURCE_SERVERS, MOST_RESOURCE_SERVERS_RAISED, MOST_SCOPES_PER_RESOURCE_SERVER,
    RESERVED_IN_PREFIX,
};
use aws_facts::limits::tags::MOST_TAGS;

use super::certificates::Taker;
use super::domain::is_host;
use super::names::{IDENTIFIER, RESOURCE_SERVER, SCOPE, SCOPE_DESCRIPTION, USER_POOL};
use super::stack_table::OWN_TAGS;
use super::{Judge, entries, references};
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::file::{OwnDomain, SignIn, UserPool};
use crate::stack::interpolate::Piece;
use crate::stack::schema;
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

pub(super) fn check(judge: &mut Judge<'_>) {
    let path = KeyPath::from(["user_pool"]);
    match &judge.file.user_pool {
        Some(pool) if judge.has(path.join("existing")) => existing(judge, &path, pool),
        Some(pool) => {
            name(judge, &path, pool);
            domains(judge, &path, pool);
            sign_in(judge, &path.join("sign_in"), pool);
            marks(judge, &path);
        }
        None => orphans(judge),
    }
    resource_servers(judge);
}

fn name(judge: &mut Judge<'_>, path: &KeyPath, pool: &UserPool) {
    if let Some(name) = &pool.name {
        judge.named_by(&path.join("name"), name, &USER_POOL);
    } else if judge.lacks(path.join("name")) && judge.lacks(path.join("existing")) {
        let help = "add `name = …`, or `existing = …` with the id or name of a pool that this stack only uses";
        judge.key_error(Code::MissingKey, path, "`[user_pool]` lacks `name`", help);
    }
}

/// Refuses the other settings of what another stack makes; the first of these keys says so.
pub(super) fn only(judge: &mut Judge<'_>, path: &KeyPath, keys: &[&str], what: &str) {
    for key in judge.names(path) {
        // Invalid keys are reported already.
        if !keys.contains(&key.as_str()) && schema::at(&path.join(&key)).is_some() {
            let message = format!("`{key}` can't be set on {what}");
            let help = format!("remove `{key}`, or `{}`", keys[0]);
            judge.key_error(Code::NoEffect, &path.join(&key), message, help);
        }
    }
}

/// A pool that is not the stack's is only read, and what the stack has in it is marked on its API.
fn existing(judge: &mut Judge<'_>, path: &KeyPath, pool: &UserPool) {
    only(
        judge,
        path,
        &["existing"],
        "a user pool that this stack does not manage",
    );
    let here = path.join("existing");
    if let Some(written) = &pool.existing {
        judge.named(Code::BadName, &here, written, &USER_POOL);
    }
    if judge.lacks(["api"]) {
        let message = "a stack with `existing` needs `[api]`: tags of its API mark its clients and resource servers";
        judge.error(Code::MissingTable, &here, message, "add `[api]`");
    }
    let marks = judge.names(["resource_servers"]).len() + judge.names(["app_clients"]).len();
    let tags = judge.names(["stack", "tags"]).len();
    let own = OWN_TAGS + MARKS_OF_API;
    if tags + own + marks > MOST_TAGS && tags + own <= MOST_TAGS {
        let message = format!(
            "the API would carry {} tags: {tags} of `stack.tags`, up to {own} of gatestack's, and one for each of the {marks} resource \
             servers and app clients; AWS allows {MOST_TAGS}",
            tags + own + marks
        );
        let help = "use fewer tags or app clients; a partner's client takes no tag of the API";
        judge.error(Code::TooMany, path, message, help);
    }
}

/// The most marks on an API beside those of what is in a pool: of load balancer, domain, log group and pool.
const MARKS_OF_API: usize = 4;

/// Tables that need a pool.
fn orphans(judge: &mut Judge<'_>) {
    for (table, what) in [
        ("resource_servers", "a resource server"),
        ("app_clients", "an app client"),
    ] {
        let path = KeyPath::from([table]);
        let first = judge.names(&path).first().map(|name| path.join(name));
        if let Some(first) = first.filter(|_| judge.lacks(["user_pool"])) {
            let message = format!("{what} lives in a user pool, and the file has no `[user_pool]`");
            judge.key_error(
                Code::MissingTable,
                &first,
                message,
                "add `[user_pool]` with a `name`",
            );
        }
    }
}

fn domains(judge: &mut Judge<'_>, pool_path: &KeyPath, pool: &UserPool) {
    if let Some(prefix) = &pool.domain {
        prefix_domain(judge, &pool_path.join("domain"), prefix);
    }
    if let Some(own) = &pool.own_domain {
        own_domain(judge, &pool_path.join("own_domain"), own);
    }
    let asks_for_tokens = judge
        .file
        .partners
        .values()
        .any(|partner| !partner.scopes.is_empty())
        || judge
            .file
            .app_clients
            .values()
            .any(|client| !client.flows.is_empty());
    if asks_for_tokens
        && judge.lacks(["user_pool", "domain"])
        && judge.lacks(["user_pool", "own_domain"])
        && judge.lacks(["user_pool", "existing"])
    {
        let message = "the pool has no domain, so no token can be requested";
        judge.warning(
            Code::NoEffect,
            pool_path,
            message,
            "add `domain = \"…\"`, the prefix of its token URL",
        );
    }
}

fn prefix_domain(judge: &mut Judge<'_>, path: &KeyPath, prefix: &Template) {
    let prefix = judge.sample(prefix);
    let refused = |c: &char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-');
    let reserved = RESERVED_IN_PREFIX
        .into_iter()
        .find(|word| prefix.contains(word));
    let (message, help) = if prefix.contains('.') {
        let help = "write `own_domain = { name = \"auth.example.com\", certificate = \"arn:…\" }` for a domain of yours";
        (format!("`{prefix}` is a whole domain, not a prefix"), help)
    } else if let Some(culprit) = prefix.chars().find(refused) {
        (
            format!("the domain prefix `{prefix}` holds `{culprit}`"),
            "allowed are lower-case letters, digits and `-`",
        )
    } else if let Some(word) = reserved {
        (
            format!("the domain prefix `{prefix}` holds the reserved word `{word}`"),
            "choose a prefix without it",
        )
    } else if prefix.starts_with('-') || prefix.ends_with('-') {
        (
            format!("the domain prefix `{prefix}` starts or ends with `-`"),
            "start and end it with a letter or a digit",
        )
    } else if prefix.is_empty() || prefix.len() > 63 {
        (
            format!("the domain prefix has {} characters", prefix.len()),
            "Cognito wants 1 to 63",
        )
    } else {
        return;
    };
    judge.error(Code::BadDomain, path, message, help);
}

fn own_domain(judge: &mut Judge<'_>, path: &KeyPath, own: &OwnDomain) {
    let name_path = path.join("name");
    let name = judge.sample(&own.name);
    if !(is_host(&name) && name.len() <= 63) {
        let message = format!("`{name}` is not a host name that Cognito takes");
        judge.error(
            Code::BadDomain,
            &name_path,
            message,
            "write one such as `auth.example.com`: lower-case, at most 63 characters",
        );
    }
    judge.certificate(&path.join("certificate"), &own.certificate, &Taker::Cognito);
    if let Some(zone) = &own.zone {
        judge.zone(path, zone, &name);
        known_before(judge, &name_path, &own.name);
    }
}

/// gatestack looks for the record of a name before it creates anything, so the name can't contain outputs.
fn known_before(judge: &mut Judge<'_>, path: &KeyPath, name: &Template) {
    let mut references = name.pieces().into_iter().filter_map(|piece| match piece {
        Piece::Reference(reference) => references::target(judge, &reference),
        Piece::Literal(_) => None,
    });
    if let Some(target) = references.next() {
        let message = format!(
            "the name depends on `{target}`, which is known only after its record is checked"
        );
        let help = "write the name without that reference, or leave `zone` out and make the record yourself";
        judge.error(Code::MisplacedReference, path, message, help);
    }
}

/// Addresses replace user names, or are aliases beside them; a changeable name is an alias only (Amazon Cognito developer guide,
/// "Customizing sign-in attributes").
fn sign_in(judge: &mut Judge<'_>, path: &KeyPath, pool: &UserPool) {
    let Some(names) = pool.sign_in.as_ref().filter(|_| judge.intact(path)) else {
        return;
    };
    if names.is_empty() {
        let message = "an empty list leaves users nothing to sign in with";
        let help =
            "write `sign_in = [\"email\"]`, `[\"phone\"]` or `[\"username\"]`, or remove the line";
        judge.error(Code::WrongValue, path, message, help);
    } else if names.contains(&SignIn::PreferredUsername) && !names.contains(&SignIn::Username) {
        let message = "`preferred_username` is an alias of a user name, which the list leaves out";
        let list: Vec<String> = [SignIn::Username]
            .iter()
            .chain(names)
            .map(|name| format!("\"{}\"", name.word()))
            .collect();
        let help = format!("write `sign_in = [{}]`", list.join(", "));
        judge.element_error(
            Code::WrongValue,
            path,
            SignIn::PreferredUsername.word(),
            message,
            help,
        );
    }
}

/// What gatestack created in a pool has a mark in the pool's tags.
fn marks(judge: &mut Judge<'_>, path: &KeyPath) {
    let domains = ["domain", "own_domain"];
    let domains = domains
        .into_iter()
        .filter(|key| judge.has(path.join(*key)))
        .count();
    let entries = |table| judge.names([table]).len();
    let marks = entries("resource_servers") + entries("app_clients") + domains;
    let tags = judge.names(["stack", "tags"]).len();
    let too_many_without_marks = tags + OWN_TAGS > MOST_TAGS;
    if tags + OWN_TAGS + marks > MOST_TAGS && !too_many_without_marks {
        let message = format!(
            "the pool would carry {} tags: {tags} of `stack.tags`, {OWN_TAGS} of gatestack's, and one for each of its \
             {marks} resource servers, app clients and domains; AWS allows {MOST_TAGS}",
            tags + OWN_TAGS + marks
        );
        judge.error(
            Code::TooMany,
            path,
            message,
            "use fewer tags or app clients; a partner's client takes no tag of the pool",
        );
    }
}

fn resource_servers(judge: &mut Judge<'_>) {
    let mut identifiers: BTreeMap<String, KeyPath> = BTreeMap::new();
    for (path, name, server) in entries("resource_servers", &judge.file.resource_servers) {
        judge.display_name(&path, server.name.as_ref(), &RESOURCE_SERVER);
        let identifier_path = match &server.identifier {
            Some(identifier) => {
                let path = path.join("identifier");
                judge.named_by(&path, identifier, &IDENTIFIER);
                path
            }
            None => {
                if judge.lacks(path.join("identifier"))
                    && let Some((message, _)) = IDENTIFIER.refusal(name)
                {
                    judge.error(
                        Code::BadName,
                        &path,
                        message,
                        "give it an `identifier = \"…\"` of its own",
                    );
                }
                path.clone()
            }
        };
        if judge.usable(path.join("identifier")) {
            let identifier = server.identifier.as_ref();
            let identifier = identifier.map_or_else(|| name.to_owned(), |text| judge.sample(text));
            unique(judge, &mut identifiers, identifier, identifier_path);
        }
        if server.existing {
            only(
                judge,
                &path,
                &["existing", "identifier"],
                "a resource server that another stack makes",
            );
        }
        let path = path.join("scopes");
        for (scope, description) in &server.scopes {
            judge.named_by(&path.join(scope), description, &SCOPE_DESCRIPTION);
        }
        let scopes = judge.names(&path);
        for scope in &scopes {
            if let Some((message, help)) = SCOPE.refusal(scope) {
                judge.key_error(Code::BadName, &path.join(scope), message, help);
            }
        }
        if scopes.len() > MOST_SCOPES_PER_RESOURCE_SERVER {
            let message = format!(
                "{} scopes; Cognito allows {MOST_SCOPES_PER_RESOURCE_SERVER} on a resource server",
                scopes.len()
            );
            judge.error(
                Code::TooMany,
                &path,
                message,
                "move some of them to another resource server",
            );
        }
    }
    let path = KeyPath::from(["resource_servers"]);
    let count = judge.names(&path).len();
    let (usual, most) = (MOST_RESOURCE_SERVERS, MOST_RESOURCE_SERVERS_RAISED);
    if count > most {
        let message = format!("{count} resource servers; Cognito allows {most} in a pool");
        judge.error(
            Code::TooMany,
            &path,
            message,
            "put several scopes into one resource server",
        );
    } else if count > usual {
        let message =
            format!("{count} resource servers; a pool holds {usual} unless AWS raised your quota");
        judge.warning(
            Code::TooMany,
            &path,
            message,
            "raise “Resource servers per user pool” in Service Quotas",
        );
    }
}

/// Refuses an identifier that another resource server has.
fn unique(
    judge: &mut Judge<'_>,
    identifiers: &mut BTreeMap<String, KeyPath>,
    identifier: String,
    path: KeyPath,
) {
    if let Some(first) = identifiers.get(&identifier) {
        let diagnostic = Diagnostic::error(
            Code::Duplicate,
            format!("two resource servers have the identifier `{identifier}`"),
        )
        .at(judge.spans.value_of(&path))
        .label(judge.spans.value_of(first), "the first")
        .help("put their scopes into one of them");
        judge.tell(&path, diagnostic);
    }
    identifiers.entry(identifier).or_insert(path);
}

#[cfg(test)]
mod tests {
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{codes, edited};

    fn domain(domain: &str) -> Vec<Code> {
        codes(&edited(
            "domain = \"hello-${account.id}\"",
            &format!("domain = \"{domain}\""),
        ))
    }

    #[test]
    fn prefixes_are_those_cognito_takes() {
        for good in ["a", "hello-1", "x-${account.id}-${stack.name}"] {
            assert_eq!(domain(good), [], "{good}");
        }
        let long = "a".repeat(64);
        for bad in [
            "",
            "-a",
            "a-",
            "Hello",
            "my-aws-pool",
            "amazonas",
            "cognito1",
            "auth.example.com",
            "a_b",
            &long,
        ] {
            assert_eq!(domain(bad), [Code::BadDomain], "{bad}");
        }
    }

    #[test]
    fn references_are_judged_by_their_usual_shape() {
        // An id such as eu-central-1_AbCdEfGhI has capitals and an underscore.
        assert_eq!(domain("x-${user_pool.id}"), [Code::BadDomain]);
    }

    #[test]
    fn a_temporary_password_lives_for_a_day_at_least() {
        let days = |days: u32| {
            let text = format!("[user_pool]\npassword = {{ temporary_days = {days} }}");
            codes(&edited("[user_pool]", &text))
        };
        assert_eq!(days(1), []);
        // AWS changes 0 to 7, and the plan would never be empty.
        assert_eq!(days(0), [Code::OutOfRange]);
    }

    #[test]
    fn what_users_sign_in_with_is_a_user_name_an_address_or_both() {
        let sign_in = |list: &str| {
            codes(&edited(
                "domain =",
                &format!("sign_in = [{list}]\ndomain ="),
            ))
        };
        for good in [
            "\"email\"",
            "\"phone\"",
            "\"email\", \"phone\"",
            "\"username\"",
            "\"username\", \"email\", \"phone\", \"preferred_username\"",
        ] {
            assert_eq!(sign_in(good), [], "{good}");
        }
        for bad in [
            "",
            "\"preferred_username\"",
            "\"email\", \"preferred_username\"",
            "\"mail\"",
        ] {
            assert_eq!(sign_in(bad), [Code::WrongValue], "{bad}");
        }
        assert_eq!(sign_in("\"email\", \"email\""), [Code::Duplicate]);
    }

    #[test]
    fn a_certificate_is_in_us_east_1() {
        let own = |name: &str, arn: &str| {
            codes(&edited(
                "domain = \"hello-${account.id}\"",
                &format!("own_domain = {{ name = \"{name}\", certificate = \"{arn}\" }}"),
            ))
        };
        let good = "arn:aws:acm:us-east-1:${account.id}:certificate/1";
        assert_eq!(own("auth.example.com", good), []);
        assert_eq!(own("auth", good), [Code::BadDomain]);
        assert_eq!(
            own(
                "auth.example.com",
                "arn:aws:acm:eu-central-1:123456789012:certificate/1"
            ),
            [Code::BadArn]
        );
        assert_eq!(
            own(
                "auth.example.com",
                "arn:aws:iam::123456789012:server-certificate/x"
            ),
            [Code::BadArn]
        );
    }

    #[test]
    fn what_lives_in_a_pool_needs_one() {
        let without = "[stack]\nname = \"a\"\nregion = \"eu-central-1\"\n";
        assert_eq!(
            codes(&format!(
                "{without}[resource_servers.a]\n[resource_servers.b]"
            )),
            [Code::MissingTable]
        );
        assert_eq!(
            codes(&format!("{without}[app_clients.a]")),
            [Code::MissingTable]
        );
    }

    #[test]
    fn a_pool_without_domain_gives_no_tokens() {
        assert_eq!(
            codes(&edited("domain = \"hello-${account.id}\"\n", "")),
            [Code::NoEffect]
        );
    }

    #[test]
    fn resource_servers_have_names_scopes_and_one_identifier_each() {
        assert_eq!(
            codes(&edited("", "[resource_servers.\"a b\"]")),
            [Code::BadName]
        );
        assert_eq!(
            codes(&edited(
                "",
                "[resource_servers.other]\nidentifier = \"hello\""
            )),
            [Code::Duplicate]
        );
        assert_eq!(
            codes(&edited(
                "",
                "[resource_servers.other]\nscopes = { \"a/b\" = \"x\", c = \"\" }"
            )),
            [Code::BadName; 2]
        );
        let scopes = |count: usize| {
            (0..count)
                .map(|n| format!("s{n} = \"x\"\n"))
                .collect::<String>()
        };
        assert_eq!(
            codes(&edited(
                "",
                &format!("[resource_servers.other.scopes]\n{}", scopes(100))
            )),
            []
        );
        assert_eq!(
            codes(&edited(
                "",
                &format!("[resource_servers.other.scopes]\n{}", scopes(101))
            )),
            [Code::TooMany]
        );
    }

    #[test]
    fn more_than_25_resource_servers_need_a_quota() {
        let servers = |count: usize| {
            (0..count)
                .map(|n| format!("[resource_servers.s{n}]\n"))
                .collect::<String>()
        };
        assert_eq!(codes(&edited("", &servers(24))), []);
        assert_eq!(codes(&edited("", &servers(25))), [Code::TooMany]);
    }
}
