//! `waybill replay`: many dead letters at once.

mod progress;
mod watch;

use waybill_replay::ask::{Cancelling, ReplayFilter, ReplayRequested};
use waybill_replay::view::{ReplayPaging, ReplayView};

use crate::arguments::{Pages, ReplayStart, ReplayWhat, Which};
use crate::list;
use crate::output::{Ending, Output};
use crate::show::replays;
use crate::way::{Begun, Way};
use watch::{Interrupt, Watch};

pub(crate) async fn run(what: ReplayWhat, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    match what {
        ReplayWhat::Start(asked) => start(asked, way, output).await,
        ReplayWhat::List(pages) => all(pages, way, output).await,
        ReplayWhat::Show { replay } => tell(&way.replay(replay).await?, output),
        ReplayWhat::Watch { replay } => {
            let watch = Watch::prepare(way, output)?;
            let begun = Begun { replay: way.replay(replay).await?, worker: None };
            watch.until_the_end(begun, Interrupt::Leaves).await
        }
        ReplayWhat::Cancel { replay, reason } => {
            tell(&way.cancel(replay, &Cancelling { reason }).await?, output)
        }
        ReplayWhat::Resume { replay } => {
            let watch = Watch::prepare(way, output)?;
            let begun = way.resume(replay).await?;
            watch.until_the_end(begun, Interrupt::Cancels).await
        }
    }
}

async fn start(asked: ReplayStart, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let ReplayStart { which, rate, reason, dry_run, detach } = asked;
    let asked = ReplayRequested { filter: filter(which), dry_run, rate, reason };
    if dry_run {
        return output.result(&way.foresee(&asked).await?, replays::preview);
    }
    if detach {
        return tell(&way.leave(&asked).await?, output);
    }
    let watch = Watch::prepare(way, output)?;
    let begun = way.begin(&asked).await?;
    let ReplayView { id, matched, rate, .. } = begun.replay;
    output.note(&format!("replaying {matched} letters, at most {rate} in a second, as {id}"));
    watch.until_the_end(begun, Interrupt::Cancels).await
}

fn filter(which: Which) -> ReplayFilter {
    let Which { all, source, reason_class, native_type, from, to, webhook } = which;
    ReplayFilter { all, source, reason: reason_class, native_type, from, to, webhooks: webhook }
}

async fn all(pages: Pages, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let mut asked = ReplayPaging { limit: pages.limit(), cursor: None };
    let ask = async |cursor: Option<String>| {
        asked.cursor = cursor;
        way.replays(&asked).await
    };
    list::print(&pages, output, ask, |found| replays::list(found, output)).await
}

fn tell(replay: &ReplayView, output: &Output) -> anyhow::Result<Ending> {
    output.result(replay, |replay| replays::one(replay, output))
}
