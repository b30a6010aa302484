//! `[app_clients]` and the app clients of `[partners]`: flows, URLs, tokens and scopes that Cognito refuses.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use aws_facts::limits::cognito::{
    ACCESS_TOKEN_SECONDS, MOST_CALLBACK_URLS, MOST_SCOPES_PER_APP_CLIENT, REFRESH_TOKEN_SECONDS,
};
use regex::Regex;

use super::names::{APP_CLIENT, KEY};
use super::pool::only;
use super::{Judge, entries};
use crate::model::HumanDuration;
use crate::stack::diagnostic::Code;
use crate::stack::file::{AppClient, AuthFlow, OAuthFlow, Tier, TokenLifetimes};
use crate::stack::scopes::{is_open_id, meant};
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

pub(super) fn check(judge: &mut Judge<'_>) {
    for (path, _, client) in entries("app_clients", &judge.file.app_clients) {
        judge.display_name(&path, client.name.as_ref(), &APP_CLIENT);
        flows(judge, &path, client);
        for (key, urls) in [
            ("callback_urls", &client.callback_urls),
            ("logout_urls", &client.logout_urls),
        ] {
            urls_of(judge, &path.join(key), urls);
        }
        shared(
            judge,
            &path,
            &client.scopes,
            &client.auth_flows,
            &client.tokens,
        );
    }
    for (path, _, partner) in entries("partners", &judge.file.partners) {
        if let Some(stack) = &partner.of {
            guest(judge, &path, stack);
            continue;
        }
        judge.display_name(&path, partner.name.as_ref(), &APP_CLIENT);
        if !partner.scopes.is_empty() && judge.lacks(["user_pool"]) {
            let message = "scopes come from a user pool, and the file has no `[user_pool]`";
            judge.error(
                Code::MissingTable,
                &path.join("scopes"),
                message,
                "add `[user_pool]` with a `name`, or remove the scopes",
            );
        }
        machine_scopes(judge, &path.join("scopes"), &partner.scopes, "a partner");
        shared(
            judge,
            &path,
            &partner.scopes,
            &partner.auth_flows,
            &partner.tokens,
        );
    }
}

/// A partner that another stack makes.
fn guest(judge: &mut Judge<'_>, path: &KeyPath, stack: &str) {
    only(
        judge,
        path,
        &["of", "plan"],
        "a partner that another stack makes",
    );
    let of = path.join("of");
    judge.named(Code::BadName, &of, stack, &KEY);
    if *stack == judge.file.stack.name && judge.usable(["stack", "name"]) {
        let message = format!("`{stack}` is this stack: it makes its partners without `of`");
        let help = "name the stack whose partner it is, or remove the line";
        judge.error(Code::NoEffect, &of, message, help);
    }
}

fn flows(judge: &mut Judge<'_>, path: &KeyPath, client: &AppClient) {
    let flows_path = path.join("flows");
    let machine = client.flows.contains(&OAuthFlow::ClientCredentials);
    let people = client
        .flows
        .iter()
        .any(|flow| *flow != OAuthFlow::ClientCredentials);
    if machine && people {
        let message = "Cognito takes `client_credentials` only as a client's one flow";
        judge.error(
            Code::ClientConflict,
            &flows_path,
            message,
            "make two app clients of it: one for machines, one for people",
        );
    }
    if machine && client.secret == Some(false) {
        let message = "`client_credentials` needs a secret: it is the client's only credential";
        judge.error(
            Code::ClientConflict,
            &path.join("secret"),
            message,
            "remove `secret = false`",
        );
    }
    if machine && !people && judge.intact(&flows_path) {
        machine_scopes(
            judge,
            &path.join("scopes"),
            &client.scopes,
            "`client_credentials`",
        );
    }
    if people && client.callback_urls.is_empty() && judge.intact(path.join("callback_urls")) {
        let message = "`code` and `implicit` need a callback URL to return to after sign-in";
        judge.error(
            Code::ClientConflict,
            &flows_path,
            message,
            "add `callback_urls = [\"https://…\"]`",
        );
    }
    if !client.flows.is_empty() && client.scopes.is_empty() && judge.intact(path.join("scopes")) {
        let message = "Cognito takes flows only together with scopes";
        judge.error(
            Code::ClientConflict,
            &flows_path,
            message,
            "add `scopes = [\"SERVER/SCOPE\"]`, for people such as \"openid\"",
        );
    }
    if client.flows.is_empty() && !client.scopes.is_empty() && judge.intact(flows_path) {
        let message = "Cognito takes scopes only together with flows";
        judge.error(
            Code::ClientConflict,
            &path.join("scopes"),
            message,
            "add `flows = [\"code\"]` for people or `[\"client_credentials\"]` for machines",
        );
    }
}

/// OpenID's scopes are about a user, and a client-credentials token has none.
fn machine_scopes(judge: &mut Judge<'_>, path: &KeyPath, scopes: &BTreeSet<Template>, who: &str) {
    for scope in scopes.iter().filter(|scope| is_open_id(scope)) {
        let scope = scope.as_written();
        let message = format!("`{scope}` is about a signed-in user, and {who} has none");
        judge.element_error(
            Code::ClientConflict,
            path,
            scope,
            message,
            "list scopes of resource servers only",
        );
    }
}

fn shared(
    judge: &mut Judge<'_>,
    path: &KeyPath,
    scopes: &BTreeSet<Template>,
    auth_flows: &BTreeSet<AuthFlow>,
    tokens: &TokenLifetimes,
) {
    let scopes_path = path.join("scopes");
    judge.scopes(&scopes_path, scopes);
    let count = meant(&judge.servers.list, scopes).scopes.len();
    if count > MOST_SCOPES_PER_APP_CLIENT {
        let message =
            format!("{count} scopes; Cognito allows {MOST_SCOPES_PER_APP_CLIENT} on an app client");
        judge.error(
            Code::TooMany,
            &scopes_path,
            message,
            "list fewer, or make two app clients of it",
        );
    }
    let auth_path = path.join("auth_flows");
    if auth_flows.is_empty() && judge.intact(&auth_path) {
        let message =
            "Cognito reads an empty list as its own default and enables flows you did not list";
        judge.error(
            Code::ClientConflict,
            &auth_path,
            message,
            "remove the line, which leaves only `refresh_token`",
        );
    }
    let lite = judge
        .file
        .user_pool
        .as_ref()
        .is_some_and(|pool| pool.tier == Tier::Lite);
    if lite && auth_flows.contains(&AuthFlow::UserChoice) {
        let message = "`user_choice` is not in the tier `lite`";
        judge.element_error(
            Code::ClientConflict,
            &auth_path,
            "user_choice",
            message,
            "set `tier = \"essentials\"` in `[user_pool]`",
        );
    }
    let path = path.join("tokens");
    for (key, lifetime, (least, most)) in [
        ("access", tokens.access, ACCESS_TOKEN_SECONDS),
        ("id", tokens.id, ACCESS_TOKEN_SECONDS),
        ("refresh", tokens.refresh, REFRESH_TOKEN_SECONDS),
    ] {
        let (least, most) = (
            HumanDuration::from_secs(least),
            HumanDuration::from_secs(most),
        );
        judge.duration(&path.join(key), lifetime, least, most, true);
    }
}

fn urls_of(judge: &mut Judge<'_>, path: &KeyPath, urls: &BTreeSet<Template>) {
    for url in urls {
        if let Some((message, help)) = refused_url(&judge.sample(url)) {
            judge.element_error(Code::BadUrl, path, url.as_written(), message, help);
        }
    }
    if urls.len() > MOST_CALLBACK_URLS {
        let message = format!(
            "{} URLs; Cognito allows {MOST_CALLBACK_URLS} here",
            urls.len()
        );
        judge.error(Code::TooMany, path, message, "list fewer");
    }
}

fn refused_url(url: &str) -> Option<(String, &'static str)> {
    static ABSOLUTE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^([A-Za-z][A-Za-z0-9+.-]*):(//[^/?#]+)?").expect("the pattern is constant")
    });
    let refused = |why: &str, help: &'static str| Some((format!("`{url}` {why}"), help));
    if url.contains(char::is_whitespace) {
        return refused("holds a space", "write it as `%20`");
    }
    if url.contains('#') {
        return refused(
            "has a fragment, which Cognito refuses",
            "remove `#` and what follows",
        );
    }
    if url.len() > 1024 {
        return refused("is longer than 1024 characters", "shorten it");
    }
    let Some(found) = ABSOLUTE.captures(url) else {
        return refused(
            "is not an absolute URL",
            "start it with `https://`, or with your application's own scheme",
        );
    };
    let host = found
        .get(2)
        .map(|host| host.as_str().trim_start_matches('/'));
    match (found[1].to_ascii_lowercase().as_str(), host) {
        ("http" | "https", None) => refused("has no host", "write it as `https://host/path`"),
        ("http", Some(host)) if !is_this_machine(host) => refused(
            "is not encrypted, and Cognito takes `http` only for localhost",
            "use `https`",
        ),
        _ => None,
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => host.split(':').next(),
    };
    matches!(name, Some("localhost" | "127.0.0.1" | "::1"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing::{codes, edited};

    fn client(lines: &str) -> Vec<Code> {
        codes(&edited("", &format!("[app_clients.web]\n{lines}")))
    }

    const CODE_FLOW: &str = "flows = [\"code\"]\nscopes = [\"openid\"]\n";

    #[test]
    fn flows_that_cognito_takes() {
        assert_eq!(client(""), []);
        assert_eq!(
            client(&format!(
                "{CODE_FLOW}callback_urls = [\"https://a.example/\"]"
            )),
            []
        );
        assert_eq!(
            client("flows = [\"client_credentials\"]\nscopes = [\"hello/read\"]"),
            []
        );
    }

    #[test]
    fn flows_that_cognito_refuses() {
        assert_eq!(client(CODE_FLOW), [Code::ClientConflict]);
        assert_eq!(
            client("flows = [\"client_credentials\"]"),
            [Code::ClientConflict]
        );
        assert_eq!(client("scopes = [\"openid\"]"), [Code::ClientConflict]);
        assert_eq!(
            client("flows = [\"client_credentials\"]\nscopes = [\"openid\"]"),
            [Code::ClientConflict]
        );
        assert_eq!(
            client("flows = [\"client_credentials\"]\nscopes = [\"hello/read\"]\nsecret = false"),
            [Code::ClientConflict]
        );
        let both = "flows = [\"client_credentials\", \"implicit\"]\nscopes = [\"hello/read\"]\ncallback_urls = [\"app://x\"]";
        assert_eq!(client(both), [Code::ClientConflict]);
        assert_eq!(client("auth_flows = []"), [Code::ClientConflict]);
    }

    #[test]
    fn a_tier_decides_about_user_choice() {
        let text = edited("domain =", "tier = \"lite\"\ndomain =");
        assert_eq!(
            codes(&format!(
                "{text}[app_clients.web]\nauth_flows = [\"user_choice\"]"
            )),
            [Code::ClientConflict]
        );
        assert_eq!(client("auth_flows = [\"user_choice\"]"), []);
    }

    #[test]
    fn urls_are_whole_and_encrypted() {
        for good in [
            "https://a.example/b?c=d",
            "http://localhost:3000/",
            "http://[::1]:8080",
            "myapp://callback",
            "http://127.0.0.1",
            "com.example.app:/x",
        ] {
            assert!(refused_url(good).is_none(), "{good}");
        }
        for bad in [
            "http://a.example",
            "a.example/b",
            "https://a.example/#x",
            "https:///x",
            "https://a b",
            "",
            "http://localhost.evil.example",
        ] {
            assert!(refused_url(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn tokens_have_lifetimes_in_range() {
        for good in [
            "access = \"5m\"",
            "id = \"1d\"",
            "refresh = \"3650d\"",
            "refresh = \"1h\"",
        ] {
            assert_eq!(client(&format!("tokens = {{ {good} }}")), [], "{good}");
        }
        for bad in [
            "access = \"4m 59s\"",
            "id = \"1d 1s\"",
            "refresh = \"3651d\"",
            "refresh = \"59m\"",
            "access = \"300500ms\"",
        ] {
            assert_eq!(
                client(&format!("tokens = {{ {bad} }}")),
                [Code::OutOfRange],
                "{bad}"
            );
        }
    }

    #[test]
    fn a_client_has_fifty_scopes() {
        let names: Vec<_> = (0..51).map(|n| format!("s{n}")).collect();
        let server: String = names
            .iter()
            .map(|name| format!("{name} = \"x\"\n"))
            .collect();
        let scopes: Vec<_> = names.iter().map(|name| format!("\"big/{name}\"")).collect();
        let stack = |count: usize| {
            let list = scopes[..count].join(", ");
            edited(
                "",
                &format!(
                    "[resource_servers.big.scopes]\n{server}[partners.big]\nplan = \"standard\"\nscopes = [{list}]"
                ),
            )
        };
        assert_eq!(codes(&stack(50)), []);
        assert_eq!(codes(&stack(51)), [Code::TooMany]);
        // Those of a `*` count, each once.
        let star = stack(1).replace("\"big/s0\"]", "\"big/*\", \"big/s0\"]");
        assert_eq!(codes(&star), [Code::TooMany]);
        assert_eq!(codes(&star.replacen("s50 = \"x\"\n", "", 1)), []);
    }

    #[test]
    fn a_partner_is_a_machine() {
        let partner = |scopes: &str| {
            codes(&edited(
                "",
                &format!("[partners.other]\nplan = \"standard\"\nscopes = [{scopes}]"),
            ))
        };
        assert_eq!(partner("\"openid\""), [Code::ClientConflict]);
        assert_eq!(
            codes(&edited(
                "[partners.acme]",
                "[partners.acme]\nname = \"Acme & Co\""
            )),
            [Code::BadName]
        );
    }
}
