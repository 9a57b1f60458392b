import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../../../../src-main/logging/log.ts';
import { environmentProxy } from '../../../../src-main/network/environment-proxy.ts';
import { parseProxyList, parseServer, proxyName } from '../../../../src-main/network/way-out.ts';
import { WaysOut } from '../../../../src-main/network/ways-out.ts';

const proxy = (host: string, port: number, credentials: { userName: string; password: string } | null = null) => ({ kind: 'http-proxy' as const, host, port, credentials });
const direct = { kind: 'direct' as const };

afterEach(() => {
  vi.useRealTimers();
});

describe('what the system says of the way out', () => {
  test.each([
    ['DIRECT', [direct]],
    ['PROXY proxy:3128; DIRECT', [proxy('proxy', 3128), direct]],
    ['proxy a.example ; PROXY [2001:db8::1]:8080', [proxy('a.example', 80), proxy('2001:db8::1', 8080)]],
    ['SOCKS5 s:1080;HTTPS p:443;PROXY q:1', [{ kind: 'unsupported', scheme: 'SOCKS5', proxy: 's:1080' }, { kind: 'unsupported', scheme: 'HTTPS', proxy: 'p:443' }, proxy('q', 1)]],
    ['', [direct]],
    ['PROXY', [direct]],
    ['PROXY a:0; PROXY a:70000; PROXY user@a:1; PROXY a b:1', [proxy('a', 80)]],
    [`PROXY ${'x'.repeat(300)}:1`, [direct]],
    [Array.from({ length: 50 }, (_, index) => `PROXY p${index}:1`).join(';'), Array.from({ length: 8 }, (_, index) => proxy(`p${index}`, 1))],
  ])('%j', (answer, ways) => {
    expect(parseProxyList(answer)).toEqual(ways);
  });

  test('a name and its parts go there and back', () => {
    for (const name of ['proxy.example:3128', '[2001:db8::1]:1']) expect(proxyName(parseServer(name, 80) ?? { host: '', port: 0 })).toBe(name);
  });
});

describe('the proxy of the environment', () => {
  const environment = { HTTPS_PROXY: 'http://proxy.example:3128/', NO_PROXY: '.internal, 10.0.0.9 db.example:5432' };
  test.each([
    ['gw.example', 443, proxy('proxy.example', 3128)],
    ['host.internal', 443, null],
    ['internal', 443, null],
    ['notinternal', 443, proxy('proxy.example', 3128)],
    ['10.0.0.9', 443, null],
    ['110.0.0.9', 443, proxy('proxy.example', 3128)],
    ['db.example', 5432, null],
    ['db.example', 443, proxy('proxy.example', 3128)],
    ['localhost', 443, null],
    ['127.8.8.8', 443, null],
    ['::1', 443, null],
  ])('%s:%i', (host, port, way) => {
    expect(environmentProxy(environment, host, port)).toEqual(way);
  });

  test('small letters first, ALL_PROXY last, a sign-on in the address, other kinds by name, and * for everything', () => {
    expect(environmentProxy({ https_proxy: 'a:1', HTTPS_PROXY: 'b:2', ALL_PROXY: 'c:3' }, 'h', 1)).toEqual(proxy('a', 1));
    expect(environmentProxy({ ALL_PROXY: 'c:3' }, 'h', 1)).toEqual(proxy('c', 3));
    expect(environmentProxy({ https_proxy: 'http://ann:p%40ss%3Aword@c:3' }, 'h', 1)).toEqual(proxy('c', 3, { userName: 'ann', password: 'p@ss:word' }));
    expect(environmentProxy({ https_proxy: 'http://ann:%zz@c:3' }, 'h', 1)).toEqual(proxy('c', 3));
    expect(environmentProxy({ https_proxy: 'socks5://c:3' }, 'h', 1)).toEqual({ kind: 'unsupported', scheme: 'SOCKS5', proxy: 'c:3' });
    expect(environmentProxy({ https_proxy: 'a:1', no_proxy: '*' }, 'h', 1)).toBeNull();
    expect(environmentProxy({ https_proxy: '' }, 'h', 1)).toBeNull();
  });
});

describe('the ways out in a profile', () => {
  const lines: string[] = [];
  const finder = (resolveSystem: (url: string) => Promise<string>, environment: Record<string, string> = {}) =>
    new WaysOut({ resolveSystem, environment, signOn: { find: (name) => (name === 'known:1' ? { userName: 'ann', password: 'CANARY' } : null) }, log: createLog([(line) => lines.push(line)], () => 0, 1) });
  const place = { host: 'gw.example', port: 443 };

  test('the system is asked for the address itself, and what is known for a proxy stands with it', async () => {
    const asked: string[] = [];
    const ways = finder(async (url) => {
      asked.push(url);
      return 'PROXY known:1; PROXY other:2; DIRECT';
    });
    expect(await ways.find({ ...place, setting: { kind: 'system' } })).toEqual([proxy('known', 1, { userName: 'ann', password: 'CANARY' }), proxy('other', 2), direct]);
    await ways.find({ host: '2001:db8::7', port: 8443, setting: { kind: 'system' } });
    expect(asked).toEqual(['https://gw.example:443/', 'https://[2001:db8::7]:8443/']);
  });

  test('the environment counts where the system names no proxy; a profile may say none, or its own', async () => {
    const environment = { HTTPS_PROXY: 'env:8' };
    expect(await finder(async () => 'DIRECT', environment).find({ ...place, setting: { kind: 'system' } })).toEqual([proxy('env', 8)]);
    expect(await finder(async () => 'PROXY sys:9', environment).find({ ...place, setting: { kind: 'system' } })).toEqual([proxy('sys', 9)]);
    expect(await finder(async () => 'PROXY sys:9', environment).find({ ...place, setting: { kind: 'none' } })).toEqual([direct]);
    expect(await finder(async () => 'PROXY sys:9', environment).find({ ...place, setting: { kind: 'manual', host: 'known', port: 1 } })).toEqual([proxy('known', 1, { userName: 'ann', password: 'CANARY' })]);
  });

  test('a system that fails or does not answer means the straight way', async () => {
    expect(await finder(() => Promise.reject(new Error('PAC'))).find({ ...place, setting: { kind: 'system' } })).toEqual([direct]);
    vi.useFakeTimers();
    const waiting = finder(() => new Promise(() => undefined)).find({ ...place, setting: { kind: 'system' } });
    await vi.advanceTimersByTimeAsync(3000);
    expect(await waiting).toEqual([direct]);
    expect(lines.join('')).not.toContain('CANARY');
  });
});
