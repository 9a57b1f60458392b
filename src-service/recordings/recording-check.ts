import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { ContainerVerifier, type ContainerVerification } from '../../shared/recording/container-verifier.ts';
import { RecordingFormatError } from '../../shared/recording/recording-frame.ts';
import type { RecordingHeader, RecordingSeal } from '../../shared/recording/recording-header.ts';
import type { recordings } from '../store/schema.ts';
import { nodeSha256, sealSignatureValid } from './recording-cipher.ts';

/** A recording as the store holds it. */
export type RecordingRow = typeof recordings.$inferSelect;

/** What a container is worth, and what it says of itself. */
export interface CheckedRecording {
  readonly verification: ContainerVerification;
  /** SHA-256 of all bytes, base64url. */
  readonly sha256: string;
  readonly bytes: number;
  readonly seal: RecordingSeal | undefined;
}

/** The parts by which a recording of a gateway is verified; `signingKeys` are those that the gateway has or had (SubjectPublicKeyInfo, base64url). */
export function verifierParts(row: Pick<RecordingRow, 'headFrames' | 'headHash'>, signingKeys: readonly string[]) {
  return {
    sha256: nodeSha256,
    verifySeal: (signed: Uint8Array, signature: Uint8Array) => signingKeys.some((key) => sealSignatureValid(key, signed, signature)),
    ...(row.headHash === null ? {} : { knownHead: { blocks: row.headFrames, headHash: row.headHash } }),
  };
}

/** Reads a container to its end: chain, seal, signature, the last head known (rule 19), and that it is the recording it is taken for. Rejects only where it cannot be read. */
export async function checkRecording(stream: Readable, row: RecordingRow, signingKeys: readonly string[]): Promise<CheckedRecording> {
  const verifier = new ContainerVerifier(verifierParts(row, signingKeys));
  const hash = createHash('sha256');
  let bytes = 0;
  let broken = false;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('a stream of bytes was expected');
    hash.update(chunk);
    bytes += chunk.length;
    if (!broken) broken = !pushed(verifier, chunk);
  }
  const found = verifier.finish();
  const verification = verifier.header !== undefined && !isOf(verifier.header, row) ? { ...found, ok: false, state: 'incomplete' as const, code: 'recording.broken', detail: 'the header is of another recording' } : found;
  return { verification, sha256: hash.digest('base64url'), bytes, seal: verifier.seal };
}

/** False from the first part on that is not proven; the verifier remembers what it was. */
function pushed(verifier: ContainerVerifier, chunk: Uint8Array): boolean {
  try {
    verifier.push(chunk);
    return true;
  } catch (error) {
    if (error instanceof RecordingFormatError) return false;
    throw error;
  }
}

/** Whether a container's header is that of the recording it is taken for. */
export function isOf(header: RecordingHeader, row: Pick<RecordingRow, 'id' | 'connectionId' | 'gatewayId'>): boolean {
  return header.recordingId === row.id && header.connectionId === row.connectionId && header.gatewayId === row.gatewayId;
}
