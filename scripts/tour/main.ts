import { runInWindows } from '../set-up/run-in-windows.ts';
import { runCommand } from '../set-up/set-up-error.ts';

await runCommand(() => runInWindows('tour'));
