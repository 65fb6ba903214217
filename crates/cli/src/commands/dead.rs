//! `waybill dead`: dead letters, and replaying one of them.

use waybill_common::domain::Verdict;
use waybill_operate::dead_letters::DeadLetterFilter;
use waybill_replay::one::{ReplayRequest, ReplayResult};

use crate::arguments::{DeadList, DeadWhat};
use crate::list;
use crate::output::{Ending, Output};
use crate::show::letters;
use crate::way::Way;

pub(crate) async fn run(what: DeadWhat, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    match what {
        DeadWhat::List(asked) => search(asked, way, output).await,
        DeadWhat::Groups => output.result(&way.dead_groups().await?, |all| letters::groups(all)),
        DeadWhat::Show { webhook } => {
            let letter = way.dead_letter(webhook).await?;
            output.result(&letter, |letter| letters::one(letter, output))
        }
        DeadWhat::Preview { webhook } => {
            let preview = way.preview(webhook).await?;
            output.result(&preview, |preview| letters::preview(preview, output))
        }
        DeadWhat::Replay { webhook, reason } => {
            let replayed = way.replay_one(webhook, &ReplayRequest { reason }).await?;
            output.result(&replayed, |replayed| letters::replayed(replayed, output))?;
            Ok(ending(&replayed))
        }
    }
}

async fn search(asked: DeadList, way: &Way, output: &Output) -> anyhow::Result<Ending> {
    let DeadList { source, reason_class, replay_state, pages } = asked;
    let mut filter = DeadLetterFilter {
        source,
        reason: reason_class,
        replay_state,
        limit: pages.limit(),
        cursor: None,
    };
    let ask = async |cursor: Option<String>| {
        filter.cursor = cursor;
        way.dead_letters(&filter).await
    };
    list::print(&pages, output, ask, |found| letters::list(found, output)).await
}

fn ending(replayed: &ReplayResult) -> Ending {
    let stays_dead = replayed.verdict == Verdict::Dead.as_str();
    if stays_dead { Ending::NotWell } else { Ending::Well }
}
