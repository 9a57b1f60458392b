#!/usr/bin/env node
// `npm run package`: the client's packages. Plain JavaScript, so that an old Node can begin it.
import { runOnNode24 } from './set-up/node-runtime.mjs';

await runOnNode24(new URL('./package/main.ts', import.meta.url));
