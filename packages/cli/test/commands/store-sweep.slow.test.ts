import type { SweepReport } from '@mcp-daemon/aws';
import { exampleRecord } from '@mcp-daemon/core/contract';

import { objectKeys, startFauxqs } from '../../../aws/test/support.js';
import { storedFolder } from './stored-support.js';

it('"store sweep" says which settings it needs, and removes nothing that is young or has its record', async () => {
  const dynamo = await storedFolder('dynamodb');
  const s3 = await startFauxqs('payloads');
  const env: Record<string, string> = { ...dynamo.env, FUNCT_BUCKET_NAME: 'payloads', S3_ENDPOINT: s3.endpoint };
  const run = (...args: string[]) => dynamo.folder.run(['store', 'sweep', ...args], { env });
  try {
    const without = await dynamo.run(['store', 'sweep']);
    expect(without.code).toBe(2);
    expect(without.stderr).toContain('there is no bucket to sweep: set FUNCT_BUCKET_NAME or --bucket');
    const sqlite = await dynamo.folder.run(['store', 'sweep', '--store', 'sqlite'], { env });
    expect(sqlite.code).toBe(2);
    expect(sqlite.stderr).toContain('the sqlite store needs no "store sweep"');
    expect((await run('--limit', '0')).stderr).toContain('--limit: must be a whole number above 0');

    const { openDynamoStore, openS3Blobs } = await import('@mcp-daemon/aws');
    const { LOCAL } = await import('../../../aws/test/support.js');
    const blobs = await openS3Blobs({ ...LOCAL, bucket: 'payloads', endpoint: s3.endpoint });
    const endpoint = env['DYNAMODB_ENDPOINT'] ?? '';
    const store = await openDynamoStore({
      ...LOCAL,
      endpoint,
      blobs,
      promise: 'answered',
      offloadBytes: 1_000,
      expireAfterMs: 0,
    });
    await store.calls.write([exampleRecord({ content: JSON.stringify('x'.repeat(5_000)) })]);
    await store.close();
    await blobs.close?.();

    const swept = await run('--dry-run');
    expect(swept).toMatchObject({ code: 0 });
    expect(swept.stdout).toBe('0 payloads (0 bytes) would be removed, of 1, 1 of them too young to be looked at; 0 rows read\n');
    const report = JSON.parse((await run('--json')).stdout) as SweepReport;
    expect(report).toEqual({ looked: 1, young: 1, removed: 0, bytes: 0, rows: 0, complete: true });
    expect(await objectKeys(s3.endpoint, 'payloads')).toHaveLength(1);
  } finally {
    await dynamo.stop();
    await s3.stop();
  }
});
