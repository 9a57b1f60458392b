import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { clientSettings } from '../../../../shared/ipc/settings.ts';
import { createLog } from '../../../../src-main/logging/log.ts';
import { ProxySignOn } from '../../../../src-main/network/proxy-sign-on.ts';
import { type SafeStorage, systemSecretStore } from '../../../../src-main/network/secret-store.ts';
import { createStores } from '../../../../src-main/stores/owned-store.ts';

const PROXY = 'proxy.example:3128';
const written: unknown[] = [];
const lines: string[] = [];
let now = 0;

/** Turns bytes round: enough to see that what is kept went through it. */
function safeStorage(backend = 'gnome_libsecret', available = true): SafeStorage {
  const turned = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte) => byte ^ 0xff));
  return { isEncryptionAvailable: () => available, getSelectedStorageBackend: () => backend, encryptString: (text) => turned(Buffer.from(text)), decryptString: (bytes) => turned(bytes).toString() };
}

function made(storage = safeStorage(), platform: NodeJS.Platform = 'linux') {
  const stores = createStores(clientSettings.parse({}));
  const signOn = new ProxySignOn({ store: stores.network, secrets: systemSecretStore(storage, platform), file: { write: async (value) => void written.push(value) }, newId: randomUUID, monotonic: () => now, log: createLog([(line) => lines.push(line)], () => 0, 1) });
  const question = () => stores.network.state.proxyQuestion;
  const answer = (said: Parameters<ProxySignOn['answer']>[1]) => signOn.answer(question()?.id ?? '', said);
  return { signOn, question, answer };
}

beforeEach(() => {
  written.length = 0;
  lines.length = 0;
  now = 1_000_000;
});

const ann = { userName: 'ann', password: 'PROXY-PASSWORD-CANARY' };

describe('the sign-on to a proxy of the network', () => {
  test('is asked of the user once, however many connections want it, and then known to all', async () => {
    const { signOn, question, answer } = made();
    const [one, other] = [signOn.renew(PROXY, null), signOn.renew(PROXY, null)];
    await vi.waitFor(() => expect(question()).toMatchObject({ proxy: PROXY, refused: false, canKeep: true }));
    await answer({ ...ann, keep: false });
    expect(await Promise.all([one, other])).toEqual([true, true]);
    expect(question()).toBeNull();
    expect(signOn.find(PROXY)).toEqual(ann);
    expect(signOn.find('another:1')).toBeNull();
    expect(written).toEqual([]);
  });

  test('one that was refused is forgotten and asked for again; one that failed with what was known before is not', async () => {
    const { signOn, question, answer } = made();
    const first = signOn.renew(PROXY, null);
    await vi.waitFor(() => expect(question()).not.toBeNull());
    await answer({ ...ann, password: 'wrong', keep: true });
    await first;
    expect(written).toHaveLength(1);
    const second = signOn.renew(PROXY, { ...ann, password: 'wrong' });
    await vi.waitFor(() => expect(question()).toMatchObject({ refused: true }));
    expect(written.at(-1)).toEqual({ items: [] });
    await answer({ ...ann, keep: false });
    expect(await second).toBe(true);
    expect(await signOn.renew(PROXY, { ...ann, password: 'wrong' })).toBe(true);
    expect(await signOn.renew(PROXY, null)).toBe(true);
    expect(question()).toBeNull();
  });

  test('who says no is left alone by what runs by itself, until he acts', async () => {
    const { signOn, question, answer } = made();
    const asked = signOn.renew(PROXY, null);
    await vi.waitFor(() => expect(question()).not.toBeNull());
    await answer(null);
    expect(await asked).toBe(false);
    expect(await signOn.renew(PROXY, null)).toBe(false);
    signOn.allowAsking();
    const again = signOn.renew(PROXY, null);
    await vi.waitFor(() => expect(question()).not.toBeNull());
    signOn.stop();
    expect(await again).toBe(false);
  });

  test('a question that nobody answers ends by itself', async () => {
    vi.useFakeTimers();
    const { signOn, question } = made();
    const asked = signOn.renew(PROXY, null);
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    expect(await asked).toBe(false);
    expect(question()).toBeNull();
    vi.useRealTimers();
  });

  test('is kept only sealed, read back at the next start, and never in a log', async () => {
    const { signOn, question, answer } = made();
    void signOn.renew(PROXY, null);
    await vi.waitFor(() => expect(question()).not.toBeNull());
    await answer({ ...ann, keep: true });
    expect(JSON.stringify(written)).not.toContain(ann.password);
    expect(JSON.stringify(written)).not.toContain(Buffer.from(ann.password).toString('base64'));
    const next = made();
    next.signOn.load(written.at(-1));
    expect(next.signOn.find(PROXY)).toEqual(ann);
    next.signOn.load({ items: [{ proxy: 'x:1', sealed: 'rubbish' }] });
    expect(next.signOn.find('x:1')).toBeNull();
    expect(lines.join('')).not.toContain(ann.password);
  });

  test('where the system has no safe place nothing is kept: the question stays and says so, and works without keeping', async () => {
    for (const [storage, platform] of [[safeStorage('basic_text'), 'linux'], [safeStorage('unknown'), 'linux'], [safeStorage('', false), 'darwin']] as const) {
      const { signOn, question, answer } = made(storage, platform);
      const asked = signOn.renew(PROXY, null);
      await vi.waitFor(() => expect(question()).toMatchObject({ canKeep: false }));
      await expect(answer({ ...ann, keep: true })).rejects.toMatchObject({ code: 'client.secret-store-unavailable' });
      expect(question()).not.toBeNull();
      expect(signOn.find(PROXY)).toBeNull();
      await answer({ ...ann, keep: false });
      expect(await asked).toBe(true);
    }
    expect(written).toEqual([]);
  });
});
