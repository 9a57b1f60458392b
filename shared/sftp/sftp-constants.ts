/** SFTP version 3, as all servers speak it: draft-ietf-secsh-filexfer-02. */
export const SFTP_VERSION = 3;

/** Kinds of packets (section 3). */
export const packetType = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const;

/** What a status says (section 7). */
export const statusCode = { ok: 0, endOfFile: 1, noSuchFile: 2, permissionDenied: 3, failure: 4, badMessage: 5, noConnection: 6, connectionLost: 7, unsupported: 8, noSpace: 14, quotaExceeded: 15 } as const;

/** How a file is opened (section 6.3). */
export const openFlag = { read: 1, write: 2, append: 4, create: 8, truncate: 16, exclusive: 32 } as const;

/** OpenSSH's own bound is 256 KiB for a message; a little more for what stands around the data of one. */
export const MAX_PACKET_BYTES = 256 * 1024 + 1024;
/** Bytes of a handle (section 6.3). */
export const MAX_HANDLE_BYTES = 256;
/** Bytes of a path: Linux' PATH_MAX. */
export const MAX_PATH_BYTES = 4096;

/** OpenSSH's extensions that the gateway reads, and so lets through (PROTOCOL, section 4); all others are refused (rule 29). */
export const knownExtensions = ['posix-rename@openssh.com', 'statvfs@openssh.com', 'fstatvfs@openssh.com', 'hardlink@openssh.com', 'fsync@openssh.com', 'lsetstat@openssh.com', 'limits@openssh.com'] as const;
export type KnownExtension = (typeof knownExtensions)[number];

/** Whether an extension of this name is one that the gateway reads. */
export function isKnownExtension(name: string): name is KnownExtension {
  return knownExtensions.some((known) => known === name);
}
