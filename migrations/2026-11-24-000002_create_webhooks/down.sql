DROP TABLE webhooks;
DROP FUNCTION waybill_drop_webhooks_before(timestamptz);
DROP FUNCTION waybill_make_webhooks_month(date);
