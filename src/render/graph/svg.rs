//! A diagram as SVG: for a browser, a wiki or a README. It is self-contained, without scripts, and follows the viewer's light or
//! dark mode.

use super::layout::{Anchor, Arrow, Frame, Label, Picture};
use super::measure::Face;
use super::scene::Column;

/// Colours are in rules, not in variables, which only browsers support.
const STYLE: &str = "\
.gs text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif; fill: #1f2430; }
.gs .code, .gs .method { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.gs .strong, .gs .name, .gs .title, .gs .method { font-weight: 600; }
.gs .faint { fill: #5d6675; }
.gs .paper { fill: #ffffff; }
.gs .frame { fill: #f8f9fb; stroke: #cdd3dd; }
.gs .rule { stroke: #e1e5ec; }
.gs .arrow { fill: none; stroke: #7a8496; stroke-width: 1.5; }
.gs .tip { fill: #7a8496; }
.gs .frontier { stroke: #98a1b0; stroke-width: 1.5; stroke-dasharray: 7 6; }
.gs .callers { fill: #2f6fdb; }
.gs .api { fill: #8250df; }
.gs .onward { fill: #0b8378; }
.gs .private { fill: #4d7c0f; }
.gs .mark { fill: #fff1d6; stroke: #d08700; }
.gs text.on-mark { fill: #7a4b00; }
@media (prefers-color-scheme: dark) {
.gs text { fill: #e6e9ef; }
.gs .faint { fill: #9aa4b5; }
.gs .paper { fill: #0f1218; }
.gs .frame { fill: #181c24; stroke: #373e4b; }
.gs .rule { stroke: #2a303b; }
.gs .arrow { stroke: #7f8a9d; }
.gs .tip { fill: #7f8a9d; }
.gs .frontier { stroke: #667085; }
.gs .callers { fill: #6ea0ff; }
.gs .api { fill: #b48cff; }
.gs .onward { fill: #3cc4b6; }
.gs .private { fill: #9ccc4f; }
.gs .mark { fill: #3a2a0a; stroke: #b98217; }
.gs text.on-mark { fill: #ffcf70; }
}
";

/// Writes a picture.
pub(super) fn write(picture: &Picture) -> String {
    let (width, height) = (picture.width, picture.height);
    let title = escaped(&picture.title);
    let description = escaped(&picture.description);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"gs\" role=\"img\" \
         width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" style=\"max-width: 100%; height: auto\">\n\
         <title>{title}</title>\n\
         <desc>{description}</desc>\n\
         <style>\n{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n"
    );
    if let Some((x, from, to)) = picture.frontier {
        text.push_str(&format!(
            "<line class=\"frontier\" x1=\"{x}\" y1=\"{from}\" x2=\"{x}\" y2=\"{to}\"/>\n"
        ));
    }
    for heading in &picture.headings {
        text.push_str(&label(heading, ""));
    }
    for frame in &picture.frames {
        text.push_str(&framed(frame));
    }
    for line in &picture.arrows {
        text.push_str(&arrow(*line));
    }
    text + "</svg>\n"
}

fn framed(frame: &Frame) -> String {
    let place = frame.place;
    let (x, y, width, height) = (place.x, place.y, place.width, place.height);
    let mut text = format!(
        "<g>\n<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>\n\
         <rect class=\"{}\" x=\"{x}\" y=\"{}\" width=\"4\" height=\"28\" rx=\"2\"/>\n",
        colour(frame.column),
        y + 12,
    );
    for rule in &frame.rules {
        text.push_str(&format!(
            "<line class=\"rule\" x1=\"{}\" y1=\"{rule}\" x2=\"{}\" y2=\"{rule}\"/>\n",
            x + 4,
            x + width - 4
        ));
    }
    for mark in &frame.marks {
        text.push_str(&format!(
            "<rect class=\"mark\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n",
            mark.x, mark.y, mark.width, mark.height
        ));
    }
    for line in &frame.labels {
        let marked = frame.marks.iter().any(|mark| {
            (mark.x..mark.x + mark.width).contains(&line.x)
                && (mark.y..mark.y + mark.height).contains(&line.y)
        });
        text.push_str(&label(line, if marked { " on-mark" } else { "" }));
    }
    text + "</g>\n"
}

fn label(label: &Label, class: &str) -> String {
    let Label { x, y, .. } = label;
    let anchor = match label.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let whole = label.whole.as_ref().map_or_else(String::new, |whole| {
        format!("<title>{}</title>", escaped(whole))
    });
    format!(
        "<text class=\"{}{class}\" x=\"{x}\" y=\"{y}\" font-size=\"{}\"{anchor}>{whole}{}</text>\n",
        class_of(label.face),
        label.face.size(),
        escaped(&label.text),
    )
}

/// A line and its tip, drawn as a shape of its own: a marker would need an id, and two pictures on a page would share it.
fn arrow(arrow: Arrow) -> String {
    let (path, tip) = match arrow {
        Arrow::Across {
            from: (x1, y1),
            to: (x2, y2),
        } => {
            let bend = (x2 - x1) / 2;
            let path = format!(
                "M{x1} {y1} C{} {y1} {} {y2} {} {y2}",
                x1 + bend,
                x2 - bend,
                x2 - 6
            );
            (path, format!("M{x2} {y2} l-8 -4 v8 z"))
        }
        Arrow::Down { from: (x, y1), to } => (
            format!("M{x} {y1} V{}", to - 6),
            format!("M{x} {to} l-4 -8 h8 z"),
        ),
        Arrow::Around {
            from: (x1, y1),
            to: (x2, y2),
        } => {
            let out = x1.max(x2) + 24;
            let path = format!("M{x1} {y1} C{out} {y1} {out} {y2} {} {y2}", x2 + 6);
            (path, format!("M{x2} {y2} l8 -4 v8 z"))
        }
    };
    format!("<path class=\"arrow\" d=\"{path}\"/>\n<path class=\"tip\" d=\"{tip}\"/>\n")
}

fn colour(column: Column) -> &'static str {
    match column {
        Column::Callers => "callers",
        Column::Api => "api",
        Column::Onward => "onward",
        Column::Private => "private",
    }
}

fn class_of(face: Face) -> &'static str {
    match face {
        Face::Plain => "plain",
        Face::Faint => "faint",
        Face::Strong => "strong",
        Face::Code => "code",
        Face::Method => "method",
        Face::Name => "name",
        Face::Title => "title",
    }
}

/// Text escaped for XML. Control characters are invalid in XML and are replaced by a mark.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Resource;
    use crate::render::graph::{Format, text};
    use crate::render::testing::{desired, example};

    /// The example under an API name that could break out of its element.
    fn hostile() -> String {
        example(&[(
            r#"name       = "xxx-api""#,
            r#"name       = "</text><script>alert(1)</script> & \"more\"""#,
        )])
    }

    #[test]
    fn every_element_ends_where_it_should() {
        let written = text(&desired(&hostile()), Format::Svg);
        let mut open = Vec::new();
        for tag in written
            .split('<')
            .skip(1)
            .map(|rest| rest.split('>').next().unwrap_or_default())
        {
            let name = tag.split([' ', '/']).next().unwrap_or_default();
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{tag}"),
                None if tag.ends_with('/') => {}
                None => open.push(name),
            }
        }
        assert_eq!(open, Vec::<&str>::new());
    }

    #[test]
    fn nothing_runs_and_nothing_is_fetched() {
        let written = text(&desired(&hostile()), Format::Svg);
        assert!(written.contains("&lt;/text&gt;&lt;script&gt;"), "{written}");
        assert!(!written.contains("<script"));
        for word in ["href", "url(", "@import"] {
            assert!(!written.contains(word), "{word}");
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_marked() {
        assert_eq!(escaped("a\u{7}b\u{ffff}"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn every_route_is_shown_with_its_path() {
        let desired = desired(&example(&[]));
        let written = text(&desired, Format::Svg);
        for wanted in desired.resources.values() {
            if let Resource::Route(route) = &wanted.resource {
                let path = format!(">{}</text>", route.path);
                assert!(written.contains(&path), "{path}");
            }
        }
    }
}
