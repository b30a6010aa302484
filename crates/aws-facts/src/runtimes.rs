//! Lambda's runtimes, and when AWS ends them.

/// A language, or none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// Node.js.
    NodeJs,
    /// Python.
    Python,
    /// Java.
    Java,
    /// .NET.
    DotNet,
    /// Ruby.
    Ruby,
    /// Go, as a runtime of its own.
    Go,
    /// A program of the archive, `bootstrap`, speaks the runtime API itself.
    Provided,
}

/// When AWS ends a runtime: dates as `2026-11-30`, so that their order is that of the texts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ends {
    /// No security patches and no support from this day on. Functions still run.
    pub deprecated: &'static str,
    /// No function can be created from this day on.
    pub creates_blocked: &'static str,
    /// No function can be updated from this day on.
    pub updates_blocked: &'static str,
}

/// A runtime.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Runtime {
    /// Its identifier.
    pub id: &'static str,
    /// Its language.
    pub family: Family,
    /// When AWS ends it; none if AWS's page has no dates yet.
    pub ends: Option<Ends>,
    /// The instruction sets that it runs on.
    pub architectures: &'static [&'static str],
}

impl Runtime {
    /// Whether AWS has deprecated it by a day such as `2026-11-30`.
    pub fn is_deprecated(&self, day: &str) -> bool {
        self.ends.is_some_and(|ends| ends.deprecated <= day)
    }

    /// Whether AWS refuses new functions with it on a day.
    pub fn blocks_creates(&self, day: &str) -> bool {
        self.ends.is_some_and(|ends| ends.creates_blocked <= day)
    }

    /// Whether AWS refuses changes of functions with it on a day.
    pub fn blocks_updates(&self, day: &str) -> bool {
        self.ends.is_some_and(|ends| ends.updates_blocked <= day)
    }

    /// The newest runtime of its language, or `provided.al2023` for one without a successor of its own.
    pub fn newest(&self) -> &'static Self {
        let family = match self.family {
            Family::Go => Family::Provided,
            family => family,
        };
        let mut same = RUNTIMES.iter().filter(|runtime| runtime.family == family);
        let dated = same.find(|runtime| runtime.ends.is_some());
        dated.expect("every language has a runtime with dates")
    }
}

/// The runtime of a function that names none.
///
/// Source: AWS publishes none, since CreateFunction requires one; it is the newest one of Node.js on the page of [`RUNTIMES`].
pub const DEFAULT: &str = "nodejs24.x";

/// The instruction set of a function that names none.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html>
pub const DEFAULT_ARCHITECTURE: &str = "x86_64";

/// The instruction sets.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/foundation-arch.html>
pub const ARCHITECTURES: &[&str] = BOTH;

const BOTH: &[&str] = &["x86_64", "arm64"];
const X86_64: &[&str] = &["x86_64"];

/// All of them, the newest of each language first. AWS's model (botocore 1.44.8) says which there are. The dates are those of
/// AWS's page as cfn-lint 1.58.0 had them on 2026-10-20; AWS has postponed the blocks of ended runtimes several times. `custom` is no
/// row: it stands for runtimes of other publishers, which are named by an ARN.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html>
pub const RUNTIMES: &[Runtime] = &[
    row("nodejs26.x", Family::NodeJs, None, BOTH),
    row(
        "nodejs24.x",
        Family::NodeJs,
        ends("2028-04-30", "2028-06-01", "2028-07-01"),
        BOTH,
    ),
    row(
        "nodejs22.x",
        Family::NodeJs,
        ends("2027-04-30", "2027-06-01", "2027-07-01"),
        BOTH,
    ),
    row(
        "nodejs20.x",
        Family::NodeJs,
        ends("2026-04-30", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "nodejs18.x",
        Family::NodeJs,
        ends("2025-09-01", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "nodejs16.x",
        Family::NodeJs,
        ends("2024-06-12", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "nodejs14.x",
        Family::NodeJs,
        ends("2023-12-04", "2024-01-09", "2027-03-03"),
        BOTH,
    ),
    row(
        "nodejs12.x",
        Family::NodeJs,
        ends("2023-03-31", "2023-03-31", "2023-04-30"),
        BOTH,
    ),
    row(
        "nodejs10.x",
        Family::NodeJs,
        ends("2021-07-30", "2021-07-30", "2022-02-14"),
        X86_64,
    ),
    row(
        "nodejs8.10",
        Family::NodeJs,
        ends("2020-03-06", "2020-02-04", "2020-03-06"),
        X86_64,
    ),
    row(
        "nodejs6.10",
        Family::NodeJs,
        ends("2019-08-12", "2019-07-12", "2019-08-12"),
        X86_64,
    ),
    row(
        "nodejs4.3-edge",
        Family::NodeJs,
        ends("2020-03-05", "2019-03-31", "2019-04-30"),
        X86_64,
    ),
    row(
        "nodejs4.3",
        Family::NodeJs,
        ends("2020-03-05", "2020-02-03", "2020-03-05"),
        X86_64,
    ),
    row(
        "nodejs",
        Family::NodeJs,
        ends("2016-08-30", "2016-09-30", "2016-10-31"),
        X86_64,
    ),
    row("python3.15", Family::Python, None, BOTH),
    row(
        "python3.14",
        Family::Python,
        ends("2029-06-30", "2029-07-31", "2029-08-31"),
        BOTH,
    ),
    row(
        "python3.13",
        Family::Python,
        ends("2029-06-30", "2029-07-31", "2029-08-31"),
        BOTH,
    ),
    row(
        "python3.12",
        Family::Python,
        ends("2028-10-31", "2028-11-30", "2029-01-10"),
        BOTH,
    ),
    row(
        "python3.11",
        Family::Python,
        ends("2027-06-30", "2027-07-31", "2027-08-31"),
        BOTH,
    ),
    row(
        "python3.10",
        Family::Python,
        ends("2026-10-31", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "python3.9",
        Family::Python,
        ends("2025-12-15", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "python3.8",
        Family::Python,
        ends("2024-10-14", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "python3.7",
        Family::Python,
        ends("2023-12-04", "2024-01-09", "2027-03-03"),
        X86_64,
    ),
    row(
        "python3.6",
        Family::Python,
        ends("2022-07-18", "2022-07-18", "2022-08-29"),
        X86_64,
    ),
    row(
        "python2.7",
        Family::Python,
        ends("2021-07-15", "2021-07-15", "2022-05-30"),
        X86_64,
    ),
    row(
        "java25",
        Family::Java,
        ends("2029-06-30", "2029-07-31", "2029-08-31"),
        BOTH,
    ),
    row(
        "java21",
        Family::Java,
        ends("2029-06-30", "2029-07-31", "2029-08-31"),
        BOTH,
    ),
    row("java17.al2023", Family::Java, None, BOTH),
    row(
        "java17",
        Family::Java,
        ends("2027-06-30", "2027-07-31", "2027-08-31"),
        BOTH,
    ),
    row("java11.al2023", Family::Java, None, BOTH),
    row(
        "java11",
        Family::Java,
        ends("2027-06-30", "2027-07-31", "2027-08-31"),
        BOTH,
    ),
    row("java8.al2023", Family::Java, None, BOTH),
    row(
        "java8.al2",
        Family::Java,
        ends("2027-06-30", "2027-07-31", "2027-08-31"),
        BOTH,
    ),
    row(
        "java8",
        Family::Java,
        ends("2024-01-08", "2024-02-08", "2027-03-03"),
        X86_64,
    ),
    row(
        "dotnet10",
        Family::DotNet,
        ends("2028-11-14", "2028-12-14", "2029-01-15"),
        BOTH,
    ),
    row(
        "dotnet8",
        Family::DotNet,
        ends("2026-11-10", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "dotnet6",
        Family::DotNet,
        ends("2024-12-20", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "dotnetcore3.1",
        Family::DotNet,
        ends("2023-04-03", "2023-04-03", "2023-05-03"),
        BOTH,
    ),
    row(
        "dotnetcore2.1",
        Family::DotNet,
        ends("2022-01-05", "2022-01-05", "2022-04-13"),
        X86_64,
    ),
    row(
        "dotnetcore2.0",
        Family::DotNet,
        ends("2019-05-30", "2019-04-30", "2019-05-30"),
        X86_64,
    ),
    row(
        "dotnetcore1.0",
        Family::DotNet,
        ends("2019-06-27", "2019-06-30", "2019-07-30"),
        X86_64,
    ),
    row(
        "ruby4.0",
        Family::Ruby,
        ends("2029-03-31", "2029-04-30", "2029-05-31"),
        BOTH,
    ),
    row(
        "ruby3.4",
        Family::Ruby,
        ends("2028-03-31", "2028-04-30", "2028-05-31"),
        BOTH,
    ),
    row(
        "ruby3.3",
        Family::Ruby,
        ends("2027-03-31", "2027-04-30", "2027-05-31"),
        BOTH,
    ),
    row(
        "ruby3.2",
        Family::Ruby,
        ends("2026-03-31", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "ruby2.7",
        Family::Ruby,
        ends("2023-12-07", "2024-01-09", "2027-03-03"),
        BOTH,
    ),
    row(
        "ruby2.5",
        Family::Ruby,
        ends("2021-07-30", "2021-07-30", "2022-03-31"),
        X86_64,
    ),
    row(
        "go1.x",
        Family::Go,
        ends("2024-01-08", "2024-02-08", "2027-03-03"),
        X86_64,
    ),
    row(
        "provided.al2023",
        Family::Provided,
        ends("2029-06-30", "2029-07-31", "2029-08-31"),
        BOTH,
    ),
    row(
        "provided.al2",
        Family::Provided,
        ends("2026-07-31", "2027-02-01", "2027-03-03"),
        BOTH,
    ),
    row(
        "provided",
        Family::Provided,
        ends("2024-01-08", "2024-02-08", "2027-03-03"),
        X86_64,
    ),
];

const fn row(
    id: &'static str,
    family: Family,
    ends: Option<Ends>,
    architectures: &'static [&'static str],
) -> Runtime {
    Runtime {
        id,
        family,
        ends,
        architectures,
    }
}

const fn ends(
    deprecated: &'static str,
    creates_blocked: &'static str,
    updates_blocked: &'static str,
) -> Option<Ends> {
    Some(Ends {
        deprecated,
        creates_blocked,
        updates_blocked,
    })
}

/// The runtime with this identifier.
pub fn runtime(id: &str) -> Option<&'static Runtime> {
    RUNTIMES.iter().find(|runtime| runtime.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_runtime_has_one_row_with_dates_in_the_order_of_days() {
        for (at, runtime) in RUNTIMES.iter().enumerate() {
            let others = RUNTIMES[at + 1..].iter();
            assert!(
                others.clone().all(|other| other.id != runtime.id),
                "{}",
                runtime.id
            );
            let Some(ends) = runtime.ends else { continue };
            for day in [ends.deprecated, ends.creates_blocked, ends.updates_blocked] {
                let shape: String = day
                    .chars()
                    .map(|c| if c.is_ascii_digit() { '0' } else { c })
                    .collect();
                assert_eq!(shape, "0000-00-00", "{}", runtime.id);
            }
            assert!(
                ends.creates_blocked <= ends.updates_blocked,
                "{}",
                runtime.id
            );
        }
        assert_eq!(runtime(DEFAULT).unwrap().newest().id, DEFAULT);
    }

    #[test]
    fn a_runtime_is_ended_in_three_steps() {
        let node = runtime("nodejs20.x").unwrap();
        let steps = |day| {
            [
                node.is_deprecated(day),
                node.blocks_creates(day),
                node.blocks_updates(day),
            ]
        };
        assert_eq!(steps("2026-04-29"), [false, false, false]);
        assert_eq!(steps("2026-11-30"), [true, false, false]);
        assert_eq!(steps("2027-02-01"), [true, true, false]);
        assert_eq!(steps("2027-03-03"), [true, true, true]);
        let newest = runtime("nodejs26.x").unwrap();
        assert!(!newest.is_deprecated("2099-01-01"));
        assert_eq!(newest.newest().id, "nodejs24.x");
        assert_eq!(runtime("go1.x").unwrap().newest().id, "provided.al2023");
        assert_eq!(runtime("nodejs99.x"), None);
    }
}
