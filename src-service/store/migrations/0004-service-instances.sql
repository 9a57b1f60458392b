-- A lease stands as long as the instance that holds it is heard: one row to write for all of its gateways (rule 17).
CREATE TABLE service_instances (
  holder text PRIMARY KEY,
  heard_at timestamptz(3) NOT NULL
);

ALTER TABLE gateways DROP COLUMN lease_expires_at;
