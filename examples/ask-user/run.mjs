/** One function for two kinds of clients: legacy ones get a request, modern ones repeat the call with an answer. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { withDataDir, withSidecar } from '../support/sidecar.mjs';

const config = fileURLToPath(new URL('mcp.json', import.meta.url));
const order = { name: 'book_table', arguments: { restaurant: 'Chez Ada', people: 2 } };
const text = (result) => result.content[0].text;

/** Calls the tool as a user who gives these answers. */
async function book(mode, answers) {
  const asked = [];
  const prepare = (client) =>
    client.setRequestHandler('elicitation/create', ({ params }) => {
      asked.push(params.message);
      return answers[asked.length - 1];
    });
  const options = { capabilities: { elicitation: {} }, versionNegotiation: { mode } };
  const result = await withDataDir((dataDir) =>
    withSidecar({ config, dataDir, options, prepare }, (client) => client.callTool(order)),
  );
  return { asked, answer: text(result) };
}

const accept = (content) => ({ action: 'accept', content });

for (const mode of ['legacy', { pin: '2026-07-28' }]) {
  assert.deepEqual(await book(mode, [accept({ time: '20:30' }), accept({ yes: true })]), {
    asked: ['When shall we come to Chez Ada?', 'Book a table for 2 at 20:30?'],
    answer: 'Booked at Chez Ada: 2 people, 20:30.',
  });
  const declined = await book(mode, [accept({ time: '20:30' }), { action: 'decline' }]);
  assert.equal(declined.answer, 'Nothing was booked.');
}

// A client that cannot ask its user gets an error that says so.
await withDataDir((dataDir) =>
  withSidecar({ config, dataDir }, async (client) => {
    const result = await client.callTool(order);
    assert.equal(result.isError, true);
    assert.match(text(result), /elicitation/);
  }),
);

console.log('Clients of both eras were asked twice, and the table was booked.');
