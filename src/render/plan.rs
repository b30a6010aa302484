//! A plan: what happens and why, what is lost, what is left alone, and what to type next.

use std::collections::BTreeMap;

use super::changes::blocks;
use super::fields::{flag_value, hanging};
use super::layout::{behind, counted, indented, listed, wrap};
use super::style::{ERROR, FAINT, HINT, NOTE, STRONG, WARNING, paint};
use crate::kinds::StackContext;
use crate::model::Address;
use crate::plan::{
    Action, CREDENTIALS_LOST, Level, Loss, LossOf, Note, OTHERS_LOSE, Plan, ROUTE_OPENS,
};

/// A plan, and what is shown with it.
pub(crate) struct View<'a> {
    pub(crate) plan: &'a Plan,
    /// Whether it is about the local AWS.
    pub(crate) local: bool,
    /// How many reads it took.
    pub(crate) reads: u64,
    /// Whether to list what is otherwise counted.
    pub(crate) verbose: bool,
    /// The command to type next; none if a question follows.
    pub(crate) next: Option<String>,
    pub(crate) width: usize,
}

/// The losses by part; the part's name may be empty.
type Losses = Vec<(String, String)>;

impl View<'_> {
    /// The whole screen.
    pub(crate) fn text(&self) -> String {
        let plan = self.plan;
        let mut text = heading(&plan.context, self.local);
        if !plan.is_empty() {
            text.push('\n');
            text.push_str(&blocks(plan, self.width));
        }
        let mut paragraph = |lines: String| {
            if !lines.is_empty() {
                text.push('\n');
                text.push_str(&lines);
            }
        };
        paragraph(self.notes());
        paragraph(self.consent());
        paragraph(self.left_alone());
        paragraph(self.summary());
        if let Some(next) = &self.next {
            text.push_str(&format!("{} {next}\n", paint(HINT, "Next:")));
        }
        text
    }

    /// Equal notes are shown once. Losses that need consent are shown there.
    fn notes(&self) -> String {
        let mut said: Vec<(&Note, Vec<&Address>)> = Vec::new();
        let mut places: BTreeMap<(Level, &str, &str), usize> = BTreeMap::new();
        let asked = self.plan.losses_to_confirm();
        let told_with_consent = |note: &Note| {
            [CREDENTIALS_LOST, OTHERS_LOSE, ROUTE_OPENS].contains(&&*note.code)
                && asked.contains_key(&note.address)
        };
        for note in &self.plan.notes {
            if told_with_consent(note) {
                continue;
            }
            let what = (note.level, &*note.code, note.text.as_str());
            let place = *places.entry(what).or_insert(said.len());
            match said.get_mut(place) {
                Some((_, addresses)) => addresses.push(&note.address),
                None => said.push((note, vec![&note.address])),
            }
        }
        let notes = said.into_iter().map(|(note, addresses)| {
            let (word, style) = match note.level {
                Level::Warning => ("warning", WARNING),
                Level::Info => ("note", NOTE),
            };
            let word = format!("{word}[{}]", note.code);
            let width = word.chars().count() + 1;
            hanging(
                &(paint(style, &word) + ":"),
                width,
                &format!("{}: {}", self.some_of(&addresses), note.text),
                self.width,
            )
        });
        notes.collect()
    }

    /// The losses without consent. A destroy confirms all of the stack's with one question.
    fn consent(&self) -> String {
        let lost = self.plan.losses_to_confirm();
        if lost.is_empty() {
            return String::new();
        }
        let deletions = |loss: &Loss| matches!(loss.of, LossOf::Own | LossOf::Others);
        let head = if lost.values().all(deletions) {
            "These deletions can't be undone; confirm each by name:"
        } else {
            "These changes take something away; confirm each by name:"
        };
        let mut text = format!("{}\n", paint(ERROR, head));
        text.push_str(&losses(&lost, self.width));
        let flags = consent_flags(&lost).join(" ");
        text.push_str(&indented(&format!("In scripts: {flags}"), 0, self.width));
        if let Some((from, to)) = self.perhaps_renamed() {
            text.push_str(&indented(
                &format!(
                    "If {from} was renamed to {to}, nothing need be lost; add this to the file:"
                ),
                0,
                self.width,
            ));
            text.push_str(&format!(
                "  [[moved]]\n  from = {:?}\n  to = {:?}\n",
                from.as_str(),
                to.as_str()
            ));
        }
        text
    }

    /// One is deleted and one created in the same table: most likely a rename.
    fn perhaps_renamed(&self) -> Option<(Address, Address)> {
        let lost = self.plan.missing_consent.iter();
        let lost = lost.filter(|(_, loss)| loss.of == LossOf::Own);
        let lost = owners(lost.map(|(address, _)| address));
        let [from] = lost.as_slice() else { return None };
        let (table, _) = from.as_str().split_once('.')?;
        let created = self.plan.changes.iter().filter(|(address, change)| {
            change.action == Action::Create
                && address
                    .as_str()
                    .split_once('.')
                    .is_some_and(|(other, _)| other == table)
        });
        match owners(created.map(|(address, _)| address)).as_slice() {
            [to] => Some((from.clone(), to.clone())),
            _ => None,
        }
    }

    /// A few of many, all of them with `-v`.
    fn some_of(&self, addresses: &[&Address]) -> String {
        const SHOWN: usize = 5;
        let shown = if self.verbose { addresses.len() } else { SHOWN };
        let mut names: Vec<String> = addresses
            .iter()
            .take(shown)
            .map(|address| address.to_string())
            .collect();
        if addresses.len() > shown {
            names.push(format!("{} more", addresses.len() - shown));
        }
        listed(&names)
    }

    fn left_alone(&self) -> String {
        let plan = self.plan;
        let mut lines = Vec::new();
        for address in &plan.kept {
            let older = address.older_one();
            if older.as_ref().is_some_and(|older| older != address) {
                // It is deleted with the older resource.
                continue;
            }
            let title = match older {
                Some(_) => "was replaced by a newer one, still works, and stays until you name it",
                None => "is no longer in the file and stays until you name it",
            };
            lines.push(format!(
                "{address} {title}: --allow-delete {}",
                flag_value(address)
            ));
        }
        for neighbours in &plan.neighbours {
            let along = plan.going_along.iter();
            let along = along.filter(|one| one.kind == neighbours.kind.name);
            let stay = neighbours
                .count
                .saturating_sub(along.map(|one| one.count).sum());
            if stay == 0 {
                continue;
            }
            let count = counted(stay as u64, neighbours.kind.title);
            let verb = if stay == 1 { "isn't" } else { "aren't" };
            lines.push(format!("{count} {verb} managed by this stack; left alone"));
        }
        if !plan.unmanaged.is_empty() {
            lines.push(self.unmanaged());
        }
        if plan.left_out > 0 {
            let changes = counted(plan.left_out as u64, "change");
            let verb = if plan.left_out == 1 { "is" } else { "are" };
            lines.push(format!("{changes} outside of --target {verb} left out"));
        }
        lines
            .iter()
            .map(|line| indented(line, 0, self.width))
            .collect()
    }

    fn unmanaged(&self) -> String {
        let settings = &self.plan.unmanaged;
        let count: usize = settings.values().map(Vec::len).sum();
        let stay = match count {
            1 => "stays as AWS has it",
            _ => "stay as AWS has them",
        };
        let count = counted(count as u64, "setting");
        let of: Vec<_> = settings
            .iter()
            .map(|(address, words)| {
                if self.verbose {
                    format!("{address} ({})", words.join(", "))
                } else {
                    address.to_string()
                }
            })
            .collect();
        let more = if self.verbose { "" } else { "; -v names them" };
        format!(
            "{count} that the file does not manage {stay}, on {}{more}",
            of.join(", ")
        )
    }

    fn summary(&self) -> String {
        let plan = self.plan;
        let reads = format!("({} of AWS)", counted(self.reads, "read"));
        let reads = paint(FAINT, &reads);
        if plan.is_empty() {
            let said = match (plan.destroy, plan.left_out) {
                (true, _) => "Nothing to destroy: AWS has nothing of this stack.".to_owned(),
                (false, 0) => {
                    let resources = counted(plan.unchanged as u64, "resource");
                    let verb = if plan.unchanged == 1 {
                        "matches"
                    } else {
                        "match"
                    };
                    format!("No changes. {resources} {verb} the file.")
                }
                (false, _) => "No changes to what --target names.".to_owned(),
            };
            return format!("{} {reads}\n", paint(STRONG, &said));
        }
        format!(
            "{} {reads}\n",
            paint(STRONG, &format!("Plan: {}.", counts(plan)))
        )
    }
}

/// The losses of each of these, by owner; equal ones are grouped.
pub(crate) fn losses(lost: &BTreeMap<Address, Loss>, width: usize) -> String {
    let mut text = String::new();
    for (owners, losses) in by_owners(lost) {
        let names: Vec<_> = owners.iter().map(Address::as_str).collect();
        for line in wrap(&names.join(", "), width.saturating_sub(2)) {
            text.push_str(&format!("  {}\n", paint(STRONG, &line)));
        }
        for (part, loss) in losses {
            text.push_str(&if part.is_empty() {
                indented(&loss, 4, width)
            } else {
                let columns = part.chars().count() + 5;
                behind(&format!("    {part}:"), columns, &loss, 6, width)
            });
        }
    }
    text
}

/// The losses by part, with the owners of equal ones.
fn by_owners(lost: &BTreeMap<Address, Loss>) -> Vec<(Vec<Address>, Losses)> {
    let mut losses: Vec<(Vec<Address>, Losses)> = Vec::new();
    for owner in agreed_by(lost) {
        let of_owner = lost
            .iter()
            .filter(|(address, loss)| agrees(address, loss) == owner);
        let parts: Vec<_> = of_owner
            .map(|(address, loss)| {
                let part = address.as_str().strip_prefix(owner.as_str());
                let part = part.unwrap_or_default().trim_start_matches('/');
                (part.to_owned(), loss.text.clone())
            })
            .collect();
        match losses.iter_mut().find(|(_, same)| *same == parts) {
            Some((owners, _)) => owners.push(owner),
            None => losses.push((vec![owner], parts)),
        }
    }
    losses
}

/// `3 to add, 1 to change, 0 to destroy`, and replacements if there are any.
pub(crate) fn counts(plan: &Plan) -> String {
    let replaced = match plan.count(Action::Replace) {
        0 => String::new(),
        number => format!("{number} to replace, "),
    };
    format!(
        "{} to add, {} to change, {replaced}{} to destroy",
        plan.count(Action::Create),
        plan.count(Action::Update),
        plan.count(Action::Delete)
    )
}

/// Which stack, and where.
pub(super) fn heading(context: &StackContext, local: bool) -> String {
    let place = if local { "the local AWS" } else { "AWS" };
    let stack = paint(STRONG, &context.stack);
    format!(
        "Stack {stack} on {place}, account {}, {}\n",
        context.account, context.region
    )
}

/// The tables of these in the file, each once.
pub(crate) fn owners<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Vec<Address> {
    let mut owners: Vec<Address> = addresses
        .into_iter()
        .map(Address::named_in_consent)
        .collect();
    owners.dedup();
    owners
}

/// The address for consent to a loss: for a part of a resource of the stack its table in the file.
pub(crate) fn agrees(address: &Address, loss: &Loss) -> Address {
    match loss.of {
        LossOf::Own => address.named_in_consent(),
        LossOf::Others | LossOf::Requirements | LossOf::Routes | LossOf::Earlier => address.clone(),
    }
}

/// The addresses for consent to these losses, each once.
fn agreed_by(lost: &BTreeMap<Address, Loss>) -> Vec<Address> {
    let mut addresses: Vec<Address> = lost
        .iter()
        .map(|(address, loss)| agrees(address, loss))
        .collect();
    addresses.dedup();
    addresses
}

/// The flags that give consent to these losses.
pub(crate) fn consent_flags(lost: &BTreeMap<Address, Loss>) -> Vec<String> {
    agreed_by(lost)
        .iter()
        .map(|owner| format!("--allow-delete {}", flag_value(owner)))
        .collect()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;
    use crate::kinds::{KINDS, Neighbours, Observation};
    use crate::plan::{Options, Patterns};
    use crate::render::testing::{EXAMPLE, applied, example, planned};

    fn view(plan: &Plan, width: usize) -> String {
        let next = Some("gatestack apply".to_owned());
        let view = View {
            plan,
            local: false,
            reads: 12,
            verbose: false,
            next,
            width,
        };
        view.text()
    }

    fn screen(text: &str, observation: &Observation, options: &Options) -> String {
        let plan =
            planned(text, observation, options).unwrap_or_else(|problems| panic!("{problems:#?}"));
        strip_str(&view(&plan, 80)).to_string()
    }

    #[test]
    fn a_first_apply() {
        insta::assert_snapshot!(screen(
            EXAMPLE,
            &Observation::default(),
            &Options::default()
        ));
    }

    #[test]
    fn nothing_to_do() {
        insta::assert_snapshot!(screen(EXAMPLE, &applied(EXAMPLE), &Options::default()));
    }

    #[test]
    fn changes_of_every_sort() {
        let text = example(&[
            ("rate = 50", "rate = 60"),
            ("domain = \"xxx-", "domain = \"yyy-"),
            (
                "{ read = \"read\" }",
                "{ read = \"Read\", write = \"write\" }",
            ),
            (
                "scopes     = [\"xxx-api/read\"]\nauth_flows = [\"admin_user_password\"]  #",
                "scopes     = [\"xxx-api/read\", \"xxx-api/write\"]\n #",
            ),
            (
                "http://api.aws.com/policies/{id}",
                "http://backend.with.a.really.long.name.example.com/v2/policies/{id}",
            ),
            ("[partners.globex]", "[partners.globex-ag]"),
            ("[partners.initech]", "[partners.umbrella]"),
        ]) + "[[moved]]\nfrom = \"partners.globex\"\nto = \"partners.globex-ag\"\n";
        let mut observation = applied(EXAMPLE);
        for part in [Address::key, Address::client, Address::membership] {
            let from = part(&Address::new("partners.globex"));
            let to = part(&Address::new("partners.globex-ag"));
            let mut live = observation.live.remove(&from).unwrap();
            live.was = Some(from);
            observation.live.insert(to, live);
        }
        observation
            .live
            .get_mut(&Address::new("user_pool"))
            .unwrap()
            .unmanaged = vec!["3 triggers".into(), "e-mail texts".into()];
        let kind = KINDS.iter().find(|kind| kind.name == "app_client").unwrap();
        observation.neighbours = vec![Neighbours { kind, count: 2 }];
        insta::assert_snapshot!(screen(&text, &observation, &Options::default()));
    }

    #[test]
    fn one_setting_stays() {
        let mut observation = applied(EXAMPLE);
        let pool = Address::new("user_pool");
        let pool = observation.live.get_mut(&pool).unwrap();
        pool.unmanaged = vec!["3 triggers".into()];
        let said = screen(EXAMPLE, &observation, &Options::default());
        let said: Vec<&str> = said.split_whitespace().collect();
        let said = said.join(" ");
        assert!(
            said.contains(
                "1 setting that the file does not manage stays as AWS has it, on user_pool"
            ),
            "{said}"
        );
    }

    #[test]
    fn a_destroy() {
        let options = Options {
            destroy: true,
            ..Options::default()
        };
        insta::assert_snapshot!(screen(EXAMPLE, &applied(EXAMPLE), &options));
    }

    #[test]
    fn a_renamed_stage_and_a_target() {
        let text = example(&[("stage      = \"prod\"", "stage      = \"v2\"")]);
        let mut observation = applied(EXAMPLE);
        let old = Address::new("api/stage");
        let live = observation.live.remove(&old).unwrap();
        observation
            .live
            .insert(Address::new("api/stage.prod"), live);
        let options = Options {
            targets: Patterns::new(["api/stage".to_owned()]),
            ..Options::default()
        };
        insta::assert_snapshot!(screen(&text, &observation, &options));
    }

    #[test]
    fn a_hundred_partners_stay_readable() {
        let mut text = EXAMPLE.to_owned();
        for number in 0..100 {
            text.push_str(&format!(
                "[partners.insurer{number:02}]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"]\n"
            ));
        }
        let screen = screen(&text, &applied(EXAMPLE), &Options::default());
        let lines = screen.lines().count();
        assert!(lines < 115, "{lines} lines:\n{screen}");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_but_for_a_word_that_is() {
        let plan = planned(EXAMPLE, &Observation::default(), &Options::default()).unwrap();
        let text = strip_str(&view(&plan, 80)).to_string();
        let wide: Vec<_> = text
            .lines()
            .filter(|line| line.chars().count() > 80 && line.split_whitespace().count() > 1)
            .collect();
        assert!(wide.is_empty(), "{wide:#?}");
    }

    #[test]
    fn colour_adds_nothing_but_colour() {
        let plan = planned(EXAMPLE, &Observation::default(), &Options::default()).unwrap();
        assert!(view(&plan, 80).contains("\u{1b}[32m"));
    }
}
