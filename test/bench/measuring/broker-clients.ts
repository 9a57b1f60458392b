/** A process of clients that ask a service for connections, so that what they cost is not counted with what they measure. */
import type { z } from 'zod';
import { LightClient } from '../../fixtures/light-client.ts';
import { inParallel } from '../../fixtures/light-crowd.ts';
import { brokerCommand, type brokerReport } from './broker-clients-contract.ts';

const CLIENTS_OF_ONE_ADDRESS = 8;
let crowd: LightClient[] = [];

process.on('message', (message) => {
  const command = brokerCommand.parse(message);
  const done = command.kind === 'sign-in' ? signIn(command) : run(command);
  done.then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());

async function signIn({ url, names, password }: Extract<z.output<typeof brokerCommand>, { kind: 'sign-in' }>): Promise<object> {
  crowd = names.map((name, place) => new LightClient(name, () => url, `127.0.9.${1 + Math.floor(place / CLIENTS_OF_ONE_ADDRESS)}`, 2));
  await inParallel(4, crowd, (client) => client.signIn(password));
  return { kind: 'signed-in' };
}

async function run({ atOnce, seconds, resourceIds }: Extract<z.output<typeof brokerCommand>, { kind: 'run' }>): Promise<z.output<typeof brokerReport>> {
  const milliseconds: number[] = [];
  let refused = 0;
  let turn = 0;
  const begunMs = performance.now();
  const one = async (): Promise<void> => {
    while (performance.now() - begunMs < seconds * 1_000) {
      turn += 1;
      const client = crowd[turn % crowd.length];
      const resource = resourceIds[(turn * 7_919) % resourceIds.length];
      if (client === undefined || resource === undefined) throw new RangeError('nobody asks, or for nothing');
      const askedMs = performance.now();
      const answer = await client.ask(resource);
      if ('offer' in answer) milliseconds.push(performance.now() - askedMs);
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  return { milliseconds, refused, seconds: (performance.now() - begunMs) / 1_000 };
}
