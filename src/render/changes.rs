//! The changes of a plan: grouped by tables of the file, without repetitions.

use std::collections::BTreeMap;

use anstyle::Style;

use super::fields::{Facts, differences};
use super::layout::{counted, indented, listed};
use super::style::{CREATE, DELETE, FAINT, REPLACE, STRONG, UPDATE, paint};
use crate::kinds::function_permission::FunctionPermission;
use crate::kinds::{KINDS, Kind as _};
use crate::model::Address;
use crate::plan::{Action, Change, Plan};

/// A few lines of a plan: a change and its notes.
struct Block {
    heads: Vec<Head>,
    /// Options of all heads.
    body: String,
}

struct Head {
    action: Action,
    address: String,
    text: String,
}

/// All changes of a plan.
pub(crate) fn blocks(plan: &Plan, width: usize) -> String {
    let mut blocks: Vec<Block> = Vec::new();
    for (owner, changes) in groups(plan) {
        for block in group_blocks(plan, owner, &changes, width) {
            match blocks.last_mut() {
                Some(last) if last.is_like(&block) => last.heads.extend(block.heads),
                _ => blocks.push(block),
            }
        }
    }
    blocks.iter().map(|block| block.text(width)).collect()
}

type Group<'a> = (Address, Vec<(&'a Address, &'a Change)>);

/// The changes by their table in the file, in order of dependency.
fn groups(plan: &Plan) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<Address, Vec<(&Address, &Change)>> = BTreeMap::new();
    for (address, change) in &plan.changes {
        groups
            .entry(address.owner())
            .or_default()
            .push((address, change));
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(owner, changes)| rank(owner, changes));
    groups
}

/// The index of the group's own kind in the registry, which is in order of dependency. A group of parts only, such as a partner,
/// comes with its last part.
fn rank(owner: &Address, changes: &[(&Address, &Change)]) -> usize {
    let place = |change: &Change| {
        KINDS
            .iter()
            .position(|kind| kind.name == change.kind.name)
            .unwrap_or(KINDS.len())
    };
    let own = changes
        .iter()
        .find(|(address, _)| *address == owner)
        .map(|(_, change)| place(change));
    own.or_else(|| changes.iter().map(|(_, change)| place(change)).max())
        .unwrap_or(KINDS.len())
}

fn group_blocks(
    plan: &Plan,
    owner: Address,
    changes: &[(&Address, &Change)],
    width: usize,
) -> Vec<Block> {
    let [(_, first), rest @ ..] = changes else {
        return Vec::new();
    };
    let alike = rest.iter().all(|(_, change)| change.action == first.action);
    // Entries of a table in the file are many, so each is on one line.
    let entry = owner.as_str().contains('.');
    match first.action {
        Action::Create | Action::Delete if entry && alike && !rest.is_empty() => {
            vec![together(plan, &owner, changes, first.action, width)]
        }
        _ => changes
            .iter()
            .map(|(address, change)| alone(plan, address, change, width))
            .collect(),
    }
}

/// A partner that is created or deleted with all its parts.
fn together(
    plan: &Plan,
    owner: &Address,
    changes: &[(&Address, &Change)],
    action: Action,
    width: usize,
) -> Block {
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for (_, change) in changes {
        match counts
            .iter_mut()
            .find(|(title, _)| *title == change.kind.title)
        {
            Some((_, count)) => *count += 1,
            None => counts.push((change.kind.title, 1)),
        }
    }
    let titles: Vec<_> = counts
        .into_iter()
        .map(|(title, count)| match count {
            1 => title.to_owned(),
            _ => counted(count, title),
        })
        .collect();
    let mut body = String::new();
    for (address, change) in changes {
        let part = address.as_str().strip_prefix(owner.as_str());
        let part = part
            .and_then(|part| part.strip_prefix('/'))
            .unwrap_or(change.kind.title);
        body.push_str(&facts(plan, address, change).text(&format!("{part}: "), INDENT, width));
        for reason in &change.reasons {
            body.push_str(&indented(&format!("{part}: {reason}"), INDENT, width));
        }
    }
    let head = Head {
        action,
        address: owner.to_string(),
        text: format!("{} {}", verb(action), listed(&titles)),
    };
    Block {
        heads: vec![head],
        body,
    }
}

fn alone(plan: &Plan, address: &Address, change: &Change, width: usize) -> Block {
    let mut text = if change.kind.snapshot && change.action == Action::Update {
        "redeploy".to_owned()
    } else {
        format!("{} {}", verb(change.action), change.kind.title)
    };
    let mut shown = address.to_string();
    // A permission on the function that a route called before: its address ends in the function's.
    if change.kind.name == FunctionPermission::INFO.name
        && let (Some(of), Some(function)) = (address.takes_its_place(), address.replaced_id())
    {
        text.push_str(&format!(" on {function}"));
        shown = of.to_string();
    }
    if let Some(was) = &change.was {
        text.push_str(&format!(", was {was}"));
    }
    let redeploys =
        change.kind.snapshot && change.action == Action::Update && !change.reasons.is_empty();
    if redeploys {
        text.push_str(&format!(": {}", change.reasons.join("; ")));
    }
    let mut why: Vec<&str> = change
        .fields
        .iter()
        .filter_map(|field| field.replaces)
        .collect();
    why.dedup();
    if !redeploys {
        why.extend(change.reasons.iter().map(String::as_str));
    }
    let mut body: String = why
        .iter()
        .map(|why| indented(&format!("because {why}"), INDENT, width))
        .collect();
    match change.action {
        Action::Create => body.push_str(&facts(plan, address, change).text("", INDENT, width)),
        Action::Update if redeploys => {}
        Action::Update | Action::Replace => {
            body.push_str(&differences(change, &plan.book, INDENT, width))
        }
        Action::Delete => {}
    }
    Block {
        heads: vec![Head {
            action: change.action,
            address: shown,
            text,
        }],
        body,
    }
}

fn facts<'a>(plan: &'a Plan, address: &'a Address, change: &'a Change) -> Facts<'a> {
    Facts {
        address,
        change,
        stack_tags: &plan.context.tags,
        book: &plan.book,
    }
}

const INDENT: usize = 6;

impl Block {
    /// Whether both have the same lines for different resources.
    fn is_like(&self, other: &Self) -> bool {
        let said = |block: &Self| {
            block
                .heads
                .first()
                .map(|head| (head.action, head.text.clone()))
        };
        self.body == other.body && said(self) == said(other)
    }

    fn text(&self, width: usize) -> String {
        let column = self
            .heads
            .iter()
            .map(|head| head.address.chars().count())
            .max()
            .unwrap_or(0);
        let mut text: String = self
            .heads
            .iter()
            .map(|head| head.text(column, width))
            .collect();
        if self.heads.len() > 1 && !self.body.is_empty() {
            text.push_str(&paint(
                FAINT,
                &format!("    each of these {}:", self.heads.len()),
            ));
            text.push('\n');
        }
        text + &self.body
    }
}

impl Head {
    fn text(&self, column: usize, width: usize) -> String {
        let (sign, style) = sign(self.action);
        let head = format!(
            "{} {}",
            paint(style, &format!("{sign:>3}")),
            paint(STRONG, &format!("{:column$}", self.address))
        );
        let head_width = 4 + column;
        if head_width + 2 + self.text.chars().count() <= width {
            return format!("{head}  {}\n", self.text);
        }
        super::layout::behind(
            &format!("{head} "),
            head_width + 1,
            &self.text,
            INDENT,
            width,
        )
    }
}

/// The sign of an action and its colour.
pub(crate) fn sign(action: Action) -> (&'static str, Style) {
    match action {
        Action::Create => ("+", CREATE),
        Action::Update => ("~", UPDATE),
        Action::Replace => ("-/+", REPLACE),
        Action::Delete => ("-", DELETE),
    }
}

fn verb(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "change",
        Action::Replace => "replace",
        Action::Delete => "delete",
    }
}
