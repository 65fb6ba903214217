//! What the parameters of questions may be, for the API's documentation: as narrow as what is accepted, so that whoever keeps to
//! it is understood.

use utoipa::openapi::schema::{KnownFormat, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{Object, ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use waybill_common::domain;
use waybill_common::storage::dead_letters::DeathReason;
use waybill_common::storage::operator_actions::REASON_CHARS_MAX;
use waybill_common::storage::webhooks;

use crate::page::LIMIT_MAX;

/// Base64 of a direction and an id.
const CURSOR: &str = "^Y[Q-Za-v][A-Za-z0-9_-]{20}[AEIMQUYcgkosw048]$";
/// PostgreSQL knows no U+0000.
const TEXT: &str = "^[^\\x00]*$";
const POSITION: &str = "^(end|[0-9]{1,18}-[0-9]{1,18})$";
/// Something that is no space. The spaces are named: `\S` is not the same for all who read it, and not what Rust trims.
const REASON: &str =
    r"^[^\x00]*[^\x00\t-\r \x85\xA0\u1680\u2000-\u200A\u2028\u2029\u202F\u205F\u3000][^\x00]*$";
const MINUTES_MAX: i64 = 1_440;

/// What stands for a parameter's type in the documentation: a type of its own and no function, so that the sentence of the
/// field and whether it is needed stand there too.
macro_rules! documented {
    ($($name:ident => $schema:ident),+ $(,)?) => {
        $(
            #[derive(Clone, Copy, Debug)]
            pub struct $name;

            impl PartialSchema for $name {
                fn schema() -> RefOr<Schema> {
                    $schema().into()
                }
            }

            impl ToSchema for $name {}
        )+
    };
}

documented! {
    Limit => limit,
    Minutes => minutes,
    Seq => seq,
    Cursor => cursor,
    Position => position,
    Text => text,
    Time => time,
    Id => id,
    Status => status,
    Payment => payment,
    Flag => flag,
    Verdict => verdict,
    WebhookState => webhook_state,
    Death => death,
    ReplayState => replay_state,
    Reason => reason,
}

fn limit() -> Object {
    whole(1, LIMIT_MAX)
}

fn minutes() -> Object {
    whole(1, MINUTES_MAX)
}

fn seq() -> Object {
    whole(0, i64::MAX)
}

fn whole(least: i64, most: i64) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(least))
        .maximum(Some(most))
        .build()
}

fn cursor() -> Object {
    pattern(CURSOR)
}

fn position() -> Object {
    pattern(POSITION)
}

/// Why something is done, as whoever does it says.
#[must_use]
pub fn reason() -> Object {
    ObjectBuilder::from(pattern(REASON))
        .description(Some(format!("For the record, 1 to {REASON_CHARS_MAX} characters")))
        .min_length(Some(1))
        .max_length(Some(REASON_CHARS_MAX))
        .build()
}

/// Likewise of what may be a dry run.
#[must_use]
pub fn reason_or_null() -> Object {
    let said = format!("For the record, 1 to {REASON_CHARS_MAX} characters; a dry run needs none");
    ObjectBuilder::from(reason())
        .description(Some(said))
        .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
        .build()
}

fn text() -> Object {
    pattern(TEXT)
}

fn pattern(pattern: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .build()
}

fn time() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .build()
}

fn id() -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .build()
}

fn status() -> Object {
    one_of(domain::Status::ALL.iter().map(|status| status.as_str()))
}

fn payment() -> Object {
    one_of(domain::Payment::ALL.iter().map(|payment| payment.as_str()))
}

fn flag() -> Object {
    one_of(domain::Flag::ALL.iter().map(|flag| flag.as_str()))
}

fn verdict() -> Object {
    one_of(domain::Verdict::ALL.iter().map(|verdict| verdict.as_str()))
}

fn webhook_state() -> Object {
    one_of(webhooks::State::ALL.iter().map(|state| state.as_str()))
}

fn death() -> Object {
    one_of(DeathReason::ALL.iter().map(|reason| reason.as_str()))
}

fn replay_state() -> Object {
    one_of(crate::dead_letters::REPLAY_STATES)
}

fn one_of(names: impl IntoIterator<Item = &'static str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .build()
}

#[cfg(test)]
mod tests;
