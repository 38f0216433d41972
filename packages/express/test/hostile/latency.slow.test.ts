/** How long one user waits while another sends the worst that there is: `bench/hostile.mjs`, with the built packages. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Result {
  name: string;
  calls: number;
  cpuMax: number;
}

const bench = fileURLToPath(new URL('../../../../bench/hostile.mjs', import.meta.url));

/** CPU milliseconds at once: alone on a machine it is below 100. Threads of the garbage collector count as well. */
const MAX_CPU_MS = 400;

describe('another user', () => {
  it.each(['empty objects', 'deep lists', 'a pattern', 'a recursive union', 'batches of', '20,000 subscriptions'])(
    'is served while one user sends: %s',
    async (only) => {
      const args = [bench, '--seconds', '1', '--max', '1000000', '--json', '--only', only];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const [result, ...more] = JSON.parse(stdout) as Result[];
      expect(more).toEqual([]);
      expect(result?.calls).toBeGreaterThan(1);
      expect(result?.cpuMax).toBeLessThan(MAX_CPU_MS);
    },
  );
});
