#!/usr/bin/env node
/**
 * The executable. It only loads the rest, as fast as this version of Node can.
 */
import { fileURLToPath } from 'node:url';

import type * as Main from './main.js';
import { loadCompiled } from './start/compiled.js';

const [, script = '', ...argv] = process.argv;
const { exports, saveCache } = loadCompiled(fileURLToPath(new URL('./main.cjs', import.meta.url)), process.env);
await (exports as typeof Main).main({ argv, script, env: process.env, saveCompileCache: saveCache });
