/** Only here may a database URL hold a password: an environment is read by the account's own processes alone. */
export function databaseUrls(): { databaseUrl: string | undefined; databaseOwnerUrl: string | undefined } {
  return { databaseUrl: process.env['MAVIS_DATABASE_URL'], databaseOwnerUrl: process.env['MAVIS_DATABASE_OWNER_URL'] };
}
