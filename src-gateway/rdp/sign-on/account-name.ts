/** Domain and user as Windows means them: `DOMAIN\user` names both, `user@domain` is one name that the target resolves itself, anything else is the target's own account. */
export function splitAccountName(name: string): { readonly domain: string; readonly userName: string } {
  const at = name.indexOf('\\');
  return at < 0 ? { domain: '', userName: name } : { domain: name.slice(0, at), userName: name.slice(at + 1) };
}
