//! `waybill completions` and `waybill man`: what a shell and a reader need, made of the arguments themselves.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::output::{Ending, Output};

pub(crate) fn completions(shell: Shell, output: &Output) -> anyhow::Result<Ending> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "waybill", &mut script);
    output.bytes(&script)?;
    Ok(Ending::Well)
}

/// The page of `waybill` itself, or a file for every command.
pub(crate) fn man(dir: Option<&Path>, output: &Output) -> anyhow::Result<Ending> {
    let Some(dir) = dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Arguments::command()).render(&mut page)?;
        output.bytes(&page)?;
        return Ok(Ending::Well);
    };
    fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Arguments::command(), dir))
        .with_context(|| format!("could not write to {}", dir.display()))?;
    Ok(Ending::Well)
}

#[cfg(test)]
mod tests;
