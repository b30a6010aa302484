//! Cycles through references: what needs its own id, directly or indirectly, can't be created.

use std::collections::{BTreeMap, BTreeSet};

use super::Judge;
use crate::kinds::KINDS;
use crate::model::Place;
use crate::stack::cycles::{Needs, spelled};
use crate::stack::diagnostic::{Code, Diagnostic};
use crate::stack::interpolate::{Piece, Reference};
use crate::stack::scopes::meant;
use crate::stack::spans::KeyPath;
use crate::stack::template::Template;

/// The most places in one message.
const MOST_LABELS: usize = 10;

/// The tables of what is made after the API, because the API's tags say that the stack has it.
fn marked_on_the_api() -> impl Iterator<Item = KeyPath> {
    let is_marked = |name: &str| {
        let kind = KINDS.iter().find(|kind| kind.name == name);
        kind.is_some_and(|kind| kind.marked_on.is_some())
    };
    // A part that gatestack derives has no table.
    let tables = Place::SHAPES
        .iter()
        .filter(|(shape, _)| !shape.contains(['/', '*']));
    let marked = tables.filter(move |(_, kind)| kind.is_some_and(is_marked));
    marked.map(|(shape, _)| KeyPath::of_address(shape))
}

/// Why an address waits for another.
#[derive(Clone, Copy)]
enum Why {
    /// A value refers to it.
    Refers,
    /// A client or resource server is made in it.
    Inside,
    /// Its tags say that the stack has it.
    Marked,
}

/// What each address waits for, why, and the value that says so.
#[derive(Default)]
struct Waits(BTreeMap<String, BTreeMap<String, (Why, KeyPath)>>);

impl Waits {
    fn add(&mut self, who: &KeyPath, for_what: &KeyPath, why: Why, said_at: &KeyPath) {
        let needs = self.0.entry(who.to_string()).or_default();
        needs
            .entry(for_what.to_string())
            .or_insert_with(|| (why, said_at.clone()));
    }

    fn text(&mut self, judge: &Judge<'_>, who: &KeyPath, text: Option<&Template>, at: KeyPath) {
        for piece in text.into_iter().flat_map(Template::pieces) {
            if let Piece::Reference(reference) = piece
                && let Some(target) = target(judge, &reference)
            {
                self.add(who, &target, Why::Refers, &at);
            }
        }
    }
}

/// The address that a reference waits for. What is known before the first call to AWS waits for nothing.
pub(super) fn target(judge: &Judge<'_>, reference: &Reference) -> Option<KeyPath> {
    Some(match reference {
        Reference::AccountId
        | Reference::StackName
        | Reference::StackRegion
        | Reference::ApiStage
        | Reference::ApiDomainName => return None,
        Reference::ApiId | Reference::ApiInvokeUrl => ["api"].into(),
        Reference::UserPoolId | Reference::UserPoolArn | Reference::UserPoolIssuer
            if judge.has(["user_pool", "existing"]) =>
        {
            return None;
        }
        Reference::UserPoolId | Reference::UserPoolArn | Reference::UserPoolIssuer => {
            ["user_pool"].into()
        }
        Reference::UserPoolTokenUrl if judge.has(["user_pool", "existing"]) => return None,
        Reference::UserPoolTokenUrl => {
            let own = judge.has(["user_pool", "own_domain"]);
            ["user_pool", if own { "own_domain" } else { "domain" }].into()
        }
        Reference::ApiDomainTarget => ["api", "domain"].into(),
        Reference::LoadBalancerDnsName => ["load_balancer"].into(),
        Reference::AppClientId(name) => ["app_clients", name].into(),
        Reference::PartnerClientId(name) => ["partners", name].into(),
        Reference::ApiKeyId(name) => ["api_keys", name].into(),
    })
}

pub(super) fn check(judge: &mut Judge<'_>) {
    let waits = gather(judge);
    let needs: BTreeMap<String, Vec<String>> = waits
        .0
        .iter()
        .map(|(who, needs)| (who.clone(), needs.keys().cloned().collect()))
        .collect();
    for cycle in Needs::of(&needs).cycles() {
        let label = |step: &[String]| {
            let what = &step[1];
            match waits.0[&step[0]][what].0 {
                Why::Refers => format!("refers to {what}"),
                Why::Inside => format!("is made in {what}"),
                Why::Marked => {
                    format!("is made after {what}, whose tags say that the stack has it")
                }
            }
        };
        let said_at = |step: &[String]| judge.spans.value_of(&waits.0[&step[0]][&step[1]].1);
        let first = &cycle[..2];
        let mut diagnostic = Diagnostic::error(
            Code::Cycle,
            format!("`{}` refers to itself: {}", cycle[0], spelled(&cycle)),
        )
        .label(said_at(first), label(first));
        for step in cycle[1..].windows(2).take(MOST_LABELS) {
            diagnostic = diagnostic.label(said_at(step), label(step));
        }
        judge.findings.push(
            diagnostic.help("replace one of these references by a value that is known before"),
        );
    }
}

/// Only targets of references matter: nothing waits for a route, a stage or a plan.
fn gather(judge: &Judge<'_>) -> Waits {
    let file = judge.file;
    let mut waits = Waits::default();
    let pool_path = KeyPath::from(["user_pool"]);
    if let Some(pool) = &file.user_pool {
        waits.text(
            judge,
            &pool_path,
            pool.name.as_ref(),
            pool_path.join("name"),
        );
        let domain = pool_path.join("domain");
        waits.text(judge, &domain, pool.domain.as_ref(), domain.clone());
        if let Some(own) = &pool.own_domain {
            let path = pool_path.join("own_domain");
            waits.text(judge, &path, Some(&own.name), path.join("name"));
        }
    }
    if let Some(api) = &file.api {
        let path = KeyPath::from(["api"]);
        waits.text(judge, &path, Some(&api.name), path.join("name"));
        for marked in marked_on_the_api().filter(|marked| judge.has(marked)) {
            waits.add(&marked, &path, Why::Marked, &marked);
        }
        waits.text(
            judge,
            &path,
            api.description.as_ref(),
            path.join("description"),
        );
    }
    for (name, function) in &file.functions {
        let path = KeyPath::from(["functions", name]);
        if file.api.is_some() && function.existing.is_none() {
            waits.add(&path, &["api"].into(), Why::Marked, &path);
        }
        for (variable, value) in &function.environment {
            let at = path.join("environment").join(variable);
            waits.text(judge, &path, Some(value), at);
        }
    }
    for (name, server) in &file.resource_servers {
        let path = KeyPath::from(["resource_servers", name]);
        waits.add(&path, &pool_path, Why::Inside, &path);
        wait_for_marks(judge, &mut waits, &path);
        waits.text(
            judge,
            &path,
            server.identifier.as_ref(),
            path.join("identifier"),
        );
        waits.text(judge, &path, server.name.as_ref(), path.join("name"));
        for (scope, description) in &server.scopes {
            waits.text(
                judge,
                &path,
                Some(description),
                path.join("scopes").join(scope),
            );
        }
    }
    for (name, client) in &file.app_clients {
        let path = KeyPath::from(["app_clients", name]);
        waits.text(judge, &path, client.name.as_ref(), path.join("name"));
        for (key, urls) in [
            ("callback_urls", &client.callback_urls),
            ("logout_urls", &client.logout_urls),
        ] {
            for url in urls {
                waits.text(judge, &path, Some(url), path.join(key));
            }
        }
        client_scopes(judge, &mut waits, &path, &client.scopes);
        wait_for_marks(judge, &mut waits, &path);
    }
    for (name, partner) in &file.partners {
        let path = KeyPath::from(["partners", name]);
        waits.text(judge, &path, partner.name.as_ref(), path.join("name"));
        client_scopes(judge, &mut waits, &path, &partner.scopes);
    }
    for (name, key) in &file.api_keys {
        let path = KeyPath::from(["api_keys", name]);
        waits.text(judge, &path, key.name.as_ref(), path.join("name"));
        waits.text(
            judge,
            &path,
            key.description.as_ref(),
            path.join("description"),
        );
    }
    waits
}

/// What is in a pool that is not the stack's is marked on the API.
fn wait_for_marks(judge: &Judge<'_>, waits: &mut Waits, path: &KeyPath) {
    if judge.has(["user_pool", "existing"]) {
        waits.add(path, &["api"].into(), Why::Marked, path);
    }
}

/// A client waits for its pool, and for the resource servers whose scopes it lists.
fn client_scopes(
    judge: &Judge<'_>,
    waits: &mut Waits,
    path: &KeyPath,
    scopes: &BTreeSet<Template>,
) {
    let list = path.join("scopes");
    waits.add(path, &["user_pool"].into(), Why::Inside, path);
    for scope in scopes {
        waits.text(judge, path, Some(scope), list.clone());
    }
    for table in meant(&judge.servers.list, scopes).servers {
        let server = ["resource_servers", &*table].into();
        waits.add(path, &server, Why::Refers, &list);
    }
}

#[cfg(test)]
mod tests {
    use crate::stack::diagnostic::Code;
    use crate::stack::testing::{STACK, codes, edited, read};

    #[test]
    fn what_waits_for_itself_can_not_be_made() {
        let pool = STACK.replacen(
            "[user_pool]\nname   = \"hello\"",
            "[user_pool]\nname = \"${user_pool.id}\"",
            1,
        );
        assert_eq!(codes(&pool), [Code::Cycle]);
        assert_eq!(
            codes(&edited(
                "",
                "[app_clients.a]\nname = \"${app_clients.a.client_id}\""
            )),
            [Code::Cycle]
        );
    }

    #[test]
    fn what_the_api_has_to_say_is_made_after_it() {
        for reference in ["user_pool.issuer", "partners.acme.client_id"] {
            let text = format!("name = \"hello\"\ndescription = \"${{{reference}}}\"");
            assert_eq!(
                codes(&edited("name     = \"hello\"", &text)),
                [Code::Cycle],
                "{reference}"
            );
        }
    }

    #[test]
    fn a_label_says_why_something_waits() {
        let text = "[stack]\nname = \"a\"\nregion = \"eu-central-1\"\n[user_pool]\nexisting = \"people\"\n\
                    [app_clients.web]\n[api]\nname = \"a\"\nstage = \"prod\"\n\
                    description = \"for ${app_clients.web.client_id}\"\n[api.routes]\n\"GET /\" = { mock = 200 }\n";
        let told = read(text).unwrap_err();
        let cycle = told
            .list()
            .iter()
            .find(|one| one.code == Code::Cycle)
            .unwrap();
        let mut labels: Vec<&str> = cycle.labels.iter().map(|label| &*label.text).collect();
        labels.sort_unstable();
        assert_eq!(
            labels,
            [
                "is made after api, whose tags say that the stack has it",
                "refers to app_clients.web"
            ]
        );
    }

    #[test]
    fn a_cycle_leads_by_way_of_scopes() {
        let text = "[app_clients.a]\nflows = [\"client_credentials\"]\nscopes = [\"x/${app_clients.a.client_id}/read\"]\n\
                    [resource_servers.b]\nidentifier = \"x/${app_clients.a.client_id}\"\nscopes = { read = \"x\" }";
        assert_eq!(codes(&edited("", text)), [Code::Cycle]);
    }

    #[test]
    fn an_identifier_may_be_the_invoke_url() {
        assert_eq!(
            codes(&edited(
                "[resource_servers.hello]",
                "[resource_servers.own]\nidentifier = \"${api.invoke_url}\"\n[resource_servers.hello]"
            )),
            []
        );
    }
}
