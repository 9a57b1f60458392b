import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../src-gateway/clock/clock.ts';
import { ensureDataFolder } from '../../../src-gateway/configuration/data-folder.ts';
import { parseSettings } from '../../../src-gateway/configuration/gateway-settings.ts';
import { ensureGatewayKeys } from '../../../src-gateway/keys/gateway-keys.ts';
import { KeysInUse } from '../../../src-gateway/keys/keys-in-use.ts';
import { createLogger } from '../../../src-gateway/logging/logger.ts';
import { openProductProtocols } from '../../../src-gateway/protocols.ts';
import { RecordingSpool } from '../../../src-gateway/recordings/recording-spool.ts';
import { makeConfiguration, makeServiceKeys } from '../../fixtures/signed-gateway-configuration.ts';
import { makeTargetGrant } from '../../fixtures/target-grant.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mavis-strict-'));
});
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));

test.each([
  ['{}', false],
  ['{"strictRecording":true}', true],
  ['{"strictRecording":"yes"}', false],
])('settings.json %s: recordings of the product are strict: %s', async (text, strict) => {
  const data = await ensureDataFolder(folder);
  await ensureGatewayKeys(data.keys, new Date());
  const configuration = makeConfiguration(makeServiceKeys(), ['A'.repeat(43)], { link: 8444, proxy: [17993, 17994, 17995] });
  const keys = await KeysInUse.open({ folder: data.keys, gatewayId: configuration.gatewayId, gatewayName: configuration.name, now: () => new Date() });
  const log = createLogger({ write: () => undefined }, 'error');
  const journal = {
    append: () => {
      throw new Error('nothing is journaled here');
    },
  };
  const protocols = await openProductProtocols({ configuration, keys, settings: { ...parseSettings(text).settings, spoolFreeBytesAtLeast: 0 }, data, clock: systemClock(), log, journal, leftOpen: { recordingFound: () => false } });
  try {
    const { recordings } = protocols;
    if (!(recordings instanceof RecordingSpool)) throw new TypeError('the spool was expected');
    const recorder = await recordings.record({ grant: makeTargetGrant({ host: '192.0.2.7', port: 22, credential: { kind: 'ask-user' } }), channel: 0, facts: { kind: 'shell' } });
    expect(recorder.strict).toBe(strict);
    await recorder.discard();
  } finally {
    await protocols.close();
  }
});
