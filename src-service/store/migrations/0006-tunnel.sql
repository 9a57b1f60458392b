-- Tunnel (S22): the switch for the system, and through which gateway or segment connections go first.
CREATE TABLE tunnel_settings (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  enabled boolean NOT NULL,
  default_gateway_id uuid REFERENCES gateways (id),
  default_segment text,
  changed_at timestamptz(3) NOT NULL,
  CHECK (default_gateway_id IS NULL OR default_segment IS NULL),
  CHECK (NOT enabled OR default_gateway_id IS NOT NULL OR default_segment IS NOT NULL)
);

ALTER TABLE access_rules ADD COLUMN tunnel text NOT NULL DEFAULT 'system' CHECK (tunnel IN ('system', 'always'));

-- Whether the service and clients reach a gateway themselves, or only the default gateway does (rule 8).
ALTER TABLE gateways ADD COLUMN reached_through text NOT NULL DEFAULT 'direct' CHECK (reached_through IN ('direct', 'default'));

-- What is not encrypted to its target is refused in Tunnel mode unless its resource allows it.
ALTER TABLE resources ADD COLUMN allow_unencrypted_tunnel boolean NOT NULL DEFAULT false;

-- The gateway before the one that reaches the target, where a connection has two hops.
ALTER TABLE connections ADD COLUMN first_gateway_id uuid REFERENCES gateways (id);
ALTER TABLE connections ADD COLUMN first_gateway_name text;

-- Each grant that let a connection through a first hop: which of a gateway's events of forwards it may write, each once.
CREATE TABLE connection_forwards (
  ticket_sha256 text PRIMARY KEY,
  connection_id uuid NOT NULL REFERENCES connections (id),
  gateway_id uuid NOT NULL REFERENCES gateways (id),
  gateway_name text NOT NULL,
  next_gateway_id uuid NOT NULL REFERENCES gateways (id),
  next_gateway_name text NOT NULL,
  granted_at timestamptz(3) NOT NULL,
  forwarded_at timestamptz(3),
  ended_at timestamptz(3)
);
CREATE INDEX connection_forwards_of ON connection_forwards (connection_id, gateway_id);
