/**
 * `bundle check`: whether the daemon would take a bundle, and `bundle push` its config and skills.
 */
import type { GuardedBundle } from '@mcp-daemon/modules/bundle';

import { displayPath } from '../terminal/text.js';
import { readBundle } from './bundle-build.js';
import { BOUND_FLAGS, nameOfFile, reportLines, reportOn } from './bundle-text.js';
import { defineCommand, switchFlag } from './command.js';

/** What is wrong with the mcp_configuration.json of a bundle and with its skills, one line each. No code runs. @throws BundleRefusal */
async function problemsOf(bundle: GuardedBundle, shown: string): Promise<string[]> {
  const [{ configOf }, { inspectConfigText }, { errorLine }] = await Promise.all([
    import('@mcp-daemon/modules/bundle'),
    import('@mcp-daemon/core'),
    import('../runtime/report.js'),
  ]);
  const config = await configOf(bundle);
  if (config === undefined) return [];
  const { document, mistakes } = inspectConfigText(config.text, { support: { settingIds: true } });
  if (document === undefined) return mistakes.map((mistake) => errorLine(mistake, `${shown}:${config.path}`));
  const { skillProblems } = await import('../runtime/bundle-skills.js');
  return (await skillProblems(bundle, document)).map((problem) => `${shown}: ${problem}`);
}

/** `bundle check` */
export const check = defineCommand({
  command: 'check <file>',
  description:
    'Check a bundle as the daemon does before it is extracted, its config and its skills; exit code 1 if it is refused',
  settings: BOUND_FLAGS,
  positionals: { file: { type: 'string', demandOption: true, describe: 'A zip archive' } },
  flags: { json: switchFlag('Print JSON') },
  examples: [['bundle check weather.zip', 'Say whether it is taken, and its digest']],
  async run({ file: path, json }, context) {
    const { print, note, paint, paintNote } = context;
    const { file, bundle } = await readBundle(path, context);
    const report = await reportOn(nameOfFile(file), bundle);
    const problems = await problemsOf(bundle, displayPath(file));
    for (const remark of report.notes) note(`${paintNote('yellow', 'warning')} ${remark}`);
    if (json) print(JSON.stringify({ file, ...report, problems }, null, 2));
    else {
      for (const line of [paint('green', `${displayPath(file)} is a bundle`), ...reportLines(report)]) print(line);
      for (const problem of problems) note(problem);
      if (problems.length > 0) note(paintNote('red', '"bundle push" would refuse its config. Fix it and build the bundle again'));
    }
    return problems.length === 0 ? 0 : 1;
  },
});
