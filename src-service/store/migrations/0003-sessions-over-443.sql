-- Whether sessions may run over a gateway's link port where its proxy ports cannot be reached.
ALTER TABLE gateways ADD COLUMN over_443 boolean NOT NULL DEFAULT true;
