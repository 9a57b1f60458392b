import { z } from 'zod';

/** What a session may do. An access rule gives it, the grant carries it, the gateway enforces it (rule 21). */
export const sessionPolicy = z.object({
  /** Keep what the user types, where its echo shows that it is no secret (rule 20). */
  recordInput: z.boolean().default(false),
  /** The session ends after so long. */
  maxDurationSeconds: z.number().int().min(60).max(7 * 86_400).default(12 * 3600),
  /** The session ends after so long without a byte from the user. */
  idleSeconds: z.number().int().min(60).max(86_400).default(3600),
  /** Names of environment variables that the client may set on the target. */
  environmentNames: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/)).max(32).default(['LANG', 'LC_ALL', 'LC_CTYPE', 'TERM', 'COLORTERM']),
  exec: z.boolean().default(false),
  portForwarding: z.boolean().default(false),
  /** The target may ask the user's own SSH agent for signatures, while the client offers it. */
  agentForwarding: z.boolean().default(false),
  /** Programs on the target may open windows on the user's own X server, while the client offers it. */
  x11Forwarding: z.boolean().default(false),
  /** Prompts of the target's sign-on (one-time passwords) are passed to the user. */
  promptsReachUser: z.boolean().default(false),
  /** The first host key or certificate seen is trusted; only where the user signs on with own credentials (rule 14). */
  firstUseTrust: z.boolean().default(false),
  clipboardIn: z.boolean().default(true),
  clipboardOut: z.boolean().default(true),
  filesIn: z.boolean().default(true),
  filesOut: z.boolean().default(true),
  /** Files and folders on the target may be deleted. */
  filesDelete: z.boolean().default(true),
  /** Folders of the target in which files may be read and written, as absolute paths or from the account's home (`~`); everywhere where there are none. */
  filePaths: z.array(z.string().max(1000).regex(/^(?:\/|~$|~\/)(?!.*\0)(?!(?:.*\/)?\.{1,2}(?:\/|$))/)).max(32).default([]),
  /** No file larger than this crosses, in either direction. */
  maxFileBytes: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).nullable().default(null),
  /** Names that nobody may touch: `*` stands for any letters, `?` for one; capitals and small letters are alike. A folder's name covers what is in it. */
  deniedFileNames: z.array(z.string().min(1).max(100).regex(/^[^/\0]*$/)).max(64).default([]),
  viewOnly: z.boolean().default(false),
  /** The app may let programs of the user's own (ssh, sftp, rsync, vncviewer and the like) into the session. Whatever they ask for is held to this policy all the same. */
  foreignClients: z.boolean().default(false),
  /** The session may run over TCP 443 where the proxy ports cannot be reached, also through an HTTP proxy. */
  over443: z.boolean().default(true),
  /** Where somebody ends the session, or disables its user, the user is told who it was. */
  tellWhoTerminated: z.boolean().default(false),
  /** Where somebody watches the session, the user is told who it is; that somebody does is told always. */
  tellWhoWatches: z.boolean().default(false),
  /** The app shows the user's name, the time and the session's reference over the picture. The one word of the policy that the gateway cannot enforce: whoever uses a client of his own sees none. */
  watermark: z.boolean().default(false),
});
export type SessionPolicy = z.infer<typeof sessionPolicy>;
