//! How far a replay has come: a bar on a terminal, elsewhere a line now and then, nothing for programs.

use std::time::Duration;

use indicatif::ProgressBar;
use tokio::time::Instant;
use waybill_replay::view::ReplayView;

use crate::output::Output;

const TELL_EVERY: Duration = Duration::from_secs(5);

pub(super) struct Progress<'a> {
    bar: ProgressBar,
    output: &'a Output,
    told_at: Instant,
}

impl<'a> Progress<'a> {
    pub(super) fn of(replay: &ReplayView, output: &'a Output) -> Self {
        let bar = output.progress(length(replay), "replaying");
        bar.set_position(whole(replay.done));
        // What was done before it was watched says nothing of how fast it goes.
        bar.reset_eta();
        Self { bar, output, told_at: Instant::now() }
    }

    pub(super) fn show(&mut self, replay: &ReplayView) {
        self.bar.set_length(length(replay));
        self.bar.set_position(whole(replay.done));
        if self.bar.is_hidden() && self.told_at.elapsed() >= TELL_EVERY {
            self.told_at = Instant::now();
            self.output.note(&line(replay));
        }
    }

    /// What comes next is written where the bar was.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

/// Letters that it is about; more were counted where somebody buried one again.
fn length(replay: &ReplayView) -> u64 {
    whole(replay.matched.max(replay.done))
}

fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}

fn line(replay: &ReplayView) -> String {
    let left = replay
        .seconds_left
        .map_or(String::new(), |seconds| format!(", about {seconds} s left"));
    format!("{} of {} letters{left}", replay.done, replay.matched)
}
