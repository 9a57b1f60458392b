import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { MavisError } from '../../../shared/errors/mavis-error.ts';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { sameAddress, specialAddressKind } from '../../../src-gateway/target-address/address-kind.ts';
import { judgeAddress, parseEndpoint } from '../../../src-gateway/target-address/address-rules.ts';
import { serviceAddresses } from '../../../src-service/gateways/service-addresses.ts';
import type { Resolve } from '../../../src-gateway/target-address/resolver.ts';
import { TargetDialler, type TargetDiallerParts } from '../../../src-gateway/target-address/target-dialler.ts';

describe('what an address is (B3, rule 13)', () => {
  test.each([
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['0.0.0.0', 'unspecified'],
    ['0.1.2.3', 'unspecified'],
    ['169.254.169.254', 'metadata'],
    ['169.254.170.2', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['169.254.1.1', 'link-local'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'reserved'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::ffff:127.0.0.1', 'mapped'],
    ['::ffff:10.0.0.1', 'mapped'],
    ['::ffff:7f00:1', 'mapped'],
    ['0:0:0:0:0:FFFF:0a00:0001', 'mapped'],
    ['::127.0.0.1', 'mapped'],
    ['fe80::1', 'link-local'],
    ['fe80::1%eth0', 'link-local'],
    ['febf::1', 'link-local'],
    ['fec0::1', 'reserved'],
    ['ff02::1', 'multicast'],
    ['fd00:ec2::254', 'metadata'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['64:ff9b::169.254.169.254', 'metadata'],
    ['2002:7f00:1::', 'loopback'],
    ['2002:a9fe:a9fe::1', 'metadata'],
  ])('B3: %s is %s', (address, kind) => {
    expect(specialAddressKind(address)).toBe(kind);
  });

  test.each(['10.0.0.1', '192.168.1.1', '172.16.0.1', '8.8.8.8', '100.64.0.1', '2001:db8::1', 'fd12:3456::1', '64:ff9b::a00:1', 'fe00::1'])('%s is an ordinary address', (address) => {
    expect(specialAddressKind(address)).toBeNull();
  });

  test('a text that is no address is an error, not an ordinary address', () => {
    for (const text of ['', 'localhost', '2130706433', '0x7f.1', '0177.0.0.1', '1.2.3', '1.2.3.4.5', ':::', '::ffff:1.2.3.4.5']) expect(() => specialAddressKind(text)).toThrow(RangeError);
  });

  test('addresses are compared by value, not by spelling', () => {
    expect(sameAddress('::ffff:10.0.0.1', '10.0.0.1')).toBe(true);
    expect(sameAddress('2001:DB8::1', '2001:db8:0:0::1')).toBe(true);
    expect(sameAddress('10.0.0.1', '10.0.0.2')).toBe(false);
  });
});

describe('which address may be dialled', () => {
  const surroundings = { service: [{ host: '10.9.9.9', port: 8443 }, { host: '10.8.8.8', port: null }], ownAddresses: ['10.1.1.1', 'fd12::1'], ownPorts: [7993, 443] };
  test.each([
    ['10.0.0.5', 22, false, null],
    ['10.0.0.5', 22, true, null],
    ['127.0.0.1', 22, false, 'loopback'],
    ['10.9.9.9', 8443, false, 'service'],
    ['10.9.9.9', 22, false, 'service'],
    ['10.8.8.8', 22, false, 'service'],
    ['::ffff:10.8.8.8', 22, false, 'mapped'],
    ['10.1.1.1', 22, false, 'own'],
    ['fd12:0::1', 22, false, 'own'],
    ['10.1.1.1', 7993, true, 'own-listener'],
    ['127.0.0.1', 7993, true, 'own-listener'],
    ['::1', 443, true, 'own-listener'],
    ['0.0.0.0', 443, true, 'own-listener'],
    ['::ffff:127.0.0.1', 7993, true, 'own-listener'],
    ['::ffff:0.0.0.0', 7993, true, 'own-listener'],
    ['::ffff:10.1.1.1', 7993, true, 'own-listener'],
    ['64:ff9b::127.0.0.1', 443, true, 'own-listener'],
    ['10.9.9.9', 8443, true, 'service'],
  ])('B3: %s port %i, special allowed %s: refused because %s', (address, port, allow, because) => {
    const judgement = judgeAddress(address, port, allow, surroundings);
    expect(judgement.allowed ? null : judgement.because).toBe(because);
  });

  test.each(['127.0.0.1', '127.0.0.2', '0.0.0.0', '::', '::1', '::ffff:127.0.0.1', '10.1.1.1', '64:ff9b::10.1.1.1'])('B3: the port of a service on this machine is refused at %s, whatever the resource allows', (address) => {
    for (const host of ['127.0.0.1', '10.1.1.1']) {
      const beside = { ...surroundings, service: [{ host, port: 8443 }] };
      expect(judgeAddress(address, 8443, true, beside)).toEqual({ allowed: false, because: 'service' });
      expect(judgeAddress(address, 22, true, beside)).toMatchObject({ allowed: true });
    }
  });

  test('B3: the port of the service is refused in the form in which the service writes its addresses down', () => {
    const addresses = serviceAddresses({ host: '0.0.0.0', port: 8443, databaseUrl: 'postgres://mavis:secret@10.7.7.7/mavis', machineAddresses: ['10.9.9.9', 'fd00::9'], further: ['10.6.6.6:443', '10.5.5.5'] });
    expect(addresses).toEqual(['10.9.9.9:8443', '[fd00::9]:8443', '10.7.7.7:5432', '10.6.6.6:443', '10.5.5.5']);
    const announced = { service: addresses.map(parseEndpoint), ownAddresses: [], ownPorts: [] };
    for (const [address, port] of [['10.9.9.9', 8443], ['fd00::9', 8443], ['::ffff:10.9.9.9', 8443], ['10.7.7.7', 5432], ['10.6.6.6', 443]] as const) expect(judgeAddress(address, port, true, announced)).toEqual({ allowed: false, because: 'service' });
    expect(judgeAddress('10.9.9.9', 22, false, announced)).toEqual({ allowed: false, because: 'service' });
    expect(judgeAddress('10.9.9.9', 22, true, announced)).toEqual({ allowed: true, special: 'service' });
    expect(serviceAddresses({ host: 'mavis.example', port: 0, databaseUrl: 'postgres://[fd00::7]:6432/mavis', machineAddresses: [], further: [] })).toEqual(['mavis.example', '[fd00::7]:6432']);
    expect(serviceAddresses({ host: '127.0.0.1', port: 443, databaseUrl: 'postgres:///mavis', machineAddresses: [], further: [] })).toEqual(['127.0.0.1:443']);
  });

  test('what is special and allowed for the resource is named, for the journal', () => {
    expect(judgeAddress('127.0.0.1', 22, true, surroundings)).toEqual({ allowed: true, special: 'loopback' });
    expect(judgeAddress('10.8.8.8', 22, true, surroundings)).toEqual({ allowed: true, special: 'service' });
    expect(judgeAddress('10.0.0.5', 22, true, surroundings)).toEqual({ allowed: true, special: null });
  });

  test('the service\'s addresses are read in every form in which they are written', () => {
    expect(['10.0.0.1', 'db.example', 'db.example:5432', '[fd12::1]:5432', 'fd12::1', 'https://mavis.example', 'https://user@mavis.example:8443/x', 'postgres://u:p@db.example:5432/mavis?a=b'].map(parseEndpoint)).toEqual([
      { host: '10.0.0.1', port: null },
      { host: 'db.example', port: null },
      { host: 'db.example', port: 5432 },
      { host: 'fd12::1', port: 5432 },
      { host: 'fd12::1', port: null },
      { host: 'mavis.example', port: 443 },
      { host: 'mavis.example', port: 8443 },
      { host: 'db.example', port: 5432 },
    ]);
  });
});

describe('dialling a target', () => {
  const dialler = (resolve: Resolve, changes: Partial<TargetDiallerParts> = {}): TargetDialler => new TargetDialler({ resolve, clock: systemClock(), serviceEndpoints: () => [], ownAddresses: () => [], ownPorts: [], ...changes });
  const codeOf = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
      return 'reached';
    } catch (error) {
      return error instanceof MavisError ? error.code : String(error);
    }
  };
  const never = new AbortController().signal;
  const target = (host: string, port = 22, allowSpecialAddress = false): { host: string; port: number; allowSpecialAddress: boolean } => ({ host, port, allowSpecialAddress });

  test.each(['127.0.0.1', '0.0.0.0', '::', '::1', '::ffff:127.0.0.1', '::ffff:169.254.169.254', '169.254.169.254', 'fd00:ec2::254', '2130706433', '0177.0.0.1', '0x7f000001', '0x7f.1', '127.1', '017700000001', '1', 'fe80::1%lo', 'a:b'])('B3: %s is refused without a connection', async (host) => {
    let asked = 0;
    expect(await codeOf(dialler(async () => ((asked += 1), ['127.0.0.1'])).dial(target(host), never))).toBe('target.address-forbidden');
    expect(asked).toBe(0);
  });

  test('B3: a name that leads to one forbidden address among good ones is refused whole', async () => {
    for (const bad of ['127.0.0.1', '::1', '169.254.169.254', '::ffff:10.0.0.1']) expect(await codeOf(dialler(async () => ['192.0.2.1', bad]).dial(target('mixed.example'), never))).toBe('target.address-forbidden');
  });

  test('B3: DNS rebinding: the name is resolved once, and the address that was checked is the one dialled', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('the checked one'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve));
    const { port } = server.address() as AddressInfo;
    let asked = 0;
    const rebinding: Resolve = async () => {
      asked += 1;
      return asked === 1 ? ['127.0.0.2'] : ['127.0.0.1'];
    };
    const reached = await dialler(rebinding).dial(target('rebind.example', port, true), never);
    expect(asked).toBe(1);
    expect(reached).toMatchObject({ address: '127.0.0.2', special: 'loopback' });
    expect(reached.socket.remoteAddress).toBe('127.0.0.2');
    reached.socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  test('B3: allowing special addresses is that resource\'s alone, and never opens the gateway\'s own ports or the service\'s', async () => {
    const parts: Partial<TargetDiallerParts> = { ownPorts: [7993], serviceEndpoints: () => [{ host: 'service.example', port: 8443 }] };
    const names: Resolve = async () => ['127.0.0.1'];
    expect(await codeOf(dialler(names, parts).dial(target('127.0.0.1', 7993, true), never))).toBe('target.address-forbidden');
    expect(await codeOf(dialler(names, parts).dial(target('127.0.0.1', 8443, true), never))).toBe('target.address-forbidden');
    expect(await codeOf(dialler(names, parts).dial(target('service.example', 8443, false), never))).toBe('target.address-forbidden');
    expect(await codeOf(dialler(names, parts).dial(target('127.0.0.1', 1, true), never))).toBe('target.refused');
    expect(await codeOf(dialler(names, parts).dial(target('127.0.0.1', 1, false), never))).toBe('target.address-forbidden');
  });

  test('S18: each way of not reaching a target has its own code', async () => {
    expect(await codeOf(dialler(async () => Promise.reject(new Error('ENOTFOUND'))).dial(target('none.example'), never))).toBe('target.name-unknown');
    expect(await codeOf(dialler(async () => []).dial(target('empty.example'), never))).toBe('target.name-unknown');
    expect(await codeOf(dialler(async () => ['not an address']).dial(target('odd.example'), never))).toBe('target.name-unknown');
    expect(await codeOf(dialler(async () => ['127.0.0.1']).dial(target('localhost.example', 1, true), never))).toBe('target.refused');
  });

  test('an address that cannot be reached is given up within its limit, and the next of the other family is tried', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const begun = performance.now();
    const reached = await dialler(async () => ['::2', '127.0.0.1']).dial(target('two.example', port, true), never);
    expect(reached.address).toBe('127.0.0.1');
    expect(performance.now() - begun).toBeLessThan(5000);
    reached.socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  test('a target that resets the connection before anyone listens to it ends nothing but that connection', async () => {
    const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { socket } = await dialler(async () => ['127.0.0.1']).dial(target('resets.example', port, true), never);
    socket.write('x');
    // The reset itself has no listener here.
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    expect(socket.destroyed).toBe(true);
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  test('an abort ends a look-up and a dial at once, with its reason', async () => {
    const stop = new AbortController();
    const work = codeOf(dialler(() => new Promise(() => undefined)).dial(target('slow.example'), stop.signal));
    stop.abort(new MavisError('connect.cancelled'));
    expect(await work).toBe('connect.cancelled');
  });
});
