/** A config file written for the Python engine, unchanged, with JavaScript behind it. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { run, withDataDir, withSidecar } from '../support/sidecar.mjs';

const config = fileURLToPath(new URL('mcp.json', import.meta.url));
const text = (result) => result.content[0].text;

await withDataDir(async (dataDir) => {
  await withSidecar({ config, dataDir }, async (client) => {
    const { tools } = await client.listTools();
    assert.deepEqual(
      tools.map(({ name }) => name),
      ['hello', 'add_numbers'],
    );
    assert.equal(text(await client.callTool({ name: 'hello', arguments: { name: 'Ada' } })), 'Hello, Ada!');
    // The default from the config file.
    assert.equal(text(await client.callTool({ name: 'hello' })), 'Hello, World!');
    assert.equal(text(await client.callTool({ name: 'add_numbers', arguments: { a: 2, b: 3 } })), '5');

    // A wrong argument gives a result that a model can read and correct.
    const wrong = await client.callTool({ name: 'add_numbers', arguments: { a: 2, b: 'three' } });
    assert.equal(wrong.isError, true);
    assert.match(text(wrong), /"b"|\bb\b/);

    const { resources } = await client.listResources();
    assert.deepEqual(
      resources.map(({ uri }) => uri),
      ['status://server'],
    );
    const { contents } = await client.readResource({ uri: 'status://server' });
    assert.equal(contents[0].mimeType, 'text/plain');
    assert.match(contents[0].text, /the server is up since/);

    const { prompts } = await client.listPrompts();
    assert.equal(prompts[0].name, 'example-prompt');
    const { messages } = await client.getPrompt({ name: 'example-prompt', arguments: { arg1: 'tides' } });
    assert.equal(messages[0].content.text, 'This is the example prompt, about tides.');
  });

  const calls = JSON.parse(await run('calls', 'list', '--json', '--data-dir', dataDir));
  assert.deepEqual(
    calls.map(({ name, status }) => `${name} ${status}`).sort(),
    [
      'Server Status completed',
      'add_numbers completed',
      'add_numbers failed',
      'example-prompt completed',
      'hello completed',
      'hello completed',
    ].sort(),
  );
});

console.log('The sample config of the Python engine works, and its six calls are in the record.');
