/**
 * `uninstall`: removes the server from the config file of a host.
 */
import { afterUninstall } from '../hosts/host.js';
import { defineCommand } from './command.js';
import { checkName, fileOf, FLAGS, hostOf, installedName, POSITIONALS, writeChange } from './install-target.js';

/** Removes the server from a host. */
export const uninstall = defineCommand({
  command: 'uninstall <host>',
  description: 'Remove the server from the config file of a host',
  settings: ['config'],
  positionals: POSITIONALS,
  flags: FLAGS,
  async run(args, context) {
    const host = hostOf(args);
    checkName(args.name, { title: host.title });
    const [{ readHostFile }, { textOf }] = await Promise.all([import('../hosts/edit.js'), import('../hosts/write.js')]);
    const name = args.name ?? (await installedName(context));
    const file = fileOf(args, context);
    const before = await textOf(file);
    const document = await readHostFile(before ?? '', host, file);
    if (before === undefined || document.entry(name) === undefined) {
      context.print(`"${name}" is not installed in ${file}`);
      return 0;
    }
    const after = document.with(name, undefined);
    return writeChange(args, context, { file, before, after, entries: document.entries(), done: [afterUninstall(host)] });
  },
});
