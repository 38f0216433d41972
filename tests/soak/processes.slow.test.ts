/** The soak of processes, for some seconds: `node bench/soak-processes.mjs` runs it for longer. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const soak = join(fileURLToPath(new URL('../..', import.meta.url)), 'bench/soak-processes.mjs');

(process.platform === 'linux' ? it : it.skip)(
  'bundles that misbehave hurt no others, and every record says the truth, while versions change and processes are killed',
  async () => {
    // The report names the errors: it is the message.
    const { stdout } = await promisify(execFile)(process.execPath, [soak, '--seconds', '15', '--swap', '2']).catch(
      ({ stdout: report, stderr }: { stdout: string; stderr: string }) => ({ stdout: `${report}\n${stderr}` }),
    );
    expect(stdout).toMatch(/\nNo error\.\n/);
    expect(stdout).toMatch(/\| pushes +\| +[1-9]/);
    expect(stdout).toMatch(/\| processes killed +\| +[1-9]/);
  },
  120_000,
);
