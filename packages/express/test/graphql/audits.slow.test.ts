/** The audits of the GraphQL over HTTP specification. */
import { auditServer } from 'graphql-http';

import { serve } from './support.js';

test('all audits pass: MUST, SHOULD and MAY', async () => {
  const { url } = await serve();
  const results = await auditServer({ url: `${url}/graphql`, fetchFn: fetch });
  const failed = results.filter(({ status }) => status !== 'ok').map((result) => `${result.id} ${result.name}`);
  expect(results.length).toBeGreaterThan(50);
  expect(failed).toEqual([]);
});
