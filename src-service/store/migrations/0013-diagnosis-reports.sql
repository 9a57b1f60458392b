-- Reports of clients' diagnostics that users sent; rows go after 30 days. What stands in them is the client's claim.
CREATE TABLE diagnosis_reports (
  reference text PRIMARY KEY,
  user_id uuid NOT NULL,
  user_name text NOT NULL,
  sent_at timestamptz(3) NOT NULL,
  findings text[] NOT NULL,
  report_text text NOT NULL,
  report_json text NOT NULL,
  ordinal bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX diagnosis_reports_newest ON diagnosis_reports (ordinal DESC);
CREATE INDEX diagnosis_reports_of_user ON diagnosis_reports (user_id, sent_at);
CREATE INDEX diagnosis_reports_old ON diagnosis_reports (sent_at);
