import { createLog } from '../logging/log.ts';
import { openService } from '../open-service.ts';
import type { AdminOutput, AdminRequest } from './admin-command.ts';
import { safely } from './admin-socket.ts';
import { databaseUrls } from './database-urls.ts';
import { runAdminCommand } from './run-admin-command.ts';

/** A command for a data folder on which no service runs. */
export interface DirectCommand {
  readonly folder: string;
  readonly request: AdminRequest;
  readonly show: (outputs: AsyncIterable<AdminOutput>) => Promise<void>;
  /** Told of what fails beside the command. */
  readonly fail: (error: unknown) => void;
}

/** Opens the service without starting it, and runs the command in it. Throws `service.data-folder-in-use`. */
export async function runDirectly({ folder, request, show, fail }: DirectCommand): Promise<void> {
  const opened = await openService({ folder, ...databaseUrls(), makeLog: ({ logLevel }) => createLog(logLevel === 'debug' ? 'debug' : 'warn') });
  try {
    await opened.core.inventory.start(fail);
    await opened.core.access.start(fail);
    await show(safely(runAdminCommand(opened, request)));
    await opened.core.auditChain.chainAll();
  } finally {
    await opened.core.access.stop();
    await opened.core.inventory.stop();
    await opened.close();
  }
}
