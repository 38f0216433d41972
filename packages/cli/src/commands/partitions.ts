/**
 * `partitions list`: the partitions of the store.
 */
import { table } from '../terminal/text.js';
import type { CommandGroup } from './command.js';
import { defineCommand, STORE_FLAGS, switchFlag } from './command.js';

const list = defineCommand({
  command: 'list',
  description: 'List the partitions of the store',
  settings: STORE_FLAGS,
  flags: { json: switchFlag('Print JSON') },
  async run({ json }, context) {
    const [{ withCatalogs }, { shortRevision }] = await Promise.all([import('./stored.js'), import('./changes-text.js')]);
    const { allPartitions } = await import('./stored.js');
    const found = await withCatalogs(context, allPartitions, []);
    if (json) {
      context.print(JSON.stringify(found, null, 2));
      return 0;
    }
    if (found.length === 0) {
      context.note('the store has no partitions; "mcp-daemon config apply --partition NAME" makes one');
      return 0;
    }
    const rows = found.map(({ partition, head }) => [
      partition,
      head?.revision === null || head?.revision === undefined ? 'rows' : shortRevision(head.revision),
    ]);
    const [first = '', ...lines] = table([['PARTITION', 'SERVES'], ...rows], context.width);
    for (const line of [context.paint('bold', first), ...lines]) context.print(line);
    return 0;
  },
});

/** Commands for partitions. */
export const partitions: CommandGroup = {
  command: 'partitions',
  description: 'List the partitions of the store',
  commands: [list],
  default: 'list',
};
