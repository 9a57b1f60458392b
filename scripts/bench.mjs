#!/usr/bin/env node
// `npm run bench -- NAME`: one benchmark. Plain JavaScript, so that an old Node can begin it.
import { runOnNode24 } from './set-up/node-runtime.mjs';

await runOnNode24(new URL('./bench/main.ts', import.meta.url));
