-- How busy a gateway said it is in its last status: share of its processors, memory in bytes.
ALTER TABLE gateways ADD COLUMN load_cpu double precision;
ALTER TABLE gateways ADD COLUMN load_memory_bytes bigint;

-- States that a gateway changed to, for the chart of its last day. The audit log keeps them for good; rows here go after two days.
CREATE TABLE gateway_history (
  gateway_id uuid NOT NULL REFERENCES gateways (id),
  at timestamptz(3) NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'available', 'degraded', 'unavailable', 'draining', 'disabled')),
  code text,
  ordinal bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
CREATE INDEX gateway_history_newest ON gateway_history (gateway_id, at DESC, ordinal DESC);
CREATE INDEX gateway_history_old ON gateway_history (at);
