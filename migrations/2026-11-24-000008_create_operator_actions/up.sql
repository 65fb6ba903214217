-- Who did what, why, from where; what it was before and after.
CREATE TABLE operator_actions (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    reason text NOT NULL,
    origin text NOT NULL,
    subject text NOT NULL,
    before jsonb,
    after jsonb,
    CONSTRAINT operator_actions_pkey PRIMARY KEY (id),
    CONSTRAINT operator_actions_have_a_reason CHECK (reason <> '')
);

CREATE TRIGGER operator_actions_are_append_only
    BEFORE UPDATE OR DELETE OR TRUNCATE ON operator_actions
    FOR EACH STATEMENT EXECUTE FUNCTION waybill_refuse_change();
ALTER TABLE operator_actions ENABLE ALWAYS TRIGGER operator_actions_are_append_only;

GRANT SELECT, INSERT ON operator_actions TO waybill_app;
