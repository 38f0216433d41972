/** Functions that report progress, a client that shows it, and a client that cancels. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { run, withDataDir, withSidecar } from '../support/sidecar.mjs';

const config = fileURLToPath(new URL('mcp.json', import.meta.url));

await withDataDir(async (dataDir) => {
  const logged = [];
  const prepare = (client) =>
    client.setNotificationHandler('notifications/message', ({ params }) => void logged.push(params.data));
  await withSidecar({ config, dataDir, prepare }, async (client) => {
    const told = [];
    const onprogress = ({ progress, total, message }) => told.push([progress, total, message]);
    const result = await client.callTool({ name: 'count_down', arguments: { from: 3 } }, { onprogress });
    assert.equal(result.content[0].text, 'Lift-off!');
    assert.deepEqual(told, [
      [0, 3, '3 left'],
      [1, 3, '2 left'],
      [2, 3, '1 left'],
    ]);

    const pages = [];
    await client.callTool({ name: 'read_pages' }, { onprogress: ({ progress, total }) => pages.push(`${progress}/${total}`) });
    assert.deepEqual(pages, ['1/3', '2/3', '3/3']);
    assert.equal(logged.length, 3);

    const enough = new AbortController();
    const counting = client.callTool(
      { name: 'count_down', arguments: { from: 100 } },
      { signal: enough.signal, onprogress: ({ progress }) => progress === 2 && enough.abort(new Error('heard enough')) },
    );
    await assert.rejects(counting, /heard enough/);
  });

  const [last] = JSON.parse(await run('calls', 'list', '--json', '--limit', '1', '--data-dir', dataDir));
  assert.equal(last.status, 'cancelled');
});

console.log('Progress was told in order, and a cancelled call ended and is recorded as cancelled.');
