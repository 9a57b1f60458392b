import { MessageChannelMain, type MessagePortMain, utilityProcess } from 'electron';
import type { SessionProcess } from './session-process-handle.ts';

/** Starts a session's process as one of Electron's utility processes: without windows, without the DOM, with an environment of its own. */
export function forkSessionProcess(file: string, environment: Record<string, string>): SessionProcess<MessagePortMain> {
  const child = utilityProcess.fork(file, [], { serviceName: 'MAVIS session', env: environment, stdio: 'inherit' });
  return {
    send: (command, port) => child.postMessage(command, port ? [port] : []),
    onReport: (listener) => {
      child.on('message', listener);
    },
    onExit: (listener) => {
      child.once('exit', listener);
    },
    kill: () => {
      child.kill();
    },
  };
}

/** The two ends of a channel between a session's process and its page; main opens neither. */
export function createSessionChannel(): { readonly process: MessagePortMain; readonly page: MessagePortMain } {
  const { port1, port2 } = new MessageChannelMain();
  return { process: port1, page: port2 };
}
