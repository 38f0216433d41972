import type { Proxy } from '../../../aws/test/proxy.js';
import { startProxy } from '../../../aws/test/proxy.js';
import type { StoredFolder } from './stored-support.js';
import { classConfig, storedFolder } from './stored-support.js';

const ACME = ['--partition', 'acme'];

describe('changes whose rows DynamoDB refuses', () => {
  let stored: StoredFolder;
  let proxy: Proxy;
  const config = (...args: string[]) =>
    stored.folder.run(['config', ...args, ...ACME], { env: { ...stored.env, DYNAMODB_ENDPOINT: proxy.endpoint } });

  beforeEach(async () => {
    stored = await storedFolder('dynamodb');
    proxy = await startProxy(stored.env['DYNAMODB_ENDPOINT'] ?? '');
    await stored.folder.write('one.json', classConfig('a', 'b'));
    await stored.folder.write('two.json', classConfig('b', 'c'));
  });

  afterEach(async () => {
    await proxy.stop();
    await stored.stop();
  });

  it('are made all the same, and apply and rollback fail with what updates the rows', async () => {
    await config('apply', 'one.json', '--yes');
    const refuse: Proxy['behave'] = ({ action, body }) =>
      action === 'BatchWriteItem' && body.includes('mcp-functions') ? { error: 'AccessDeniedException' } : 'none';
    const begin =
      /^mcp-daemon: the new revision is served, but the rows for the Python engine are not up to date: .*BatchWriteItem.* Once that is solved, /;
    proxy.behave = refuse;
    const applied = await config('apply', 'two.json', '--yes', '--allow-breaking', '--json');
    expect(applied.code).toBe(1);
    expect(applied.stderr).toMatch(/ Once that is solved, "config apply" again updates them\n$/);
    proxy.behave = () => 'none';
    expect(await config('apply', 'two.json', '--yes')).toMatchObject({ code: 0 });

    proxy.behave = refuse;
    const [, first] = JSON.parse((await config('history', '--json')).stdout) as { revision: string }[];
    const back = await config('rollback', first?.revision ?? '', '--yes', '--json');
    expect(back.code).toBe(1);
    expect(JSON.parse(back.stdout)).toMatchObject({ partition: 'acme', revision: first?.revision, functions: 2 });
    expect(back.stderr.slice(back.stderr.indexOf('mcp-daemon: '))).toMatch(begin);
    expect(back.stderr).toMatch(/"config apply" of what "config export" prints updates them\n$/);
    proxy.behave = () => 'none';
    expect(await config('apply', 'one.json', '--yes')).toMatchObject({ code: 0 });
    expect(await config('status')).toMatchObject({ code: 0 });
  });
});
