#!/usr/bin/env node
// `npm run tour`: a picture of every page and window. Plain JavaScript, so that an old Node can begin it.
import { runOnNode24 } from './set-up/node-runtime.mjs';

await runOnNode24(new URL('./tour/main.ts', import.meta.url));
