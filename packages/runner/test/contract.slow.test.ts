import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RunnerFixture } from '@mcp-daemon/core/contract';
import { runnerContextContract, runnerContract } from '@mcp-daemon/core/contract';

import { openRunner } from './support.js';

async function open(): Promise<RunnerFixture> {
  const { runner, base } = await openRunner();
  return {
    runner,
    link: (module) => ({ kind: 'link', package_name: module, module_name: module }),
    install: (module, code) => writeFileSync(join(base, `${module}.mjs`), code),
    digests: true,
  };
}

describe('the runner of child processes', () => {
  it.each([...runnerContract, ...runnerContextContract])('$name', ({ run }) => run(open));
});
