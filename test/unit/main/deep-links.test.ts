import { describe, expect, test } from 'vitest';
import type { MavisError } from '../../../shared/errors/mavis-error.ts';
import { resourceId } from '../../../shared/ids.ts';
import { linkAmong, readDeepLink } from '../../../src-main/links/deep-link.ts';
import { type DeepLinkQuestion, DeepLinks, EarlyLinks } from '../../../src-main/links/deep-links.ts';
import { createLog } from '../../../src-main/logging/log.ts';

const ID = '3f2c9a10-5b7e-4d51-9c2e-0a1b2c3d4e5f';
const LINK = `mavis://connect/${ID}?protocol=ssh`;

describe('A20: a link carries ids only', () => {
  test.each(['ssh', 'sftp', 'vnc', 'rdp'])('the one form, with %s', (protocol) => {
    expect(readDeepLink(`mavis://connect/${ID}?protocol=${protocol}`)).toEqual({ resourceId: ID, protocol });
  });

  test.each([
    ['no protocol', `mavis://connect/${ID}`],
    ['a protocol that there is not', `mavis://connect/${ID}?protocol=telnet`],
    ['a property of every object', `mavis://connect/${ID}?protocol=constructor`],
    ['the protocol twice', `${LINK}&protocol=rdp`],
    ['a command', `${LINK}&command=calc.exe`],
    ['a host', `mavis://connect/${ID}@attacker.example?protocol=ssh`],
    ['another host', `mavis://attacker.example/connect/${ID}?protocol=ssh`],
    ['a user', `mavis://root:secret@connect/${ID}?protocol=ssh`],
    ['a port', `mavis://connect:22/${ID}?protocol=ssh`],
    ['a path', `mavis://connect/../${ID}?protocol=ssh`],
    ['a path behind', `mavis://connect/${ID}/../../etc/passwd?protocol=ssh`],
    ['a name', 'mavis://connect/demo-server?protocol=ssh'],
    ['another act', `mavis://run/${ID}?protocol=ssh`],
    ['another scheme', `ssh://connect/${ID}?protocol=ssh`],
    ['a fragment', `${LINK}#x`],
    ['a quotation mark and a switch', `${LINK}" --renderer-cmd-prefix=calc.exe`],
    ['a switch behind', `${LINK} --gpu-launcher=cmd`],
    ['percent escapes', `mavis://connect/%33f2c9a10-5b7e-4d51-9c2e-0a1b2c3d4e5f?protocol=ssh`],
    ['a line break', `${LINK}\nmavis ssh`],
    ['a line break at the end', `${LINK}\n`],
    ['capitals', LINK.toUpperCase()],
    ['a thousand letters', `mavis://connect/${ID}?protocol=${'s'.repeat(1000)}`],
    ['nothing', ''],
  ])('refused: %s', (_what, text) => {
    expect(readDeepLink(text)).toBeUndefined();
  });

  test('on a command line the first that claims to be one counts, whatever stands beside it', () => {
    expect(linkAmong(['mavis', '--', LINK, 'mavis://connect/other?protocol=ssh'])).toBe(LINK);
    expect(linkAmong(['mavis', 'MAVIS:run', LINK])).toBe('MAVIS:run');
    expect(linkAmong([LINK])).toBeUndefined();
    expect(linkAmong(['mavis', 'ssh', 'web-01'])).toBeUndefined();
  });
});

interface World {
  readonly links: DeepLinks;
  readonly asked: DeepLinkQuestion[];
  readonly connected: unknown[];
  readonly told: MavisError[];
  readonly shown: number[];
  state: { ready: boolean; now: number };
  /** Answers the question that stands. */
  answer(agreed: boolean): Promise<void>;
}

function world(resource: { name: string; protocols: readonly ('ssh' | 'sftp' | 'vnc' | 'rdp')[] } = { name: 'web-01', protocols: ['ssh', 'sftp'] }, allowed = true): World {
  const asked: DeepLinkQuestion[] = [];
  const connected: unknown[] = [];
  const told: MavisError[] = [];
  const shown: number[] = [];
  const state = { ready: true, now: 0 };
  let answering: ((agreed: boolean) => void) | undefined;
  const links = new DeepLinks({
    allowed,
    ready: () => state.ready,
    find: async () => ({ ...resource, protocols: [...resource.protocols] }),
    showMain: () => void shown.push(1),
    ask: (question) => {
      asked.push(question);
      return new Promise((resolve) => {
        answering = resolve;
      });
    },
    connect: async (link) => connected.push(link),
    tell: async (error) => void told.push(error),
    monotonic: () => state.now,
    log: createLog([], () => 0, 1),
  });
  const answer = async (agreed: boolean): Promise<void> => {
    await expect.poll(() => answering !== undefined).toBe(true);
    answering?.(agreed);
    answering = undefined;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  };
  return { links, asked, connected, told, shown, state, answer };
}

describe('A20: nothing is done before the user has agreed', () => {
  test('the question names resource and protocol; yes connects, once', async () => {
    const { links, asked, connected, shown, answer } = world();
    links.open(LINK);
    await answer(true);
    expect(asked).toEqual([{ resourceName: 'web-01', protocol: 'ssh' }]);
    expect(connected).toEqual([{ resourceId: resourceId.parse(ID), protocol: 'ssh' }]);
    expect(shown).toHaveLength(1);
  });

  test('where the organisation has switched links off, none is asked about', () => {
    const { links, asked, shown } = world(undefined, false);
    links.open(LINK);
    expect([asked, shown]).toEqual([[], []]);
  });

  test('no does nothing', async () => {
    const { links, connected, told, answer } = world();
    links.open(LINK);
    await answer(false);
    expect([connected, told]).toEqual([[], []]);
  });

  test('a link that is none is not even asked about', async () => {
    const { links, asked, shown } = world();
    links.open('mavis://run/calc');
    expect([asked, shown]).toEqual([[], []]);
  });

  test('while one is asked about, others are dropped: a page cannot pile up questions', async () => {
    const { links, asked, connected, answer } = world();
    for (let i = 0; i < 50; i += 1) links.open(LINK);
    await answer(false);
    expect(asked).toHaveLength(1);
    links.open(LINK);
    await answer(true);
    expect(asked).toHaveLength(2);
    expect(connected).toHaveLength(1);
  });

  test('a name that would turn or break the question’s line is shown without that', async () => {
    const { links, asked, answer } = world({ name: `web\n\u202e01${'x'.repeat(500)}`, protocols: ['ssh'] });
    links.open(LINK);
    await answer(false);
    expect(asked[0]?.resourceName).toBe(`web01${'x'.repeat(115)}`);
  });

  test('a protocol that the resource has not is told, not asked about', async () => {
    const { links, asked, told } = world({ name: 'web-01', protocols: ['rdp'] });
    links.open(LINK);
    await expect.poll(() => told.map(({ code }) => code)).toEqual(['resource.protocol-unknown']);
    expect(asked).toEqual([]);
  });
});

describe('a link before the sign-in', () => {
  test('waits, the newest alone, and is asked about then', async () => {
    const { links, asked, state, shown, answer } = world();
    state.ready = false;
    links.open(`mavis://connect/${ID}?protocol=sftp`);
    links.open(LINK);
    expect(asked).toEqual([]);
    expect(shown).toHaveLength(2);
    state.ready = true;
    links.proceed();
    await answer(false);
    links.proceed();
    expect(asked).toEqual([{ resourceName: 'web-01', protocol: 'ssh' }]);
  });

  test('is forgotten after ten minutes', () => {
    const { links, asked, state } = world();
    state.ready = false;
    links.open(LINK);
    state.now = 10 * 60 * 1000 + 1;
    state.ready = true;
    links.proceed();
    expect(asked).toEqual([]);
  });

  test('one that the system gives before the app is ready is kept until it is', () => {
    const early = new EarlyLinks();
    const opened: string[] = [];
    early.give('first');
    early.give('second');
    early.takeBy((link) => opened.push(link));
    early.give('third');
    expect(opened).toEqual(['second', 'third']);
  });
});
