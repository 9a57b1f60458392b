#!/usr/bin/env node
// `npm start`: sets the machine up, then opens the app. Plain JavaScript, so that an old Node can begin it.
import { runOnNode24 } from './set-up/node-runtime.mjs';

await runOnNode24(new URL('./start/main.ts', import.meta.url));
