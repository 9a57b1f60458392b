#!/usr/bin/env node
// `npm run demo`: the main job without a person. Plain JavaScript, so that an old Node can begin it.
import { runOnNode24 } from './set-up/node-runtime.mjs';

await runOnNode24(new URL('./demo/main.ts', import.meta.url));
