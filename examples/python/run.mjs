/** The sample config of the Python engine, unchanged, with its functions in Python. It needs Python 3.9 or newer. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { run, withDataDir, withSidecar } from '../support/sidecar.mjs';

const config = fileURLToPath(new URL('mcp.json', import.meta.url));
const text = (result) => result.content[0].text;

await withDataDir(async (dataDir) => {
  await withSidecar({ config, dataDir }, async (client) => {
    assert.equal(text(await client.callTool({ name: 'hello', arguments: { name: 'Ada' } })), 'Hello, Ada!');
    assert.equal(text(await client.callTool({ name: 'hello' })), 'Hello, World!');
    assert.equal(text(await client.callTool({ name: 'add_numbers', arguments: { a: 2, b: 3 } })), '5.0');
    const { contents } = await client.readResource({ uri: 'status://server' });
    assert.equal(contents[0].text, 'The server is up.');
    const { messages } = await client.getPrompt({ name: 'example-prompt', arguments: { arg1: 'tides' } });
    assert.equal(messages[0].content.text, 'This is the prompt example-prompt, about tides.');
  });

  const calls = JSON.parse(await run('calls', 'list', '--json', '--data-dir', dataDir));
  assert.deepEqual(calls.map(({ name, status }) => `${name} ${status}`).sort(), [
    'Server Status completed',
    'add_numbers completed',
    'example-prompt completed',
    'hello completed',
    'hello completed',
  ]);
});

console.log('The functions of the Python engine’s sample run in Python, and their five calls are in the record.');
