import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ProfileFields } from '../../../shared/ipc/contract.ts';
import { clientSettings } from '../../../shared/ipc/settings.ts';
import { createLog } from '../../../src-main/logging/log.ts';
import { Profiles } from '../../../src-main/profiles/profiles.ts';
import { isPinnedKey, pinOf } from '../../../src-main/service-client/certificate-trust.ts';
import { createStores } from '../../../src-main/stores/owned-store.ts';

const pin = (letter: string): string => `SHA256:${letter.repeat(43)}`;
const [OLD, NEW, FOREIGN] = [pin('o'), pin('n'), pin('f')];
const fields: ProfileFields = { name: 'office', colour: 'blue', serviceUrl: 'https://mavis.example', pin: OLD, proxy: { kind: 'system' } };

async function world(changes: Partial<ProfileFields> = {}) {
  const written: string[] = [];
  const { profiles: store } = createStores(clientSettings.parse({}));
  const profiles = new Profiles(store, { write: async (value) => void written.push(JSON.stringify(value)) }, randomUUID);
  const id = await profiles.add({ ...fields, ...changes });
  written.length = 0;
  return { profiles, id, written, pinned: () => pinOf(profiles.find(id)) };
}

describe('rule 15: the pins of a service that rotates its key', () => {
  test('the next is taken beside the present one, in one write; at the end the old one goes; the same again writes nothing', async () => {
    const { profiles, id, written, pinned } = await world();
    expect(await profiles.takePins(id, [OLD, NEW])).toEqual([OLD, NEW]);
    expect(pinned()).toEqual([OLD, NEW]);
    expect(await profiles.takePins(id, [NEW, OLD])).toEqual([NEW, OLD]);
    expect(await profiles.takePins(id, [NEW])).toEqual([NEW]);
    expect(pinned()).toEqual([NEW]);
    expect(written).toHaveLength(3);
    for (const text of written) expect(text).toContain(NEW);
    expect(await profiles.takePins(id, [NEW])).toEqual([NEW]);
    expect(written).toHaveLength(3);
  });

  test('pins among which none is known are not taken, and neither is one where the profile goes by the system\'s trust', async () => {
    const { profiles, id, written, pinned } = await world();
    expect(await profiles.takePins(id, [FOREIGN, NEW])).toBeUndefined();
    expect(await profiles.takePins(id, [])).toBeUndefined();
    expect(pinned()).toEqual([OLD]);
    const trusting = await world({ pin: null });
    expect(await trusting.profiles.takePins(trusting.id, [NEW])).toBeUndefined();
    expect([trusting.pinned(), written, trusting.written]).toEqual([null, [], []]);
  });

  test('whoever enters another fingerprint means that one alone; what else is changed leaves them', async () => {
    const { profiles, id, pinned } = await world();
    await profiles.takePins(id, [OLD, NEW]);
    await profiles.update(id, { ...fields, name: 'head office' });
    expect(pinned()).toEqual([OLD, NEW]);
    await profiles.update(id, { ...fields, pin: FOREIGN });
    expect(pinned()).toEqual([FOREIGN]);
  });

  test('they are read back from the file; what is no fingerprint is not', async () => {
    const { profiles, id, written } = await world();
    await profiles.takePins(id, [OLD, NEW]);
    const again = await world();
    const log = createLog([], () => 0, 1);
    again.profiles.load(JSON.parse(written[0] ?? ''), log);
    expect(pinOf(again.profiles.find(id))).toEqual([OLD, NEW]);
    again.profiles.load(JSON.parse((written[0] ?? '').replace(NEW, 'anything')), log);
    expect(pinOf(again.profiles.find(id))).toEqual([OLD]);
  });

  test('a key is good where it is any of those pinned, and no other', () => {
    expect([isPinnedKey(OLD, [OLD, NEW]), isPinnedKey(NEW, [OLD, NEW]), isPinnedKey(NEW, NEW)]).toEqual([true, true, true]);
    expect([isPinnedKey(FOREIGN, [OLD, NEW]), isPinnedKey(FOREIGN, []), isPinnedKey(OLD.slice(0, -1), OLD)]).toEqual([false, false, false]);
  });
});
