#!/usr/bin/env node
/**
 * The command. All it does is load the rest as fast as this Node can: as one CommonJS file, which is compiled at once, and
 * from the cache of compiled code where Node has one (22.1 and newer).
 */
import * as nodeModule from 'node:module';
import type * as Serving from './main.js';

(nodeModule as { enableCompileCache?: () => unknown }).enableCompileCache?.();

const load = nodeModule.createRequire(import.meta.url) as (path: string) => typeof Serving;
const [, script = '', ...argv] = process.argv;
await load('./main.cjs').main(argv, script, process.env);
