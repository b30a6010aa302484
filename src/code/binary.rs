//! Whether a program in an archive can run on Lambda.

use super::archive::{BOOTSTRAP, Code};
use super::fault::CodeFault;

/// The instruction sets by the machine's number in an ELF header, at byte 18.
const MACHINES: [(u16, &str); 2] = [(62, "x86_64"), (183, "arm64")];

/// The first bytes of programs of other systems.
const FOREIGN: [(&[u8], &str); 3] = [
    (b"\xcf\xfa\xed\xfe", "macOS"),
    (b"\xca\xfe\xba\xbe", "macOS"),
    (b"MZ", "Windows"),
];

/// Checks that `bootstrap` is a program for Linux and this instruction set, or a script.
///
/// # Errors
/// It is for another system or another instruction set.
pub fn check_architecture(code: &Code, architecture: &str) -> Result<(), CodeFault> {
    let Some(head) = code.head(BOOTSTRAP, 20) else {
        return Ok(());
    };
    let path = code.origin().join(BOOTSTRAP);
    let path = path.display();
    for (magic, system) in FOREIGN {
        if head.starts_with(magic) {
            return Err(CodeFault::new(
                format!("{path} is a program for {system}, and Lambda runs Linux"),
                format!("build it for Linux and {architecture}"),
            ));
        }
    }
    let machine = match head[..] {
        [0x7f, b'E', b'L', b'F', .., low, high] if head.len() == 20 => {
            u16::from_le_bytes([low, high])
        }
        _ => return Ok(()),
    };
    let built = MACHINES.iter().find(|(number, _)| *number == machine);
    match built {
        Some((_, built)) if *built == architecture => Ok(()),
        Some((_, built)) => Err(CodeFault::new(
            format!("{path} is built for {built}, and the function runs on {architecture}"),
            format!("write architecture = \"{built}\", or build it for {architecture}"),
        )),
        None => Err(CodeFault::new(
            format!("{path} is built for a machine that Lambda doesn't have (ELF {machine})"),
            format!("build it for Linux and {architecture}"),
        )),
    }
}

/// Checks that a file can be run by Linux: a program, or a script that says what runs it.
///
/// # Errors
/// It is neither.
pub(super) fn check_program(code: &Code, file: &str) -> Result<(), CodeFault> {
    match code.head(file, 4) {
        Some(head) if !head.starts_with(b"\x7fELF") && !head.starts_with(b"#!") => {
            Err(CodeFault::new(
                format!(
                    "{} is neither a program for Linux nor a script whose first line begins with #!",
                    code.origin().join(file).display()
                ),
                "build it for Linux, or write what runs it into its first line, such as #!/bin/sh",
            ))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::code::Origin;

    fn checked(bytes: &[u8], architecture: &str) -> Result<(), CodeFault> {
        let folder = tempfile::TempDir::new().unwrap();
        fs::write(folder.path().join(BOOTSTRAP), bytes).unwrap();
        let code = Code::read(&Origin::Folder(folder.path().to_owned()));
        check_architecture(&code.unwrap().unwrap(), architecture)
    }

    #[test]
    fn a_script_says_what_runs_it() {
        let folder = tempfile::TempDir::new().unwrap();
        for (text, is_program) in [
            ("#!/bin/sh\nexit\n", true),
            ("\x7fELF\x02", true),
            ("echo hello\n", false),
            ("\n#!/bin/sh\n", false),
            ("#", false),
            ("", false),
        ] {
            fs::write(folder.path().join(BOOTSTRAP), text).unwrap();
            let code = Code::read(&Origin::Folder(folder.path().to_owned()));
            let checked = check_program(&code.unwrap().unwrap(), BOOTSTRAP);
            assert_eq!(checked.is_ok(), is_program, "{text:?}");
        }
    }

    #[test]
    fn a_program_is_for_linux_and_the_functions_instruction_set() {
        let elf = |machine: u8| {
            let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec();
            bytes.extend_from_slice(&[machine, 0, 1, 0, 0, 0]);
            bytes
        };
        assert_eq!(checked(&elf(62), "x86_64"), Ok(()));
        assert_eq!(checked(&elf(183), "arm64"), Ok(()));
        assert_eq!(checked(b"#!/bin/sh\n", "arm64"), Ok(()));
        assert_eq!(checked(b"", "arm64"), Ok(()));
        let other = checked(&elf(183), "x86_64").unwrap_err();
        assert!(
            other.what.contains("built for arm64")
                && other.help.contains("architecture = \"arm64\"")
        );
        assert!(
            checked(&elf(40), "x86_64")
                .unwrap_err()
                .what
                .contains("(ELF 40)")
        );
        assert!(
            checked(b"\xcf\xfa\xed\xfe\x0c", "arm64")
                .unwrap_err()
                .what
                .contains("for macOS")
        );
        assert!(
            checked(b"MZ\x90", "arm64")
                .unwrap_err()
                .what
                .contains("for Windows")
        );
    }
}
