-- Signing keys that a gateway went by before (rule 15), newest first: recordings that they sealed are verified by them for as long as they are kept.
ALTER TABLE gateways ADD COLUMN former_signing_keys jsonb NOT NULL DEFAULT '[]';
UPDATE gateways SET former_signing_keys = jsonb_build_array(previous_signing_key) WHERE previous_signing_key IS NOT NULL;
ALTER TABLE gateways DROP COLUMN previous_tls_key;
ALTER TABLE gateways DROP COLUMN previous_signing_key;
