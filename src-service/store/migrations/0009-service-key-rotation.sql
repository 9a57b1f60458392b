-- The rotation of the service's own keys (rule 15): of its HTTPS server and of its links. The private keys rest sealed under the
-- master key, so that every instance, also one that starts later, goes by the same ones. The newest rotation that went as far
-- as the switch names the present keys.
CREATE TABLE service_key_rotations (
  id uuid PRIMARY KEY,
  stage text NOT NULL CHECK (stage IN ('announced', 'switched', 'finished')),
  former_tls_key text NOT NULL,
  former_link_key text NOT NULL,
  tls_key text NOT NULL,
  link_key text NOT NULL,
  sealed text NOT NULL,
  -- When what gateways are told of the keys of links was changed last.
  stated_at timestamptz(3) NOT NULL,
  began_at timestamptz(3) NOT NULL,
  switched_at timestamptz(3),
  finished_at timestamptz(3)
);
CREATE UNIQUE INDEX service_key_rotation_running ON service_key_rotations ((true)) WHERE stage <> 'finished';

-- Which statement of the service's keys (stated_at) a gateway has kept.
ALTER TABLE gateways ADD COLUMN service_keys_told_at timestamptz(3);
