#!/usr/bin/env node
// `npm run assets`: draws the icons anew. Plain JavaScript, so that an old Node can begin it.
import { runOnNode24 } from './set-up/node-runtime.mjs';

await runOnNode24(new URL('./assets/main.ts', import.meta.url));
