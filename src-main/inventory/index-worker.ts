import { parentPort } from 'node:worker_threads';
import { IndexHolder } from './index-holder.ts';
import type { IndexAnswer, NumberedRequest } from './index-worker-contract.ts';

// The thread's entry: main alone writes to it, with the types of the contract.
const holder = new IndexHolder();
parentPort?.on('message', ({ number, request }: NumberedRequest) => {
  let answer: IndexAnswer;
  try {
    answer = holder.answer(request);
  } catch (error) {
    answer = { kind: 'failed', name: error instanceof Error ? error.name : typeof error };
  }
  parentPort?.postMessage({ number, answer });
});
