#!/usr/bin/env node
// `npm run bundle`: service and gateway as packages of npm. Plain JavaScript, so that an old Node can begin it.
import { runOnNode24 } from './set-up/node-runtime.mjs';

await runOnNode24(new URL('./bundle/main.ts', import.meta.url));
