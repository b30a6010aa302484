//! README.md, kept true.
