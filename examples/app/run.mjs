/** A tool with a page that hosts show beside its result (MCP Apps). The page is a file. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { run, withDataDir, withSidecar } from '../support/sidecar.mjs';

const config = fileURLToPath(new URL('mcp.json', import.meta.url));

await withDataDir(async (dataDir) => {
  await withSidecar({ config, dataDir }, async (client) => {
    const { tools } = await client.listTools();
    const uri = tools[0]._meta.ui.resourceUri;
    const { contents } = await client.readResource({ uri });
    assert.equal(contents[0].mimeType, 'text/html;profile=mcp-app');
    assert.match(contents[0].text, /<title>Sales/);

    const { content, structuredContent } = await client.callTool({ name: 'sales', arguments: { year: 2025 } });
    assert.match(content[0].text, /sold in 2025/);
    assert.equal(structuredContent.months.length, 12);
  });
  const calls = JSON.parse(await run('calls', 'list', '--json', '--data-dir', dataDir));
  assert.deepEqual(
    calls.map(({ name, status }) => `${name} ${status}`),
    ['sales completed', 'sales_chart completed'],
  );
});

console.log('The tool has a page, and the page is a file of the config.');
