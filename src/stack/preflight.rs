//! Checks of a file against the existing resources that it refers to, before anything is planned. Pure: [`queries`] are the
//! lookups, and [`Lookups`] their results.

mod domains;
mod functions;
mod guests;
mod network;
mod user_pool;

use std::collections::BTreeSet;

use super::diagnostic::{Code, Diagnostic, Diagnostics};
use super::expand;
use super::file::{File, Subnets};
use super::load::Checked;
use super::spans::KeyPath;
use super::template::Template;
use crate::kinds::lookups::Which;
use crate::kinds::{Lookups, Queries};
use crate::model::{Address, Place};

/// The lookups that are needed before the file can be expanded in this account.
pub fn queries(checked: &Checked, account: &str) -> Queries {
    let file = &checked.file;
    let mut queries = Queries {
        certificates: domains::certificates(file, account)
            .into_iter()
            .map(|certificate| certificate.arn)
            .collect(),
        ..Queries::default()
    };
    if let Some(table) = &file.load_balancer {
        queries.load_balancer = table.existing.clone();
        queries.subnets = table.subnets.as_ref().map(|subnets| match subnets {
            Subnets::Ids(ids) => Which::Ids(ids.clone()),
            Subnets::Find(find) => Which::Find {
                vpc: Some(find.vpc.clone()),
                tags: find.tags.clone(),
            },
        });
        if let Some(targets) = &table.targets {
            queries.addresses = targets.ips.is_some();
            let by_id = targets.instance_ids.clone().map(Which::Ids);
            let by_tags = || {
                let tags = targets.instance_tags.clone()?;
                Some(Which::Find { vpc: None, tags })
            };
            queries.instances = by_id.or_else(by_tags);
        }
    }
    if let Some(domain) = file.api.as_ref().and_then(|api| api.domain.as_ref()) {
        queries.domain = domain.existing.then(|| domain.name.clone());
        queries.zones.extend(domain.zone.clone());
    }
    let guests = file.partners.iter();
    queries.guests = guests
        .filter_map(|(name, partner)| Some((name.clone(), partner.of.clone()?)))
        .collect();
    queries.secrets = functions::sources(file);
    queries.functions = functions::existing(file, account)
        .map(|(_, arn)| arn)
        .collect();
    queries.user_pool = user_pool::existing(file).map(str::to_owned);
    if let Some(own) = domains::pool_domain(file) {
        queries.pool_domain = expand::known(file, account, &own.name);
        queries.zones.extend(own.zone.clone());
    }
    queries
}

/// What of other stacks the file uses and AWS does not have, as [`preflight`] says it.
pub fn absent(checked: &Checked, account: &str, lookups: &Lookups) -> Vec<Absent> {
    let flight = Flight::new(checked, account, lookups);
    let pool = user_pool::absent(&flight).map(|found| (Place::UserPool.address(), found));
    let guests = guests::absent(&flight).into_iter().map(|found| {
        let name = found.0.keys().get(1).cloned().unwrap_or_default();
        (Place::Partner(name).address(), found)
    });
    pool.into_iter()
        .chain(guests)
        .map(|(about, (_, what, help))| Absent { about, what, help })
        .collect()
}

/// A pool or a partner of another stack that is not there.
#[derive(Clone, Debug)]
pub struct Absent {
    /// Its address here.
    pub about: Address,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

/// The place of a mistake, the mistake, and what to do.
type Finding = (KeyPath, String, String);

/// Checks the file against the results.
pub fn preflight(checked: &Checked, account: &str, lookups: &Lookups) -> Diagnostics {
    let mut flight = Flight::new(checked, account, lookups);
    network::check(&mut flight);
    domains::check(&mut flight);
    user_pool::check(&mut flight);
    guests::check(&mut flight);
    functions::check(&mut flight);
    Diagnostics::new(checked.source().clone(), flight.list)
}

/// The context of a rule, and the findings.
struct Flight<'c> {
    checked: &'c Checked,
    file: &'c File,
    account: &'c str,
    lookups: &'c Lookups,
    list: Vec<Diagnostic>,
}

impl<'c> Flight<'c> {
    fn new(checked: &'c Checked, account: &'c str, lookups: &'c Lookups) -> Self {
        Self {
            checked,
            file: &checked.file,
            account,
            lookups,
            list: Vec::new(),
        }
    }

    fn error(
        &mut self,
        code: Code,
        path: &KeyPath,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(code, message)
            .at(self.checked.spans.value_of(path))
            .help(help);
        self.list.push(diagnostic);
    }

    fn warning(
        &mut self,
        code: Code,
        path: &KeyPath,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::warning(code, message)
            .at(self.checked.spans.value_of(path))
            .help(help);
        self.list.push(diagnostic);
    }

    fn element_error(
        &mut self,
        code: Code,
        list: &KeyPath,
        element: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let diagnostic = Diagnostic::error(code, message)
            .at(self.checked.spans.element(list, element))
            .help(help);
        self.list.push(diagnostic);
    }

    fn known(&self, text: &Template) -> Option<String> {
        expand::known(self.file, self.account, text)
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed<'t>(words: impl IntoIterator<Item = &'t str>) -> String {
    let words: BTreeSet<_> = words.into_iter().collect();
    let mut words: Vec<_> = words.into_iter().collect();
    match words.pop() {
        Some(last) if words.is_empty() => last.to_owned(),
        Some(last) => format!("{} and {last}", words.join(", ")),
        None => String::new(),
    }
}
