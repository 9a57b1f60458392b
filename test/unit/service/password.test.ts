import { describe, expect, test } from 'vitest';
import { newOneTimePassword, Passwords } from '../../../src-service/users/password.ts';

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

describe('passwords', () => {
  test('are kept as argon2id of no less than OWASP\'s 19 MiB and two passes, under a salt of their own each time', async () => {
    const passwords = new Passwords();
    const hashes = await Promise.all(Array.from({ length: 3 }, () => passwords.hash('several unrelated words')));
    for (const hash of hashes) {
      const [, memory, passes, parallelism, salt = '', tag = ''] = PHC.exec(hash) ?? [];
      expect([Number(memory) >= 19_456, Number(passes) >= 2, Number(parallelism) >= 1]).toEqual([true, true, true]);
      expect([Buffer.from(salt, 'base64').length, Buffer.from(tag, 'base64').length]).toEqual([16, 32]);
      expect(await passwords.verify(hash, 'several unrelated words')).toBe(true);
      for (const other of ['several unrelated word', 'Several unrelated words', 'several unrelated words ', '']) expect(await passwords.verify(hash, other)).toBe(false);
    }
    expect(new Set(hashes).size).toBe(3);
  });

  test('a hash of former, other parameters goes on opening; one that is none opens nothing and is told', async () => {
    const passwords = new Passwords();
    // Of the tests of argon2's reference implementation: the password is "password".
    for (const former of ['$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4']) {
      expect([await passwords.verify(former, 'password'), await passwords.verify(former, 'passwore')]).toEqual([true, false]);
    }
    for (const none of ['', 'several unrelated words', '$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc']) await expect(passwords.verify(none, 'several unrelated words')).rejects.toThrow('not of the form');
  });

  test('the same letters in either form of Unicode are the same password; nobody\'s opens to nothing', async () => {
    const passwords = new Passwords();
    const hash = await passwords.hash('caf\u00E9 パ');
    expect(await passwords.verify(hash, 'cafe\u0301 ハ\u309A')).toBe(true);
    expect(await passwords.verify(null, '')).toBe(false);
  });

  test('of a crowd at once so many wait, the others are told to come back, and afterwards all is as before', async () => {
    const passwords = new Passwords();
    const crowd = await Promise.allSettled(Array.from({ length: 100 }, () => passwords.hash('several unrelated words')));
    const refused = crowd.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toHaveLength(36);
    for (const reason of refused) expect(reason).toMatchObject({ code: 'request.too-many' });
    expect(await passwords.verify(await passwords.hash('x'), 'x')).toBe(true);
  });

  test('a one-time password is four groups of five that can be read aloud, never the same', () => {
    const made = Array.from({ length: 500 }, newOneTimePassword);
    for (const one of made) expect(one).toMatch(/^(?:[a-zA-Z34679]{5}-){3}[a-zA-Z34679]{5}$/);
    expect(made.join('')).not.toMatch(/[ilOIBSZ01258]/);
    expect(new Set(made).size).toBe(500);
  });
});
