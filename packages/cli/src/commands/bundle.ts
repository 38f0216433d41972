/**
 * The commands for bundles: `bundle build`, `check`, `push`, `list` and `rollback`.
 */
import { build } from './bundle-build.js';
import { check } from './bundle-check.js';
import { list, rollback } from './bundle-list.js';
import { push } from './bundle-push.js';
import type { CommandGroup } from './command.js';

/** Commands for bundles of functions' code. */
export const bundle: CommandGroup = {
  command: 'bundle',
  description: 'Make bundles of code, check them, and store them where daemons find them',
  commands: [build, check, push, list, rollback],
};
