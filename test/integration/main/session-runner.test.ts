import { once } from 'node:events';
import { createServer } from 'node:net';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { OUTPUT_CREDIT_BYTES, type SessionPortToPage } from '../../../shared/ipc/session-port.ts';
import { encodeCount, frameType } from '../../../shared/proxy-stream/frames.ts';
import { ClientKey } from '../../../src-main/account/client-key.ts';
import type { ProcessPort } from '../../../src-main/sessions/page-port.ts';
import type { SessionReport, StartCommand } from '../../../src-main/sessions/session-process-contract.ts';
import { SessionRunner } from '../../../src-main/sessions/session-runner.ts';
import { closeFrame, type Conversation, messageFrame, type Script, type ScriptedGateway, type ScriptedShell, startScriptedGateway, strangePin } from '../../fixtures/scripted-gateway.ts';

// The session's process without its process: the runner itself, against a scripted peer on a real TLS socket.

const key = new ClientKey(() => Date.now());
const TICKET = 'T'.repeat(43);
const peers: ScriptedGateway[] = [];
const ports: MessagePort[] = [];

afterEach(async () => {
  for (const port of ports.splice(0)) port.close();
  await Promise.all(peers.splice(0).map((peer) => peer.stop()));
});

async function startPeer(script: Script, options: { alpn?: string | null } = {}): Promise<ScriptedGateway> {
  const started = await startScriptedGateway(script, options);
  peers.push(started);
  return started;
}

class Run {
  readonly reports: SessionReport[] = [];
  readonly runner: SessionRunner;
  #waiting: { kind: SessionReport['kind']; resolve: (report: SessionReport) => void }[] = [];

  constructor(pingEveryMs?: number) {
    this.runner = new SessionRunner({
      report: (report) => {
        this.reports.push(report);
        for (const waiting of this.#waiting.filter(({ kind }) => kind === report.kind)) waiting.resolve(report);
        this.#waiting = this.#waiting.filter(({ kind }) => kind !== report.kind);
      },
      random: () => 0.5,
      monotonic: () => performance.now(),
      onViolation: () => undefined,
      onUnkept: () => undefined,
      ...(pingEveryMs === undefined ? {} : { pingEveryMs }),
    });
  }

  start(gateway: { port: number; pin: string }, changes: Partial<StartCommand> = {}): this {
    this.runner.take(
      {
        kind: 'start', protocol: 'ssh', identity: key.identity, deadlineMs: 10_000, terminal: { columns: 100, rows: 30 }, environment: { LANG: 'C.UTF-8' },
        hops: [{ gatewayName: 'office1', host: '127.0.0.1', ports: [[gateway.port]], fallbackPort: null, pins: [gateway.pin], ticket: TICKET }],
        ...changes,
      },
      undefined,
    );
    return this;
  }

  async report<Kind extends SessionReport['kind']>(kind: Kind): Promise<Extract<SessionReport, { kind: Kind }>> {
    const known = this.reports.find((report) => report.kind === kind);
    const report = known ?? (await new Promise<SessionReport>((resolve) => this.#waiting.push({ kind, resolve })));
    return report as Extract<SessionReport, { kind: Kind }>;
  }
}

/** A page that collects output, and draws (gives credit) at once or only when told. */
class Page {
  readonly port: MessagePort;
  output = Buffer.alloc(0);
  taken = 0;
  undrawn = 0;
  ended = false;
  drawsAtOnce: boolean;
  #onChange: (() => void)[] = [];

  constructor(run: Run, drawsAtOnce = true) {
    const { port1, port2 } = new MessageChannel();
    this.port = port2;
    this.drawsAtOnce = drawsAtOnce;
    ports.push(port1, port2);
    port2.on('message', (message: SessionPortToPage) => this.#take(message));
    const processEnd: ProcessPort = {
      postMessage: (message) => port1.postMessage(message),
      on: (_event, listener) => port1.on('message', (data: unknown) => listener({ data })),
      start: () => undefined,
      close: () => port1.close(),
    };
    run.runner.take({ kind: 'port' }, processEnd);
  }

  #take(message: SessionPortToPage): void {
    if (message.kind === 'output') {
      this.output = Buffer.concat([this.output, message.bytes]);
      this.undrawn += message.bytes.length;
      if (this.drawsAtOnce) this.draw();
    } else if (message.kind === 'taken') this.taken += message.bytes;
    else this.ended = true;
    for (const listener of this.#onChange.splice(0)) listener();
  }

  draw(): void {
    this.port.postMessage({ kind: 'drawn', bytes: this.undrawn });
    this.undrawn = 0;
  }

  type(text: string): void {
    this.port.postMessage({ kind: 'input', bytes: new Uint8Array(Buffer.from(text)) });
  }

  async until(condition: (page: Page) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#onChange.push(resolve));
  }
}

/** Accepts at once and echoes what is typed. */
const echo: Script = ({ accept }) => {
  accept({
    onShell: ({ channel }) => {
      channel.write('ready$ ');
      channel.pipe(channel);
    },
  });
};

describe('dialling a gateway (leg L2)', () => {
  test('S20: a terminal that is opened in a folder has its shell go there first, whatever its user has typed meanwhile', async () => {
    const gateway = await startPeer(echo);
    const run = new Run().start(gateway, { startFolder: '/srv/the reports' });
    const page = new Page(run);
    page.type('ls\r');
    await page.until(({ output }) => output.includes('ls\r'));
    expect(page.output.toString()).toBe("ready$  cd -- '/srv/the reports'\rls\r");
  });

  test('S20: a folder whose name another shell may take for a command stands there without Enter until its user presses it', async () => {
    const gateway = await startPeer(echo);
    const run = new Run().start(gateway, { startFolder: '/c/x & evil' });
    const page = new Page(run);
    await page.until(({ output }) => output.includes("evil'"));
    page.type('\r');
    await page.until(({ output }) => output.includes('\r'));
    expect(page.output.toString()).toBe("ready$  cd -- '/c/x & evil'\r");
  });

  test('S14: steps come as they happen, the shell opens, and what is typed comes back', async () => {
    const shells: ScriptedShell[] = [];
    const gateway = await startPeer((conversation) => {
      for (const step of ['ticket-accepted', 'reaching-target', 'target-reached', 'signing-on', 'signed-on']) conversation.send(frameType.progress, { step });
      const stream = conversation.accept({
        onShell: (shell) => {
          shells.push(shell);
          conversation.sendRaw(messageFrame({ kind: 'recording', recordingId: crypto.randomUUID() }));
          shell.channel.write('ready$ ');
          shell.channel.pipe(shell.channel);
        },
      });
      stream.on('error', () => undefined);
    });
    const run = new Run().start(gateway);
    const page = new Page(run);
    await run.report('connected');
    await run.report('recording');
    page.type('echo 日本語\r');
    await page.until(({ output }) => output.includes('echo 日本語\r'));
    // The gateway may say that the recording stands before or after the shell's own answer.
    expect(run.reports.map(({ kind }) => kind).filter((kind) => kind !== 'round-trip' && kind !== 'recording')).toEqual(['way', 'reached', 'progress', 'progress', 'progress', 'progress', 'progress', 'accepted', 'connected']);
    expect(gateway.hellos).toEqual([{ ticket: TICKET, clientThumbprint: key.thumbprint, terminal: { columns: 100, rows: 30 } }]);
    expect(shells[0]?.pty).toMatchObject({ columns: 100, rows: 30 });
    expect(shells[0]?.environment).toEqual({ LANG: 'C.UTF-8' });
    await page.until(({ taken }) => taken === Buffer.byteLength('echo 日本語\r'));
  });

  test('a port that refuses is passed over for the next of the preference (S75)', async () => {
    const gateway = await startPeer(echo);
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const refusing = typeof address === 'object' && address ? address.port : 0;
    closed.close();
    const run = new Run().start(gateway, { hops: [{ gatewayName: 'office1', host: '127.0.0.1', ports: [[refusing], [gateway.port]], fallbackPort: null, pins: [gateway.pin], ticket: TICKET }] });
    expect((await run.report('reached')).port).toBe(gateway.port);
  });

  test('a refused port is gateway.refused, with how long it took and no credential sent', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const address = closed.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    closed.close();
    const failed = await new Run().start({ port, pin: strangePin() }).report('failed');
    expect(failed).toMatchObject({ code: 'gateway.refused', leg: 'L2', credentialSent: false, args: { gateway: 'office1' } });
  });

  test('B2: a gateway with another key hears no hello', async () => {
    const gateway = await startPeer(echo);
    const failed = await new Run().start({ port: gateway.port, pin: strangePin() }).report('failed');
    expect(failed.code).toBe('gateway.pin-mismatch');
    expect(gateway.hellos).toEqual([]);
  });

  test.each([['speaks another protocol by ALPN', 'http/1.1'], ['names no protocol at all', null]])('a peer that %s is gateway.tls-failed', async (_what, alpn) => {
    const gateway = await startPeer(echo, { alpn });
    expect((await new Run().start(gateway).report('failed')).code).toBe('gateway.tls-failed');
    expect(gateway.hellos).toEqual([]);
  });

  test('a peer that takes the connection and says nothing of TLS is gateway.time-out after three seconds', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const failed = await new Run().start({ port, pin: strangePin() }).report('failed');
    expect(failed.code).toBe('gateway.time-out');
    expect(failed.milliseconds).toBeGreaterThan(2900);
    // The next limit, that of the whole connect, is 15 s: a machine that is busy with other things may be late for this one.
    expect(failed.milliseconds).toBeLessThan(10_000);
    silent.close();
  });

  test('a gateway that says nothing after the hello ends at the deadline', async () => {
    const gateway = await startPeer(() => undefined);
    expect((await new Run().start(gateway, { deadlineMs: 2_000 }).report('failed')).code).toBe('connect.deadline');
  });

  test('a gateway that cuts after the hello is gateway.unreachable', async () => {
    const gateway = await startPeer(({ socket }) => {
      socket.destroy();
    });
    expect((await new Run().start(gateway).report('failed')).code).toBe('gateway.unreachable');
  });

  test.each([
    ['an unknown frame', Buffer.from([0x99, 0, 0, 0, 0])],
    ['a frame beyond its bound', Buffer.from([frameType.accepted, 0x7f, 0xff, 0xff, 0xff])],
    ['an accepted that is no JSON', Buffer.from([frameType.accepted, 0, 0, 0, 1, 0x7b])],
    ['a frame of the stream before the stream', Buffer.from(encodeCount(frameType.ping, 1))],
  ])('garbage for an answer is gateway.protocol-error: %s', async (_what, bytes) => {
    const gateway = await startPeer(({ sendRaw }) => sendRaw(bytes));
    expect((await new Run().start(gateway).report('failed')).code).toBe('gateway.protocol-error');
  });

  test('A24: another SSH host key than the accepted one ends the connection before the sign-on', async () => {
    const gateway = await startPeer(({ accept }) => {
      accept({ hostKeyShown: `SHA256:${'A'.repeat(43)}` }).on('error', () => undefined);
    });
    const failed = await new Run().start(gateway).report('failed');
    expect(failed).toMatchObject({ code: 'gateway.pin-mismatch', credentialSent: true });
  });

  test('S18: the gateway\'s refusal comes with its code, arguments and whether a credential was sent', async () => {
    const gateway = await startPeer(({ send }) => send(frameType.failed, { code: 'target.unreachable', args: {}, credentialSent: false }));
    expect(await new Run().start(gateway).report('failed')).toMatchObject({ code: 'target.unreachable', leg: 'L4', credentialSent: false });
    const refusing = await startPeer(({ send }) => send(frameType.failed, { code: 'target.sign-on-refused', credentialSent: true }));
    expect(await new Run().start(refusing).report('failed')).toMatchObject({ code: 'target.sign-on-refused', leg: 'L4', credentialSent: true });
  });

  test('a prompt of the target reaches the user, and the answer reaches the gateway', async () => {
    const gateway = await startPeer(async (conversation: Conversation) => {
      conversation.send(frameType.prompt, { id: 7, kind: 'keyboard-interactive', prompts: [{ prompt: 'Code: ', echo: false }] });
      await conversation.answersTo();
      await echo(conversation);
    });
    const run = new Run().start(gateway);
    const { prompt } = await run.report('prompt');
    expect(prompt).toMatchObject({ id: 7, prompts: [{ prompt: 'Code: ', echo: false }] });
    run.runner.take({ kind: 'prompt-answer', id: 7, answers: ['123456'] }, undefined);
    await run.report('connected');
    expect(gateway.answers).toEqual([['123456']]);
    expect(gateway.answeredPrompts).toEqual([7]);
  });

  test('a gateway that asks without end is gateway.protocol-error with its eleventh question', async () => {
    const gateway = await startPeer(({ send }) => {
      for (let id = 1; id <= 11; id += 1) send(frameType.prompt, { id, kind: 'keyboard-interactive', prompts: [{ prompt: 'Code: ', echo: false }] });
    });
    expect((await new Run().start(gateway).report('failed')).code).toBe('gateway.protocol-error');
  });

  test('cancelling tells the gateway, and is connect.cancelled', async () => {
    const heard = Promise.withResolvers<number>();
    const gateway = await startPeer(async ({ next }) => heard.resolve((await next()).type));
    const run = new Run().start(gateway);
    await run.report('reached');
    while (gateway.hellos.length === 0) await new Promise((resolve) => setImmediate(resolve));
    run.runner.take({ kind: 'cancel' }, undefined);
    expect((await run.report('failed')).code).toBe('connect.cancelled');
    expect(await heard.promise).toBe(frameType.cancel);
  });

  test('S22: a first hop that forwards carries a second handshake with the second gateway\'s own key', async () => {
    const second = await startPeer(echo);
    const first = await startPeer(async ({ socket, send }) => {
      const { connect } = await import('node:net');
      const onward = connect(second.port, '127.0.0.1');
      await once(onward, 'connect');
      send(frameType.forwarding, { resumeSecret: 'A'.repeat(43), resumeSeconds: 0 });
      socket.removeAllListeners('data');
      socket.pipe(onward).pipe(socket);
      onward.on('error', () => undefined);
    });
    const hop = (gatewayName: string, { port, pin }: ScriptedGateway): StartCommand['hops'][number] => ({ gatewayName, host: '127.0.0.1', ports: [[port]], fallbackPort: null, pins: [pin], ticket: TICKET });
    const run = new Run().start(first, { hops: [hop('default', first), { ...hop('office1', second), host: null }] });
    const page = new Page(run);
    await run.report('connected');
    page.type('through two\r');
    await page.until(({ output }) => output.includes('through two'));
    expect(second.hellos).toHaveLength(1);
    expect(first.hellos[0]?.terminal).toBeUndefined();
  });
});

describe('a session', () => {
  test('flow control: output stops at the page\'s credit and goes on when the page has drawn', async () => {
    const total = 8 * 1024 * 1024;
    let written = 0;
    const gateway = await startPeer(({ accept }) => {
      accept({
        onShell: ({ channel }) => {
          const block = Buffer.alloc(64 * 1024, 'y');
          const write = (): void => {
            while (written < total) {
              written += block.length;
              if (!channel.write(block)) {
                channel.once('drain', write);
                return;
              }
            }
            channel.exit(0);
            channel.end();
          };
          write();
        },
      });
    });
    const run = new Run().start(gateway);
    const page = new Page(run, false);
    await run.report('connected');
    await page.until(({ undrawn }) => undrawn === OUTPUT_CREDIT_BYTES);
    // Everything that can come has come when a keystroke has gone round.
    page.type('x');
    await page.until(({ taken }) => taken === 1);
    expect(page.output.length).toBe(OUTPUT_CREDIT_BYTES);
    // What waits is bounded by the windows of SSH and of the stream, not by what the target could send.
    expect(written).toBeLessThan(total);
    page.drawsAtOnce = true;
    page.draw();
    await page.until(({ ended }) => ended);
    expect(page.output.length).toBe(total);
    const ended = await run.report('ended');
    expect(ended).toMatchObject({ code: 'session.ended', exitStatus: 0 });
  });

  test('Ctrl-C reaches the target while output floods and the page draws nothing', async () => {
    const interrupted = Promise.withResolvers<void>();
    const gateway = await startPeer(({ accept }) => {
      accept({
        onShell: ({ channel }) => {
          const block = Buffer.alloc(32 * 1024, 'y\n');
          const write = (): void => {
            while (channel.write(block));
            channel.once('drain', write);
          };
          write();
          channel.on('data', (bytes: Buffer) => {
            if (bytes.includes(3)) interrupted.resolve();
          });
        },
      });
    });
    const run = new Run().start(gateway);
    const page = new Page(run, false);
    await page.until(({ undrawn }) => undrawn === OUTPUT_CREDIT_BYTES);
    const before = performance.now();
    page.type('\u0003');
    await interrupted.promise;
    // Queued behind the output it would never arrive: nothing of it is drawn. The bound is for a machine that is busy with other things.
    expect(performance.now() - before).toBeLessThan(5000);
  });

  test('a page that starts again gets the last output again, and the session goes on', async () => {
    const gateway = await startPeer(echo);
    const run = new Run().start(gateway);
    const first = new Page(run);
    await first.until(({ output }) => output.includes('ready$ '));
    first.type('one\r\n');
    await first.until(({ output }) => output.includes('one'));
    first.port.close();
    const second = new Page(run);
    await second.until(({ output }) => output.includes('ready$ one'));
    second.type('two\r\n');
    await second.until(({ output }) => output.includes('two'));
    expect(run.reports.some(({ kind }) => kind === 'ended')).toBe(false);
  });

  test('sizes are bounded and only the last of many is told', async () => {
    const sizes: { columns: number; rows: number }[] = [];
    const last = Promise.withResolvers<void>();
    const gateway = await startPeer(({ accept }) => {
      accept({
        onShell: ({ channel, onResize }) => {
          channel.write('$');
          onResize((size) => {
            sizes.push(size);
            if (size.columns === 1000) last.resolve();
          });
        },
      });
    });
    const run = new Run().start(gateway);
    const page = new Page(run);
    await page.until(({ output }) => output.length > 0);
    for (let columns = 1; columns <= 40; columns += 1) page.port.postMessage({ kind: 'resize', columns, rows: 1, widthPx: 0, heightPx: 0 });
    page.port.postMessage({ kind: 'resize', columns: 5000, rows: 5000, widthPx: 0, heightPx: 0 });
    await last.promise;
    expect(sizes.length).toBeLessThanOrEqual(3);
    expect(sizes[0]).toEqual({ columns: 10, rows: 2 });
    expect(sizes.at(-1)).toEqual({ columns: 1000, rows: 1000 });
  });

  test.each([
    ['session.terminated', {}],
    ['session.idle', { minutes: 30 }],
  ])('the reason of the end is the gateway\'s: %s', async (code, args) => {
    let close = (): void => undefined;
    const gateway = await startPeer((conversation) => {
      close = () => conversation.sendRaw(closeFrame(code, args));
      conversation.accept();
    });
    const run = new Run().start(gateway);
    await run.report('connected');
    close();
    expect(await run.report('ended')).toMatchObject({ code, args });
  });

  test('a cut without a reason is session.gateway-lost with the gateway\'s name', async () => {
    const gateway = await startPeer(({ accept, socket }) => {
      accept({ onShell: () => setImmediate(() => socket.destroy()) });
    });
    expect(await new Run().start(gateway).report('ended')).toMatchObject({ code: 'session.gateway-lost', args: { gateway: 'office1' } });
  });

  test('exit status and signal are passed on', async () => {
    const gateway = await startPeer(({ accept }) => {
      accept({
        onShell: ({ channel }) => {
          channel.exit('TERM', false, '');
          channel.end();
        },
      });
    });
    expect(await new Run().start(gateway).report('ended')).toMatchObject({ code: 'session.ended', signal: 'SIGTERM' });
  });

  test('ending by the user tells the gateway why', async () => {
    const heard = Promise.withResolvers<string>();
    const gateway = await startPeer((conversation) => {
      const stream = conversation.accept({ onShell: ({ channel }) => channel.write('$') });
      conversation.socket.on('data', (bytes: Buffer) => {
        if (bytes.includes('session.closed-by-user')) heard.resolve('told');
      });
      stream.on('error', () => undefined);
    });
    const run = new Run().start(gateway);
    await run.report('connected');
    run.runner.take({ kind: 'end' }, undefined);
    expect(await run.report('ended')).toMatchObject({ code: 'session.closed-by-user' });
    expect(await heard.promise).toBe('told');
  });

  test('the round trip is measured by pings', async () => {
    const gateway = await startPeer(echo);
    const { milliseconds } = await new Run(50).start(gateway).report('round-trip');
    expect(milliseconds).toBeGreaterThanOrEqual(0);
    expect(milliseconds).toBeLessThan(10_000);
  });

  test('a shell that is refused is target.channel-refused', async () => {
    const gateway = await startPeer(({ accept }) => {
      accept({ refuseShell: true }).on('error', () => undefined);
    });
    expect(await new Run().start(gateway).report('failed')).toMatchObject({ code: 'target.channel-refused', credentialSent: true });
  });
});

describe('S20: a desktop', () => {
  /** Greets, and echoes what the page's engine says. */
  const desktop: Script = ({ accept, sendRaw }) => {
    const stream = accept({ raw: true });
    stream.write('RFB 003.008\n');
    stream.on('data', (bytes: Buffer) => {
      stream.write(bytes);
      if (bytes.includes('stands')) sendRaw(messageFrame({ kind: 'recording', recordingId: crypto.randomUUID() }));
      if (bytes.includes('goes')) sendRaw(closeFrame('target.lost'));
    });
  };

  test('its engine speaks before it is connected; connected is what the gateway says is; it ends with the gateway’s reason', async () => {
    const run = new Run().start(await startPeer(desktop), { protocol: 'vnc' });
    const page = new Page(run);
    await page.until(({ output }) => output.includes('RFB 003.008'));
    page.type('client init');
    await page.until(({ output }) => output.includes('client init'));
    expect(run.reports.map(({ kind }) => kind)).not.toContain('connected');
    page.type('stands');
    await run.report('connected');
    page.type('goes');
    expect(await run.report('ended')).toMatchObject({ code: 'target.lost' });
    await page.until(({ ended }) => ended);
  });

  test('one whose gateway ends it before it stands has failed, for the gateway’s reason, and is not tried on another', async () => {
    const run = new Run().start(await startPeer(desktop), { protocol: 'vnc' });
    const page = new Page(run);
    page.type('goes');
    expect(await run.report('failed')).toMatchObject({ code: 'target.lost', credentialSent: true });
    expect(run.reports.map(({ kind }) => kind)).not.toContain('connected');
  });

  test('a user who leaves before it stands has cancelled', async () => {
    const run = new Run().start(await startPeer(desktop), { protocol: 'vnc' });
    await run.report('accepted');
    run.runner.take({ kind: 'end' }, undefined);
    expect(await run.report('failed')).toMatchObject({ code: 'connect.cancelled' });
  });

  test('a page that starts anew could not draw what it has not seen: the session ends and says so', async () => {
    const run = new Run().start(await startPeer(desktop), { protocol: 'vnc' });
    const page = new Page(run);
    page.type('stands');
    await run.report('connected');
    const anew = new Page(run);
    expect(await run.report('ended')).toMatchObject({ code: 'session.crashed' });
    expect(anew.output).toHaveLength(0);
  });
});
