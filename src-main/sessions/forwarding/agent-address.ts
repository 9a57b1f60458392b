/** The pipe of the agent that comes with Windows. */
const WINDOWS_AGENT = '\\\\.\\pipe\\openssh-ssh-agent';

/**
 * Where the user's SSH agent listens: what SSH_AUTH_SOCK names, as `ssh` itself takes it, and on Windows the pipe of its own
 * agent. Undefined where nothing says that there is one. Pageant is reached by its OpenSSH pipe, where SSH_AUTH_SOCK names it.
 */
export function agentAddress(environment: Readonly<Record<string, string | undefined>>, platform: string): string | undefined {
  const named = environment['SSH_AUTH_SOCK'];
  if (named !== undefined && named !== '' && named.length < 1000) return named;
  return platform === 'win32' ? WINDOWS_AGENT : undefined;
}
