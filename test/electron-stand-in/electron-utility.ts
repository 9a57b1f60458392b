/** What `import 'electron'` gives in a utility process: `net` and `systemPreferences`, both absent. */
import { absent } from './covered.ts';

export const net = absent<Electron.Net>('net in a utility process');
export const systemPreferences = absent<Electron.SystemPreferences>('systemPreferences in a utility process');
export default { net, systemPreferences };
