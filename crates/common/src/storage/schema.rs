//! The tables as diesel sees them. Written by hand; a test compares them with the migrated database.

use diesel::{allow_tables_to_appear_in_same_query, table};

table! {
    webhooks (received_at, id) {
        received_at -> Timestamptz,
        id -> Uuid,
        source -> Text,
        provider -> Text,
        account -> Nullable<Text>,
        dedup_key -> Text,
        body_sha256 -> Binary,
        native_type -> Text,
        order_id -> Nullable<Uuid>,
        state -> Text,
        verdict -> Nullable<Text>,
        reason -> Nullable<Text>,
        attempts -> SmallInt,
        correlation_id -> Text,
        trace_id -> Nullable<Text>,
        committed_at -> Nullable<Timestamptz>,
        processing_ms -> Nullable<BigInt>,
        due_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        body -> Binary,
        body_encoding -> Text,
        headers -> Jsonb,
    }
}

table! {
    event_keys (key) {
        key -> Binary,
        source -> Text,
        dedup_key -> Text,
        body_sha256 -> Binary,
        webhook_id -> Uuid,
        order_id -> Nullable<Uuid>,
    }
}

table! {
    orders (id) {
        id -> Uuid,
        namespace -> Text,
        external_id -> Nullable<Text>,
        status -> Text,
        payment -> Text,
        fulfilment -> Text,
        dispute -> Text,
        lifecycle -> Text,
        currency -> Nullable<Text>,
        exponent -> Nullable<SmallInt>,
        total -> Nullable<BigInt>,
        authorized -> BigInt,
        captured -> BigInt,
        refunded -> BigInt,
        disputed -> BigInt,
        flags -> Array<Text>,
        facts -> Jsonb,
        version -> BigInt,
        last_seq -> BigInt,
        head_hash -> Binary,
        absorbed_into -> Nullable<Uuid>,
        rules -> SmallInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

table! {
    order_aliases (namespace, ref_) {
        namespace -> Text,
        #[sql_name = "ref"]
        ref_ -> Text,
        order_id -> Uuid,
    }
}

table! {
    order_events (order_id, seq) {
        order_id -> Uuid,
        seq -> BigInt,
        kind -> Text,
        webhook_id -> Uuid,
        source -> Text,
        dedup_key -> Text,
        body_sha256 -> Binary,
        native_type -> Text,
        verdict -> Text,
        label -> Nullable<Text>,
        from_status -> Nullable<Text>,
        to_status -> Text,
        reason -> Text,
        trust -> Text,
        order_refs -> Jsonb,
        effect -> Jsonb,
        occurred_at -> Timestamptz,
        recorded_at -> Timestamptz,
        correlation_id -> Text,
        trace_id -> Nullable<Text>,
        rules -> SmallInt,
        prev_hash -> Binary,
        hash -> Binary,
    }
}

table! {
    dead_letters (webhook_id) {
        webhook_id -> Uuid,
        received_at -> Timestamptz,
        source -> Text,
        reason -> Text,
        error -> Text,
        attempts -> SmallInt,
        first_failed_at -> Timestamptz,
        last_failed_at -> Timestamptz,
        message -> Binary,
        replay_state -> Text,
        replays -> Integer,
        replayed_at -> Nullable<Timestamptz>,
        replay_id -> Nullable<Uuid>,
    }
}

table! {
    replays (id) {
        id -> Uuid,
        actor -> Text,
        reason -> Text,
        origin -> Text,
        filter -> Jsonb,
        rate -> Integer,
        state -> Text,
        matched -> BigInt,
        applied -> BigInt,
        no_change -> BigInt,
        duplicate -> BigInt,
        conflict -> BigInt,
        ignored -> BigInt,
        unusable -> BigInt,
        elsewhere -> BigInt,
        missed -> BigInt,
        position -> Nullable<Uuid>,
        holder -> Nullable<Uuid>,
        lease_until -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        updated_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
    }
}

table! {
    accepted_counts (source, minute, replica) {
        source -> Text,
        minute -> Timestamptz,
        replica -> Text,
        accepted -> BigInt,
        recovered -> BigInt,
    }
}

table! {
    queue_looks (worker, shard) {
        worker -> Uuid,
        shard -> Integer,
        ready -> BigInt,
        oldest_age_ms -> BigInt,
        seen_at -> Timestamptz,
    }
}

table! {
    secret_uses (source, kind, position, replica) {
        source -> Text,
        kind -> Text,
        position -> SmallInt,
        replica -> Text,
        since -> Timestamptz,
        used -> BigInt,
        last_used_at -> Nullable<Timestamptz>,
        told_at -> Timestamptz,
    }
}

table! {
    order_changes (stamp, n) {
        stamp -> BigInt,
        n -> BigInt,
        order_id -> Uuid,
        seq -> BigInt,
        currency -> Nullable<Text>,
        exponent -> Nullable<SmallInt>,
        total -> Nullable<BigInt>,
        authorized -> BigInt,
        captured -> BigInt,
        refunded -> BigInt,
        disputed -> BigInt,
    }
}

table! {
    fetches (namespace, object) {
        namespace -> Text,
        object -> Text,
        hint_at -> BigInt,
        attempts -> SmallInt,
        due_at -> Timestamptz,
        given_up -> Bool,
        last_error -> Nullable<Text>,
    }
}

table! {
    operator_actions (id) {
        id -> Uuid,
        at -> Timestamptz,
        actor -> Text,
        action -> Text,
        reason -> Text,
        origin -> Text,
        subject -> Text,
        before -> Nullable<Jsonb>,
        after -> Nullable<Jsonb>,
    }
}

table! {
    operators (id) {
        id -> Uuid,
        name -> Text,
        role -> Text,
        payload_read -> Bool,
        password_hash -> Nullable<Text>,
        issuer -> Nullable<Text>,
        subject -> Nullable<Text>,
        created_at -> Timestamptz,
        disabled_at -> Nullable<Timestamptz>,
    }
}

table! {
    api_tokens (id) {
        id -> Uuid,
        name -> Text,
        hash -> Binary,
        role -> Text,
        scopes -> Array<Text>,
        created_by -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
    }
}

table! {
    sessions (hash) {
        hash -> Binary,
        operator_id -> Uuid,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

table! {
    sign_in_links (hash) {
        hash -> Binary,
        operator_id -> Uuid,
        expires_at -> Timestamptz,
    }
}

table! {
    sign_in_failures (kind, subject) {
        kind -> Text,
        subject -> Text,
        failures -> Integer,
        since -> Timestamptz,
    }
}

allow_tables_to_appear_in_same_query!(
    webhooks,
    event_keys,
    orders,
    order_aliases,
    order_events,
    dead_letters,
    operators,
    sessions,
);
