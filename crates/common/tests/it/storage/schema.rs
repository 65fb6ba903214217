//! The schema: `schema.rs` is current, every table has a primary key.

use std::collections::BTreeMap;

use diesel::{QueryableByName, sql_query, sql_types};
use diesel_async::RunQueryDsl as _;
use waybill_test_support::TestDatabase;

const WRITTEN: &str = include_str!("../../../src/storage/schema.rs");

/// Column → type, by table.
type Tables = BTreeMap<String, Vec<(String, String)>>;

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = sql_types::Text)]
    table: String,
    #[diesel(sql_type = sql_types::Text)]
    column: String,
    #[diesel(sql_type = sql_types::Text)]
    udt: String,
    #[diesel(sql_type = sql_types::Bool)]
    nullable: bool,
}

impl Column {
    fn diesel_type(&self) -> String {
        let known = match self.udt.as_str() {
            "timestamptz" => "Timestamptz",
            "uuid" => "Uuid",
            "text" => "Text",
            "bytea" => "Binary",
            "int2" => "SmallInt",
            "int4" => "Integer",
            "int8" => "BigInt",
            "jsonb" => "Jsonb",
            "bool" => "Bool",
            "_text" => "Array<Text>",
            other => panic!("{}.{} has the unexpected type {other}", self.table, self.column),
        };
        if self.nullable { format!("Nullable<{known}>") } else { known.to_owned() }
    }
}

/// Reads what `table!` was given: a table opens with `name (key) {`, a column is `name -> Type,`.
fn written() -> Tables {
    let (mut tables, mut table, mut renamed) = (Tables::new(), String::new(), None);
    for line in WRITTEN.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("#[sql_name = \"") {
            renamed = name.strip_suffix("\"]").map(str::to_owned);
        } else if let Some((column, sql_type)) = line.split_once(" -> ") {
            let column = renamed.take().unwrap_or_else(|| column.to_owned());
            let columns = tables.entry(table.clone()).or_default();
            columns.push((column, sql_type.trim_end_matches(',').to_owned()));
        } else if let Some((name, _key)) = line.split_once(" (").filter(|_| line.ends_with('{')) {
            name.clone_into(&mut table);
        }
    }
    tables
}

#[tokio::test]
async fn the_hand_written_schema_is_the_migrated_one() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let columns: Vec<Column> = sql_query(
        "SELECT c.table_name::text AS table, c.column_name::text AS column, c.udt_name::text AS udt, \
                c.is_nullable = 'YES' AS nullable \
         FROM information_schema.columns c \
         JOIN pg_class t ON t.oid = format('%I.%I', c.table_schema, c.table_name)::regclass \
         WHERE c.table_schema = 'public' AND NOT t.relispartition AND c.table_name NOT LIKE '\\_\\_%' \
         ORDER BY c.table_name, c.ordinal_position",
    )
    .load(&mut database.owner().await?)
    .await?;
    let mut migrated = Tables::new();
    for column in columns {
        let sql_type = column.diesel_type();
        migrated
            .entry(column.table)
            .or_default()
            .push((column.column, sql_type));
    }
    assert_eq!(written(), migrated);
    Ok(())
}

#[tokio::test]
async fn every_table_has_a_primary_key_and_only_named_checks() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let odd: Vec<Column> = sql_query(
        "SELECT t.relname::text AS table, 'no primary key' AS column, '' AS udt, false AS nullable \
         FROM pg_class t WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') \
           AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary) \
         UNION ALL \
         SELECT t.relname::text, c.conname::text, '', false FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
         WHERE c.contype = 'c' AND c.conname ~ '_check\\d*$'",
    )
    .load(&mut database.owner().await?)
    .await?;
    let odd: Vec<_> = odd
        .iter()
        .map(|found| (&found.table, &found.column))
        .collect();
    assert_eq!(odd, []);
    Ok(())
}
