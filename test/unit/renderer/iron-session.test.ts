import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { IronSession } from '../../../src-renderer/desktop/rdp/iron-session.ts';

const engine = vi.hoisted(() => ({ paste: (): Promise<void> => Promise.resolve() }));
vi.mock('ironrdp-wasm', () => {
  const session = { desktopSize: () => ({ width: 800, height: 600 }), onClipboardPaste: () => engine.paste(), run: () => new Promise(() => undefined) };
  const builder: object = new Proxy({}, { get: (_target, name) => (name === 'connect' ? async () => session : () => builder) });
  return {
    default: async () => undefined,
    setup: () => undefined,
    ClipboardData: function ClipboardData() { return { addText: () => undefined }; },
    Extension: function Extension() { return {}; },
    DesktopSize: function DesktopSize() { return {}; },
    IronError: function IronError() { return {}; },
    SessionBuilder: function SessionBuilder() { return builder; },
  };
});

// Other files of this process load it with the engine that there is.
beforeAll(() => void vi.resetModules());
afterAll(() => void vi.resetModules());

const reported: string[] = [];
let session: IronSession;
beforeEach(async () => {
  reported.length = 0;
  vi.stubGlobal('reportError', (error: unknown) => void reported.push(error instanceof Error ? error.message : ''));
  // The engine draws nothing here; of a canvas only these are touched.
  const canvas = { getContext: () => null, style: {} } as unknown as HTMLCanvasElement;
  engine.paste = () => Promise.resolve();
  const { IronSession: Tried } = await import('../../../src-renderer/desktop/rdp/iron-session.ts');
  session = await Tried.connect({ canvas, address: 'ws://127.0.0.1/', size: { width: 800, height: 600 }, onFrame: () => undefined, onClipboard: () => undefined, onFiles: () => undefined });
  session.answerClipboard();
});
afterEach(() => vi.unstubAllGlobals());

test('a paste that the engine refuses, or falls over, stands in the log', async () => {
  engine.paste = () => Promise.reject(new Error('no format'));
  expect(session.paste('a text')).toBe(true);
  await vi.waitFor(() => expect(reported).toEqual(['Error: no format']));
  engine.paste = () => {
    throw new Error('unreachable executed');
  };
  session.paste('a text');
  expect(reported).toEqual(['Error: no format', 'Error: unreachable executed']);
  expect(session.over).toBe(true);
});
