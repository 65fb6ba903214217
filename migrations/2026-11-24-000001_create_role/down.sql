DROP FUNCTION waybill_refuse_change();
REVOKE SELECT ON __diesel_schema_migrations FROM waybill_app;
REVOKE USAGE ON SCHEMA public FROM waybill_app;
