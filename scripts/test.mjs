#!/usr/bin/env node
// `npm test`: sets the machine up, then runs every tier of tests. Plain JavaScript, so that an old Node can begin it.
import { runOnNode24 } from './set-up/node-runtime.mjs';

await runOnNode24(new URL('../test/run/main.ts', import.meta.url));
