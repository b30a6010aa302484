//! gatestack: one TOML file between a service and the people who call it. The library does the work.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(gatestack::cli::main(std::env::args_os()).code())
}
