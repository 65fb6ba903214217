//! Heads of audit chains in a file that is kept elsewhere: one line `<order> <seq> <hash>` each, sorted.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use anyhow::Context as _;
use uuid::Uuid;

#[derive(Debug, Default)]
pub(crate) struct Heads(BTreeMap<Uuid, (i64, [u8; 32])>);

impl Heads {
    /// A file that is not there yet has no heads.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", path.display()));
            }
        };
        let lines = text.lines().enumerate().map(|(index, line)| {
            head(line)
                .with_context(|| format!("line {} of {} is no head", index + 1, path.display()))
        });
        Ok(Self(lines.collect::<anyhow::Result<_>>()?))
    }

    /// Written beside and moved into place, so that an interrupted run leaves the old file whole.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let lines = self
            .0
            .iter()
            .map(|(order, (seq, hash))| format!("{order} {seq} {}\n", hex::encode(hash)));
        let beside = path.with_extension("new");
        fs::write(&beside, lines.collect::<String>())
            .and_then(|()| fs::rename(&beside, path))
            .with_context(|| format!("could not write {}", path.display()))
    }

    pub(crate) fn insert(&mut self, order: Uuid, seq: i64, hash: [u8; 32]) {
        self.0.insert(order, (seq, hash));
    }

    pub(crate) fn get(&self, order: Uuid) -> Option<(i64, [u8; 32])> {
        self.0.get(&order).copied()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The orders that these heads know and the others do not.
    pub(crate) fn missing_from<'a>(&'a self, others: &'a Self) -> impl Iterator<Item = Uuid> + 'a {
        self.0
            .keys()
            .copied()
            .filter(|order| !others.0.contains_key(order))
    }
}

fn head(line: &str) -> anyhow::Result<(Uuid, (i64, [u8; 32]))> {
    let mut words = line.split(' ');
    let mut word = || words.next().context("a word is missing");
    let (order, seq) = (word()?.parse()?, word()?.parse()?);
    let mut hash = [0; 32];
    hex::decode_to_slice(word()?, &mut hash)?;
    Ok((order, (seq, hash)))
}
