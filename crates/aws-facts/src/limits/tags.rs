//! Tags, which most services limit alike.

/// Tags of one resource.
///
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
pub const MOST_TAGS: usize = 50;

/// The longest key, in characters.
///
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
pub const LONGEST_TAG_KEY: usize = 128;

/// The longest value, in characters.
///
/// Source: <https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html>
pub const LONGEST_TAG_VALUE: usize = 256;
