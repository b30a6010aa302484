//! A text in YAML or JSON as a tree in which everything has its place. JSON is read as the YAML that it is.
//!
//! An alias is the node of its anchor, so no text becomes larger in memory than it is; what it would be written out is counted and
//! limited, for whoever writes it out.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Tag, options};

use super::fault::{Fault, Place};

/// The deepest nesting. Documents of a thousand schemas have 30.
const DEEPEST: usize = 100;

/// The most nodes of a file with its aliases written out: several times what 6 MB can hold without any.
const MOST_NODES: u64 = 4_000_000;

/// The longest key in bytes. YAML's own limit is 1,024 characters; paths of APIs are shorter.
const LONGEST_KEY: usize = 4_096;

/// A file.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    pub(super) root: usize,
}

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) span: Range<usize>,
    pub(super) value: Value,
}

/// A value.
#[derive(Debug)]
pub(super) enum Value {
    /// A text, or a number, a truth value or nothing, which are `plain`: without quotes.
    Scalar { text: String, plain: bool },
    /// A list.
    List(Vec<usize>),
    /// A mapping, in the file's order.
    Map(Vec<Entry>),
}

/// A key of a mapping, and the node of its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) span: Range<usize>,
    pub(super) node: usize,
}

impl Tree {
    pub(super) fn node(&self, node: usize) -> &Node {
        &self.nodes[node]
    }

    /// Reads a text; `file` is its number in places.
    ///
    /// # Errors
    /// The first mistake of its syntax, since others mostly follow from it, or the first limit that it exceeds.
    pub(super) fn parse(file: usize, text: &str) -> Result<Self, Fault> {
        let readable = without_controls(text);
        let mut builder = Builder {
            file,
            tree: Self {
                nodes: Vec::new(),
                root: 0,
            },
            sizes: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            documents: 0,
        };
        let options = options! {
            simple_key_max_lookahead: LONGEST_KEY,
            flow_nesting_limit: DEEPEST,
            block_nesting_limit: DEEPEST,
        };
        for event in Parser::new_from_str_with_options(&readable, options) {
            let (event, span) = event.map_err(|error| builder.syntax(&error, text))?;
            let span = span.byte_range().unwrap_or_default();
            builder.event(event, span)?;
        }
        match builder.tree.nodes.is_empty() {
            true => Err(Fault::new("the file is empty", DOCUMENT).at(builder.place(0..0))),
            false => Ok(builder.tree),
        }
    }
}

/// What a document looks like.
pub(super) const DOCUMENT: &str =
    "an OpenAPI document begins with `openapi: 3.0.3`, a Swagger one with `swagger: \"2.0\"`";

/// The text with blanks in place of characters that JSON allows in texts and YAML does not. All have as many bytes as before.
fn without_controls(text: &str) -> Cow<'_, str> {
    let is_refused = |c: char| matches!(c, '\u{7f}' | '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}');
    if !text.contains(is_refused) {
        return text.into();
    }
    let blank = |c: char| match c {
        '\u{7f}' => ' ',
        c if is_refused(c) => '\u{a0}',
        c => c,
    };
    text.chars().map(blank).collect::<String>().into()
}

/// A list or a mapping that has begun.
struct Open {
    node: usize,
    anchor: usize,
    /// The key of a mapping whose value is next.
    key: Option<(String, Range<usize>)>,
    keys: HashSet<String>,
    size: Size,
}

/// How large a node is with its aliases written out.
#[derive(Clone, Copy)]
struct Size {
    nodes: u64,
    depth: usize,
}

struct Builder {
    file: usize,
    tree: Tree,
    /// Of each node that is complete.
    sizes: Vec<Size>,
    open: Vec<Open>,
    /// The node of each anchor; `None` until it is complete.
    anchors: HashMap<usize, Option<usize>>,
    documents: usize,
}

impl Builder {
    fn place(&self, span: Range<usize>) -> Place {
        Place {
            file: self.file,
            span,
        }
    }

    fn syntax(&self, error: &ScanError, text: &str) -> Fault {
        let at = error.marker().byte_offset().unwrap_or_default();
        let at = at.min(text.len());
        let next = text.get(at..).and_then(|rest| rest.chars().next());
        let end = next.map_or(at, |c| at + c.len_utf8());
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return self.too_deep(at..end);
        }
        Fault::new(
            format!("this is not YAML: {}", error.info()),
            "check this line and the indentation of the lines above it",
        )
        .at(self.place(at..end))
    }

    fn too_deep(&self, span: Range<usize>) -> Fault {
        let what = format!("lists and mappings are nested deeper than {DEEPEST} levels");
        Fault::new(what, "nest them less deeply").at(self.place(span))
    }

    fn event(&mut self, event: Event<'_>, span: Range<usize>) -> Result<(), Fault> {
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    let help = "keep one of them, or put each into a file of its own";
                    return Err(
                        Fault::new("a second document in the file", help).at(self.place(span))
                    );
                }
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.tag(tag.as_deref(), &span)?;
                if let Some(open) = self.open.last()
                    && self.is_key(open)
                {
                    return self.key(text.into_owned(), span, anchor);
                }
                let value = Value::Scalar {
                    text: text.into_owned(),
                    plain: matches!(style, ScalarStyle::Plain),
                };
                let node = self.add(span, value);
                self.sizes[node] = Size { nodes: 1, depth: 0 };
                self.name(anchor, Some(node));
                self.put(node)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), &span)?;
                self.begin(span, Value::List(Vec::new()), anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.tag(tag.as_deref(), &span)?;
                self.begin(span, Value::Map(Vec::new()), anchor)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    /// Whether the next scalar of a mapping is a key.
    fn is_key(&self, open: &Open) -> bool {
        matches!(self.tree.nodes[open.node].value, Value::Map(_)) && open.key.is_none()
    }

    fn add(&mut self, span: Range<usize>, value: Value) -> usize {
        self.tree.nodes.push(Node { span, value });
        self.sizes.push(Size { nodes: 1, depth: 1 });
        self.tree.nodes.len() - 1
    }

    fn name(&mut self, anchor: usize, node: Option<usize>) {
        if anchor > 0 {
            self.anchors.insert(anchor, node);
        }
    }

    fn key(&mut self, key: String, span: Range<usize>, anchor: usize) -> Result<(), Fault> {
        let place = self.place(span.clone());
        if anchor > 0 || key == "<<" {
            let what = "gatestack reads no merge keys (`<<`) and no anchors of keys";
            return Err(Fault::new(what, "write out what is merged").at(place));
        }
        let open = self.open.last_mut().expect("a key is in a mapping");
        if !open.keys.insert(key.clone()) {
            let Value::Map(entries) = &self.tree.nodes[open.node].value else {
                unreachable!("only mappings have keys");
            };
            let first = entries.iter().find(|entry| entry.key == key);
            let fault = Fault::new(
                format!("duplicate `{key}`"),
                "put the lines of both places together in one",
            );
            let first = first.map(|entry| entry.span.clone());
            let fault = fault.at(place);
            return Err(match first {
                Some(first) => fault.label(self.place(first), "first here"),
                None => fault,
            });
        }
        open.key = Some((key, span));
        Ok(())
    }

    fn begin(&mut self, span: Range<usize>, value: Value, anchor: usize) -> Result<(), Fault> {
        if let Some(open) = self.open.last()
            && self.is_key(open)
        {
            let what = "a key must be a text, not a list or a mapping";
            return Err(Fault::new(what, "write the key as a text").at(self.place(span)));
        }
        if self.open.len() >= DEEPEST {
            return Err(self.too_deep(span));
        }
        let node = self.add(span, value);
        self.name(anchor, None);
        self.open.push(Open {
            node,
            anchor,
            key: None,
            keys: HashSet::new(),
            size: Size { nodes: 1, depth: 1 },
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let open = self.open.pop().expect("every end has a beginning");
        let node = &mut self.tree.nodes[open.node];
        // A block has no bytes of its own: it is where its first key is.
        if let (Value::Map(entries), true) = (&node.value, node.span.is_empty())
            && let Some(first) = entries.first()
        {
            node.span = first.span.clone();
        }
        self.sizes[open.node] = open.size;
        self.name(open.anchor, Some(open.node));
        self.put(open.node)
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<(), Fault> {
        if let Some(open) = self.open.last()
            && self.is_key(open)
        {
            let what = "a key must be a text, not an alias";
            return Err(Fault::new(what, "write the key as a text").at(self.place(span)));
        }
        let Some(node) = self.anchors.get(&anchor).copied().flatten() else {
            let what = "the alias contains itself";
            let help = "write out what is meant; schemas refer to each other by `$ref`";
            return Err(Fault::new(what, help).at(self.place(span)));
        };
        if self.open.len() + self.sizes[node].depth > DEEPEST {
            return Err(self.too_deep(span));
        }
        let all: u64 = self.open.iter().map(|open| open.size.nodes).sum();
        if all.saturating_add(self.sizes[node].nodes) > MOST_NODES {
            let what =
                format!("with its aliases written out, the file has more than {MOST_NODES} values");
            let help = "use fewer aliases in each other; schemas refer to each other by `$ref`";
            return Err(Fault::new(what, help).at(self.place(span)));
        }
        self.put(node)
    }

    /// Puts a complete node into what is open.
    fn put(&mut self, node: usize) -> Result<(), Fault> {
        let size = self.sizes[node];
        let Some(open) = self.open.last_mut() else {
            self.tree.root = node;
            return Ok(());
        };
        open.size.nodes = open.size.nodes.saturating_add(size.nodes);
        open.size.depth = open.size.depth.max(size.depth + 1);
        match &mut self.tree.nodes[open.node].value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => {
                let (key, span) = open.key.take().expect("a value follows its key");
                entries.push(Entry { key, span, node });
            }
            Value::Scalar { .. } => unreachable!("a scalar is never open"),
        }
        Ok(())
    }

    /// Refuses a tag that changes what a value means, such as CloudFormation's `!Sub`.
    fn tag(&self, tag: Option<&Tag>, span: &Range<usize>) -> Result<(), Fault> {
        let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) else {
            return Ok(());
        };
        let what = format!("the tag `{tag}` is not OpenAPI");
        let help = "write the value itself; CloudFormation's functions have no value here";
        Err(Fault::new(what, help).at(self.place(span.clone())))
    }
}
