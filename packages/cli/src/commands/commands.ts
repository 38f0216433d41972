/** The list of all commands, in the order of the help. A new command needs its own file and a line here. */
import { add } from './add.js';
import { bundle } from './bundle.js';
import { cache } from './cache.js';
import { call } from './call.js';
import { calls } from './calls.js';
import type { Command, CommandGroup } from './command.js';
import { completion } from './completion.js';
import { config } from './config.js';
import { init } from './init.js';
import { inspect } from './inspect.js';
import { install } from './install.js';
import { list } from './list.js';
import { mounts } from './mounts.js';
import { partitions } from './partitions.js';
import { records } from './records.js';
import { serve } from './serve.js';
import { settings } from './settings.js';
import { store } from './store.js';
import { tokens } from './tokens.js';
import { types } from './types.js';
import { uninstall } from './uninstall.js';
import { users } from './users.js';

/** All commands; the first one, whose name is `$0`, runs where no command is named. */
export const COMMANDS: readonly (Command | CommandGroup)[] = [
  serve,
  list,
  call,
  calls,
  records,
  init,
  add,
  config,
  types,
  bundle,
  mounts,
  partitions,
  settings,
  store,
  cache,
  inspect,
  users,
  tokens,
  install,
  uninstall,
  completion,
];
