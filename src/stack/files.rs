//! The files that a stack file names, beside it or below it.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;

use aws_facts::limits::ec2::LARGEST_USER_DATA;

use super::diagnostic::{Code, Diagnostic};
use super::file::File;
use super::findings::Findings;
use super::function_files::{self, FunctionCodes};
use super::load::LoadSettings;
use super::source::Source;
use super::spans::{KeyPath, Spans};
use crate::kinds::lookups::FunctionContents;
use crate::model::Payloads;

/// The setting with the script for instances' first start.
pub(super) const USER_DATA: &str = "load_balancer.targets.instances.user_data";

/// The most bytes of a script or a policy that are read: more than AWS takes of any.
pub(super) const LARGEST: u64 = 1 << 20;

/// The files that a stack file names.
#[derive(Clone, Debug, Default)]
pub struct NamedFiles {
    /// The digest of each, by the setting that names it.
    pub digests: BTreeMap<String, String>,
    /// What they hold.
    pub payloads: Payloads,
    /// What the files of each function say.
    pub functions: BTreeMap<String, FunctionContents>,
    /// The code of functions, by the digests of its sources.
    pub codes: FunctionCodes,
}

/// A setting that names a file.
struct Named<'f> {
    /// The setting.
    setting: &'static str,
    /// A path, relative to the file that contains it.
    file: &'f str,
    /// The most bytes that AWS accepts.
    largest: usize,
    /// The hint for a larger one, and for one that is not text.
    help: [&'static str; 2],
}

/// Every setting in this file that names a file.
fn named(file: &File) -> impl Iterator<Item = Named<'_>> {
    let targets = file
        .load_balancer
        .as_ref()
        .and_then(|table| table.targets.as_ref());
    let instances = targets.and_then(|targets| targets.instances.as_ref());
    let user_data = instances.and_then(|instances| instances.user_data.as_ref());
    let user_data = user_data.map(|file| Named {
        setting: USER_DATA,
        file,
        largest: LARGEST_USER_DATA,
        help: [
            "let it fetch the rest, or put that into the image",
            "write a script that starts with `#!`, or `#cloud-config`",
        ],
    });
    user_data.into_iter()
}

/// Reads them all.
pub(super) fn read(
    file: &File,
    source: &Source,
    spans: &Spans,
    settings: &LoadSettings<'_>,
    findings: &mut Findings,
) -> NamedFiles {
    let functions = function_files::read(file, source, spans, settings, findings);
    let mut files = NamedFiles {
        functions: functions.files,
        codes: functions.codes,
        ..NamedFiles::default()
    };
    for named in named(file) {
        let path = KeyPath::new(named.setting.split('.'));
        if !findings.is_usable(&path) {
            continue;
        }
        let span = spans.value_of(&path);
        let folder = source.file(&span).path().parent();
        let there = folder.unwrap_or_else(|| Path::new("")).join(named.file);
        match (settings.read)(&there, LARGEST).and_then(text) {
            Ok(bytes) if bytes.len() <= named.largest => {
                let digest = files.payloads.put(bytes);
                files.digests.insert(named.setting.to_owned(), digest);
            }
            read => {
                let (message, help) = fault(&named, &there, read);
                let diagnostic = Diagnostic::error(Code::BadFile, message);
                findings.push(diagnostic.at(span).help(help));
            }
        }
    }
    files
}

/// The bytes of a file that must be text.
fn text(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    match std::str::from_utf8(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
    }
}

/// Why a file can't be sent, and what to do.
fn fault(named: &Named<'_>, there: &Path, read: io::Result<Vec<u8>>) -> (String, String) {
    let Named { file, largest, .. } = named;
    let [too_large, no_text] = named.help;
    match read {
        Ok(bytes) => (
            format!("`{file}` has {} bytes", bytes.len()),
            format!("EC2 takes {largest}; {too_large}"),
        ),
        Err(error) if error.kind() == ErrorKind::NotFound => (
            format!("there is no file `{}`", there.display()),
            "a path is relative to the file that names it".into(),
        ),
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            (format!("`{file}` is not UTF-8 text"), no_text.into())
        }
        Err(error) if error.kind() == ErrorKind::FileTooLarge => (
            format!("`{file}` can't be read: {error}"),
            format!("EC2 takes {largest} bytes; {too_large}"),
        ),
        Err(error) => (
            format!("`{file}` can't be read: {error}"),
            "see that it is a regular file and that you may read it".into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::testing;

    #[test]
    fn a_file_is_known_by_the_setting_and_sent_by_its_digest() {
        let whole = include_str!("../../tests/foreign/whole.toml");
        let files = testing::read(whole).unwrap().files;
        let digest = &files.digests[USER_DATA];
        assert_eq!(files.digests.len(), 1);
        let payload = files.payloads.get(digest).unwrap();
        assert_eq!(payload.expose(), b"#!/bin/sh\n");
    }
}
