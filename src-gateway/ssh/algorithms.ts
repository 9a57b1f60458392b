import type { Algorithms } from 'ssh2';

/**
 * What the gateway negotiates, toward targets and clients alike. Left out on purpose: chacha20-poly1305 and all CBC ciphers,
 * which a man in the middle can shorten where one side does not keep to strict key exchange (A25, CVE-2023-48795), and what
 * rests on SHA-1 or MD5. ssh2 adds the markers of strict key exchange by itself and keeps to it. AES-128-GCM comes first: it
 * is the fastest here.
 */
const ciphers = ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'] as const;
const keyExchanges = ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521', 'diffie-hellman-group-exchange-sha256', 'diffie-hellman-group14-sha256', 'diffie-hellman-group16-sha512', 'diffie-hellman-group18-sha512'] as const;
const macs = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'] as const;

/** Toward targets. Host keys in the order in which a server's key is read, the same in the connection test and in sessions. */
export function targetAlgorithms(): Algorithms {
  return { cipher: [...ciphers], kex: [...keyExchanges], hmac: [...macs], serverHostKey: ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'rsa-sha2-512', 'rsa-sha2-256'], compress: ['none'] };
}

/** Toward clients: compression inside TLS would give lengths away, so there is none. */
export function clientAlgorithms(): Algorithms {
  return { cipher: [...ciphers], kex: ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp256'], hmac: [...macs], compress: ['none'] };
}
