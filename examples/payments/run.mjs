/** Safe retries with an idempotency key, and approval of large payments. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { withDataDir, withSidecar } from '../support/sidecar.mjs';

const config = fileURLToPath(new URL('mcp.json', import.meta.url));
const text = (result) => result.content[0].text;
const keyed = (key, amount) => ({
  name: 'pay',
  arguments: { amount, to: 'Ada' },
  _meta: { 'io.mcp-daemon/idempotencyKey': key },
});

for (const mode of ['legacy', { pin: '2026-07-28' }]) {
  const questions = [];
  let answer = { action: 'accept', content: {} };
  const prepare = (client) =>
    client.setRequestHandler('elicitation/create', ({ params }) => {
      questions.push(params.message);
      return answer;
    });
  const options = { capabilities: { elicitation: {} }, versionNegotiation: { mode } };
  await withDataDir((dataDir) =>
    withSidecar({ config, dataDir, options, prepare }, async (client) => {
      // A small payment runs at once, and once: the second call is a repetition.
      const first = await client.callTool(keyed('a', 50));
      const again = await client.callTool(keyed('a', 50));
      assert.deepEqual([text(first), text(again)], ['Payment 1: 50 to Ada.', 'Payment 1: 50 to Ada.']);
      assert.match(again._meta['io.mcp-daemon/repeatOf'], /^[0-9a-f-]{36}$/);
      await assert.rejects(client.callTool(keyed('a', 60)), /used with other arguments/);

      // A large one needs approval.
      assert.equal(text(await client.callTool(keyed('b', 500))), 'Payment 2: 500 to Ada.');
      assert.match(questions[0], /^May "pay" run\?[^]*"amount": 500/);
      answer = { action: 'decline' };
      assert.match(text(await client.callTool(keyed('c', 600))), /^The user declined to run "pay"/);
      assert.equal(questions.length, 2);
    }),
  );
}

console.log('Each payment was made once, and the large ones were approved first.');
