import { describe, expect, test } from 'vitest';
import { packetType, statusCode } from '../../../shared/sftp/sftp-constants.ts';
import { SftpClient } from '../../../src-main/files/sftp-client.ts';
import { hostileSftpServer } from '../../fixtures/hostile-sftp-server.ts';

describe('a name that is taken, at a target that cannot replace in one step', () => {
  const renamed = async (removal: number): Promise<{ readonly outcome: string; readonly asked: readonly string[] }> => {
    const server = hostileSftpServer({ folders: { '/': [] }, remove: () => removal });
    const client = new SftpClient(server);
    await client.open();
    const outcome = await client.rename('/part', '/whole', true).then(
      () => 'renamed',
      (error: unknown) => String(Object(error).code),
    );
    return { outcome, asked: server.requested };
  };

  test.each([statusCode.ok, statusCode.noSuchFile])('is given where what stood there is gone (status %i)', async (removal) => {
    expect(await renamed(removal)).toEqual({ outcome: 'renamed', asked: [`${packetType.remove} /whole`, `${packetType.rename} /part`] });
  });

  test('is not given where what stands there may not be removed: that is the reason which is told', async () => {
    expect(await renamed(statusCode.permissionDenied)).toEqual({ outcome: 'files.no-permission', asked: [`${packetType.remove} /whole`] });
  });
});
