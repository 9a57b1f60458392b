import { expect, test } from 'vitest';
import type { FileOperation } from '../../../shared/recording/file-operation.ts';
import { FieldReader, FieldWriter, idOf, typeOf } from '../../../shared/sftp/packet-fields.ts';
import { packetType, statusCode } from '../../../shared/sftp/sftp-constants.ts';
import { Answers } from '../../../src-gateway/sftp/answers.ts';
import { HandleRequests } from '../../../src-gateway/sftp/handle-requests.ts';
import { OpenFile } from '../../../src-gateway/sftp/open-files.ts';
import { TargetRequests } from '../../../src-gateway/sftp/target-requests.ts';

const HANDLE = Buffer.from('handle');

/** The gateway's half of an SFTP session whose target opens every file and answers the other requests as told. */
function relay(answerOf: (type: number, id: number, packet: Uint8Array) => Uint8Array) {
  const [asked, answered, written, failures]: [number[], Uint8Array[], FileOperation[], unknown[]] = [[], [], [], []];
  const requests = new TargetRequests((packet) => {
    const [type, id] = [typeOf(packet), idOf(packet)];
    asked.push(type);
    queueMicrotask(() => requests.take(answerOf(type, id, packet)));
  });
  const answers = new Answers({ requests, toClient: (packet) => void answered.push(packet), record: (operation) => void written.push(operation), failed: (error) => void failures.push(error) });
  return { asked, answered, written, failures, answers, handles: new HandleRequests(answers, requests, { filesIn: true, filesOut: true, filesDelete: true, filePaths: [], maxFileBytes: 1000, deniedFileNames: [] }) };
}

const status = (id: number, code: number): Uint8Array => new FieldWriter(packetType.status).uint32(id).uint32(code).name('').name('').end();

test('a target that refuses to say how large an open file is: the client gets that refusal, the handle is closed, the session goes on', async () => {
  const { asked, answered, written, failures, answers, handles } = relay((type, id) => {
    if (type === packetType.open) return new FieldWriter(packetType.handle).uint32(id).bytes(HANDLE).end();
    return status(id, type === packetType.close ? statusCode.ok : statusCode.permissionDenied);
  });
  answers.begin();
  handles.open(new FieldWriter(packetType.open).uint32(7).name('/srv/a').uint32(1).attributes({}).end(), 7, { operation: 'open', path: '/srv/a' }, new OpenFile('/srv/a', 'download', false));
  await expect.poll(() => answered.length).toBe(1);
  const [answer = new Uint8Array()] = answered;
  expect([typeOf(answer), idOf(answer), new FieldReader(answer).uint32()]).toEqual([packetType.status, 7, statusCode.permissionDenied]);
  expect(asked).toEqual([packetType.open, packetType.fstat, packetType.close]);
  expect(written).toEqual([{ operation: 'open', path: '/srv/a', outcome: 'failed', status: statusCode.permissionDenied }]);
  expect(failures).toEqual([]);
  expect(handles.end()).toEqual([]);
});

test('what a client sends behind the bytes of a write, as rclone does with its whole buffer, is read over and reaches no target', async () => {
  const sent: Uint8Array[] = [];
  const { failures, answers, handles, answered } = relay((type, id, packet) => {
    if (type === packetType.write) sent.push(packet);
    if (type === packetType.open) return new FieldWriter(packetType.handle).uint32(id).bytes(HANDLE).end();
    return type === packetType.fstat ? new FieldWriter(packetType.attrs).uint32(id).attributes({ size: 0 }).end() : status(id, statusCode.ok);
  });
  const file = new OpenFile('/srv/a', 'upload', false);
  answers.begin();
  handles.open(new FieldWriter(packetType.open).uint32(1).name('/srv/a').uint32(2).attributes({}).end(), 1, { operation: 'open', path: '/srv/a' }, file);
  await expect.poll(() => answered.length).toBe(1);
  const write = new FieldWriter(packetType.write).uint32(2).bytes(HANDLE).uint64(0).bytes(Buffer.from('whole')).end();
  answers.begin();
  const long = Buffer.concat([write, Buffer.alloc(40, 'rest of the buffer')]);
  long.writeUInt32BE(long.length - 4);
  handles.write(long, 2);
  await expect.poll(() => answered.length).toBe(2);
  // Whole again, its length before it; its number is the gateway's own.
  expect(sent.map((packet) => Buffer.from(packet.subarray(9)))).toEqual([Buffer.from(write.subarray(9))]);
  expect(sent.map((packet) => Buffer.from(packet).readUInt32BE())).toEqual([write.length - 4]);
  expect(failures).toEqual([]);
});
