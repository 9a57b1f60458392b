-- Asked at each request for a connection: what has come to its end, over the years, must not be read for it.
CREATE INDEX connections_open_of_user ON connections (user_id) WHERE final_at IS NULL;
