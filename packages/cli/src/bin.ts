#!/usr/bin/env node
/**
 * The command. All it does is load the rest as fast as this Node can.
 */
import { fileURLToPath } from 'node:url';

import type * as Main from './main.js';
import { loadCompiled } from './start/compiled.js';

const [, script = '', ...argv] = process.argv;
const { exports, keep } = loadCompiled(fileURLToPath(new URL('./main.cjs', import.meta.url)), process.env);
await (exports as typeof Main).main({ argv, script, env: process.env, warm: keep });
