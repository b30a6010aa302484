//! The files that a stack file names, beside it or below it.

use std::io::ErrorKind;
use std::path::Path;

use aws_facts::limits::ec2::LARGEST_USER_DATA;

use super::diagnostic::{Code, Diagnostic};
use super::file::File;
use super::findings::Findings;
use super::load::LoadSettings;
use super::source::Source;
use super::spans::{KeyPath, Spans};

/// What instances run at their first start. The path is relative to the file that names it.
pub(super) fn user_data(
    file: &File,
    source: &Source,
    spans: &Spans,
    settings: &LoadSettings<'_>,
    findings: &mut Findings,
) -> Option<String> {
    let targets = file.load_balancer.as_ref()?.targets.as_ref()?;
    let named = targets.instances.as_ref()?.user_data.as_ref()?;
    let path = KeyPath::from(["load_balancer", "targets", "instances", "user_data"]);
    if !findings.is_usable(&path) {
        return None;
    }
    let span = spans.value_of(&path);
    let folder = source.file(&span).path().parent();
    let there = folder.unwrap_or_else(|| Path::new("")).join(named);
    let (message, help) = match (settings.read)(&there) {
        Ok(content) if content.len() <= LARGEST_USER_DATA => return Some(content),
        Ok(content) => (
            format!("`{named}` has {} bytes", content.len()),
            format!(
                "EC2 takes {LARGEST_USER_DATA}; let it fetch the rest, or put that into the image"
            ),
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => (
            format!("there is no file `{}`", there.display()),
            "a path is relative to the file that names it".into(),
        ),
        Err(error) if error.kind() == ErrorKind::InvalidData => (
            format!("`{named}` is not UTF-8 text"),
            "write a script that starts with `#!`, or `#cloud-config`".into(),
        ),
        Err(error) if error.kind() == ErrorKind::FileTooLarge => (
            format!("`{named}` can't be read: {error}"),
            format!(
                "EC2 takes {LARGEST_USER_DATA} bytes; let it fetch the rest, or put that into the image"
            ),
        ),
        Err(error) => (
            format!("`{named}` can't be read: {error}"),
            "see that it is a regular file and that you may read it".into(),
        ),
    };
    let diagnostic = Diagnostic::error(Code::BadFile, message)
        .at(span)
        .help(help);
    findings.push(diagnostic);
    None
}
