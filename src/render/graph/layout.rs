//! The layout of a diagram. Pure: whole pixels in, whole pixels out.

use std::collections::BTreeMap;

use super::measure::{Face, shortened, width};
use super::scene::{Column, Panel, PanelId, Port, Row, Scene};

/// The margin of the diagram.
const MARGIN: i32 = 28;
/// Between two columns, for the arrows.
const GAP: i32 = 64;
/// Between two panels of a column.
const BETWEEN: i32 = 26;
/// The padding of a panel.
const PAD: i32 = 14;
/// The height of a row.
const ROW: i32 = 21;
/// The height of a panel's head: its kind and its name.
const HEAD: i32 = 52;
/// Above a row that begins a group.
const GROUP: i32 = 8;
/// Between two texts of a row.
const SPACE: i32 = 12;
/// The height of the title and of the columns' headings.
const TOP: i32 = 78;
/// Between two arrows that end at the same panel.
const STEP: i32 = 12;

/// A diagram: all elements with positions, in pixels from the upper left corner.
pub(super) struct Picture {
    pub(super) width: i32,
    pub(super) height: i32,
    /// The stack's name.
    pub(super) title: String,
    /// A description, in a sentence.
    pub(super) description: String,
    /// The title and the columns' headings.
    pub(super) headings: Vec<Label>,
    /// The boxes.
    pub(super) frames: Vec<Frame>,
    /// The lines between them.
    pub(super) arrows: Vec<Arrow>,
    /// The line between public and private parts: its position, its start and end.
    pub(super) frontier: Option<(i32, i32, i32)>,
}

/// A box with its texts.
pub(super) struct Frame {
    /// Which column's it is.
    pub(super) column: Column,
    /// Its place.
    pub(super) place: Rect,
    /// What it says.
    pub(super) labels: Vec<Label>,
    /// The marks of public routes.
    pub(super) marks: Vec<Rect>,
    /// The lines above groups of rows, by their height.
    pub(super) rules: Vec<i32>,
}

/// A position.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Rect {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Rect {
    fn right(self) -> i32 {
        self.x + self.width
    }

    fn bottom(self) -> i32 {
        self.y + self.height
    }
}

/// A text with its position.
pub(super) struct Label {
    /// Its place.
    pub(super) x: i32,
    /// Its baseline.
    pub(super) y: i32,
    /// The part at this position.
    pub(super) anchor: Anchor,
    /// How it looks.
    pub(super) face: Face,
    /// As much of it as fits.
    pub(super) text: String,
    /// All of it, if that is more.
    pub(super) whole: Option<String>,
}

/// The part of a text for its position.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Anchor {
    /// Its beginning.
    Start,
    Middle,
    End,
}

/// A line from one panel to another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Arrow {
    /// To another column.
    Across {
        /// Where it begins.
        from: (i32, i32),
        /// Where it ends.
        to: (i32, i32),
    },
    /// Straight down to the next panel.
    Down {
        /// Where it begins.
        from: (i32, i32),
        /// The height at which it ends.
        to: i32,
    },
    /// To a panel further down, around those between.
    Around {
        /// Where it begins.
        from: (i32, i32),
        /// Where it ends.
        to: (i32, i32),
    },
}

/// How many pixels the text of a column's panels gets at least and at most.
fn limits(column: Column) -> (i32, i32) {
    match column {
        Column::Callers => (170, 270),
        Column::Api => (330, 520),
        Column::Onward => (130, 240),
        Column::Private => (210, 340),
    }
}

fn heading(column: Column) -> &'static str {
    match column {
        Column::Callers => "Callers",
        Column::Api => "API",
        Column::Onward => "Where calls go",
        Column::Private => "Private network",
    }
}

/// The columns left of the frontier.
const OUTSIDE: &str = "faces outside";

/// Lays a scene out.
pub(super) fn layout(scene: &Scene) -> Picture {
    let columns = columns(scene);
    let mut places: BTreeMap<&PanelId, Rect> = BTreeMap::new();
    for (id, panel) in &scene.panels {
        let (x, width) = columns[&id.column()];
        let above = places
            .iter()
            .filter(|(other, _)| other.column() == id.column())
            .map(|(_, place)| place.bottom() + BETWEEN)
            .max();
        let wished = wished(scene, id, &places);
        let y = above
            .unwrap_or(MARGIN + TOP)
            .max(wished.unwrap_or_default());
        let height = height(panel);
        let place = Rect {
            x,
            y,
            width,
            height,
        };
        places.insert(id, place);
    }
    let lowest = places.values().map(|place| place.bottom()).max();
    let bottom = lowest.unwrap_or(MARGIN + TOP);
    let right = columns.values().map(|(x, width)| x + width).max();
    let least = MARGIN + width(&scene.title, Face::Title);
    let full = right.unwrap_or_default().max(least) + MARGIN;
    let frontier = columns.get(&Column::Private).and_then(|(x, _)| {
        let outside = columns.range(..Column::Private).next_back()?.1;
        let between = i32::midpoint(outside.0 + outside.1, *x);
        Some((between, MARGIN + 4, bottom))
    });
    Picture {
        width: full,
        height: bottom + MARGIN,
        title: scene.title.clone(),
        description: description(scene),
        headings: headings(scene, &columns, frontier.map(|(x, ..)| x)),
        frames: scene
            .panels
            .iter()
            .map(|(id, panel)| frame(id.column(), panel, places[id]))
            .collect(),
        arrows: arrows(scene, &places),
        frontier,
    }
}

/// Position and width of each column with panels.
fn columns(scene: &Scene) -> BTreeMap<Column, (i32, i32)> {
    let mut widths: BTreeMap<Column, i32> = BTreeMap::new();
    for (id, panel) in &scene.panels {
        let (least, most) = limits(id.column());
        let wanted = natural_width(panel).clamp(least, most);
        let held = widths.entry(id.column()).or_default();
        *held = wanted.max(*held);
    }
    let mut x = MARGIN;
    widths
        .into_iter()
        .map(|(column, text)| {
            let place = (x, text + 2 * PAD);
            x += place.1 + GAP;
            (column, place)
        })
        .collect()
}

/// The height at which a panel is opposite to its callers.
fn wished(scene: &Scene, id: &PanelId, places: &BTreeMap<&PanelId, Rect>) -> Option<i32> {
    scene
        .arrows
        .iter()
        .filter(|(from, to)| to == id && from.panel.column() != id.column())
        .filter(|(from, _)| from.panel.column() != Column::Callers)
        .filter_map(|(from, _)| {
            let place = places.get(&from.panel)?;
            Some(place.y + leaving(scene, from) - HEAD / 2)
        })
        .min()
}

/// How far below the upper edge of its panel an arrow begins.
fn leaving(scene: &Scene, port: &Port) -> i32 {
    let rows = &scene.panels[&port.panel].rows;
    let at = rows
        .iter()
        .position(|row| port.way.is_some() && row.way == port.way);
    at.map_or(HEAD / 2, |at| row_top(rows, at) + ROW / 2)
}

fn arrows(scene: &Scene, places: &BTreeMap<&PanelId, Rect>) -> Vec<Arrow> {
    let mut arriving: BTreeMap<&PanelId, Vec<(i32, &Port)>> = BTreeMap::new();
    for (from, to) in &scene.arrows {
        if from.panel.column() != to.column() {
            let begins = places[&from.panel].y + leaving(scene, from);
            arriving.entry(to).or_default().push((begins, from));
        }
    }
    let mut arrows = Vec::new();
    for (to, mut ports) in arriving {
        ports.sort();
        let place = places[to];
        // They spread around the head's middle, closer if there are many.
        let count = i32::try_from(ports.len()).unwrap_or(i32::MAX);
        let step = STEP.min((place.height - ROW) / count.max(1));
        let span = step * (count - 1);
        let first = (HEAD / 2 - span / 2).max(ROW / 2);
        for (at, (begins, from)) in (0..).zip(ports) {
            arrows.push(Arrow::Across {
                from: (places[&from.panel].right(), begins),
                to: (place.x, place.y + first + at * step),
            });
        }
    }
    for (from, to) in &scene.arrows {
        if from.panel.column() == to.column() {
            let (upper, lower) = (places[&from.panel], places[to]);
            let between = scene
                .panels
                .keys()
                .any(|id| id.column() == to.column() && from.panel < *id && id < to);
            arrows.push(if between {
                Arrow::Around {
                    from: (upper.right(), upper.y + HEAD / 2),
                    to: (lower.right(), lower.y + HEAD / 2),
                }
            } else {
                Arrow::Down {
                    from: (upper.x + upper.width / 2, upper.bottom()),
                    to: lower.y,
                }
            });
        }
    }
    arrows
}

fn headings(
    scene: &Scene,
    columns: &BTreeMap<Column, (i32, i32)>,
    frontier: Option<i32>,
) -> Vec<Label> {
    let label = |x, y, face, text: &str| Label {
        x,
        y,
        anchor: Anchor::Start,
        face,
        text: text.to_owned(),
        whole: None,
    };
    // The labels of the frontier are in the title's line.
    let title = frontier.map_or_else(
        || scene.title.clone(),
        |x| {
            let room = x - 2 * SPACE - width(OUTSIDE, Face::Faint) - MARGIN;
            shortened(&scene.title, Face::Title, room)
        },
    );
    let mut labels = vec![
        label(MARGIN, MARGIN + 16, Face::Title, &title),
        label(MARGIN, MARGIN + 36, Face::Faint, &scene.subtitle),
    ];
    for (column, (x, _)) in columns {
        labels.push(label(*x, MARGIN + TOP - 12, Face::Strong, heading(*column)));
    }
    if let Some(x) = frontier {
        labels.push(Label {
            anchor: Anchor::End,
            ..label(x - SPACE, MARGIN + 16, Face::Faint, OUTSIDE)
        });
        labels.push(label(x + SPACE, MARGIN + 16, Face::Faint, "private"));
    }
    labels
}

fn description(scene: &Scene) -> String {
    let names: Vec<String> = scene
        .panels
        .values()
        .map(|panel| format!("{} ({})", panel.name, panel.title))
        .collect();
    format!(
        "From callers to backends: {}.",
        crate::render::layout::listed(&names)
    )
}

/// How far below the upper edge of its panel a row begins.
fn row_top(rows: &[Row], at: usize) -> i32 {
    let groups = rows[..=at].iter().filter(|row| begins_group(row)).count();
    HEAD + pixels(at) * ROW + pixels(groups) * GROUP
}

fn begins_group(row: &Row) -> bool {
    row.face == Face::Strong
}

fn height(panel: &Panel) -> i32 {
    match panel.rows.len() {
        0 => HEAD,
        rows => row_top(&panel.rows, rows - 1) + ROW + PAD / 2,
    }
}

fn natural_width(panel: &Panel) -> i32 {
    let lead = lead_width(panel);
    let rows = panel.rows.iter().map(|row| {
        let lead = if row.lead.is_empty() { 0 } else { lead };
        lead + width(&row.text, row.face) + note_width(row)
    });
    let head = [
        width(&panel.title, Face::Faint),
        width(&panel.name, Face::Name),
    ];
    head.into_iter().chain(rows).max().unwrap_or_default()
}

/// The width of the rows' first column, with its gap.
fn lead_width(panel: &Panel) -> i32 {
    let leads = panel.rows.iter().filter(|row| !row.lead.is_empty());
    leads
        .map(|row| width(&row.lead, row.lead_face) + SPACE)
        .max()
        .unwrap_or_default()
}

/// The width of a row's note, with its gap.
fn note_width(row: &Row) -> i32 {
    if row.public {
        mark_width() + SPACE
    } else if row.note.is_empty() {
        0
    } else {
        width(&row.note, Face::Faint) + SPACE
    }
}

/// The mark of a public route.
const MARK: &str = "public";

fn mark_width() -> i32 {
    width(MARK, Face::Faint) + SPACE
}

fn frame(column: Column, panel: &Panel, place: Rect) -> Frame {
    let mut frame = Frame {
        column,
        place,
        labels: Vec::new(),
        marks: Vec::new(),
        rules: Vec::new(),
    };
    let room = place.width - 2 * PAD;
    let left = place.x + PAD;
    frame.label(left, place.y + 20, Face::Faint, &panel.title, room);
    frame.label(left, place.y + 40, Face::Name, &panel.name, room);
    let lead = lead_width(panel).min(room / 2);
    for (at, row) in panel.rows.iter().enumerate() {
        let top = place.y + row_top(&panel.rows, at);
        if begins_group(row) {
            frame.rules.push(top - GROUP / 2);
        }
        frame.row(row, top, lead, room);
    }
    frame
}

impl Frame {
    fn row(&mut self, row: &Row, top: i32, lead: i32, room: i32) {
        let left = self.place.x + PAD;
        let right = self.place.right() - PAD;
        let baseline = top + 15;
        let mut begins = 0;
        if !row.lead.is_empty() {
            self.label(left, baseline, row.lead_face, &row.lead, lead - SPACE);
            begins = lead;
        }
        let room = room - begins;
        let wanted = width(&row.text, row.face);
        // A note shrinks for the text to at least two fifths of the row.
        let note = note_width(row).min((room - wanted).max(room * 2 / 5));
        self.label(left + begins, baseline, row.face, &row.text, room - note);
        if row.public {
            let mark = Rect {
                x: right - mark_width(),
                y: top + 2,
                width: mark_width(),
                height: ROW - 4,
            };
            self.marks.push(mark);
            let middle = mark.x + mark.width / 2;
            self.label(middle, baseline, Face::Faint, MARK, mark.width);
            self.anchor_last(Anchor::Middle);
        } else if !row.note.is_empty() {
            self.label(right, baseline, Face::Faint, &row.note, note - SPACE);
            self.anchor_last(Anchor::End);
        }
    }

    fn label(&mut self, x: i32, y: i32, face: Face, text: &str, room: i32) {
        let short = shortened(text, face, room);
        self.labels.push(Label {
            x,
            y,
            anchor: Anchor::Start,
            face,
            whole: (short != text).then(|| text.to_owned()),
            text: short,
        });
    }

    fn anchor_last(&mut self, anchor: Anchor) {
        if let Some(label) = self.labels.last_mut() {
            label.anchor = anchor;
        }
    }
}

fn pixels(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX / 100)
}

#[cfg(test)]
mod tests;
