//! A new stack's name and Region: their defaults, and what is wrong with an answer.

use std::path::Path;

use super::{NewStack, Template, text};
use crate::aws::{self, ConfiguredRegion};
use crate::engine::connect::unusable_profile;
use crate::engine::{DEFAULT_FILE, Invocation};
use crate::error::Error;
use crate::stack::Severity;

/// What is wrong with a name or a Region.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// What is wrong: a lower-case fragment without a full stop.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The Region that AWS's variables or the profile name, as the AWS CLI finds it; none for the local AWS, which ignores them.
///
/// # Errors
/// The named profile can't be used.
pub async fn configured_region(invocation: &Invocation) -> Result<Option<ConfiguredRegion>, Error> {
    if invocation.local {
        return Ok(None);
    }
    let profile = invocation.profile.as_deref();
    let checked = aws::check_profile(profile).await;
    checked.map_err(unusable_profile)?;
    Ok(aws::configured_region(profile).await)
}

/// The default name of a stack in this folder: the folder's, as far as all parts of the stack can have it.
pub fn name_for(folder: &Path, template: &'static Template) -> String {
    let folder = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let whole = folder
        .canonicalize()
        .or_else(|_| std::path::absolute(folder));
    let name = whole.ok().and_then(|whole| {
        let name = whole.file_name()?.to_string_lossy();
        Some(text::slug(&name))
    });
    name.filter(|name| refused_name(template, name).is_none())
        .unwrap_or_else(|| template.stack_name())
}

/// Why a stack of this template can't have this name, if it can't.
pub fn refused_name(template: &'static Template, name: &str) -> Option<Refusal> {
    let refusal = mistake(template, name, &template.region())?;
    // What the mistake's own help says may be done only in the file.
    let slug = text::slug(name);
    let help = match mistake(template, &slug, &template.region()) {
        None => format!("write it as `{slug}`"),
        Some(_) => "a name of letters, digits and `-` can be used everywhere".to_owned(),
    };
    Some(Refusal { help, ..refusal })
}

/// Why a stack can't be in this Region, if it can't.
pub fn refused_region(template: &'static Template, region: &str) -> Option<Refusal> {
    mistake(template, &template.stack_name(), region)
}

/// The first mistake of the stack file, where one of the two is not the template's own.
fn mistake(template: &'static Template, name: &str, region: &str) -> Option<Refusal> {
    let new = NewStack {
        template,
        name,
        region,
    };
    let mistakes = new.check(Path::new(DEFAULT_FILE)).err()?;
    let mut mistakes = mistakes.list().iter();
    let first = mistakes.find(|mistake| mistake.severity == Severity::Error)?;
    Some(Refusal {
        message: first.message.clone(),
        help: first.help.clone().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::init::TEMPLATES;

    #[test]
    fn templates_are_valid_as_they_are() {
        for template in &TEMPLATES {
            assert_eq!(refused_name(template, &template.stack_name()), None);
        }
    }

    #[test]
    fn a_folders_name_becomes_a_stacks() {
        let [smallest, partner_api, m2m_lambda, _] = &TEMPLATES;
        for (folder, expected) in [
            ("/home/ann/My Claims.v2", "my-claims-v2"),
            ("/home/ann/2024", "2024"),
            ("/home/ann/日本", "hello"),
            ("/", "hello"),
        ] {
            assert_eq!(name_for(Path::new(folder), smallest), expected, "{folder}");
        }
        // A load balancer can't have this name; a function can.
        let internal = Path::new("/home/ann/internal-api");
        assert_eq!(name_for(internal, partner_api), "partner-api");
        assert_eq!(name_for(internal, m2m_lambda), "internal-api");
        let here = name_for(&std::env::current_dir().unwrap(), smallest);
        for folder in ["", ".", "src/.."] {
            assert_eq!(name_for(Path::new(folder), smallest), here, "{folder:?}");
        }
    }

    #[test]
    fn what_a_stack_file_refuses_is_refused() {
        let [smallest, partner_api, m2m_lambda, _] = &TEMPLATES;
        let said = |refusal: Option<Refusal>| {
            refusal.map(|Refusal { message, help }| format!("{message}: {help}"))
        };
        for (template, name, expected) in [
            (
                partner_api,
                "My_Claims",
                "the load balancer name `My_Claims` holds `_`: write it as `my-claims`",
            ),
            (
                partner_api,
                "internal-x",
                "the load balancer name `internal-x` starts with `internal-`: a name of letters, digits and `-` can be used \
                 everywhere",
            ),
            (
                smallest,
                "a/b",
                "the name `a/b` holds `/`: write it as `a-b`",
            ),
            (
                smallest,
                "",
                "the name is empty: a name of letters, digits and `-` can be used everywhere",
            ),
        ] {
            assert_eq!(
                said(refused_name(template, name)).as_deref(),
                Some(expected)
            );
        }
        for template in [smallest, m2m_lambda] {
            assert_eq!(said(refused_name(template, "My Claims")), None);
        }
        assert_eq!(
            said(refused_region(smallest, "eu-centrl-1")).as_deref(),
            Some("`eu-centrl-1` is not an AWS Region: did you mean `eu-central-1`?")
        );
        assert_eq!(said(refused_region(smallest, "us-west-9")), None);
    }
}
