//! SQL whose text never changes, so that the server plans it once per connection.
//!
//! diesel prepares but never keeps `UPDATE`, upserts, batch inserts and `sql_query`; each then costs a round trip and
//! a plan. It does keep a query fragment with a static id. [`statement!`] makes one: a struct whose fields are the
//! bound values, in the order of the `$` in the text. Rows travel as one array per column and become rows by `UNNEST`,
//! so a batch of any size has the same text.

/// Declares a statement. `->` says what its rows hold; for `-> ()` use `execute`, else `load`.
macro_rules! statement {
    (
        $(#[$doc:meta])*
        $visible:vis struct $name:ident $(<$life:lifetime>)? {
            $($field:ident: $type:ty => $sql_type:ty),* $(,)?
        }
        -> $row:ty;
        $text:expr
    ) => {
        $(#[$doc])*
        $visible struct $name $(<$life>)? {
            $($visible $field: $type,)*
        }

        impl $(<$life>)? ::diesel::query_builder::QueryFragment<::diesel::pg::Pg> for $name $(<$life>)? {
            fn walk_ast<'b>(
                &'b self,
                mut out: ::diesel::query_builder::AstPass<'_, 'b, ::diesel::pg::Pg>,
            ) -> ::diesel::QueryResult<()> {
                let mut pieces = $text.split('$');
                out.push_sql(pieces.next().unwrap_or_default());
                $(
                    out.push_bind_param::<$sql_type, _>(&self.$field)?;
                    out.push_sql(pieces.next().expect("a statement has a $ for each of its fields"));
                )*
                debug_assert_eq!(pieces.next(), None, "a statement has a field for each of its $");
                Ok(())
            }
        }

        impl $(<$life>)? ::diesel::query_builder::QueryId for $name $(<$life>)? {
            type QueryId = statement!(@static $name $(<$life>)?);
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl $(<$life>)? ::diesel::query_builder::Query for $name $(<$life>)? {
            type SqlType = $row;
        }
    };
    (@static $name:ident) => { $name };
    (@static $name:ident <$life:lifetime>) => { $name<'static> };
}

pub(super) use statement;

/// One column of an array of rows, as `UNNEST` wants it.
pub(super) fn column<'a, Row, T>(rows: &'a [Row], of: impl Fn(&'a Row) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}

/// Bytes of a fixed length; a CHECK keeps the column to it.
pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> diesel::QueryResult<[u8; N]> {
    bytes.try_into().map_err(unreadable)
}

/// A value that this program cannot read, though the schema lets it stand.
pub(super) fn unreadable(
    cause: impl std::error::Error + Send + Sync + 'static,
) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(Box::new(cause))
}
