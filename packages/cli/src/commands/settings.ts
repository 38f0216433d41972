/**
 * `settings list`, `settings set` and `settings remove`: what classes of a partition are constructed with.
 */
import type { CatalogStore, JsonObject } from '@mcp-daemon/core';

import { UsageError } from '../errors.js';
import { table } from '../terminal/text.js';
import { isoTimes } from './changes-text.js';
import type { CommandGroup } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag } from './command.js';
import { noPartition, PARTITION_FLAG, partitionOf } from './partition-flag.js';

const ID = { type: 'string', demandOption: true, describe: 'ID of the setting, as "settings list" shows it' } as const;

const list = defineCommand({
  command: 'list',
  description: 'List the settings of a partition; their values are hidden',
  settings: STORE_FLAGS,
  flags: { partition: PARTITION_FLAG, json: switchFlag('Print JSON') },
  async run({ json }, context) {
    const partition = partitionOf(context);
    const [{ withCatalogs }, { listSettings }] = await Promise.all([import('./stored.js'), import('@mcp-daemon/core')]);
    const found = await withCatalogs(context, (catalogs) => listSettings(catalogs, partition), []);
    if (json) {
      context.print(JSON.stringify(found.map(isoTimes), null, 2));
      return 0;
    }
    if (found.length === 0) {
      context.note(`the partition "${partition}" has no settings`);
      return 0;
    }
    const rows = found.map(({ setting_id, classes, setting, unreadable }) => [
      ...[setting_id, classes.join(', ')],
      unreadable === undefined ? JSON.stringify(setting) : `cannot be read: ${unreadable}`,
    ]);
    const [first = '', ...lines] = table([['SETTING', 'CLASSES', 'VALUES'], ...rows], context.width);
    for (const line of [context.paint('bold', first), ...lines]) context.print(line);
    return 0;
  },
});

/** Reads a setting from stdin. @throws UsageError if it is not a JSON object */
async function readSetting(): Promise<JsonObject> {
  const { text } = await import('node:stream/consumers');
  const { isObject } = await import('@mcp-daemon/core');
  let value: unknown;
  try {
    value = JSON.parse(await text(process.stdin));
  } catch {
    value = undefined;
  }
  if (isObject(value)) return value;
  throw new UsageError('stdin must be a JSON object: the whole setting', { hint: false });
}

const set = defineCommand({
  command: 'set <id>',
  description: 'Replace a setting by the JSON object on stdin; classes are built again at their next call',
  settings: STORE_FLAGS,
  positionals: { id: ID },
  flags: { partition: PARTITION_FLAG, create: switchFlag('Also if there is no such setting yet') },
  examples: [['settings set demo.Demo-1f2e < setting.json', 'Replace a setting; the values are in no shell history']],
  async run({ id, create }, context) {
    const partition = partitionOf(context);
    const [{ author, changeCatalogs, withCatalogs }, { changeSetting }] = await Promise.all([
      import('./stored.js'),
      import('@mcp-daemon/core'),
    ]);
    if (process.stdin.isTTY) context.note('type the JSON object of the setting, then Ctrl+D');
    const setting = await readSetting();
    const change = (catalogs: CatalogStore): Promise<unknown> =>
      changeSetting(catalogs, partition, id, setting, { author: author(), create });
    const changed = create ? await changeCatalogs(context, change) : await withCatalogs(context, change, undefined);
    if (changed === undefined) throw noPartition(partition);
    context.note(`${id} is changed; running servers use it within two seconds`);
    return 0;
  },
});

const remove = defineCommand({
  command: 'remove <id>',
  description: 'Remove a setting that no class uses',
  settings: STORE_FLAGS,
  positionals: { id: ID },
  flags: { partition: PARTITION_FLAG },
  async run({ id }, context) {
    const partition = partitionOf(context);
    const [{ withCatalogs }, { removeSetting }] = await Promise.all([import('./stored.js'), import('@mcp-daemon/core')]);
    const removed = await withCatalogs(
      context,
      async (catalogs) => {
        await removeSetting(catalogs, partition, id);
        return true;
      },
      false,
    );
    if (!removed) throw noPartition(partition);
    context.note(`${id} is removed`);
    return 0;
  },
});

/** Commands for settings. */
export const settings: CommandGroup = {
  command: 'settings',
  description: 'Show and change what classes are constructed with',
  commands: [list, set, remove],
  default: 'list',
};
