use clap::{Command, CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;

use super::man;
use crate::arguments::Arguments;
use crate::output::Output;

/// Every command by the words that are typed.
fn all_commands() -> Vec<String> {
    fn below(command: &Command, words: &str, found: &mut Vec<String>) {
        found.push(words.to_owned());
        for sub in command.get_subcommands() {
            below(sub, &format!("{words} {}", sub.get_name()), found);
        }
    }
    let mut found = Vec::new();
    below(&Arguments::command(), "waybill", &mut found);
    found
}

#[test]
fn the_arguments_make_sense() {
    Arguments::command().debug_assert();
    let all = all_commands();
    assert!(all.len() > 40, "{all:?}");
    for command in ["waybill orders explain", "waybill dead preview", "waybill replay resume"] {
        assert!(all.contains(&command.to_owned()), "{command} is not in {all:?}");
    }
}

#[test]
fn every_shell_completes_every_command() {
    for shell in Shell::value_variants() {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Arguments::command(), "waybill", &mut script);
        let script = String::from_utf8(script).unwrap();
        for command in all_commands() {
            let word = command.rsplit(' ').next().unwrap_or_default();
            assert!(script.contains(word), "{shell} knows no {command}");
        }
    }
}

#[test]
fn every_command_has_a_page_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    man(Some(folder.path()), &Output::new(false)).unwrap();
    for command in all_commands() {
        let name = command.replace(' ', "-");
        let page = std::fs::read_to_string(folder.path().join(format!("{name}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
        assert!(page.contains(&name.replace('-', "\\-")), "{name}: {page}");
    }
}
