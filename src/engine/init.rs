//! A new stack: the files of a template with a name and a Region, written to a folder that has none of them.

mod answers;
mod gitignore;
mod templates;
mod text;
mod write;

use std::io::{self, ErrorKind};
use std::path::Path;

pub use crate::aws::ConfiguredRegion;
pub use answers::{Refusal, configured_region, name_for, refused_name, refused_region};
pub use templates::{TEMPLATES, Template};
pub use write::{Did, Site, Written};

use crate::stack::{self, Checked, CodeReading, Diagnostics, LoadSettings, Source};

/// A stack that is written.
#[derive(Clone, Copy, Debug)]
pub struct NewStack<'a> {
    /// What it is made from.
    pub template: &'static Template,
    /// Its name.
    pub name: &'a str,
    /// Its Region.
    pub region: &'a str,
}

impl NewStack<'_> {
    /// Checks its stack file, which is at this path, as every command does.
    ///
    /// # Errors
    /// Its mistakes: of the name or the Region.
    pub fn check(&self, path: &Path) -> Result<Checked, Diagnostics> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let read = |named: &Path, _: u64| {
            let beside = named.strip_prefix(folder).unwrap_or(named);
            let mut files = self.template.files.iter();
            let file = files.find(|file| Path::new(file.name) == beside);
            file.map(|file| file.text.as_bytes().to_owned())
                .ok_or_else(|| io::Error::from(ErrorKind::NotFound))
        };
        let settings = LoadSettings {
            vars: Default::default(),
            env: &|_| None,
            read: &read,
            // The code of functions is not there yet.
            code: CodeReading::Skipped,
        };
        stack::load(Source::new(path, self.text()), &settings)
    }
}
