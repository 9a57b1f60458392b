#!/usr/bin/env node
// `npm run sign-update`: the signed manifest of a channel. Plain JavaScript, so that an old Node can begin it.
import { runOnNode24 } from './set-up/node-runtime.mjs';

await runOnNode24(new URL('./updates/main.ts', import.meta.url));
